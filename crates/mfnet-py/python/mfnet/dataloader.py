"""Batches of samples."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .tensor import Tensor


class Batch(NamedTuple):
    """Samples as columns, each with a first row of ones."""

    inputs: Tensor
    targets: Tensor


class DataLoader(ABC):
    """Makes batches."""

    @abstractmethod
    def __call__(self, inputs: Tensor, targets: Tensor) -> Iterator[Batch]:
        """Iterate over the batches of an epoch; rows are samples."""


class BatchIterator(DataLoader):
    """Cuts the samples into blocks of neighbours, and shuffles the order of these blocks.

    The samples of a block stay together and in order. PyTorch's ``DataLoader`` shuffles samples.

    Parameters
    ----------
    batch_size
        Samples in a block; the last one may have fewer, and may come anywhere. −1 for all of them, which
        the first call replaces by their number.
    shuffle
        Whether to shuffle.
    seed
        As of :func:`numpy.random.default_rng`, which is called anew in each epoch: a number gives the same
        order each time.
    """

    def __init__(self, batch_size: int = 128, *, shuffle: bool = True, seed: Any = None) -> None:
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed

    def __call__(self, inputs: Tensor, targets: Tensor) -> Iterator[Batch]:
        """Iterate over the batches of an epoch; rows are samples.

        Raises
        ------
        ValueError
            If there are not as many targets as inputs.
        """
        if len(inputs) != len(targets):
            raise ValueError("Input and target tensors must have the same number of datapoints.")
        if self.batch_size == -1:
            self.batch_size = len(inputs)
        return self._batches(_with_ones(inputs), _with_ones(targets), self._starts(len(inputs)))

    def _starts(self, samples: int) -> Tensor:
        """The first sample of each block, in the order of an epoch."""
        starts = np.arange(0, samples, self.batch_size)
        if self.shuffle:
            np.random.default_rng(self.seed).shuffle(starts)
        return starts

    def _batches(self, inputs: Tensor, targets: Tensor, starts: Tensor) -> Iterator[Batch]:
        for start in starts:
            block = slice(start, start + self.batch_size)
            yield Batch(inputs[block].T, targets[block].T)


def _with_ones(rows: Tensor) -> Tensor:
    return np.hstack([np.ones((len(rows), 1), dtype=rows.dtype), rows])
