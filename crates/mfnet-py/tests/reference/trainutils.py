"""Splitting, normalisation, one-hot encoding and accuracy."""

from dataclasses import dataclass

import numpy as np

from .tensor import Tensor


def train_test_split(x, y, test_size=0.2, seed=None):
    order = np.random.default_rng(seed).permutation(len(x))
    k = round(len(x) * test_size)
    test, train = np.sort(order[:k]), np.sort(order[k:])
    return x[train], y[train], x[test], y[test]


@dataclass
class Normalization:
    x_mu: Tensor
    x_std: Tensor
    y_mu: Tensor
    y_std: Tensor

    def __post_init__(self):
        if self.x_mu.shape != self.x_std.shape:
            raise ValueError("X normalization parameters must have the same shape.")
        if self.y_mu.shape != self.y_std.shape:
            raise ValueError("Y normalization parameters must have the same shape.")


def _check(x, y, norm):
    if len(x) != len(y):
        raise ValueError("Input tensors must have the same number of samples.")
    if norm is not None and (x.shape[1:] != norm.x_mu.shape or y.shape[1:] != norm.y_mu.shape):
        raise ValueError("Input tensors must have the same shape as normalization parameters.")


def normalize_features(x, y, norm=None):
    _check(x, y, norm)
    if norm is None:
        norm = Normalization(x.mean(axis=0), x.std(axis=0), y.mean(axis=0), y.std(axis=0))
        for i in np.flatnonzero(norm.x_std == 0):
            raise ValueError(f"feature {i} with zero variance")
    return (x - norm.x_mu) / norm.x_std, (y - norm.y_mu) / norm.y_std, norm


def denormalize_features(x, y, norm):
    _check(x, y, norm)
    return x * norm.x_std + norm.x_mu, y * norm.y_std + norm.y_mu


def one_hot_encode(x, num_classes):
    x = np.squeeze(x)
    if np.any(x != np.floor(x)):
        raise ValueError("Input tensor must contain integer class indices.")
    if np.any(x < 1) or np.any(x > num_classes):
        raise ValueError("Input tensor contains invalid class indices.")
    return np.eye(num_classes)[x.astype(np.int64) - 1]


def one_hot_decode(x):
    if not is_one_hot(x.T):
        raise ValueError("Input tensor must be one-hot encoded.")
    return np.argmax(x, axis=1) + 1


def is_one_hot(x):
    return bool(x.ndim == 2 and np.all((x == 0) | (x == 1)) and np.all(np.sum(x, axis=0) == 1))


def softmax(x):
    e = np.exp(x - np.max(x, axis=0))
    return e / np.sum(e, axis=0)


def accuracy(predictions, targets):
    return np.mean(np.argmax(predictions[1:], axis=0) == np.argmax(targets[1:], axis=0))
