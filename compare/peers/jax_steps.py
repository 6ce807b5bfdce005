"""JAX, a compiled step in a Python loop; the weights are donated, so that they change in place."""

import jax
import jax.numpy as jnp
import numpy as np

from jax_network import configure, prediction, samples, step, weights
from protocol import serve
from works import Work


def prepare(work: Work, dtype: str, threads: int):
    configure(work, dtype, threads)
    if work.predicts:
        return prediction(work, dtype)
    layers, (inputs, targets) = weights(work, dtype), samples(work, dtype)
    rng = np.random.default_rng(2)

    def add_step(layers, sum_of_losses, inputs, targets, chosen):
        layers, loss = step(work, layers, inputs, targets, chosen)
        return layers, sum_of_losses + loss

    compiled = jax.jit(add_step, donate_argnums=(0, 1))

    def epoch() -> float:
        nonlocal layers
        order = rng.permutation(work.samples).astype(np.int32)
        sum_of_losses = jnp.zeros((), inputs.dtype)
        for i in range(0, work.samples, work.batch):
            layers, sum_of_losses = compiled(layers, sum_of_losses, inputs, targets, order[i : i + work.batch])
        jax.block_until_ready(layers)
        return float(sum_of_losses) / work.samples

    return epoch


if __name__ == "__main__":
    serve(f"jax {jax.__version__}", prepare)
