"""The works that every peer does; the table in ../README.md in code."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """A network and how it is trained, or, with `samples` 0, one sample that is predicted."""

    name: str
    #: Sizes from the input to the output; ReLU between linear layers.
    layers: tuple[int, ...]
    batch: int
    samples: int

    @property
    def predicts(self) -> bool:
        """Whether the work is the prediction of one sample instead of an epoch."""
        return self.samples == 0

    @property
    def classifies(self) -> bool:
        """Cross-entropy of ten classes instead of mean squared error of one value."""
        return self.layers[-1] > 1

    @property
    def steps(self) -> int:
        """Steps of an epoch; the last one takes the samples that are left."""
        return -(-self.samples // self.batch)

    @property
    def flops(self) -> int:
        """Multiplications and additions of the products of an epoch: forward, of the gradients, and of all deltas but the first layer's."""
        products = [a * b for a, b in zip(self.layers, self.layers[1:])]
        return 2 * self.samples * (3 * sum(products) - products[0])


LEARNING_RATE = 0.01
MNIST, HOUSING = 60_000, 16_512
WORKS = {
    work.name: work
    for work in (
        Work("A128", (784, 512, 512, 10), 128, MNIST),
        Work("A1024", (784, 512, 512, 10), 1024, MNIST),
        Work("B", (8, 512, 512, 1), 1024, HOUSING),
        Work("C", (8, 64, 64, 1), 32, HOUSING),
        Work("D", (784, 10), 128, MNIST),
        Work("EA", (784, 512, 512, 10), 1, 0),
        Work("EC", (8, 64, 64, 1), 1, 0),
    )
}
