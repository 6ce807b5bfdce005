"""Imports, the program, threads, forks and signals."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import mfnet
from mfnet import layer
from mfnet._core import threads
from mfnet.dataloader import BatchIterator
from mfnet.nn import NeuralNetwork
from mfnet.train import train


def run(code, **environment):
    """The output of a program in a process of its own."""
    process = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.strip()


def network(inputs=20, hidden=64, outputs=3, seed=0):
    layer.rng = np.random.default_rng(seed)
    return NeuralNetwork([layer.Linear(inputs, hidden), layer.ReLU(), layer.Linear(hidden, outputs)])


def samples(count=500, inputs=20, outputs=3):
    rng = np.random.default_rng(1)
    return rng.normal(size=(count, inputs)), rng.normal(size=(count, outputs))


def weights(net):
    return [part.weights for part in net.layers if part.weights.size > 0]


def test_the_package_is_lazy():
    assert run("import sys, mfnet; print('numpy' in sys.modules, 'mfnet._core' in sys.modules)") == "False False"
    assert run("import sys, mfnet.train; print('sklearn' in sys.modules)") == "False"
    assert (
        run("import mfnet; print(mfnet.__version__ == mfnet._core.__version__, mfnet.train.train.__name__)")
        == "True train"
    )


def test_all_names_are_there():
    for name in dir(mfnet):
        assert getattr(mfnet, name) is not None
    with pytest.raises(AttributeError, match="module 'mfnet' has no attribute 'nothing'"):
        _ = mfnet.nothing


def test_the_program(tmp_path):
    command = [sys.executable, "-m", "mfnet"]

    def mfnet_(*arguments):
        return subprocess.run([*command, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120)

    assert mfnet_("--version").stdout == f"mfnet {mfnet.__version__}\n"
    wrong = mfnet_("trian", "digits")
    assert wrong.returncode == 2 and "train" in wrong.stderr
    trained = mfnet_("train", "diabetes", "--epochs", "2", "--json")
    assert trained.returncode == 0 and '"epochs":2' in trained.stdout.splitlines()[-1].replace(" ", "")
    # its processes are Python's too
    searched = mfnet_("tune", "diabetes", "--trials", "3", "--epochs", "2")
    assert searched.returncode == 0, searched.stderr
    assert "3 trials" in searched.stdout


@pytest.mark.skipif(not hasattr(signal, "SIGINT"), reason="no signals")
def test_the_program_ends_as_shells_expect_after_ctrl_c(tmp_path):
    command = [sys.executable, "-m", "mfnet", "train", "digits", "--epochs", "100000", "--early-stopping", "0"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while not list(tmp_path.glob("runs/*")):
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert list(tmp_path.glob("runs/*/model.safetensors"))


def test_number_of_threads(monkeypatch):
    monkeypatch.delenv("MFNET_NUM_THREADS", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert threads() == len(os.sched_getaffinity(0))
    assert threads(3) == 3
    assert run("from mfnet._core import threads; print(threads())", OMP_NUM_THREADS="1") == "1"
    assert run("from mfnet._core import threads; print(threads())", OMP_NUM_THREADS="4,2") == "4"
    assert run("from mfnet._core import threads; print(threads())", OMP_NUM_THREADS="1", MFNET_NUM_THREADS="2") == "2"
    with pytest.raises(ValueError, match="n_threads: expected a number from 1 to 1024, found 0"):
        threads(0)
    code = "from mfnet._core import threads\ntry: threads()\nexcept ValueError as error: print(error)"
    expected = "MFNET_NUM_THREADS: expected a number from 1 to 1024, found many"
    assert run(code, MFNET_NUM_THREADS="many") == expected


def test_a_forked_child_has_threads_of_its_own():
    code = """
import os, warnings
warnings.simplefilter("ignore")
import numpy as np
from test_package import network, samples, weights
from mfnet import train
from mfnet.dataloader import BatchIterator
x, y = samples(2000, 300)
def fit():
    net = network(300, 300)
    train.train(net, x, y, 2, dataloader=BatchIterator(seed=0))
    assert train.last_path == "rust", train.last_path
    return weights(net)
before = fit()
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    os.write(writer, b"same" if all(map(np.array_equal, before, fit())) else b"other")
    os._exit(0)
os.waitpid(child, 0)
assert all(map(np.array_equal, before, fit()))
print(os.read(reader, 9).decode())
"""
    assert run(code, MFNET_NUM_THREADS="2", PYTHONPATH=os.path.dirname(__file__)) == "same"


def test_results_do_not_depend_on_threads():
    code = """
import hashlib
from test_package import network, samples, weights
from mfnet.dataloader import BatchIterator
from mfnet.train import train
x, y = samples(1000, 300)
net = network(300, 300)
train(net, x, y, 2, dataloader=BatchIterator(seed=0))
print(hashlib.sha256(b"".join(w.tobytes() for w in weights(net))).hexdigest())
"""
    path = os.path.dirname(__file__)
    assert run(code, MFNET_NUM_THREADS="1", PYTHONPATH=path) == run(code, MFNET_NUM_THREADS="3", PYTHONPATH=path)


def test_fits_in_several_threads():
    x, y = samples()
    expected = network(seed=5)
    train(expected, x, y, 30, dataloader=BatchIterator(seed=1))
    nets = []
    for _ in range(4):
        nets.append(network(seed=5))
    workers = [
        threading.Thread(target=train, args=(net, x, y, 30), kwargs={"dataloader": BatchIterator(seed=1)})
        for net in nets
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for net in nets:
        assert all(map(np.array_equal, weights(net), weights(expected)))


def test_ctrl_c_stops_a_fit_and_keeps_its_weights():
    x, y = samples(20000)
    net = network()
    before = [w.copy() for w in weights(net)]
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        train(net, x, y, 1_000_000)
    assert time.monotonic() - started < 10
    assert not any(map(np.array_equal, before, weights(net)))
    assert all(np.isfinite(w).all() for w in weights(net))
    # and nothing is left behind
    assert len(train(net, x, y, 2)) == 2


def test_memory_of_many_fits_is_flat():
    x, y = samples(50, 4, 2)

    def fits(count):
        for _ in range(count):
            train(network(4, 8, 2), x, y, 2)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = fits(1000)
    # in kB; a leak of 100 bytes a fit would be 900
    assert fits(9000) - before < 900
