"""What training needs besides networks: splits, scaling, classes, accuracy."""

from typing import Any

import numpy as np

from .tensor import Tensor


def train_test_split(
    x: Tensor, y: Tensor, test_size: float = 0.2, seed: Any = None
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Divide samples at random.

    Parameters
    ----------
    x, y
        Inputs and targets; rows are samples.
    test_size
        The share of the test samples. Half a sample is rounded to an even number.
    seed
        As of :func:`numpy.random.default_rng`.

    Returns
    -------
    x_train, y_train, x_test, y_test
        Both parts in the order of the data. (scikit-learn returns x_train, x_test, y_train, y_test, shuffled.)
    """
    order = np.random.default_rng(seed).permutation(len(x))
    tests = round(len(x) * test_size)
    test, train = np.sort(order[:tests]), np.sort(order[tests:])
    return x[train], y[train], x[test], y[test]


class Normalization:
    """The mean and the standard deviation of each feature and of each target.

    Raises
    ------
    ValueError
        If there are not as many means as standard deviations.
    """

    def __init__(self, x_mu: Tensor, x_std: Tensor, y_mu: Tensor, y_std: Tensor) -> None:
        if np.shape(x_mu) != np.shape(x_std):
            raise ValueError("X normalization parameters must have the same shape.")
        if np.shape(y_mu) != np.shape(y_std):
            raise ValueError("Y normalization parameters must have the same shape.")
        self.x_mu = x_mu
        self.x_std = x_std
        self.y_mu = y_mu
        self.y_std = y_std

    def __repr__(self) -> str:
        return f"Normalization({self.x_mu!r}, {self.x_std!r}, {self.y_mu!r}, {self.y_std!r})"


def normalize_features(x: Tensor, y: Tensor, norm: Normalization | None = None) -> tuple[Tensor, Tensor, Normalization]:
    """Scale inputs and targets to mean 0 and standard deviation 1.

    Parameters
    ----------
    x, y
        Inputs and targets; rows are samples.
    norm
        Means and standard deviations; those of these samples by default.

    Raises
    ------
    ValueError
        If the numbers of samples differ, if a feature is constant, or if ``norm`` has another shape.
    """
    _check_samples(x, y)
    if norm is None:
        norm = Normalization(np.mean(x, axis=0), np.std(x, axis=0), np.mean(y, axis=0), np.std(y, axis=0))
    _check_norm(x, y, norm)
    constant = np.flatnonzero(np.asarray(norm.x_std) == 0)
    if constant.size > 0:
        raise ValueError(f"Input tensor has a feature {constant[0]} with zero variance")
    return (x - norm.x_mu) / norm.x_std, (y - norm.y_mu) / norm.y_std, norm


def denormalize_features(x: Tensor, y: Tensor, norm: Normalization) -> tuple[Tensor, Tensor]:
    """Undo :func:`normalize_features`.

    Raises
    ------
    ValueError
        If the numbers of samples differ, or if ``norm`` has another shape.
    """
    _check_samples(x, y)
    _check_norm(x, y, norm)
    return x * norm.x_std + norm.x_mu, y * norm.y_std + norm.y_mu


def _check_samples(x: Tensor, y: Tensor) -> None:
    if len(x) != len(y):
        raise ValueError("Input tensors must have the same number of samples.")


def _check_norm(x: Tensor, y: Tensor, norm: Normalization) -> None:
    if x.shape[1:] != np.shape(norm.x_mu) or y.shape[1:] != np.shape(norm.y_mu):
        raise ValueError("Input tensors must have the same shape as normalization parameters.")


def one_hot_encode(x: Tensor, num_classes: int) -> Tensor:
    """Encode classes, which count from 1.

    Parameters
    ----------
    x
        Classes, one for each sample; axes of length 1 are ignored.
    num_classes
        The number of classes k.

    Returns
    -------
    Tensor
        Shape (samples, k), with a 1 in each row; shape (k,) for a single class.

    Raises
    ------
    ValueError
        For numbers that are not whole, or not from 1 to k.
    """
    classes = np.squeeze(np.asarray(x))
    if not np.all(np.isfinite(classes)) or np.any(classes != np.floor(classes)):
        raise ValueError("Input tensor must contain integer class indices.")
    if np.any(classes < 1) or np.any(classes > num_classes):
        raise ValueError("Input tensor contains invalid class indices.")
    return np.eye(num_classes)[classes.astype(np.int64) - 1]


def one_hot_decode(x: Tensor) -> Tensor:
    """Decode one-hot rows to classes, which count from 1, as ``int64``.

    Raises
    ------
    ValueError
        If the rows are not one-hot.
    """
    if not is_one_hot(np.transpose(x)):
        raise ValueError("Input tensor must be one-hot encoded.")
    return np.argmax(x, axis=1).astype(np.int64) + 1


def is_one_hot(x: Tensor) -> bool:
    """Whether every column of a matrix has a single 1, and zeros otherwise."""
    if x.ndim != 2 or not x.any():
        return False
    is_binary = np.all((x == 0) | (x == 1))
    return bool(is_binary and np.all(np.sum(x, axis=0) == 1))


def softmax(x: Tensor) -> Tensor:
    """Compute eˣ / Σ eˣ of each column."""
    exponentials = np.exp(x - np.max(x, axis=0))
    return exponentials / np.sum(exponentials, axis=0)


def accuracy(y_hat: Tensor, y: Tensor) -> np.float64:
    """Compute the share of samples, in columns, whose largest output is that of their class.

    The first row is left out.
    """
    return np.mean(np.argmax(y_hat[1:], axis=0) == np.argmax(y[1:], axis=0))
