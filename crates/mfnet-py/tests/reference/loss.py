"""Losses of predictions against targets; columns are samples."""

from abc import ABC, abstractmethod

import numpy as np

from .trainutils import is_one_hot, softmax


def _check_shapes(predictions, targets):
    if predictions.shape != targets.shape:
        raise ValueError(f"Shape mismatch: {predictions.shape} vs {targets.shape}.")


class Loss(ABC):
    @staticmethod
    @abstractmethod
    def loss(predictions, targets): ...

    @staticmethod
    @abstractmethod
    def grad(predictions, targets): ...


class MSELoss(Loss):
    @staticmethod
    def loss(predictions, targets):
        _check_shapes(predictions, targets)
        return np.mean(np.sum((predictions - targets) ** 2, axis=0))

    @staticmethod
    def grad(predictions, targets):
        _check_shapes(predictions, targets)
        return 2 * (predictions - targets) / targets.shape[1]


class CELoss(Loss):
    @staticmethod
    def _check(predictions, targets):
        _check_shapes(predictions, targets)
        if not is_one_hot(targets[1:]):
            raise ValueError("Target tensor is not one-hot encoded")

    @staticmethod
    def loss(predictions, targets):
        CELoss._check(predictions, targets)
        p = softmax(predictions[1:])
        log_p = np.log(np.where(p == 0, 1e-100, p))
        return np.mean(-np.sum(targets[1:] * log_p, axis=0))

    @staticmethod
    def grad(predictions, targets):
        CELoss._check(predictions, targets)
        m = targets.shape[1]
        return np.vstack([np.zeros((1, m)), (softmax(predictions[1:]) - targets[1:]) / m])
