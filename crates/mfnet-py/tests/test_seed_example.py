"""Worked example of the document, section 3.3: identity activations, learning rate 4.

The printed X and W1 hold two misprints: the second feature is (2, 3, 2, 3) and the last row of W1
is (1, 1, 0). With these, every printed Z, delta and gradient follows.
"""

import numpy as np
import pytest

X = np.array([[1.0, 1, 1, 1], [1, 1, 2, 2], [2, 3, 2, 3]])
Y = np.array([[1.0, 1, 1, 1], [1, 1, 2, 2]])
W = (
    np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 0]]),
    np.array([[1.0, 0, 0, 0], [1, 1, 0, 1], [-1, 1, 2, -2]]),
    np.array([[1.0, 0, 0], [0, 1, -1]]),
)
Z = (
    np.array([[1.0, 1, 1, 1], [2, 3, 2, 3], [3, 4, 4, 5], [2, 2, 3, 3]]),
    np.array([[1.0, 1, 1, 1], [5, 6, 6, 7], [3, 6, 3, 6]]),
    np.array([[1.0, 1, 1, 1], [2, 0, 3, 1]]),
)
DELTA = (
    np.array([[0.0, 0, 0, 0], [0, 0, 0, 0], [-2, 2, -2, 2], [3, -3, 3, -3]]) / 4,
    np.array([[0.0, 0, 0, 0], [1, -1, 1, -1], [-1, 1, -1, 1]]) / 4,
    np.array([[0.0, 0, 0, 0], [1, -1, 1, -1]]) / 4,
)
DA = (
    np.array([[3.0, -3, 3, -3], [1, -1, 1, -1], [-2, 2, -2, 2]]) / 4,
    np.array([[2.0, -2, 2, -2], [0, 0, 0, 0], [-2, 2, -2, 2], [3, -3, 3, -3]]) / 4,
    np.array([[0.0, 0, 0, 0], [1, -1, 1, -1], [-1, 1, -1, 1]]) / 4,
)
DW = (
    np.array([[0.0, 0, 0], [0, 0, 0], [0, 0, 4], [0, 0, -6]]) / 4,
    np.array([[0.0, 0, 0, 0], [0, -2, -2, 0], [0, 2, 2, 0]]) / 4,
    np.array([[0.0, 0, 0], [0, -2, -6]]) / 4,
)
UPDATED = (
    np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, -3], [1, 1, 6]]),
    np.array([[1.0, 0, 0, 0], [1, 3, 2, 1], [-1, -1, 0, -2]]),
    np.array([[1.0, 0, 0], [0, 3, 5]]),
)


@pytest.fixture
def net(seed):
    layers = []
    for (n_in, n_out), w in zip([(2, 3), (3, 2), (2, 1)], W):
        linear = seed.layer.Linear(n_in, n_out)
        linear.weights = w.copy()
        layers += [linear, seed.layer.Id()]
    return seed.nn.NeuralNetwork(layers)


def test_forward(net):
    assert np.array_equal(net.forward(X), Z[2])
    for i in range(3):
        assert np.array_equal(net.layers[2 * i].inputs, (X, Z[0], Z[1])[i])
        assert np.array_equal(net.layers[2 * i + 1].inputs, Z[i])


def test_backward_layer_by_layer(net):
    grad = (net.forward(X) - Y) / 4
    for i in (2, 1, 0):
        delta = net.layers[2 * i + 1].backward(grad)
        assert np.array_equal(delta, DELTA[i])
        grad = net.layers[2 * i].backward(delta)
        assert np.array_equal(grad, DA[i])
        assert np.array_equal(net.layers[2 * i].dJ_dw, DW[i])


def test_backward_and_step(seed, net):
    net.forward(X)
    assert np.array_equal(net.backward((Z[2] - Y) / 4), DA[0])
    seed.optimizer.SGD(4).step(net)
    for i in range(3):
        assert np.array_equal(net.layers[2 * i].weights, UPDATED[i])


def test_one_epoch_of_training(seed, net):
    """MSELoss has no factor 1/2, so half the learning rate makes the same step."""
    losses = seed.train.train(net, X[1:].T, Y[1:].T, num_epochs=1, lr=2)
    assert losses == [1.0]
    for i in range(3):
        assert np.array_equal(net.layers[2 * i].weights, UPDATED[i])
