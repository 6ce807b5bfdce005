"""Contract of `tensor`, `layer` and `nn`."""

import typing
from abc import ABCMeta
from types import GeneratorType

import numpy as np
import pytest

X = np.array([[1.0, 1, 1], [-2, 0.5, 3], [4, -1, -0.25]])


# tensor


def test_tensor_type_is_an_alias_of_the_array_type(seed):
    alias = seed.tensor.Tensor
    assert (typing.get_origin(alias) or alias) is np.ndarray


@pytest.mark.parametrize(
    "data",
    [3, 2.5, True, "1.5", [], [1, 2], (1, 2), [[1, 2], [3, 4]], range(3), np.float32(2)]
    + [np.arange(3, dtype=np.int8), np.eye(2, dtype=np.float32)],
    ids=repr,
)
def test_tensor_makes_float64_of_anything(seed, data):
    made = seed.tensor.tensor(data)
    assert type(made) is np.ndarray
    assert made.dtype == np.float64
    assert np.array_equal(made, np.array(data, dtype=np.float64))


def test_tensor_makes_0d(seed):
    assert seed.tensor.tensor(3).shape == ()


def test_tensor_takes_numpys_keywords(seed):
    tensor = seed.tensor.tensor
    assert tensor([1, 2], ndmin=3).shape == (1, 1, 2)
    assert tensor([[1, 2], [3, 4]], order="F").flags.f_contiguous
    data = np.ones(2)
    assert tensor(data, copy=True) is not data
    assert tensor(data.view(np.recarray), subok=True).__class__ is np.recarray


def test_tensor_copies_as_numpy_array_does(seed):
    data = np.ones(2)
    assert not np.shares_memory(seed.tensor.tensor(data), data)


# Layer


@pytest.mark.parametrize(
    "module, name",
    [
        ("layer", "Layer"),
        ("loss", "Loss"),
        ("optimizer", "Optimizer"),
        ("dataloader", "DataLoader"),
    ],
)
def test_bases_are_abstract(seed, module, name):
    base = getattr(getattr(seed, module), name)
    assert isinstance(base, ABCMeta)
    with pytest.raises(TypeError):
        base()


@pytest.mark.parametrize("missing", ["forward", "backward"])
def test_layer_needs_forward_and_backward(seed, missing):
    methods = {"forward": lambda self, x: x, "backward": lambda self, grad: grad}
    del methods[missing]
    with pytest.raises(TypeError):
        type("Half", (seed.layer.Layer,), methods)()


def plain_layer(seed):
    class Double(seed.layer.Layer):
        def forward(self, x):
            return 2 * x

        def backward(self, grad):
            return 2 * grad

    return Double


def test_layer_arrays_are_empty_at_first(seed):
    for layer in (plain_layer(seed)(), seed.layer.ReLU()):
        for array in (layer.weights, layer.dJ_dw):
            assert isinstance(array, np.ndarray)
            assert array.dtype == np.float64
            assert array.size == 0


def test_dJ_dw_of_linear_is_empty_at_first(seed):
    assert seed.layer.Linear(2, 3).dJ_dw.size == 0


def test_layer_without_super_init(seed):
    class Shift(plain_layer(seed)):
        def __init__(self, by, *, name):
            self.by, self.name = by, name

        def forward(self, x):
            return x + self.by

    layer = Shift(3, name="shift")
    net = seed.nn.NeuralNetwork([layer])
    assert np.array_equal(net.forward(X), X + 3)
    assert [w.size for w, _ in net.weights_and_dJ_dws()] == [0]


@pytest.mark.parametrize("level", ["class", "instance"])
def test_layer_with_weights_none(seed, level):
    Layer = plain_layer(seed)
    layer = Layer()
    (layer if level == "instance" else Layer).weights = None
    net = seed.nn.NeuralNetwork([layer])
    ((weights, _),) = net.weights_and_dJ_dws()
    assert weights is None
    losses = seed.train.train(net, X, X, num_epochs=2, max_gradient_norm=1)
    assert np.allclose(losses, 1 + np.mean(np.sum(X**2, axis=1)), rtol=1e-14)  # 1: the row of ones
    assert layer.weights is None


def test_layers_take_new_attributes(seed):
    for thing in (seed.layer.Linear(1, 1), seed.layer.Id(), seed.nn.NeuralNetwork([])):
        thing.note = "mine"
        assert thing.note == "mine"


# Linear


def test_init_weights_is_static(seed):
    assert isinstance(seed.layer.Linear.__dict__["_init_weights"], staticmethod)


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState])
def test_init_weights_draws_from_the_replaced_rng(seed, monkeypatch, make):
    monkeypatch.setattr(seed.layer, "rng", make(5))
    expected = make(5).normal(0, np.sqrt(2 / 3), (4, 3))
    expected[0] = [1, 0, 0]
    assert np.array_equal(seed.layer.Linear._init_weights((4, 3)), expected)
    monkeypatch.setattr(seed.layer, "rng", make(5))
    assert np.array_equal(seed.layer.Linear(2, 3).weights, expected)


def test_rng_is_a_generator(seed):
    assert isinstance(seed.layer.rng, np.random.Generator)


def test_init_weights_scale(seed, monkeypatch):
    monkeypatch.setattr(seed.layer, "rng", np.random.default_rng(0))
    weights = seed.layer.Linear._init_weights((2001, 50))
    assert weights.dtype == np.float64
    assert np.array_equal(weights[0], np.eye(50)[0])
    assert abs(weights[1:].mean()) < 0.005
    assert abs(weights[1:].std() - 0.2) < 0.005  # sqrt(2 / 50)
    assert abs(weights[1:, 0].std() - 0.2) < 0.02  # the bias column too


def test_out_features_is_the_given_number_plus_one(seed):
    assert seed.layer.Linear(2, 3).out_features == 4


@pytest.mark.parametrize("features", [0, -1])
def test_linear_checks_its_features(seed, features):
    with pytest.raises(ValueError) as error:
        seed.layer.Linear(features, 3)
    assert str(error.value) == ("Invalid input feature dimension: in_features must be at least 1.")
    with pytest.raises(ValueError) as error:
        seed.layer.Linear(2, features)
    assert str(error.value) == ("Invalid output feature dimension: out_features must be at least 1.")


def test_linear_forward(seed):
    layer = seed.layer.Linear(2, 3)
    out = layer.forward(X)
    assert np.allclose(out, layer.weights @ X, rtol=1e-14)
    assert np.array_equal(out[0], np.ones(3))
    assert layer.inputs is X


def test_linear_backward(seed):
    layer = seed.layer.Linear(2, 3)
    layer.forward(X)
    grad = np.arange(12.0).reshape(4, 3)  # row 0 is not zero
    out = layer.backward(grad)
    assert np.allclose(out, layer.weights.T @ grad, rtol=1e-14)
    assert out.shape == (3, 3)
    assert np.allclose(layer.dJ_dw, grad @ X.T, rtol=1e-14)


def test_linear_backward_sets_a_new_dJ_dw(seed):
    layer = seed.layer.Linear(2, 3)
    layer.forward(X)
    layer.backward(np.ones((4, 3)))
    first = layer.dJ_dw
    kept = first.copy()
    layer.backward(np.zeros((4, 3)))
    assert layer.dJ_dw is not first
    assert not np.shares_memory(layer.dJ_dw, first)
    assert np.array_equal(first, kept)


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (4,), (4, 3, 1)])
def test_linear_backward_checks_the_shape(seed, shape):
    layer = seed.layer.Linear(2, 3)
    layer.forward(X)
    with pytest.raises(ValueError) as error:
        layer.backward(np.ones(shape))
    assert str(error.value) == f"Expected grad shape (4, 3), but got {shape}"


def test_weights_may_contradict_the_constructor(seed):
    layer = seed.layer.Linear(2, 3)
    layer.weights = weights = np.arange(18.0).reshape(6, 3)
    assert layer.weights is weights
    assert np.array_equal(layer.forward(X), weights @ X)
    with pytest.raises(ValueError) as error:
        layer.backward(np.ones((6, 3)))
    assert str(error.value) == "Expected grad shape (4, 3), but got (6, 3)"


def test_weights_may_take_other_inputs_than_the_constructor_said(seed):
    layer = seed.layer.Linear(7, 3)
    layer.weights = weights = np.arange(12.0).reshape(4, 3)
    assert np.array_equal(layer.forward(X), weights @ X)
    assert np.array_equal(layer.backward(np.ones((4, 3))), weights.T @ np.ones((4, 3)))
    assert layer.dJ_dw.shape == (4, 3)


def test_linear_subclass_without_super_init(seed):
    class Given(seed.layer.Linear):
        def __init__(self, weights):
            self.weights = weights
            self.out_features = len(weights)

    weights = np.array([[1.0, 0, 0], [2, 3, 4]])
    layer = Given(weights)
    assert np.array_equal(layer.forward(X), weights @ X)
    assert np.array_equal(layer.backward(np.ones((2, 3))), weights.T @ np.ones((2, 3)))


# Activation


def test_functions(seed):
    layer, x = seed.layer, X[1:]
    sigma = 1 / (1 + np.exp(-x))
    assert np.allclose(layer.sigmoid(x), sigma, rtol=1e-14)
    assert np.allclose(layer.sigmoid_prime(x), sigma * (1 - sigma), rtol=1e-13)
    assert np.array_equal(layer.relu(x), [[0, 0.5, 3], [4, 0, 0]])
    assert np.array_equal(layer.relu_prime(x), [[0, 1, 1], [1, 0, 0]])
    assert np.array_equal(layer.identity_prime(x), np.ones((2, 3)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_sigmoid_far_out(seed):
    x = np.array([[-1000.0, 0, 1000]])
    assert np.array_equal(seed.layer.sigmoid(x), [[0, 0.5, 1]])
    assert np.array_equal(seed.layer.sigmoid_prime(x), [[0, 0.25, 0]])


def test_relu_prime_is_int64(seed):
    assert seed.layer.relu_prime(X).dtype == np.int64


def test_identity_returns_its_argument(seed):
    assert seed.layer.identity(X) is X


@pytest.mark.parametrize("name, g", [("Sigmoid", "sigmoid"), ("ReLU", "relu"), ("Id", "identity")])
def test_activations_hold_the_modules_functions(seed, name, g):
    activation = getattr(seed.layer, name)()
    assert isinstance(activation, seed.layer.Activation)
    assert activation.g is getattr(seed.layer, g)
    assert activation.g_prime is getattr(seed.layer, f"{g}_prime")


def test_activation_of_own_functions(seed):
    activation = seed.layer.Activation(np.tanh, np.cos)
    ones, zeros = np.ones((1, 3)), np.zeros((1, 3))
    assert np.array_equal(activation._activation(X), np.vstack([ones, np.tanh(X[1:])]))
    assert np.array_equal(activation._activation_prime(X), np.vstack([zeros, np.cos(X[1:])]))
    assert np.array_equal(activation.forward(X), np.vstack([ones, np.tanh(X[1:])]))
    grad = np.arange(9.0).reshape(3, 3)
    assert np.array_equal(activation.backward(grad), np.vstack([zeros, grad[1:] * np.cos(X[1:])]))
    assert activation.inputs is X


def test_activation_passes_only_the_features_to_g(seed):
    seen = []

    def g(x):
        seen.append(x)
        return x

    activation = seed.layer.Activation(g, g)
    activation.backward(activation.forward(X))
    assert all(np.array_equal(x, X[1:]) for x in seen)


def test_first_row_is_ones_and_zeros_whatever_comes_in(seed):
    for x in (X + 5, np.where(X == 1, np.nan, X)):
        for activation in (seed.layer.Sigmoid(), seed.layer.ReLU(), seed.layer.Id()):
            kept = x.copy()
            assert np.array_equal(activation.forward(x)[0], np.ones(3))
            assert np.array_equal(activation._activation_prime(x)[0], np.zeros(3))
            assert np.array_equal(activation.backward(X)[0], np.zeros(3))
            assert np.array_equal(x, kept, equal_nan=True)


@pytest.mark.parametrize("name", ["Sigmoid", "ReLU", "Id"])
def test_activation_results_are_float64(seed, name):
    activation = getattr(seed.layer, name)()
    assert activation.forward(X).dtype == np.float64
    assert activation._activation_prime(X).dtype == np.float64
    assert activation.backward(X).dtype == np.float64


def test_backward_before_forward(seed):
    class Late(seed.layer.Activation):
        def __init__(self):
            super().__init__(np.tanh, np.cos)

    for activation in (seed.layer.Sigmoid(), seed.layer.ReLU(), seed.layer.Id(), Late()):
        with pytest.raises((ValueError, RuntimeError)) as error:
            activation.backward(X)
        assert str(error.value) == "Forward pass must be called before backward pass."


def test_activation_subclass_without_super_init(seed):
    class Tanh(seed.layer.Activation):
        def __init__(self, scale):
            self.g = lambda x: scale * np.tanh(x)
            self.g_prime = lambda x: scale * (1 - np.tanh(x) ** 2)

    activation = Tanh(2)
    assert np.array_equal(activation.forward(X)[1:], 2 * np.tanh(X[1:]))
    assert np.array_equal(activation.backward(X)[1:], X[1:] * (2 * (1 - np.tanh(X[1:]) ** 2)))
    assert activation.weights.size == 0


# NeuralNetwork


@pytest.mark.parametrize("kind", [list, tuple])
def test_network_keeps_the_given_layers(seed, kind):
    layers = kind([seed.layer.Linear(2, 3), seed.layer.Sigmoid()])
    assert seed.nn.NeuralNetwork(layers).layers is layers


def test_network_returns_results(seed):
    first, second = seed.layer.Linear(2, 3), seed.layer.Sigmoid()
    net = seed.nn.NeuralNetwork([first, second])
    out = net.forward(X)
    assert np.array_equal(out, second.forward(first.forward(X)))
    assert np.array_equal(net.backward(out), first.backward(second.backward(out)))


def test_empty_network_returns_its_argument(seed):
    net = seed.nn.NeuralNetwork([])
    assert net.forward(X) is X
    assert net.backward(X) is X


def test_network_calls_layers_in_order(seed):
    calls = []

    class Spy(seed.layer.Layer):
        def __init__(self, name):
            self.name = name

        def forward(self, x):
            calls.append(("forward", self.name))
            return x

        def backward(self, grad):
            calls.append(("backward", self.name))
            return grad

    net = seed.nn.NeuralNetwork([Spy("a"), Spy("b")])
    net.backward(net.forward(X))
    assert calls == [("forward", "a"), ("forward", "b"), ("backward", "b"), ("backward", "a")]


def test_weights_and_dJ_dws(seed):
    layers = [seed.layer.Linear(2, 3), seed.layer.ReLU(), seed.layer.Linear(3, 1)]
    net = seed.nn.NeuralNetwork(layers)
    pairs = net.weights_and_dJ_dws()
    assert isinstance(pairs, GeneratorType)
    pairs = list(pairs)
    assert len(pairs) == 3
    for (weights, dJ_dw), layer in zip(pairs, layers):
        assert weights is layer.weights
        assert dJ_dw is layer.dJ_dw
    assert pairs[1][0].size == pairs[1][1].size == 0
