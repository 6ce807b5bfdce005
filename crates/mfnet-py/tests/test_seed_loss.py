"""Contract of `loss` and `optimizer`."""

import numpy as np
import pytest

TARGETS = np.array([[1.0, 1], [1, 0], [0, 0], [0, 1]])
LOGITS = np.array([[1.0, 1], [2, -1], [0, 0.5], [-3, 1]])
P = np.exp(LOGITS[1:]) / np.exp(LOGITS[1:]).sum(axis=0)


@pytest.mark.parametrize("name", ["Loss", "MSELoss", "CELoss"])
@pytest.mark.parametrize("method", ["loss", "grad"])
def test_methods_are_static(seed, name, method):
    assert isinstance(getattr(seed.loss, name).__dict__[method], staticmethod)


@pytest.mark.parametrize("missing", ["loss", "grad"])
def test_loss_needs_loss_and_grad(seed, missing):
    methods = {"loss": staticmethod(lambda a, b: 0.0), "grad": staticmethod(lambda a, b: a)}
    del methods[missing]
    with pytest.raises(TypeError):
        type("Half", (seed.loss.Loss,), methods)()


@pytest.mark.parametrize("name", ["MSELoss", "CELoss"])
def test_losses_are_losses(seed, name):
    loss = getattr(seed.loss, name)()
    assert isinstance(loss, seed.loss.Loss)
    assert type(loss.loss(LOGITS, TARGETS)) is np.float64
    assert loss.loss(LOGITS, TARGETS) == type(loss).loss(LOGITS, TARGETS)
    assert np.array_equal(loss.grad(LOGITS, TARGETS), type(loss).grad(LOGITS, TARGETS))


def test_mse(seed):
    predictions = np.array([[1.0, 1], [3, 1]])
    targets = np.array([[1.0, 1], [1, 2]])
    assert seed.loss.MSELoss.loss(predictions, targets) == 2.5
    assert np.array_equal(seed.loss.MSELoss.grad(predictions, targets), [[0, 0], [2, -1]])


def test_mse_sums_over_rows_row_0_included(seed):
    predictions, targets = np.full((3, 4), 2.0), np.zeros((3, 4))
    assert seed.loss.MSELoss.loss(predictions, targets) == 12
    assert np.array_equal(seed.loss.MSELoss.grad(predictions, targets), np.ones((3, 4)))


@pytest.mark.parametrize("method", ["loss", "grad"])
@pytest.mark.parametrize("shape", [(4, 1), (1, 2), (3, 2), (4,)])
def test_shape_mismatch(seed, method, shape):
    """Shapes that would broadcast are errors as well."""
    for name in ("MSELoss", "CELoss"):
        with pytest.raises(ValueError, match=r"\AShape mismatch") as error:
            getattr(getattr(seed.loss, name), method)(np.ones(shape), TARGETS)
    assert str(error.value) == f"Shape mismatch: {shape} vs (4, 2)."


def test_ce(seed):
    expected = -(np.log(P[0, 0]) + np.log(P[2, 1])) / 2
    assert np.isclose(seed.loss.CELoss.loss(LOGITS, TARGETS), expected, rtol=1e-14)


def test_ce_grad(seed):
    grad = seed.loss.CELoss.grad(LOGITS, TARGETS)
    assert np.array_equal(grad[0], np.zeros(2))
    assert np.allclose(grad[1:], (P - TARGETS[1:]) / 2, rtol=1e-13)


def test_ce_leaves_row_0_out(seed):
    other, targets = LOGITS.copy(), TARGETS.copy()
    other[0], targets[0] = 7, -3
    CELoss = seed.loss.CELoss
    assert CELoss.loss(other, targets) == CELoss.loss(LOGITS, TARGETS)
    assert np.array_equal(CELoss.grad(other, targets), CELoss.grad(LOGITS, TARGETS))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_ce_counts_zero_probabilities_as_1e_100(seed):
    targets = np.array([[1.0], [1], [0]])
    logits = np.array([[1.0], [-1000], [0]])
    assert np.isclose(seed.loss.CELoss.loss(logits, targets), 100 * np.log(10), rtol=1e-14)
    assert np.array_equal(seed.loss.CELoss.grad(logits, targets), [[0], [-1], [1]])


def test_ce_keeps_probabilities_below_1e_100(seed):
    targets = np.array([[1.0], [1], [0]])
    logits = np.array([[1.0], [-300], [0]])
    assert np.isclose(seed.loss.CELoss.loss(logits, targets), 300, rtol=1e-14)


def test_ce_survives_large_logits(seed):
    logits = LOGITS.copy()
    logits[1:] += 5000
    assert np.isclose(seed.loss.CELoss.loss(logits, TARGETS), seed.loss.CELoss.loss(LOGITS, TARGETS), rtol=1e-12)


@pytest.mark.parametrize("method", ["loss", "grad"])
@pytest.mark.parametrize("column", [[0, 0, 0], [1, 1, 0], [0.5, 0.5, 0], [2, -1, 0]])
def test_ce_checks_the_target(seed, method, column):
    targets = TARGETS.copy()
    targets[1:, 1] = column
    with pytest.raises(ValueError) as error:
        getattr(seed.loss.CELoss, method)(LOGITS, targets)
    assert str(error.value) == "Target tensor is not one-hot encoded"


@pytest.mark.parametrize("name", ["MSELoss", "CELoss"])
def test_gradients_match_finite_differences(seed, name):
    loss = getattr(seed.loss, name)
    grad, h = loss.grad(LOGITS, TARGETS), 1e-6
    for index in np.ndindex(LOGITS.shape):
        up, down = LOGITS.copy(), LOGITS.copy()
        up[index] += h
        down[index] -= h
        slope = (loss.loss(up, TARGETS) - loss.loss(down, TARGETS)) / (2 * h)
        assert abs(slope - grad[index]) < 1e-8


@pytest.mark.parametrize("name", ["MSELoss", "CELoss"])
def test_losses_leave_their_arguments_alone(seed, name):
    predictions, targets = LOGITS.copy(), TARGETS.copy()
    getattr(seed.loss, name).loss(predictions, targets)
    getattr(seed.loss, name).grad(predictions, targets)
    assert np.array_equal(predictions, LOGITS)
    assert np.array_equal(targets, TARGETS)


# optimizer


def network(seed, *gradients):
    """One Linear with each of the gradients, and a layer without weights at the end."""
    layers = []
    for gradient in gradients:
        layer = seed.layer.Linear(1, 1)
        layer.weights = np.array([[1.0, 0], [2, 3]])
        layer.dJ_dw = np.array(gradient, dtype=np.float64)
        layers.append(layer)
    return seed.nn.NeuralNetwork(layers + [seed.layer.Id()])


def test_learning_rate(seed):
    assert seed.optimizer.SGD().learning_rate == 1e-3
    assert seed.optimizer.SGD(0.5).learning_rate == 0.5
    assert seed.optimizer.SGD(learning_rate=2).learning_rate == 2
    assert isinstance(seed.optimizer.SGD(), seed.optimizer.Optimizer)


def test_optimizer_needs_step(seed):
    with pytest.raises(TypeError):
        type("Half", (seed.optimizer.Optimizer,), {})()


def test_optimizer_base_sets_the_learning_rate(seed):
    Mine = type("Mine", (seed.optimizer.Optimizer,), {"step": lambda self, net: None})
    assert Mine().learning_rate == 1e-3
    assert Mine(0.5).learning_rate == 0.5


def test_sgd_steps_in_place(seed):
    net = network(seed, [[0, 0], [1, -2]], [[0, 0], [4, 8]])
    kept = [layer.weights for layer in net.layers]
    seed.optimizer.SGD(0.5).step(net)
    for layer, weights in zip(net.layers, kept):
        assert layer.weights is weights
    assert np.array_equal(kept[0], [[1, 0], [1.5, 4]])
    assert np.array_equal(kept[1], [[1, 0], [0, -1]])


def test_sgd_looks_at_its_learning_rate_in_each_step(seed):
    net, sgd = network(seed, [[0, 0], [1, -2]]), seed.optimizer.SGD(0.5)
    sgd.learning_rate = 1
    sgd.step(net)
    assert np.array_equal(net.layers[0].weights, [[1, 0], [1, 5]])


def test_clip_gradients_is_static(seed):
    assert isinstance(seed.optimizer.Optimizer.__dict__["clip_gradients"], staticmethod)


def test_clip_gradients_by_each_layers_own_norm(seed):
    """A norm of 5 is scaled by exactly 1 / 5: 3 * 0.2 is not 3 / 5 in float64."""
    net = network(seed, [[0, 0], [3, 4]], [[0, 0], [0.3, 0.4]])
    kept = [layer.dJ_dw for layer in net.layers]
    seed.optimizer.SGD().clip_gradients(net)
    for layer, dJ_dw in zip(net.layers, kept):
        assert layer.dJ_dw is dJ_dw
    assert np.array_equal(kept[0], [[0, 0], [3 * 0.2, 4 * 0.2]])
    assert kept[0][1, 0] != 3 / 5
    assert np.array_equal(kept[1], [[0, 0], [0.3, 0.4]])


@pytest.mark.parametrize("max_norm", [5, 5.5, np.inf])
def test_clip_gradients_only_where_the_norm_is_larger(seed, max_norm):
    net = network(seed, [[0, 0], [3, 4]])
    seed.optimizer.Optimizer.clip_gradients(net, max_norm=max_norm)
    assert np.array_equal(net.layers[0].dJ_dw, [[0, 0], [3, 4]])


def test_clip_gradients_by_position(seed):
    net = network(seed, [[0, 0], [3, 4]])
    seed.optimizer.Optimizer.clip_gradients(net, 2.5)
    assert np.array_equal(net.layers[0].dJ_dw, [[0, 0], [1.5, 2]])


def test_clip_gradients_counts_the_whole_matrix(seed):
    net = network(seed, [[2, 4], [5, 6]])  # norm 9
    seed.optimizer.Optimizer.clip_gradients(net, 4.5)
    assert np.array_equal(net.layers[0].dJ_dw, [[1, 2], [2.5, 3]])


def test_clip_gradients_leaves_nan_alone(seed):
    net = network(seed, [[0, 0], [np.nan, 4]])
    seed.optimizer.Optimizer.clip_gradients(net)
    assert np.array_equal(net.layers[0].dJ_dw, [[0, 0], [np.nan, 4]], equal_nan=True)


def test_optimizer_subclass_without_super_init(seed):
    class Sign(seed.optimizer.Optimizer):
        def __init__(self, size):
            self.size = size

        def step(self, net):
            for w, dw in net.weights_and_dJ_dws():
                w -= self.size * np.sign(dw)

    net, optimizer = network(seed, [[0, 0], [3, -4]]), Sign(0.5)
    optimizer.clip_gradients(net, max_norm=1)
    optimizer.step(net)
    assert np.array_equal(net.layers[0].weights, [[1, 0], [1.5, 3.5]])
