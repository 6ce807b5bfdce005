"""Contract of `train`."""

import inspect

import numpy as np
import pytest

TRAIN_DEFAULTS = {
    "num_epochs": 1000,
    "lr": 1e-3,
    "dataloader": None,
    "loss": None,
    "optimizer": None,
    "max_gradient_norm": None,
}


def linear(seed):
    """ŷ = 0 at first, for one input and one output."""
    layer = seed.layer.Linear(1, 1)
    layer.weights = np.array([[1.0, 0], [0, 0]])
    return seed.nn.NeuralNetwork([layer])


def classifier(seed):
    layer = seed.layer.Linear(1, 2)
    layer.weights = np.array([[1.0, 0], [0, 1], [0, -1]])
    return seed.nn.NeuralNetwork([layer])


def frozen(seed):
    """An optimizer that leaves the weights alone."""
    return type("Frozen", (seed.optimizer.Optimizer,), {"step": lambda self, net: None})()


X = np.array([[1.0], [2], [3]])
Y = np.array([[2.0], [0], [-1]])
ONE_HOT = np.array([[1.0, 0], [0, 1], [1, 0]])


# train


def test_train_parameters(seed):
    parameters = inspect.signature(seed.train.train).parameters
    assert list(parameters) == ["net", "inputs", "targets", *TRAIN_DEFAULTS]
    for name, default in TRAIN_DEFAULTS.items():
        assert parameters[name].default == default


def test_train_by_hand(seed):
    """One full-batch step of MSELoss: the gradient is 2 (ŷ − y) xᵀ / m."""
    net = linear(seed)
    losses = seed.train.train(net, X, Y, num_epochs=2, lr=0.1)
    bias, slope = 0.2 * 1 / 3, 0.2 * -1 / 3
    assert np.isclose(losses[0], 5 / 3, rtol=1e-14)
    assert np.isclose(losses[1], np.mean((bias + slope * X - Y) ** 2), rtol=1e-13)


def test_train_returns_a_list_of_numpy_float64(seed):
    losses = seed.train.train(linear(seed), X, Y, num_epochs=4)
    assert type(losses) is list
    assert [type(loss) for loss in losses] == [np.float64] * 4


def test_train_returns_numpy_float64_for_an_own_loss(seed):
    class Half(seed.loss.Loss):
        @staticmethod
        def loss(predictions, targets):
            return 0.5

        @staticmethod
        def grad(predictions, targets):
            return np.zeros_like(predictions)

    losses = seed.train.train(linear(seed), X, Y, num_epochs=2, loss=Half())
    assert losses == [0.5, 0.5]
    assert [type(loss) for loss in losses] == [np.float64] * 2


def test_train_zero_epochs(seed):
    net = linear(seed)
    assert seed.train.train(net, X, Y, num_epochs=0) == []
    assert np.array_equal(net.layers[0].weights, [[1, 0], [0, 0]])


def test_train_writes_in_place(seed):
    net = linear(seed)
    weights = net.layers[0].weights
    seed.train.train(net, X, Y, num_epochs=3)
    assert net.layers[0].weights is weights
    assert not np.array_equal(weights, [[1, 0], [0, 0]])


def test_train_leaves_the_data_alone(seed):
    x, y = X.copy(), Y.copy()
    seed.train.train(linear(seed), x, y, num_epochs=3)
    assert np.array_equal(x, X)
    assert np.array_equal(y, Y)


@pytest.mark.parametrize("fast", [True, False])
def test_epoch_loss_is_the_unweighted_mean(seed, fast):
    """The batch losses are (4 + 0) / 2 and 1."""
    optimizer = seed.optimizer.SGD(1e-12) if fast else frozen(seed)
    loader = seed.dataloader.BatchIterator(2, shuffle=False)
    losses = seed.train.train(linear(seed), X, Y, 1, dataloader=loader, optimizer=optimizer)
    assert np.isclose(losses[0], 1.5, rtol=1e-9)


def test_loss_is_taken_before_the_step(seed):
    losses = seed.train.train(linear(seed), X, Y, num_epochs=1, lr=0.1)
    assert np.isclose(losses[0], 5 / 3, rtol=1e-14)


def test_lr_is_ignored_where_an_optimizer_is_given(seed):
    a, b = linear(seed), linear(seed)
    seed.train.train(a, X, Y, 3, 0.5, optimizer=seed.optimizer.SGD(0.01))
    seed.train.train(b, X, Y, 3, 0.01)
    assert np.array_equal(a.layers[0].weights, b.layers[0].weights)


def test_train_default_loss_is_mse(seed):
    a, b = linear(seed), linear(seed)
    assert seed.train.train(a, X, Y, 3) == seed.train.train(b, X, Y, 3, loss=seed.loss.MSELoss())


def test_train_default_loader_has_blocks_of_128(seed):
    x = np.arange(300.0)[:, None] / 300
    net = linear(seed)
    seed.train.train(net, x, x, 1)
    assert net.layers[0].inputs.shape[1] in (128, 44)


def test_loader_is_called_in_each_epoch(seed):
    calls = []

    class Loader(seed.dataloader.DataLoader):
        def __init__(self, halves):  # without super().__init__()
            self.halves = halves

        def __call__(self, inputs, targets):
            calls.append((inputs, targets))
            ones = np.ones((1, 3))
            batch = seed.dataloader.Batch(np.vstack([ones, inputs.T]), np.vstack([ones, targets.T]))
            return [batch] * self.halves

    seed.train.train(linear(seed), X, Y, 3, dataloader=Loader(2))
    assert len(calls) == 3
    assert all(inputs is X and targets is Y for inputs, targets in calls)


def test_order_of_calls(seed):
    calls = []

    class Net(seed.nn.NeuralNetwork):
        def forward(self, x):
            calls.append("forward")
            return super().forward(x)

        def backward(self, grad):
            calls.append("backward")
            return super().backward(grad)

    class Optimizer(seed.optimizer.SGD):
        def step(self, net):
            calls.append("step")
            super().step(net)

        @staticmethod
        def clip_gradients(net, max_norm=1.0):
            calls.append("clip")

    net = Net(linear(seed).layers)
    seed.train.train(net, X, Y, 1, optimizer=Optimizer(), max_gradient_norm=1)
    assert calls == ["forward", "backward", "clip", "step"]


@pytest.mark.parametrize("where", ["base", "class", "instance", "subclass"])
def test_clipping_goes_through_the_optimizer_by_keyword(seed, monkeypatch, where):
    calls = []

    def clip(net, **kwargs):
        calls.append((net, kwargs))

    optimizer = seed.optimizer.SGD()
    if where == "base":
        monkeypatch.setattr(seed.optimizer.Optimizer, "clip_gradients", staticmethod(clip))
    elif where == "class":
        monkeypatch.setattr(seed.optimizer.SGD, "clip_gradients", staticmethod(clip), raising=False)
    elif where == "instance":
        optimizer.clip_gradients = clip
    else:
        optimizer = type("Mine", (seed.optimizer.SGD,), {"clip_gradients": staticmethod(clip)})()
    net = linear(seed)
    seed.train.train(net, X, Y, 2, optimizer=optimizer, max_gradient_norm=0.25)
    assert calls == [(net, {"max_norm": 0.25})] * 2


def test_the_default_optimizer_clips_through_the_class(seed, monkeypatch):
    calls = []
    monkeypatch.setattr(
        seed.optimizer.Optimizer,
        "clip_gradients",
        staticmethod(lambda net, max_norm=1.0: calls.append(max_norm)),
    )
    seed.train.train(linear(seed), X, Y, 1, max_gradient_norm=0.25)
    assert calls == [0.25]


def test_no_clipping_without_a_norm(seed):
    optimizer = seed.optimizer.SGD()
    optimizer.clip_gradients = None  # calling it would raise
    seed.train.train(linear(seed), X, Y, 1, optimizer=optimizer)


def test_clipping_bounds_the_step(seed):
    net = linear(seed)
    seed.train.train(net, X, Y, 1, lr=1, max_gradient_norm=0.01)
    moved = net.layers[0].weights - [[1, 0], [0, 0]]
    assert np.isclose(np.linalg.norm(moved), 0.01, rtol=1e-12)
    assert np.isclose(np.linalg.norm(net.layers[0].dJ_dw), 0.01, rtol=1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_inf_are_returned(seed, bad):
    x = X.copy()
    x[1] = bad
    losses = seed.train.train(linear(seed), x, Y, 3)
    assert len(losses) == 3
    assert not np.isfinite(losses).any()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_is_returned(seed):
    losses = seed.train.train(linear(seed), X, Y, 500, lr=100.0)
    assert len(losses) == 500
    assert np.isfinite(losses[0]) and not np.isfinite(losses[-1])


def test_train_raises_what_the_parts_raise(seed):
    with pytest.raises(ValueError) as error:
        seed.train.train(linear(seed), X, Y[1:], 1)
    assert str(error.value) == "Input and target tensors must have the same number of datapoints."
    with pytest.raises(ValueError, match=r"\AShape mismatch"):
        seed.train.train(linear(seed), X, ONE_HOT, 1)
    with pytest.raises(ValueError) as error:
        seed.train.train(classifier(seed), X, 2 * ONE_HOT, 1, loss=seed.loss.CELoss())
    assert str(error.value) == "Target tensor is not one-hot encoded"


def test_train_raises_where_weights_contradict_the_constructor(seed):
    net = classifier(seed)
    net.layers[0].weights = np.array([[1.0, 0], [0, 1]])
    with pytest.raises(ValueError) as error:
        seed.train.train(net, X, Y, 1)
    assert str(error.value) == "Expected grad shape (3, 3), but got (2, 3)"


def test_train_raises_where_weights_are_read_only(seed):
    net = linear(seed)
    net.layers[0].weights.flags.writeable = False
    with pytest.raises(ValueError):
        seed.train.train(net, X, Y, 1)
    assert np.array_equal(net.layers[0].weights, [[1, 0], [0, 0]])


def test_train_learns_a_line(seed):
    x = np.linspace(-1, 1, 50)[:, None]
    net = linear(seed)
    loader = seed.dataloader.BatchIterator(10, seed=0)
    losses = seed.train.train(net, x, 2 * x - 1, 200, 0.1, loader)
    assert losses[-1] < 1e-10
    assert np.allclose(net.layers[0].weights, [[1, 0], [-1, 2]], atol=1e-4)


# train_test_regression, train_test_classification


@pytest.mark.parametrize("name", ["train_test_regression", "train_test_classification"])
def test_train_test_parameters(seed, name):
    parameters = inspect.signature(getattr(seed.train, name)).parameters
    names = ["net", "train_inputs", "train_targets", "test_inputs", "test_targets", "num_epochs"]
    names += ["test_interval", *list(TRAIN_DEFAULTS)[1:]]
    assert list(parameters) == names
    for name, default in (TRAIN_DEFAULTS | {"test_interval": 100}).items():
        assert parameters[name].default == default


def run_both(seed, num_epochs, test_interval, **kwargs):
    regression = seed.train.train_test_regression(linear(seed), X, Y, X[:2], Y[:2], num_epochs, test_interval, **kwargs)
    classification = seed.train.train_test_classification(
        classifier(seed), X, ONE_HOT, X[:2], ONE_HOT[:2], num_epochs, test_interval, **kwargs
    )
    return regression, classification


@pytest.mark.parametrize(
    "num_epochs, test_interval, expected",
    [
        (1, 1, [0]),
        (1, 5, [0]),
        (4, 1, [0, 1, 2, 3]),
        (6, 5, [0, 5]),
        (7, 5, [0, 5, 6]),
        (10, 3, [0, 3, 6, 9]),
        (5, 100, [0, 4]),
        (0, 1, []),
        (0, 2, [-1]),
        (0, 100, [-1]),
    ],
)
def test_test_epochs(seed, num_epochs, test_interval, expected):
    for losses, epochs, *tests in run_both(seed, num_epochs, test_interval):
        assert len(losses) == num_epochs
        assert epochs == expected
        assert all(type(epoch) is int for epoch in epochs)
        for series in tests:
            assert len(series) == len(expected)


def test_train_test_results(seed):
    regression, classification = run_both(seed, 4, 3)
    assert (len(regression), len(classification)) == (3, 4)
    for result in (regression, classification):
        assert type(result) is tuple
        assert all(type(series) is list for series in result)
        for series in (result[0], *result[2:]):
            assert all(type(value) is np.float64 for value in series)


def test_test_default_interval(seed):
    result = seed.train.train_test_regression(linear(seed), X, Y, X, Y, num_epochs=201)
    assert result[1] == [0, 100, 200]


def test_tests_come_after_the_epoch(seed):
    """With the training set as the test set, a test loss is the next training loss."""
    losses, epochs, test_losses = seed.train.train_test_regression(
        linear(seed), X, Y, X, Y, num_epochs=5, test_interval=1, lr=0.05
    )
    assert np.allclose(test_losses[:-1], losses[1:], rtol=1e-12)


def test_zero_epochs_test_the_untrained_network(seed):
    regression, classification = run_both(seed, 0, 2)
    assert regression == ([], [-1], [2.0])
    logits = np.array([[1.0, 2], [-1, -2]])
    p = np.exp(logits) / np.exp(logits).sum(axis=0)
    assert classification[:2] == ([], [-1])
    assert np.isclose(classification[2][0], -(np.log(p[0, 0]) + np.log(p[1, 1])) / 2, rtol=1e-13)
    assert classification[3] == [0.5]


def test_the_test_set_is_one_batch(seed):
    """Batches of two would give 3 / 2."""
    loader = seed.dataloader.BatchIterator(2, shuffle=False)
    net = linear(seed)
    result = seed.train.train_test_regression(net, X, Y, X, Y, 1, dataloader=loader,
                                              optimizer=frozen(seed))  # fmt: skip
    assert np.isclose(result[2][0], 5 / 3, rtol=1e-14)
    assert net.layers[0].inputs.shape == (2, 3)


def test_testing_changes_nothing(seed):
    a, b = linear(seed), linear(seed)
    losses = seed.train.train(a, X, Y, 5)
    assert np.allclose(seed.train.train_test_regression(b, X, Y, X, Y, 5, 1)[0], losses, rtol=1e-13)
    assert np.allclose(a.layers[0].weights, b.layers[0].weights, rtol=1e-13)


def test_default_losses(seed):
    regression, classification = run_both(seed, 2, 1)
    args = (X, ONE_HOT, X[:2], ONE_HOT[:2], 2, 1)
    for net, loss, same in (
        (classifier(seed), seed.loss.CELoss(), True),
        (classifier(seed), seed.loss.MSELoss(), False),
    ):
        result = seed.train.train_test_classification(net, *args, loss=loss)
        assert (result == classification) is same
    result = seed.train.train_test_regression(linear(seed), X, Y, X[:2], Y[:2], 2, 1, loss=seed.loss.MSELoss())
    assert result == regression


def test_train_test_takes_an_optimizer_and_clips(seed):
    norms = []

    class Optimizer(seed.optimizer.SGD):
        @staticmethod
        def clip_gradients(net, *, max_norm):
            norms.append(max_norm)

    run_both(seed, 2, 1, optimizer=Optimizer(0.1), max_gradient_norm=3)
    assert norms == [3] * 4


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_test_losses_may_be_nan(seed):
    result = seed.train.train_test_regression(linear(seed), X, Y, X * np.nan, Y, 2, 1)
    assert np.isfinite(result[0]).all()
    assert np.isnan(result[2]).all()
