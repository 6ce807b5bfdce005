"""The network."""


class NeuralNetwork:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad

    def weights_and_dJ_dws(self):
        for layer in self.layers:
            yield layer.weights, layer.dJ_dw
