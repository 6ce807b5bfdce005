"""Fixtures for the tests of the seed's interface."""

import os

# before SciPy is imported: scikit-learn's checks of estimators need it
os.environ["SCIPY_ARRAY_API"] = "1"

from importlib import import_module
from types import SimpleNamespace

import pytest

MODULES = ("tensor", "layer", "nn", "loss", "optimizer", "dataloader", "train", "trainutils")


def modules(package):
    """The eight modules of `package` by name."""
    return SimpleNamespace(**{name: import_module(f"{package}.{name}") for name in MODULES})


@pytest.fixture(params=["mfnet", "reference"])
def seed(request):
    """Each package in turn. The contract tests run on both."""
    return modules(request.param)


@pytest.fixture
def mfnet():
    return modules("mfnet")
