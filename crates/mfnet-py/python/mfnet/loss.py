"""Losses, with samples as columns and a first row of ones."""

from abc import ABC, abstractmethod

import numpy as np

from .tensor import Tensor
from .trainutils import is_one_hot, softmax

#: Stands for a probability that is 0, so that its logarithm is finite.
_SMALLEST = 1e-100


class Loss(ABC):
    """A loss J of outputs ŷ and targets y, both of shape (1 + outputs, samples)."""

    @staticmethod
    @abstractmethod
    def loss(y_hat: Tensor, y: Tensor) -> np.float64:
        """Compute J."""

    @staticmethod
    @abstractmethod
    def grad(y_hat: Tensor, y: Tensor) -> Tensor:
        """Compute ∂J/∂ŷ, of the shape of ŷ."""


def _check_shapes(y_hat: Tensor, y: Tensor) -> None:
    if y_hat.shape != y.shape:
        raise ValueError(f"Shape mismatch: {y_hat.shape} vs {y.shape}.")


class MSELoss(Loss):
    """The squared error: its sum over the outputs, its mean over the samples.

    PyTorch's ``MSELoss`` is also the mean over the outputs.
    """

    @staticmethod
    def loss(y_hat: Tensor, y: Tensor) -> np.float64:
        """Compute Σ (ŷ − y)² / m.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        _check_shapes(y_hat, y)
        return np.mean(np.sum((y_hat - y) ** 2, axis=0))

    @staticmethod
    def grad(y_hat: Tensor, y: Tensor) -> Tensor:
        """Compute 2 (ŷ − y) / m.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        _check_shapes(y_hat, y)
        return 2 * (y_hat - y) / y.shape[1]


class CELoss(Loss):
    """The cross-entropy of classes: outputs are logits, targets one-hot columns."""

    @staticmethod
    def loss(y_hat: Tensor, y: Tensor) -> np.float64:
        """Compute −Σ y ln softmax(ŷ) / m without the first row; a probability of 0 counts as 1e-100.

        Raises
        ------
        ValueError
            If the shapes differ, or the targets are not one-hot.
        """
        _check_targets(y_hat, y)
        p = softmax(y_hat[1:])
        return -np.sum(y[1:] * np.log(np.where(p == 0, _SMALLEST, p))) / y.shape[1]

    @staticmethod
    def grad(y_hat: Tensor, y: Tensor) -> Tensor:
        """Compute (softmax(ŷ) − y) / m, with zeros in the first row.

        Raises
        ------
        ValueError
            If the shapes differ, or the targets are not one-hot.
        """
        _check_targets(y_hat, y)
        grad = np.zeros(y_hat.shape)
        grad[1:] = (softmax(y_hat[1:]) - y[1:]) / y.shape[1]
        return grad


def _check_targets(y_hat: Tensor, y: Tensor) -> None:
    _check_shapes(y_hat, y)
    if not is_one_hot(y[1:]):
        raise ValueError("Target tensor is not one-hot encoded")
