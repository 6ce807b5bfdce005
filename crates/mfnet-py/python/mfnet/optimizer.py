"""Rules that change weights by their gradients."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from .nn import NeuralNetwork
from .tensor import Tensor


def _trained(net: NeuralNetwork) -> Iterator[tuple[Tensor, Tensor]]:
    """Iterate over the weights that have a gradient."""
    for weights, dJ_dw in net.weights_and_dJ_dws():
        if weights is not None and dJ_dw is not None and dJ_dw.size > 0:
            yield weights, dJ_dw


class Optimizer(ABC):
    """A rule.

    Parameters
    ----------
    learning_rate
        The size of a step.
    """

    def __init__(self, learning_rate: float = 1e-3) -> None:
        self.learning_rate = learning_rate

    @abstractmethod
    def step(self, net: NeuralNetwork) -> None:
        """Change the weights in place."""

    @staticmethod
    def clip_gradients(net: NeuralNetwork, max_norm: float = 1.0) -> None:
        """Scale the gradient of each layer whose norm is larger down to this norm, in place.

        ``torch.nn.utils.clip_grad_norm_`` clips the norm of all layers together, and adds 1e-6 to it.
        """
        for _, dJ_dw in _trained(net):
            norm = np.linalg.norm(dJ_dw)
            if norm > max_norm:
                dJ_dw *= max_norm / norm


class SGD(Optimizer):
    """Gradient descent: W ← W − η ∂J/∂W."""

    def step(self, net: NeuralNetwork) -> None:
        """Change the weights in place."""
        for weights, dJ_dw in _trained(net):
            weights -= self.learning_rate * dJ_dw
