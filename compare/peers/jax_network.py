"""What the two JAX peers share: settings, data on JAX's device, a step of gradient descent, a prediction.

Best settings: the order of the samples comes from NumPy, because `jax.random.permutation` sorts and takes as long as an epoch of C; pixels as
floats; no XLA flags, because none that was tried made it faster (../README.md lists them).
"""

import os

import jax
import jax.numpy as jnp
import numpy as np

import data
from works import LEARNING_RATE, Work

#: Work so small that a second thread costs more than it computes.
ONE_THREAD_IS_FASTER = ("C", "EA", "EC")


def configure(work: Work, dtype: str, threads: int) -> None:
    """Sets the type and the threads; JAX starts as many threads as processors are allowed when it is first used."""
    if threads == 1 or work.name in ONE_THREAD_IS_FASTER:
        os.sched_setaffinity(0, list(os.sched_getaffinity(0))[-1:])
    jax.config.update("jax_enable_x64", dtype == "f64")


def samples(work: Work, dtype: str) -> tuple[jax.Array, jax.Array]:
    """Inputs, and targets with labels of 32 bits."""
    inputs, targets = data.samples(work, dtype)
    return jnp.asarray(inputs), jnp.asarray(targets.astype(np.int32) if work.classifies else targets)


def weights(work: Work, dtype: str) -> list[tuple[jax.Array, jax.Array]]:
    """W (in, out) and b (out) of each layer."""
    return [(jnp.asarray(w), jnp.asarray(b)) for w, b in data.weights(work, dtype)]


def forward(layers, x):
    """The output of the network."""
    *hidden, (w_last, b_last) = layers
    for w, b in hidden:
        x = jax.nn.relu(x @ w + b)
    return x @ w_last + b_last


def mean_loss(layers, x, y, classifies: bool):
    """The loss of a batch."""
    z = forward(layers, x)
    if classifies:
        return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1).mean()
    return jnp.square(z - y).mean()


def step(work: Work, layers, inputs, targets, chosen):
    """The layers after a step of gradient descent on the chosen samples, and the sum of their losses."""
    x, y = (jnp.take(array, chosen, axis=0, mode="clip") for array in (inputs, targets))
    loss, gradients = jax.value_and_grad(mean_loss)(layers, x, y, work.classifies)
    return jax.tree.map(lambda p, g: p - LEARNING_RATE * g, layers, gradients), loss * len(chosen)


def prediction(work: Work, dtype: str):
    """What predicts one sample, the weights being constants of the compiled program."""
    layers, x = weights(work, dtype), jnp.asarray(data.one_sample(work, dtype))
    predict = jax.jit(lambda x: forward(layers, x)).lower(x).compile()
    return lambda: predict(x).block_until_ready()
