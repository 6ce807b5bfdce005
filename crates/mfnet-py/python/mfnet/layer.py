r"""Layers, with samples as columns and a first row of ones.

The bias is a column of the weights, because the first row of every matrix is constant:

.. math:: \begin{pmatrix} 1 \\ Y \end{pmatrix} = \begin{pmatrix} 1 & 0 \\ b & W \end{pmatrix}
          \begin{pmatrix} 1 \\ X \end{pmatrix}
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from .tensor import Tensor, tensor

#: The source of random weights. Replace it for other ones: ``mfnet.layer.rng = numpy.random.default_rng(0)``.
rng = np.random.default_rng()


class Layer(ABC):
    """A part of a network.

    Attributes
    ----------
    weights
        The weights; empty in a layer that has none.
    dJ_dw
        The gradient of the loss, of the same shape; empty before the first backward pass.
    """

    weights: Tensor = tensor([])
    dJ_dw: Tensor = tensor([])

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Compute the output of an input, both of shape (1 + features, samples)."""

    @abstractmethod
    def backward(self, grad: Tensor) -> Tensor:
        """Compute the gradient of the input from that of the output, and keep that of the weights."""


class Linear(Layer):
    r"""Z = W A.

    Parameters
    ----------
    in_features, out_features
        Numbers of features, without the constant one.

    Attributes
    ----------
    weights
        Shape (1 + out_features, 1 + in_features); the first row is 1 0 … 0, the first column has the biases.
        Random, with the standard deviation √(2 / columns) of He et al. 2015.
    out_features
        Rows of the output, so one more than the argument.
    inputs
        The last input.

    Raises
    ------
    ValueError
        For a number of features below 1.
    """

    inputs: Tensor | None = None

    def __init__(self, in_features: int, out_features: int) -> None:
        if in_features < 1:
            raise ValueError("Invalid input feature dimension: in_features must be at least 1.")
        if out_features < 1:
            raise ValueError("Invalid output feature dimension: out_features must be at least 1.")
        self.in_features = in_features
        self.out_features = out_features + 1
        self.weights = self._init_weights((self.out_features, in_features + 1))

    @staticmethod
    def _init_weights(shape: tuple[int, int]) -> Tensor:
        weights = rng.normal(0, np.sqrt(2 / shape[1]), shape)
        weights[0] = 0
        weights[0, 0] = 1
        return weights

    def forward(self, x: Tensor) -> Tensor:
        """Compute W A, and keep A."""
        self.inputs = x
        return self.weights @ x

    def backward(self, grad: Tensor) -> Tensor:
        """Compute ∂J/∂A = Wᵀ Δ, and keep ∂J/∂W = Δ Aᵀ.

        Raises
        ------
        ValueError
            Before a forward pass, or if ``grad`` has another shape than its output.
        """
        if self.inputs is None:
            raise ValueError("Forward pass must be called before backward pass.")
        expected = (self.out_features, self.inputs.shape[1])
        if grad.shape != expected:
            raise ValueError(f"Expected grad shape {expected}, but got {grad.shape}")
        self.dJ_dw = grad @ self.inputs.T
        return self.weights.T @ grad


class Activation(Layer):
    """A = g(Z), element by element, except in the first row, which is all ones.

    Parameters
    ----------
    g, g_prime
        The function and its derivative, for arrays.
    """

    inputs: Tensor | None = None

    def __init__(self, g: Callable[[Tensor], Tensor], g_prime: Callable[[Tensor], Tensor]) -> None:
        self.g = g
        self.g_prime = g_prime

    def _activation(self, z: Tensor) -> Tensor:
        return np.vstack([np.ones((1, z.shape[1])), self.g(z[1:])])

    def _activation_prime(self, z: Tensor) -> Tensor:
        return np.vstack([np.zeros((1, z.shape[1])), self.g_prime(z[1:])])

    def forward(self, x: Tensor) -> Tensor:
        """Compute g(Z), and keep Z."""
        self.inputs = x
        return self._activation(x)

    def backward(self, grad: Tensor) -> Tensor:
        """Compute ∂J/∂Z = ∂J/∂A ⊙ g′(Z).

        Raises
        ------
        ValueError
            Before a forward pass.
        """
        if self.inputs is None:
            raise ValueError("Forward pass must be called before backward pass.")
        return grad * self._activation_prime(self.inputs)


def sigmoid(x: Tensor) -> Tensor:
    """Compute 1 / (1 + e⁻ˣ)."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def sigmoid_prime(x: Tensor) -> Tensor:
    """Compute the derivative of the sigmoid function."""
    s = sigmoid(x)
    return s * (1 - s)


def relu(x: Tensor) -> Tensor:
    """Compute max(0, x)."""
    return np.maximum(0, x)


def relu_prime(x: Tensor) -> Tensor:
    """Compute the derivative of :func:`relu`, as whole numbers; 0 at 0."""
    return (x > 0).astype(np.int64)


def identity(x: Tensor) -> Tensor:
    """Return the argument."""
    return x


def identity_prime(x: Tensor) -> Tensor:
    """Return ones."""
    return np.ones_like(x)


class Sigmoid(Activation):
    """g(x) = 1 / (1 + e⁻ˣ)."""

    def __init__(self) -> None:
        super().__init__(sigmoid, sigmoid_prime)


class ReLU(Activation):
    """g(x) = max(0, x)."""

    def __init__(self) -> None:
        super().__init__(relu, relu_prime)


class Id(Activation):
    """g(x) = x."""

    def __init__(self) -> None:
        super().__init__(identity, identity_prime)
