"""The same fit in mfnet and in the plain NumPy reference, and the comparison of the two."""

from types import SimpleNamespace

import numpy as np

from conftest import modules

ROWS = 200  # blocks of 7 and 128 end with a short one
TEST_ROWS = 50
EPOCHS = 3


def same(actual, expected, rtol=1e-12):
    """Same type, shape and dtype, and equal to `rtol` of the largest entry."""
    assert type(actual) is type(expected)
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    if expected.size:
        size = np.max(np.abs(expected), initial=0, where=np.isfinite(expected))
        np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol * size)


def same_result(actual, expected, rtol=1e-12):
    """Same return value of a training function: a list, or a tuple of lists."""
    assert type(actual) is type(expected)
    if isinstance(expected, tuple):
        assert len(actual) == len(expected)
        for a, b in zip(actual, expected):
            same_result(a, b, rtol)
    else:
        assert [type(a) for a in actual] == [type(b) for b in expected]
        same(np.array(actual), np.array(expected), rtol)


def linear(seed, n_in, n_out, rng):
    layer = seed.layer.Linear(n_in, n_out)
    layer.weights = rng.normal(0, np.sqrt(2 / (n_in + 1)), (n_out + 1, n_in + 1))
    layer.weights[0] = np.eye(n_in + 1)[0]
    return layer


def network(seed, *parts):
    """(4, 6, "Sigmoid", 3): 4 inputs, Linear(4, 6), Sigmoid, Linear(6, 3)."""
    rng = np.random.default_rng(7)
    layers, width = [], parts[0]
    for part in parts[1:]:
        if isinstance(part, str):
            layers.append(getattr(seed.layer, part)())
        else:
            layers.append(linear(seed, width, part, rng))
            width = part
    return seed.nn.NeuralNetwork(layers)


def make_data(n, targets):
    rng = np.random.default_rng(11)
    x = rng.normal(size=(n, 4))
    if targets == "classes":
        return x, np.eye(3)[rng.integers(0, 3, n)]
    return x, np.tanh(x @ rng.normal(size=(4, 3))) + 0.1 * rng.normal(size=(n, 3))


def kit(package, loss="MSELoss", parts=(4, 6, "Sigmoid", 3), **changes):
    """Everything that a fit needs, made of the parts of one package."""
    seed = modules(package)
    targets = "classes" if loss == "CELoss" else "values"
    x, y = make_data(ROWS + TEST_ROWS, targets)
    k = SimpleNamespace(
        seed=seed,
        function="train",
        net=network(seed, *parts),
        x=x[:ROWS].copy(),
        y=y[:ROWS].copy(),
        x_test=x[ROWS:].copy(),
        y_test=y[ROWS:].copy(),
        epochs=EPOCHS,
        interval=2,
        dataloader=seed.dataloader.BatchIterator(7, seed=0),
        loss=getattr(seed.loss, loss)(),
        optimizer=seed.optimizer.SGD(0.05),
        clip=0.1,
    )
    vars(k).update(changes)
    return k


def fit(k):
    """Runs the fit. The result or the error goes to `k`, and so does mfnet's path."""
    test = () if k.function == "train" else (k.x_test, k.y_test)
    interval = {} if k.function == "train" else {"test_interval": k.interval}
    k.result = k.error = None
    try:
        k.result = getattr(k.seed.train, k.function)(
            k.net, k.x, k.y, *test, num_epochs=k.epochs, **interval, dataloader=k.dataloader,
            loss=k.loss, optimizer=k.optimizer, max_gradient_norm=k.clip,
        )  # fmt: skip
    except Exception as error:
        k.error = error
    k.path = getattr(k.seed.train, "last_path", None)
    return k


def same_network(actual, expected, rtol=1e-12):
    """Same weights, `dJ_dw` and `inputs` in all layers."""
    assert len(actual.layers) == len(expected.layers)
    for a, b in zip(actual.layers, expected.layers):
        for name in ("weights", "dJ_dw", "inputs"):
            if isinstance(getattr(b, name, None), np.ndarray):
                same(getattr(a, name), getattr(b, name), rtol)


def same_fit(actual, expected, rtol=1e-12):
    assert actual.error is None, repr(actual.error)
    assert expected.error is None, repr(expected.error)
    same_result(actual.result, expected.result, rtol)
    same_network(actual.net, expected.net, rtol)
    if hasattr(expected.dataloader, "batch_size"):
        assert actual.dataloader.batch_size == expected.dataloader.batch_size


def compare(change=None, path=None, rtol=1e-12, **settings):
    """Fits both packages, `change` applied to each kit, and compares everything left behind."""
    fits = []
    for package in ("mfnet", "reference"):
        k = kit(package, **settings)
        if change is not None:
            change(k)
        weights = [layer.weights for layer in k.net.layers]
        fits.append(fit(k))
        for layer, before in zip(k.net.layers, weights):
            assert layer.weights is before
    same_fit(*fits, rtol)
    if path is not None:
        check_path(fits[0].path, path)
    return fits


def check_path(actual, expected):
    if expected == "rust":
        assert actual == "rust"
    else:
        assert actual.startswith("numpy: ")
        assert len(actual) > len("numpy: ")
