"""A loop of one's own: against NumPy, against finite differences, and what is refused."""

import numpy as np
import pytest

import mfnet


def samples(count=100, features=3, outputs=2, dtype=np.float64):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, features)).astype(dtype), rng.normal(size=(count, outputs)).astype(dtype)


def relu(z):
    return np.maximum(z, 0)


def step_by_hand(parameters, x, y, rate):
    """One step of half the squared error, written with the formulas of docs/mathematics.md."""
    first, second = parameters
    ones = np.ones((len(x), 1))
    a0 = np.hstack([ones, x])
    z1 = a0 @ first.T
    a1 = np.hstack([ones, relu(z1)])
    output = a1 @ second.T
    delta = (output - y) / len(x)
    of_second = delta.T @ a1
    delta = (delta @ second[:, 1:]) * (z1 > 0)
    of_first = delta.T @ a0
    return (output, [of_first, of_second]), [first - rate * of_first, second - rate * of_second]


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_steps_are_those_of_the_formulas(dtype, rtol):
    x, y = samples(dtype=dtype)
    net = mfnet.Network(3, [8, "relu", 2], seed=1, dtype=dtype)
    data = mfnet.Data(x, y, dtype=dtype)
    loss, optimizer = mfnet.Loss("half-mse"), mfnet.Optimizer("sgd", 0.1)
    expected = net.parameters
    for batch in data.batches(40, seed=3, epoch=2):
        assert batch.x.dtype == dtype and len(batch) in (40, 20)
        (output, of_parameters), expected = step_by_hand(expected, batch.x, batch.y, 0.1)
        trace = net.forward(batch)
        np.testing.assert_allclose(trace.output, output, rtol, rtol)
        np.testing.assert_allclose(trace.layer(1), relu(trace.layer(0)))
        assert loss.value(trace, batch) == pytest.approx(0.5 * np.sum((output - batch.y) ** 2) / len(batch), rel=rtol)
        delta = loss.gradient(trace, batch)
        np.testing.assert_allclose(delta.numpy(), (output - batch.y) / len(batch), rtol, rtol)
        gradients = net.backward(trace, delta)
        for found, gradient in zip(gradients.numpy(), of_parameters):
            np.testing.assert_allclose(found, gradient, rtol, rtol)
        assert gradients.norm() == pytest.approx(np.sqrt(sum(np.sum(g**2) for g in of_parameters)), rel=rtol)
        optimizer.step(net, gradients)
        for found, parameter in zip(net.parameters, expected):
            np.testing.assert_allclose(found, parameter, rtol, rtol)
    np.testing.assert_allclose(net.predict(x), mfnet_predict(net, x), rtol, rtol)


def mfnet_predict(net, x):
    first, second = net.parameters
    return relu(x @ first[:, 1:].T + first[:, 0]) @ second[:, 1:].T + second[:, 0]


@pytest.mark.parametrize("loss", ["mse", "mae", "huber:0.5", "log-cosh", "quantile:0.2", "binary-cross-entropy"])
@pytest.mark.parametrize("activation", ["tanh", "gelu", "silu"])
def test_gradients_are_finite_differences(loss, activation):
    x, y = samples(20)
    y = (y > 0).astype(float)
    net = mfnet.Network(3, [5, activation, {"kind": "layer-norm"}, 2], seed=1)
    batch, loss = mfnet.batch(x, y), mfnet.Loss(loss)
    gradients = net.backward(trace := net.forward(batch), loss.gradient(trace, batch)).numpy()
    for number, gradient in enumerate(gradients):
        at = tuple(n // 2 for n in gradient.shape)
        values = []
        for sign in (1, -1):
            other = net.copy()
            parameters = other.parameters
            parameters[number][at] += sign * 1e-5
            other.parameters = parameters
            values.append(loss.value(other.forward(batch), batch))
        assert gradient[at] == pytest.approx((values[0] - values[1]) / 2e-5, abs=1e-8)


def test_classes_and_weights():
    x, _ = samples()
    y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    weight = np.arange(1.0, 101)
    data = mfnet.Data(x, y, weight)
    (batch,) = data.batches(100, shuffle=False)
    assert batch.y.tolist() == np.eye(3)[y].tolist()
    net = mfnet.Network(3, [3])
    trace = net.forward(batch)
    logits = trace.output
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    costs = -np.log(p[np.arange(100), y])
    loss = mfnet.Loss("cross-entropy")
    assert loss.value(trace, batch) == pytest.approx(np.average(costs, weights=weight), rel=1e-12)
    value, delta = loss.value_and_gradient(trace, batch)
    assert value == pytest.approx(loss.value(trace, batch), rel=1e-14)
    np.testing.assert_allclose(delta.numpy(), (p - np.eye(3)[y]) * (weight / weight.sum())[:, np.newaxis], 1e-10, 1e-14)


def test_a_loss_of_ones_own():
    x, y = samples()
    net = mfnet.Network(3, [8, "relu", 2])
    other = net.copy()
    for _ in range(3):
        batch = mfnet.batch(x, y)
        trace = net.forward(batch)
        mfnet.Optimizer("sgd", 0.1).step(net, net.backward(trace, (trace.output - y) / len(y)))
        trace = other.forward(batch)
        gradients = other.backward(trace, mfnet.Loss("half-mse").gradient(trace, batch))
        mfnet.Optimizer("sgd", 0.1).step(other, gradients)
    for a, b in zip(net.parameters, other.parameters):
        np.testing.assert_allclose(a, b, 1e-12)


def test_bytes_and_other_types():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 255, (50, 4), dtype=np.uint8), rng.normal(size=50)
    for array in (x, x.astype(np.int64), x.astype(">f4"), np.asfortranarray(x), x[::-1][::-1]):
        (batch,) = mfnet.Data(array, y).batches(50, shuffle=False)
        np.testing.assert_array_equal(batch.x, x)
        np.testing.assert_array_equal(batch.y, y[:, np.newaxis])


@pytest.mark.parametrize(
    "layout", [np.asfortranarray, lambda a: np.repeat(a, 2, axis=1)[:, ::2], lambda a: a[::-1][::-1]]
)
def test_layouts_of_arrays(layout):
    x, y = samples()
    net = mfnet.Network(3, [8, "relu", 2])
    np.testing.assert_array_equal(net.predict(layout(x)), net.predict(x))
    batch, expected = mfnet.batch(layout(x), layout(y)), mfnet.batch(x, y)
    np.testing.assert_array_equal(batch.x, x)
    np.testing.assert_array_equal(batch.y, y)
    trace = net.forward(expected)
    delta = (trace.output - y) / len(y)
    for found, gradient in zip(net.backward(trace, layout(delta)).numpy(), net.backward(trace, delta).numpy()):
        np.testing.assert_array_equal(found, gradient)
    (batch,) = mfnet.Data(x, layout(y)).batches(len(x), shuffle=False)
    np.testing.assert_array_equal(batch.y, y)
    copy = net.copy()
    copy.parameters = [layout(matrix) for matrix in net.parameters]
    np.testing.assert_array_equal(copy.predict(x), net.predict(x))


def test_results_do_not_depend_on_threads():
    def trained(n_threads):
        x, y = samples(600, 300, 200)
        net = mfnet.Network(300, [256, "relu", {"kind": "dropout", "p": 0.2}, 200], n_threads=n_threads)
        optimizer, loss = mfnet.Optimizer("adamw", 1e-2, schedule="cosine", length=(5, 1)), mfnet.Loss("mse")
        for batch in mfnet.Data(x, y).batches(128):
            trace = net.forward(batch)
            optimizer.step(net, net.backward(trace, loss.gradient(trace, batch)))
        # after four of five steps
        assert optimizer.rate == pytest.approx(1e-2 * (1 + np.cos(0.8 * np.pi)) / 2)
        return net.parameters

    for a, b in zip(trained(1), trained(3)):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: mfnet.Network(3, [8, "rleu"]), "rleu"),
        (lambda: mfnet.Network(3, []), "at least one layer"),
        (lambda: mfnet.Network(3, [0]), "output"),
        (lambda: mfnet.Network(3, [{"kind": "drop", "p": 0.5}]), "layers: unknown variant"),
        (lambda: mfnet.Network(3, [None]), "expected a number, a name or a table"),
        (lambda: mfnet.Network(3, [4], dtype=np.float16), "expected float32 or float64, found float16"),
        (lambda: mfnet.Network(3, [4], n_threads=0), "n_threads"),
        (lambda: mfnet.Loss("mes"), 'expected one of .*found "mes"'),
        (lambda: mfnet.Optimizer("adma", 0.1), "did you mean adam"),
        (lambda: mfnet.Optimizer("lbfgs", 0.1), "Model.fit"),
        (lambda: mfnet.Data(np.zeros(3), np.zeros(3)), "two dimensions"),
        (lambda: mfnet.Data(np.zeros((3, 2)), np.zeros(4)), "as many targets as samples"),
        (lambda: mfnet.Data(np.full((3, 2), np.nan), np.zeros(3)), "finite"),
        (lambda: mfnet.Data(np.zeros((3, 2)), np.array([0, 1, -1])), "classes from 0"),
        (lambda: mfnet.Data(np.zeros((3, 2)), np.zeros(3), np.array([1, 1, -1.0])), "weight"),
        (lambda: next(mfnet.Data(np.zeros((3, 2)), np.zeros(3)).batches(0)), "size: expected at least 1"),
        (lambda: mfnet.batch(np.zeros((3, 2)), np.zeros((4, 1))), "y: expected 3 rows, as x has, found 4"),
        (lambda: mfnet.Network(3, [4]).forward(mfnet.batch(np.zeros((3, 2)), np.zeros((3, 4)))), "3 features, found 2"),
        (lambda: mfnet.Network(3, [4]).predict(np.zeros((3, 2))), "3 input features"),
        (lambda: mfnet.Network(2, [4]).predict(np.zeros((0, 2))), "expected numbers"),
    ],
)
def test_what_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def test_objects_that_do_not_fit_together():
    net, other = mfnet.Network(2, [3]), mfnet.Network(2, [4])
    batch = mfnet.batch(np.ones((5, 2)), np.ones((5, 3)))
    loss, optimizer = mfnet.Loss("mse"), mfnet.Optimizer("sgd", 0.1)
    trace = net.forward(batch)
    with pytest.raises(ValueError, match="the targets: expected an array of shape"):
        loss.value(other.forward(batch), batch)
    with pytest.raises(ValueError, match="expected an array of shape"):
        net.backward(trace, np.zeros((5, 2)))
    gradients = net.backward(trace, loss.gradient(trace, batch))
    with pytest.raises(ValueError, match="another network"):
        optimizer.step(other, gradients)
    optimizer.step(net, gradients)
    with pytest.raises(ValueError, match="used in a step"):
        optimizer.step(net, gradients)
    with pytest.raises(ValueError, match="expected 1 arrays, found 2"):
        net.parameters = [np.zeros((3, 3)), np.zeros((3, 3))]
    with pytest.raises(ValueError, match="a parameter"):
        net.parameters = [np.zeros((3, 2))]
    with pytest.raises(IndexError):
        trace.layer(1)
    with pytest.raises(TypeError):
        net.forward(mfnet.batch(np.ones((5, 2)), np.ones((5, 3)), dtype=np.float32))
    # another network's trace, and a network whose parameters changed since
    with pytest.raises((ValueError, RuntimeError)):
        other.backward(trace, np.zeros((5, 3)))
