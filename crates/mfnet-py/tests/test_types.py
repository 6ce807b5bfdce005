"""Stubs and annotations, as type checkers see them."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest

PROGRAM = """
import numpy as np

import mfnet
from mfnet.dataloader import BatchIterator
from mfnet.layer import Linear, ReLU
from mfnet.loss import CELoss
from mfnet.nn import NeuralNetwork
from mfnet.train import train, train_test_classification

rng = np.random.default_rng(0)
x, y = rng.normal(size=(20, 4)), np.eye(3)[rng.integers(0, 3, 20)]
net = NeuralNetwork([Linear(4, 8), ReLU(), Linear(8, 3)])
losses: list[np.float64] = train(net, x, y, 2, dataloader=BatchIterator(8, seed=0), loss=CELoss())
_, epochs, _, accuracies = train_test_classification(net, x, y, x, y, 2, 1)
model = mfnet.Model.fit({"a": x[:, 0], "b": y[:, 0]}, "b", epochs=1, progress=False)
predicted, history = model.predict(x), model.history["loss"]
print(losses[-1], epochs, accuracies[-1], mfnet.__version__)
"""


def check(tmp_path, *command):
    (tmp_path / "program.py").write_text(PROGRAM)
    process = subprocess.run(
        [sys.executable, "-m", *command], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert process.returncode == 0, process.stdout + process.stderr


def test_mypy(tmp_path):
    check(tmp_path, "mypy", "--strict", "program.py")


# in the annotations of older versions, every array needs its shape and type
@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="NumPy before 2.4")
def test_mypy_of_the_package(tmp_path):
    configuration = pathlib.Path(__file__).parents[1] / "pyproject.toml"
    check(tmp_path, "mypy", "--config-file", str(configuration), "-p", "mfnet")


def test_pyright(tmp_path):
    check(tmp_path, "pyright", "--pythonpath", sys.executable, "program.py")


def test_stubs(tmp_path):
    check(tmp_path, "mypy.stubtest", "mfnet._core")
