"""mfnet against the plain NumPy reference: equal to 1e-12 after three epochs, on either path."""

import numpy as np
import pytest

from differential import (
    ROWS,
    check_path,
    compare,
    fit,
    kit,
    make_data,
    same,
    same_fit,
    same_network,
    same_result,
)

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


# Every part


@pytest.mark.parametrize("number", [0, 1, None])
@pytest.mark.parametrize("batch_size", [7, 128, -1])
@pytest.mark.parametrize("clip", [None, 0.1, 5])
@pytest.mark.parametrize("last", ["linear", "activation"])
@pytest.mark.parametrize("activation", ["Sigmoid", "ReLU", "Id"])
@pytest.mark.parametrize("loss", ["MSELoss", "CELoss"])
def test_every_part(loss, activation, last, clip, batch_size, number):
    """No seed means no shuffle."""

    def change(k):
        k.clip = clip
        k.dataloader = k.seed.dataloader.BatchIterator(batch_size, shuffle=number is not None, seed=number)

    parts = (4, 6, activation, 5, activation, 3)
    if last == "activation":
        parts += (activation,)
    compare(change, "rust", loss=loss, parts=parts)


@pytest.mark.parametrize("loss", ["MSELoss", "CELoss"])
@pytest.mark.parametrize("function", ["train_test_regression", "train_test_classification"])
@pytest.mark.parametrize("activation", ["Sigmoid", "ReLU", "Id"])
@pytest.mark.parametrize("epochs, interval", [(1, 1), (3, 1), (3, 2), (3, 100), (2, 3)])
def test_with_tests(loss, function, activation, epochs, interval):
    settings = {"function": function, "epochs": epochs, "interval": interval}
    parts = (4, 6, activation, 3)
    fits = compare(None, "rust", loss=loss, parts=parts, **settings)
    assert fits[0].result[1] == fits[1].result[1]
    assert all(type(epoch) is int for epoch in fits[0].result[1])


@pytest.mark.parametrize("function", ["train_test_regression", "train_test_classification"])
@pytest.mark.parametrize("epochs, interval", [(0, 1), (0, 2), (7, 3), (9, 4), (10, 1)])
def test_other_numbers_of_epochs(function, epochs, interval):
    settings = {"function": function, "epochs": epochs, "interval": interval}
    compare(loss="CELoss", rtol=1e-10, **settings)


def test_zero_epochs_of_train():
    compare(epochs=0)


@pytest.mark.parametrize("loss", ["MSELoss", "CELoss"])
def test_fifty_epochs(loss):
    compare(None, "rust", loss=loss, rtol=1e-9, epochs=50)


@pytest.mark.parametrize("function", ["train_test_regression", "train_test_classification"])
def test_a_test_set_larger_than_a_block(function):
    def change(k):
        k.x_test, k.y_test = make_data(301, "classes")

    compare(change, "rust", loss="CELoss", function=function)


def test_fits_go_on_where_the_last_one_stopped():
    fits = compare()
    for k in fits:
        fit(k)
    same_fit(*fits, rtol=1e-11)


def test_defaults():
    """Without arguments: one block, so the unseeded shuffle does not show."""
    x, y = make_data(100, "values")
    results, nets = [], []
    for package in ("mfnet", "reference"):
        k = kit(package)
        results.append(k.seed.train.train(k.net, x, y, 3))
        nets.append(k.net)
        if package == "mfnet":
            check_path(k.seed.train.last_path, "rust")
    same_result(*results)
    same_network(*nets)


@pytest.mark.parametrize("name", ["train_test_regression", "train_test_classification"])
def test_defaults_with_tests(name):
    x, y = make_data(100, "classes")
    results, nets = [], []
    for package in ("mfnet", "reference"):
        k = kit(package)
        results.append(getattr(k.seed.train, name)(k.net, x, y, x[:9], y[:9], 3, lr=0.1))
        nets.append(k.net)
        if package == "mfnet":
            check_path(k.seed.train.last_path, "rust")
    same_result(*results)
    same_network(*nets)


# Dtypes and layouts


@pytest.mark.parametrize("loss", ["MSELoss", "CELoss"])
@pytest.mark.parametrize("function", ["train", "train_test_regression", "train_test_classification"])
@pytest.mark.parametrize("dtype", [np.float32, np.int64])
@pytest.mark.parametrize("which", ["both", "x", "y"])
def test_other_dtypes_take_the_loop(loss, function, dtype, which):
    def change(k):
        for name in ("x", "y") if which == "both" else which:
            for part in (name, f"{name}_test"):
                setattr(k, part, np.rint(2 * getattr(k, part)).astype(dtype))
                if name == "y" and loss == "CELoss":
                    setattr(k, part, getattr(k, part) // 2)

    fits = compare(change, "numpy", loss=loss, function=function)
    assert fits[0].net.layers[0].inputs.dtype == fits[1].net.layers[0].inputs.dtype


def test_big_endian_inputs():
    def change(k):
        k.x = k.x.astype(">f8")

    compare(change)


@pytest.mark.parametrize("layout", ["F", "strided", "reversed", "read-only"])
def test_layouts_of_the_data(layout):
    def change(k):
        for name in ("x", "y"):
            data = getattr(k, name)
            if layout == "F":
                data = np.asfortranarray(data)
            elif layout == "strided":
                data = np.repeat(np.repeat(data, 2, axis=0), 2, axis=1)[::2, ::2]
            elif layout == "reversed":
                data = data[::-1, ::-1].copy()[::-1, ::-1]
            else:
                data.flags.writeable = False
            setattr(k, name, data)

    compare(change, "rust")


@pytest.mark.parametrize("layout", ["F", "strided", "reversed"])
def test_layouts_of_the_weights(layout):
    def change(k):
        for layer in k.net.layers:
            if layer.weights.size:
                w = layer.weights
                if layout == "F":
                    layer.weights = np.asfortranarray(w)
                elif layout == "strided":
                    layer.weights = np.repeat(np.repeat(w, 2, axis=0), 2, axis=1)[::2, ::2]
                else:
                    layer.weights = w[::-1, ::-1].copy()[::-1, ::-1]

    compare(change, "rust")


def test_weights_inside_another_array():
    """Steps reach the array that the weights are a view of, and nothing around them."""
    outer = []

    def change(k):
        layer = k.net.layers[0]
        big = np.full((9, 9), 5.0)
        big[2 : 2 + layer.weights.shape[0], 3 : 3 + layer.weights.shape[1]] = layer.weights
        layer.weights = big[2 : 2 + layer.weights.shape[0], 3 : 3 + layer.weights.shape[1]]
        outer.append(big)

    compare(change)
    same(*outer)


# Seeds and block orders


@pytest.mark.parametrize(
    "make",
    [np.int64, np.random.SeedSequence, np.random.default_rng, np.random.PCG64, lambda n: [n, 1]],
    ids=["int64", "SeedSequence", "Generator", "PCG64", "list"],
)
@pytest.mark.parametrize("function", ["train", "train_test_regression"])
def test_every_seed_that_numpy_takes(make, function):
    def change(k):
        k.dataloader = k.seed.dataloader.BatchIterator(7, seed=make(3))

    a, b = compare(change, function=function)
    a, b = (np.random.default_rng(k.dataloader.seed).integers(2**60) for k in (a, b))
    assert a == b  # a generator was used as often by both


@pytest.mark.parametrize("batch_size", [1, 199, 200, 201, 1000])
def test_batch_sizes(batch_size):
    def change(k):
        k.dataloader = k.seed.dataloader.BatchIterator(batch_size, seed=2)

    compare(change, "rust")


def test_batch_size_minus_one_stays_overwritten():
    def change(k):
        k.dataloader = k.seed.dataloader.BatchIterator(-1, seed=2)

    fits = compare(change, "rust")
    for k in fits:
        assert k.dataloader.batch_size == ROWS
        k.x, k.y = make_data(ROWS + 9, "values")
        fit(k)
    same_fit(*fits, rtol=1e-11)


# Shapes of networks


@pytest.mark.parametrize(
    "parts",
    [
        (4, 3),
        (4, 3, "Id"),
        (4, 1, "ReLU", 3),
        (4, 6, "Sigmoid", "ReLU", 3),
        (4, "Sigmoid", 3),
        (4, 40, "ReLU", 30, "Sigmoid", 20, "Id", 10, "Sigmoid", 3),
    ],
    ids=str,
)
@pytest.mark.parametrize("loss", ["MSELoss", "CELoss"])
def test_shapes_of_networks(parts, loss):
    compare(None, "rust", loss=loss, parts=parts)


def test_layers_in_a_tuple():
    def change(k):
        k.net = k.seed.nn.NeuralNetwork(tuple(k.net.layers))

    compare(change)


def test_network_without_layers():
    def change(k):
        k.x = k.x[:, :3]

    compare(change, parts=(4,))


def test_one_row():
    def change(k):
        k.x, k.y = k.x[:1], k.y[:1]

    compare(change, "rust")


# NaN, divergence and errors


@pytest.mark.parametrize("loss", ["MSELoss", "CELoss"])
@pytest.mark.parametrize("rate", [1e3, 1e100, 1e300])
def test_divergence(loss, rate):
    """The losses turn inf or NaN in the same epoch; digits are lost on the way."""
    fits = []
    for package in ("mfnet", "reference"):
        k = kit(package, loss=loss, parts=(4, 6, "Id", 3), epochs=40, clip=None)
        k.optimizer = k.seed.optimizer.SGD(rate)
        fits.append(fit(k))
        assert k.error is None, repr(k.error)
    a, b = (np.array(k.result) for k in fits)
    assert len(a) == len(b) == 40
    if loss == "MSELoss":
        assert not np.isfinite(b[-1])
    assert np.array_equal(np.isfinite(a), np.isfinite(b))
    assert np.allclose(a[0], b[0], rtol=1e-9, equal_nan=True)


def test_nan_in_the_test_set():
    def change(k):
        k.x_test[3, 1] = np.nan

    compare(change, function="train_test_regression")


def same_error(change, **settings):
    fits = []
    for package in ("mfnet", "reference"):
        k = kit(package, **settings)
        change(k)
        fits.append(fit(k))
    a, b = (k.error for k in fits)
    assert isinstance(b, Exception)
    assert type(a) is type(b)
    return a, b


@pytest.mark.parametrize("function", ["train", "train_test_regression", "train_test_classification"])
def test_errors(function):
    def rows(k):
        k.y = k.y[1:]

    def outputs(k):
        k.y = k.y[:, :2]

    def not_one_hot(k):
        k.y = 2 * k.y

    def not_one_hot_in_one_row(k):
        k.y[-1] = 0

    def contradicting_weights(k):
        k.net.layers[-1].weights = k.net.layers[-1].weights[:3]
        k.y = k.y[:, :2]
        k.loss = k.seed.loss.MSELoss()

    for change in (rows, outputs, not_one_hot, not_one_hot_in_one_row, contradicting_weights):
        a, b = same_error(change, loss="CELoss", function=function)
        assert (str(a), change) == (str(b), change)


def test_features_that_do_not_fit():
    def change(k):
        k.x = k.x[:, :3]

    same_error(change)


def test_read_only_weights():
    def change(k):
        k.net.layers[0].weights.flags.writeable = False

    same_error(change)


def test_errors_of_user_code_come_through():
    class Mine(Exception):
        pass

    def change(k):
        class Loader(k.seed.dataloader.DataLoader):
            def __call__(self, inputs, targets):
                raise Mine("text")

        k.dataloader = Loader()

    a, _ = same_error(change)
    assert type(a) is Mine
