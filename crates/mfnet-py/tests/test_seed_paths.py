"""Every change of a part takes the NumPy loop, and the result is still the reference's."""

from types import SimpleNamespace

import numpy as np
import pytest

from differential import (
    check_path,
    compare,
    fit,
    kit,
)

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def subclass(k, place, base, **members):
    """Puts an instance of a subclass of `base`, with all attributes of the original, at `place`."""
    owner, key = place
    old = owner[key] if isinstance(owner, list) else getattr(owner, key)
    cls = type("Mine", (base,), members)
    new = cls.__new__(cls)
    vars(new).update(vars(old))
    if isinstance(owner, list):
        owner[key] = new
    else:
        setattr(owner, key, new)


def linear_subclass(k, monkeypatch):
    subclass(k, (k.net.layers, 0), k.seed.layer.Linear)


def linear_subclass_with_other_backward(k, monkeypatch):
    base = k.seed.layer.Linear

    def backward(self, grad):
        out = base.backward(self, grad)
        self.dJ_dw += 0.01 * self.weights
        return out

    subclass(k, (k.net.layers, 0), base, backward=backward)


def activation_subclass(k, monkeypatch):
    subclass(k, (k.net.layers, 1), k.seed.layer.Sigmoid)


def own_layer(k, monkeypatch):
    class Scale(k.seed.layer.Layer):
        def __init__(self, factor):
            self.factor = factor
            self.weights = None

        def forward(self, x):
            return np.vstack([x[:1], self.factor * x[1:]])

        def backward(self, grad):
            return np.vstack([grad[:1], self.factor * grad[1:]])

    k.net.layers.insert(1, Scale(1.5))


def own_activation(k, monkeypatch):
    k.net.layers[1] = k.seed.layer.Activation(np.tanh, lambda x: 1 - np.tanh(x) ** 2)


def own_object_as_layer(k, monkeypatch):
    """No subclass at all, but all methods and attributes."""
    inner = k.net.layers[1]
    k.net.layers[1] = SimpleNamespace(
        forward=inner.forward, backward=inner.backward, weights=inner.weights, dJ_dw=inner.dJ_dw
    )


def replaced_g(k, monkeypatch):
    k.net.layers[1].g = np.tanh


def replaced_g_prime(k, monkeypatch):
    k.net.layers[1].g_prime = np.ones_like


def replaced_module_function(k, monkeypatch):
    """Sigmoid then holds the new function, which is not the package's own."""
    monkeypatch.setattr(k.seed.layer, "sigmoid", np.tanh)
    k.net.layers[1] = k.seed.layer.Sigmoid()
    assert k.net.layers[1].g is np.tanh


def instance_forward(k, monkeypatch):
    inner = k.net.layers[0].forward
    k.net.layers[0].forward = lambda x: inner(x) * np.array([[1], *[[0.9]] * 6])


def instance_backward(k, monkeypatch):
    inner = k.net.layers[0].backward
    k.net.layers[0].backward = lambda grad: inner(0.5 * grad)


def instance_activation(k, monkeypatch):
    inner = k.net.layers[1]._activation
    k.net.layers[1]._activation = lambda x: np.vstack([np.ones(x.shape[1]), 0.5 * inner(x)[1:]])


def instance_network_forward(k, monkeypatch):
    inner = k.net.forward
    k.net.forward = lambda x: inner(0.9 * x)


def instance_network_weights(k, monkeypatch):
    first = k.net.layers[0]
    k.net.weights_and_dJ_dws = lambda: [(first.weights, first.dJ_dw)]


def instance_step(k, monkeypatch):
    inner = k.optimizer.step

    def step(net):
        inner(net)
        inner(net)

    k.optimizer.step = step


def instance_loss(k, monkeypatch):
    k.loss.loss = lambda predictions, targets: np.float64(0.25)


def instance_grad(k, monkeypatch):
    inner = k.loss.grad
    k.loss.grad = lambda predictions, targets: 0.5 * inner(predictions, targets)


def class_attribute(module, cls, method):
    """Wraps a method of one of the package's classes: called as before, but not untouched."""

    def change(k, monkeypatch):
        owner = getattr(getattr(k.seed, module), cls)
        inner = getattr(owner, method)

        def wrapped(*args, **kwargs):
            return inner(*args, **kwargs)

        static = isinstance(owner.__dict__.get(method), staticmethod)
        monkeypatch.setattr(owner, method, staticmethod(wrapped) if static else wrapped)

    change.__name__ = f"class_{cls}_{method}"
    return change


def class_linear_forward_changed(k, monkeypatch):
    inner = k.seed.layer.Linear.forward
    monkeypatch.setattr(k.seed.layer.Linear, "forward", lambda self, x: np.tanh(inner(self, x)) / np.tanh(1))


def loss_subclass(k, monkeypatch):
    k.loss = type("Mine", (k.seed.loss.MSELoss,), {})()


def loss_subclass_with_other_gradient(k, monkeypatch):
    inner = k.seed.loss.MSELoss.grad
    members = {"grad": staticmethod(lambda a, b: 0.5 * inner(a, b))}
    k.loss = type("Mine", (k.seed.loss.MSELoss,), members)()


def own_loss(k, monkeypatch):
    class LogCosh(k.seed.loss.Loss):
        @staticmethod
        def loss(predictions, targets):
            return np.mean(np.log(np.cosh(predictions - targets)))

        @staticmethod
        def grad(predictions, targets):
            return np.tanh(predictions - targets) / targets.size

    k.loss = LogCosh()


def halve(net, max_norm=1.0):
    for _, dw in net.weights_and_dJ_dws():
        dw *= 0.5 * max_norm


def clip_of_the_base(k, monkeypatch):
    monkeypatch.setattr(k.seed.optimizer.Optimizer, "clip_gradients", staticmethod(halve))


def clip_of_sgd(k, monkeypatch):
    monkeypatch.setattr(k.seed.optimizer.SGD, "clip_gradients", staticmethod(halve), raising=False)


def clip_of_the_instance(k, monkeypatch):
    k.optimizer.clip_gradients = halve


def sgd_subclass(k, monkeypatch):
    k.optimizer = type("Mine", (k.seed.optimizer.SGD,), {})(0.05)


def own_optimizer(k, monkeypatch):
    class Momentum(k.seed.optimizer.Optimizer):
        def __init__(self):
            self.velocity = {}

        def step(self, net):
            for i, (w, dw) in enumerate(net.weights_and_dJ_dws()):
                self.velocity[i] = 0.9 * self.velocity.get(i, 0) + dw
                w -= 0.05 * self.velocity[i]

    k.optimizer = Momentum()


def own_loader(k, monkeypatch):
    class Samples(k.seed.dataloader.DataLoader):
        """Shuffles samples."""

        def __call__(self, inputs, targets):
            order = np.random.default_rng(1).permutation(len(inputs))
            for part in np.array_split(order, 5):
                yield k.seed.dataloader.Batch(
                    np.hstack([np.ones((len(part), 1)), inputs[part]]).T,
                    np.hstack([np.ones((len(part), 1)), targets[part]]).T,
                )

    k.dataloader = Samples()


def loader_subclass(k, monkeypatch):
    k.dataloader = type("Mine", (k.seed.dataloader.BatchIterator,), {})(7, seed=0)


def network_subclass(k, monkeypatch):
    k.net = type("Mine", (k.seed.nn.NeuralNetwork,), {})(k.net.layers)


def shared_weights(k, monkeypatch):
    """Layers 2 and 4 are Linear(6, 6)."""
    k.net.layers[4].weights = k.net.layers[2].weights


def overlapping_weights(k, monkeypatch):
    k.net.layers[4].weights = k.net.layers[2].weights[:]


def linear_twice(k, monkeypatch):
    k.net.layers[4] = k.net.layers[2]


def first_row(column, value):
    def change(k, monkeypatch):
        k.net.layers[2].weights[0, column] = value

    change.__name__ = f"first_row_{column}_{value}"
    return change


def two_linear_side_by_side(k, monkeypatch):
    del k.net.layers[1]


def learning_rate(value):
    def change(k, monkeypatch):
        k.optimizer = k.seed.optimizer.SGD(value)

    change.__name__ = f"learning_rate_{value}"
    return change


def bad_value(name, value):
    def change(k, monkeypatch):
        array = k.net.layers[0].weights if name == "weights" else getattr(k, name)
        array[1, 1] = value

    change.__name__ = f"{name}_{value}"
    return change


def float32_weights(k, monkeypatch):
    k.net.layers[0].weights = k.net.layers[0].weights.astype(np.float32)


BY_HAND = [
    linear_subclass, linear_subclass_with_other_backward, activation_subclass, own_layer,
    own_activation, own_object_as_layer, replaced_g, replaced_g_prime, replaced_module_function,
    instance_forward, instance_backward, instance_activation, instance_network_forward,
    instance_network_weights, instance_step, instance_loss, instance_grad,
    class_linear_forward_changed, loss_subclass, loss_subclass_with_other_gradient, own_loss,
    clip_of_the_base, clip_of_sgd, clip_of_the_instance, sgd_subclass, own_optimizer, own_loader,
    loader_subclass, network_subclass, shared_weights, overlapping_weights, linear_twice,
    two_linear_side_by_side, float32_weights,
]  # fmt: skip
GENERATED = [
    class_attribute("layer", "Linear", "forward"),
    class_attribute("layer", "Linear", "backward"),
    class_attribute("layer", "Activation", "forward"),
    class_attribute("layer", "Activation", "backward"),
    class_attribute("layer", "Activation", "_activation"),
    class_attribute("layer", "Activation", "_activation_prime"),
    class_attribute("layer", "Sigmoid", "forward"),
    class_attribute("nn", "NeuralNetwork", "forward"),
    class_attribute("nn", "NeuralNetwork", "backward"),
    class_attribute("nn", "NeuralNetwork", "weights_and_dJ_dws"),
    class_attribute("loss", "MSELoss", "loss"),
    class_attribute("loss", "MSELoss", "grad"),
    class_attribute("optimizer", "SGD", "step"),
    class_attribute("optimizer", "Optimizer", "clip_gradients"),
    class_attribute("dataloader", "BatchIterator", "__call__"),
    first_row(0, 1.5),
    first_row(0, np.nextafter(1, 2)),
    first_row(3, 1e-300),
    learning_rate(0),
    learning_rate(0.0),
    learning_rate(-0.05),
    learning_rate(np.nan),
    bad_value("x", np.nan),
    bad_value("x", np.inf),
    bad_value("y", np.nan),
    bad_value("y", -np.inf),
    bad_value("weights", np.nan),
]


@pytest.mark.parametrize("change", BY_HAND + GENERATED, ids=lambda change: change.__name__)
@pytest.mark.parametrize("function", ["train", "train_test_regression"])
def test_the_loop_runs(monkeypatch, change, function):
    def apply(k):
        k.function = function
        change(k, monkeypatch)

    compare(apply, "numpy", parts=(4, 6, "Sigmoid", 6, "Sigmoid", 6, "ReLU", 3))


@pytest.mark.parametrize("change", [instance_loss, class_attribute("loss", "CELoss", "loss"),
                                    class_attribute("loss", "CELoss", "grad")])  # fmt: skip
def test_the_loop_runs_for_changes_of_ce(monkeypatch, change):
    compare(lambda k: change(k, monkeypatch), "numpy", loss="CELoss")


def test_a_changed_function_of_another_activation_is_seen(monkeypatch):
    """ReLU and Id replaced in the module after the network was made: the network holds its own."""

    def change(k):
        monkeypatch.setattr(k.seed.layer, "relu", np.tanh)
        monkeypatch.setattr(k.seed.layer, "identity", np.tanh)

    compare(change, parts=(4, 6, "ReLU", 5, "Id", 3))


def test_one_activation_object_in_two_places():
    """Its `inputs` are those of the second place in both backward steps."""

    def change(k):
        k.net.layers[3] = k.net.layers[1]

    compare(change, parts=(4, 6, "Sigmoid", 6, "Sigmoid", 3))


def test_a_loss_class_in_place_of_an_instance():
    def change(k):
        k.loss = type(k.loss)

    compare(change)


@pytest.mark.parametrize("clip", [-1.0, np.inf, np.nan, np.float64(0.1), 1])
def test_odd_norms(clip):
    compare(clip=clip)


@pytest.mark.parametrize("rate", [1, np.float64(0.05), np.float32(0.05)], ids=repr)
def test_rates_of_other_types(rate):
    def change(k):
        k.optimizer = k.seed.optimizer.SGD(rate)

    compare(change)


def test_a_rate_assigned_later():
    def change(k):
        k.optimizer.learning_rate = 0.2

    compare(change, "rust")


def test_recarray_weights():
    """An array subclass. It may take either path."""

    def change(k):
        k.net.layers[0].weights = k.net.layers[0].weights.view(np.recarray)

    compare(change)


def test_the_path_is_set_in_each_call(monkeypatch, mfnet):
    for change, path in ((None, "rust"), (own_loss, "numpy"), (None, "rust")):
        for function in ("train", "train_test_regression", "train_test_classification"):
            k = kit("mfnet", function=function)
            if change is not None:
                change(k, monkeypatch)
            fit(k)
            check_path(mfnet.train.last_path, path)
