"""NumPy: the formulas of back-propagation by hand, in matrices that are kept from step to step.

Best settings: every product and element-wise operation writes into a kept matrix (`out=`); `np.take(..., mode="clip")`, because the
default mode copies once more; pixels as floats, because converting bytes is no faster. The harness sets the threads of OpenBLAS.
"""

import numpy as np

import data
from protocol import serve
from works import LEARNING_RATE, Work


class Network:
    """W and b of each layer, and for each layer of neurons its activations A and deltas Δ = ∂J/∂Z for one batch."""

    def __init__(self, work: Work, dtype: str):
        self.type = data.numbers(dtype)
        self.classifies = work.classifies
        self.layers = data.weights(work, dtype)
        self.activations = [np.empty((work.batch, size), self.type) for size in work.layers]
        self.deltas = [np.empty_like(a) for a in self.activations]
        self.positive = [np.empty(a.shape, bool) for a in self.activations]
        self.gradients = [np.empty_like(w) for w, _ in self.layers]

    def forward(self, a: list[np.ndarray]) -> np.ndarray:
        """A⁽ˡ⁾ = max(0, A⁽ˡ⁻¹⁾ W + b), and no max in the last layer; `a[0]` is the input."""
        for l, (w, b) in enumerate(self.layers):
            np.matmul(a[l], w, out=a[l + 1])
            a[l + 1] += b
            if l + 1 < len(self.layers):
                np.maximum(a[l + 1], 0, out=a[l + 1])
        return a[-1]

    def step(self, inputs: np.ndarray, targets: np.ndarray, chosen: np.ndarray) -> float:
        """A step of gradient descent on the chosen samples; the sum of their losses."""
        m = len(chosen)
        a = [matrix[:m] for matrix in self.activations]
        delta = [matrix[:m] for matrix in self.deltas]
        np.take(inputs, chosen, axis=0, out=a[0], mode="clip")
        loss = cross_entropy if self.classifies else squared_error
        sum_of_losses = loss(self.forward(a), targets[chosen], delta[-1])
        self.backward(a, delta)
        return sum_of_losses

    def backward(self, a: list[np.ndarray], delta: list[np.ndarray]) -> None:
        """W ← W − η Aᵀ Δ and b ← b − η Σ Δ, from the last layer to the first; Δ of the layer before is taken from W before it changes."""
        rate = self.type(LEARNING_RATE)
        for l, (w, b) in reversed(list(enumerate(self.layers))):
            gradient = np.matmul(a[l].T, delta[l + 1], out=self.gradients[l])
            if l > 0:
                np.matmul(delta[l + 1], w.T, out=delta[l])
                delta[l] *= np.greater(a[l], 0, out=self.positive[l][: len(a[l])])
            gradient *= rate
            w -= gradient
            b -= rate * delta[l + 1].sum(axis=0)


def cross_entropy(z: np.ndarray, labels: np.ndarray, delta: np.ndarray) -> float:
    """Σ −log softmax(z)[label]; `delta` becomes the gradient of its mean, (softmax(z) − one-hot) / m."""
    rows = np.arange(len(z))
    z -= z.max(axis=1, keepdims=True)
    np.exp(z, out=delta)
    sums = delta.sum(axis=1, keepdims=True)
    loss = np.log(sums).sum() - z[rows, labels].sum()
    delta /= sums
    delta[rows, labels] -= 1
    delta /= z.dtype.type(len(z))
    return loss


def squared_error(z: np.ndarray, values: np.ndarray, delta: np.ndarray) -> float:
    """Σ (z − y)²; `delta` becomes the gradient of its mean, 2 (z − y) / m."""
    np.subtract(z, values, out=delta)
    loss = np.vdot(delta, delta)
    delta *= z.dtype.type(2 / len(z))
    return loss


def prepare(work: Work, dtype: str, threads: int):
    network = Network(work, dtype)
    if work.predicts:
        activations = [data.one_sample(work, dtype), *network.activations[1:]]
        return lambda: network.forward(activations)
    inputs, targets = data.samples(work, dtype)
    rng = np.random.default_rng(2)

    def epoch() -> float:
        order = rng.permutation(work.samples)
        batches = range(0, work.samples, work.batch)
        return sum(network.step(inputs, targets, order[i : i + work.batch]) for i in batches) / work.samples

    return epoch


if __name__ == "__main__":
    serve(f"numpy {np.__version__}", prepare)
