"""A user's program with the estimators, as type checkers see it."""

import subprocess
import sys

import pytest

PROGRAM = """
import numpy as np
from mfnet.sklearn import MLPClassifier, MLPRegressor

x, y = np.zeros((10, 2)), np.arange(10) % 2
classifier = MLPClassifier((8,), "gelu", class_weight="balanced", n_threads=1)
print(classifier.fit(x, y, validation_data=(x, y)).predict(x), classifier.validation_loss_curve_)
print(MLPRegressor("huber:1.5", [8, 4], ["relu", "tanh"], dtype="float32").partial_fit(x, y).predict(x))
"""


@pytest.mark.parametrize(
    "command", [["mypy", "--strict"], ["pyright", "--pythonpath", sys.executable]], ids=lambda command: command[0]
)
def test_program(command, tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    process = subprocess.run(
        [sys.executable, "-m", *command, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert process.returncode == 0, process.stdout + process.stderr
