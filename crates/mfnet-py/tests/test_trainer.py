"""Whole trainings: against the loop, against scikit-learn's rule for stopping, and what ends them."""

import os
import resource
import signal
import threading
import time

import numpy as np
import pytest

import mfnet


def samples(count=300):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, 4))
    return x, (x[:, 0] * x[:, 1] > 0).astype(int)


def network(dtype=np.float64):
    return mfnet.Network(4, [16, "tanh", {"kind": "dropout", "p": 0.1}, 2], seed=1, dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_numbers_are_those_of_the_loop(dtype):
    x, y = samples()
    data = mfnet.Data(x, y, np.arange(1.0, 301), dtype=dtype)
    by_hand, trained = network(dtype), network(dtype)
    loss, optimizer = mfnet.Loss("cross-entropy"), mfnet.Optimizer("adamw", 1e-2, schedule="cosine", length=(10, 3))
    losses = []
    for epoch in range(1, 4):
        total = 0.0
        for batch in data.batches(32, seed=5, epoch=epoch):
            trace = by_hand.forward(batch)
            value, delta = loss.value_and_gradient(trace, batch)
            total += value * batch_weight(batch, x)
            optimizer.step(by_hand, by_hand.backward(trace, delta))
        losses.append(total / np.arange(1.0, 301).sum())
    rule = mfnet.Optimizer("adamw", 1e-2, schedule="cosine")
    history = mfnet.Trainer(loss, rule, epochs=3, seed=5).fit(trained, data, progress=False)
    for a, b in zip(by_hand.parameters, trained.parameters):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(history["loss"], losses, 1e-6)
    assert set(history) == {"epoch", "loss", "seconds"}
    assert history["epoch"].tolist() == [1, 2, 3]


def batch_weight(batch, x):
    """The weight of a sample is its number, from 1; samples are found by their features."""
    place = {row.tobytes(): number for number, row in enumerate(x.astype(batch.x.dtype), start=1)}
    return sum(place[row.tobytes()] for row in batch.x)


def test_the_best_epoch_is_kept():
    x, y = samples()
    train, validation = mfnet.Data(x[:200], y[:200]), mfnet.Data(x[200:], y[200:])
    net = network()
    trainer = mfnet.Trainer("cross-entropy", mfnet.Optimizer("adamw", 0.1), epochs=200, early_stopping=5)
    history = trainer.fit(net, train, validation)
    best = int(history["validation_loss"].argmin())
    assert len(history["epoch"]) == best + 6 < 200
    logits = net.predict(x[200:])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(100), y[200:]]).mean()
    assert loss == pytest.approx(history["validation_loss"][best], rel=1e-12)
    accuracy = (logits.argmax(axis=1) == y[200:]).mean()
    assert accuracy == pytest.approx(history["validation_accuracy"][best])


def test_a_metric_is_watched():
    x, y = samples()
    train, validation = mfnet.Data(x[:200], y[:200]), mfnet.Data(x[200:], y[200:])
    net = network()
    trainer = mfnet.Trainer("cross-entropy", mfnet.Optimizer("adamw", 0.1), epochs=30, monitor="accuracy")
    history = trainer.fit(net, train, validation)
    np.testing.assert_array_equal(history["validation_score"], history["validation_accuracy"])
    accuracy = (net.predict(x[200:]).argmax(axis=1) == y[200:]).mean()
    assert accuracy == history["validation_accuracy"].max()


def test_tol_is_that_of_scikit_learn():
    """The number of epochs that scikit-learn 1.9 makes, by its rule for the losses that we had."""
    x, y = samples()
    net = network()
    trainer = mfnet.Trainer(
        "cross-entropy", mfnet.Optimizer("sgd", 0.05), epochs=500, batch_size=300, tol=1e-3, n_iter_no_change=4
    )
    losses = trainer.fit(net, mfnet.Data(x, y))["loss"]
    best, count, epochs = np.inf, 0, 0
    for loss in losses:
        epochs += 1
        count = count + 1 if loss > best - 1e-3 else 0
        best = min(best, loss)
        if count > 4:
            break
    assert 5 < epochs == len(losses) < 500


def test_callbacks_see_the_network_and_stop():
    x, y = samples()
    net, seen = network(), []

    def watch(record):
        seen.append((record["epoch"], net.parameters[0].copy(), net.predict(x).shape))
        return record["epoch"] == 3

    history = mfnet.Trainer("cross-entropy", mfnet.Optimizer("adam", 1e-2)).fit(net, mfnet.Data(x, y), callbacks=watch)
    assert [epoch for epoch, *_ in seen] == history["epoch"].tolist() == [1, 2, 3]
    np.testing.assert_array_equal(seen[-1][1], net.parameters[0])
    assert not np.array_equal(seen[0][1], seen[1][1])
    assert seen[0][2] == (300, 2)


def test_an_exception_of_a_callback_is_raised_unchanged():
    class Mine(Exception):
        pass

    mine = Mine("stop")

    def watch(record):
        if record["epoch"] == 2:
            raise mine

    x, y = samples()
    net, once = network(), network()
    trainer = mfnet.Trainer("cross-entropy", mfnet.Optimizer("adam", 1e-2))
    with pytest.raises(Mine) as raised:
        trainer.fit(net, mfnet.Data(x, y), callbacks=[watch])
    assert raised.value is mine
    # the weights so far
    mfnet.Trainer("cross-entropy", mfnet.Optimizer("adam", 1e-2), epochs=2).fit(once, mfnet.Data(x, y))
    np.testing.assert_array_equal(net.parameters[0], once.parameters[0])


def test_ctrl_c_keeps_the_weights():
    x, y = samples(20_000)
    net = network()
    before = net.parameters[0]
    trainer = mfnet.Trainer("cross-entropy", mfnet.Optimizer("adam", 1e-2), epochs=100_000)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(net, mfnet.Data(x, y))
    assert time.monotonic() - start < 30
    assert not np.array_equal(before, net.parameters[0])


def test_a_divergence_is_an_error():
    rng = np.random.default_rng(0)
    net = mfnet.Network(3, [1])
    trainer = mfnet.Trainer("mse", mfnet.Optimizer("sgd", 1e3))
    with pytest.raises(mfnet.DivergedError):
        trainer.fit(net, mfnet.Data(rng.normal(size=(100, 3)), rng.normal(size=100)))
    assert np.isfinite(net.parameters[0]).all()


def test_an_optimizer_begins_anew():
    x, y = samples()
    optimizer = mfnet.Optimizer("adam", 1e-2)
    trainer = mfnet.Trainer("cross-entropy", optimizer, epochs=2)
    first, second = network(), network()
    trainer.fit(first, mfnet.Data(x, y))
    trainer.fit(second, mfnet.Data(x, y))
    np.testing.assert_array_equal(first.parameters[0], second.parameters[0])


def test_progress(capsys):
    x, y = samples()
    trainer = mfnet.Trainer("cross-entropy", mfnet.Optimizer("adam", 1e-2), epochs=3)
    trainer.fit(network(), mfnet.Data(x, y), progress=True)
    assert "epoch 1 of 3: loss 0." in capsys.readouterr().err
    trainer.fit(network(), mfnet.Data(x, y))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"epochs": 0}, "epochs: expected at least 1"),
        ({"batch_size": 0}, "batch size: expected at least 1"),
        ({"early_stopping": 3}, "validation samples to watch"),
        ({"monitor": "acuracy"}, "accuracy"),
        ({"monitor": "accuracy"}, "validation samples to watch"),
        ({"tol": -1.0}, "tolerance"),
        ({"tol": 1e-3, "n_iter_no_change": 0}, "tolerance"),
        ({"average": "mean"}, "ema"),
        ({"mixup": 9.0}, "mixup"),
    ],
)
def test_what_is_refused(keywords, message):
    x, y = samples()
    net = network()
    before = net.parameters[0]
    with pytest.raises(ValueError, match=message):
        mfnet.Trainer("cross-entropy", mfnet.Optimizer("adam", 1e-2), **keywords).fit(net, mfnet.Data(x, y))
    np.testing.assert_array_equal(net.parameters[0], before)


def test_what_does_not_fit_the_network():
    x, y = samples()
    trainer = mfnet.Trainer("cross-entropy", mfnet.Optimizer("adam", 1e-2))
    with pytest.raises(ValueError, match="4 input features"):
        trainer.fit(network(), mfnet.Data(x[:, :3], y))
    with pytest.raises(ValueError, match="outputs"):
        trainer.fit(network(), mfnet.Data(x, y + 1))
    with pytest.raises(ValueError, match=r"Model\.fit"):
        mfnet.Trainer("mse", mfnet.Optimizer("lbfgs", 1.0))


def test_memory_of_many_fits_is_flat():
    x, y = samples(50)
    data = mfnet.Data(x, y)

    def fits(count):
        for _ in range(count):
            net = network()
            trainer = mfnet.Trainer("cross-entropy", mfnet.Optimizer("adam", 1e-2), epochs=1)
            trainer.fit(net, data, callbacks=lambda record: False)
            net.predict(x)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = fits(1000)
    # in kB; a leak of 100 bytes a fit would be 900
    assert fits(9000) - before < 900
