"""scikit-learn's own tests of its multi-layer perceptron, with the import replaced."""

import importlib
import inspect
import re
import sys
import types

import pytest

SOURCE = importlib.import_module("sklearn.neural_network.tests.test_mlp")

#: Tests that do not pass here, and why.
OTHERWISE = {
    "test_gradient": (
        "calls the private method _loss_grad_lbfgs with NumPy matrices for each layer; the gradients are tested in "
        "Rust against finite differences, and test_sklearn_numbers.py compares the losses of L-BFGS"
    ),
}


def replaced():
    """The tests as a module of its own."""
    text = inspect.getsource(SOURCE)
    imported = "from sklearn.neural_network import MLPClassifier, MLPRegressor"
    assert text.count(imported) == 1
    module = types.ModuleType("replaced_test_mlp")
    sys.modules[module.__name__] = module
    code = compile(text.replace(imported, "from mfnet.sklearn import MLPClassifier, MLPRegressor"), __file__, "exec")
    exec(code, module.__dict__)
    return module


TESTS = {name: value for name, value in vars(replaced()).items() if re.match("test_", name)}
globals().update({name: test for name, test in TESTS.items() if name not in OTHERWISE})

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def global_random_seed():
    return 42


def test_every_exception_is_a_test():
    assert OTHERWISE.keys() <= TESTS.keys()
    assert len(TESTS) > 40
