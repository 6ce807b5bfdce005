"""A network: layers, each of which reads the output of the one before."""

from collections.abc import Iterator, Sequence

from .layer import Layer
from .tensor import Tensor


class NeuralNetwork:
    """A feed-forward network.

    Parameters
    ----------
    layers
        The layers in order; kept as they are.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        """Compute the output of an input of shape (1 + features, samples)."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad: Tensor) -> Tensor:
        """Compute the gradients of all layers from that of the output; return that of the input."""
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

    def weights_and_dJ_dws(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Iterate over the weights of every layer with their gradients; empty ones too."""
        for layer in self.layers:
            yield layer.weights, layer.dJ_dw
