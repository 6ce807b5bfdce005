"""Layers: columns are samples, the first row holds ones."""

from abc import ABC, abstractmethod

import numpy as np

from .tensor import tensor

rng = np.random.default_rng()


class Layer(ABC):
    # Class attributes, so that a subclass need not call super().__init__().
    weights = tensor([])
    dJ_dw = tensor([])

    @abstractmethod
    def forward(self, x): ...

    @abstractmethod
    def backward(self, grad): ...


class Linear(Layer):
    def __init__(self, in_features, out_features):
        if in_features < 1:
            raise ValueError("Invalid input feature dimension: in_features must be at least 1.")
        if out_features < 1:
            raise ValueError("Invalid output feature dimension: out_features must be at least 1.")
        self.out_features = out_features + 1
        self.weights = self._init_weights((out_features + 1, in_features + 1))

    @staticmethod
    def _init_weights(shape):
        weights = rng.normal(0, np.sqrt(2 / shape[1]), shape)
        weights[0] = 0
        weights[0, 0] = 1
        return weights

    def forward(self, x):
        self.inputs = x
        return self.weights @ x

    def backward(self, grad):
        expected = (self.out_features, self.inputs.shape[1])
        if grad.shape != expected:
            raise ValueError(f"Expected grad shape {expected}, but got {grad.shape}")
        self.dJ_dw = grad @ self.inputs.T
        return self.weights.T @ grad


class Activation(Layer):
    inputs = None

    def __init__(self, g, g_prime):
        self.g = g
        self.g_prime = g_prime

    def _activation(self, x):
        return np.vstack([np.ones((1, x.shape[1])), self.g(x[1:])])

    def _activation_prime(self, x):
        return np.vstack([np.zeros((1, x.shape[1])), self.g_prime(x[1:])])

    def forward(self, x):
        self.inputs = x
        return self._activation(x)

    def backward(self, grad):
        if self.inputs is None:
            raise ValueError("Forward pass must be called before backward pass.")
        return grad * self._activation_prime(self.inputs)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_prime(x):
    return sigmoid(x) * (1 - sigmoid(x))


def relu(x):
    return np.maximum(0, x)


def relu_prime(x):
    return np.where(x > 0, 1, 0)


def identity(x):
    return x


def identity_prime(x):
    return np.ones_like(x)


class Sigmoid(Activation):
    def __init__(self):
        super().__init__(sigmoid, sigmoid_prime)


class ReLU(Activation):
    def __init__(self):
        super().__init__(relu, relu_prime)


class Id(Activation):
    def __init__(self):
        super().__init__(identity, identity_prime)
