"""mfnet trains feed-forward neural networks on an ordinary CPU.

===============================  ====================================================================
:class:`mfnet.Model`             a table in, a model out: what the program ``mfnet train`` does
:mod:`mfnet.sklearn`             ``MLPClassifier`` and ``MLPRegressor`` for scikit-learn
:mod:`mfnet.train` and others    back-propagation in NumPy, to read and to change, with its steps in Rust
===============================  ====================================================================

Modules are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import dataloader, layer, loss, nn, optimizer, sklearn, tensor, train, trainutils
    from ._core import DivergedError as DivergedError
    from ._core import ModelFileError as ModelFileError
    from ._core import __version__ as __version__

#: What comes from which module.
_FROM = {"DivergedError": "_core", "ModelFileError": "_core", "__version__": "_core"}

__all__ = [
    "DivergedError",
    "ModelFileError",
    "__version__",
    "dataloader",
    "layer",
    "loss",
    "nn",
    "optimizer",
    "sklearn",
    "tensor",
    "train",
    "trainutils",
]


def __getattr__(name: str) -> Any:
    if name in _FROM:
        value = getattr(importlib.import_module(f".{_FROM[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in __all__:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
