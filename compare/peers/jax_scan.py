"""JAX, a whole epoch compiled: `lax.scan` over the batches, the weights donated."""

import jax
import numpy as np
from jax import lax

from jax_network import configure, prediction, samples, step, weights
from protocol import serve
from works import Work


def prepare(work: Work, dtype: str, threads: int):
    configure(work, dtype, threads)
    if work.predicts:
        return prediction(work, dtype)
    layers, (inputs, targets) = weights(work, dtype), samples(work, dtype)
    rng = np.random.default_rng(2)
    in_whole_batches = work.samples // work.batch * work.batch

    def all_steps(layers, inputs, targets, order):
        one = lambda layers, chosen: step(work, layers, inputs, targets, chosen)
        layers, losses = lax.scan(one, layers, order[:in_whole_batches].reshape(-1, work.batch))
        sum_of_losses = losses.sum()
        if in_whole_batches < work.samples:
            layers, loss = one(layers, order[in_whole_batches:])
            sum_of_losses += loss
        return layers, sum_of_losses / work.samples

    compiled = jax.jit(all_steps, donate_argnums=0)

    def epoch() -> float:
        nonlocal layers
        order = rng.permutation(work.samples).astype(np.int32)
        layers, loss = jax.block_until_ready(compiled(layers, inputs, targets, order))
        return float(loss)

    return epoch


if __name__ == "__main__":
    serve(f"jax {jax.__version__}", prepare)
