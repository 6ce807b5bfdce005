"""Batches of contiguous rows."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from .tensor import Tensor


class Batch(NamedTuple):
    inputs: Tensor
    targets: Tensor


class DataLoader(ABC):
    @abstractmethod
    def __call__(self, inputs, targets): ...


def with_ones(rows):
    """Rows of samples as columns, with a first row of ones, in the dtype of `rows`."""
    return np.hstack([np.ones((len(rows), 1), rows.dtype), rows]).T


class BatchIterator(DataLoader):
    def __init__(self, batch_size=128, *, shuffle=True, seed=None):
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed

    def __call__(self, inputs, targets):
        if len(inputs) != len(targets):
            raise ValueError("Input and target tensors must have the same number of datapoints.")
        if self.batch_size == -1:
            self.batch_size = len(inputs)
        starts = np.arange(0, len(inputs), self.batch_size)
        if self.shuffle:
            np.random.default_rng(self.seed).shuffle(starts)
        x, y = with_ones(inputs), with_ones(targets)
        for start in starts:
            block = slice(start, start + self.batch_size)
            yield Batch(x[:, block], y[:, block])
