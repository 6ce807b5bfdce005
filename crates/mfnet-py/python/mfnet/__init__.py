"""mfnet trains feed-forward neural networks on an ordinary CPU.

===============================  ====================================================================
:class:`mfnet.Model`             a table in, a model out: what the program ``mfnet train`` does
:mod:`mfnet.sklearn`             ``MLPClassifier`` and ``MLPRegressor`` for scikit-learn
:mod:`mfnet.train` and others    back-propagation in NumPy, to read and to change, with its steps in Rust
===============================  ====================================================================

Modules are loaded when they are first used.
"""

# without the module typing, which takes longer than all of this
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from . import dataloader, layer, loss, nn, optimizer, sklearn, tensor, train, trainutils
    from ._core import DivergedError as DivergedError
    from ._core import ModelFileError as ModelFileError
    from ._core import __version__ as __version__
    from .engine import Data as Data
    from .engine import Loss as Loss
    from .engine import Network as Network
    from .engine import Optimizer as Optimizer
    from .engine import batch as batch
    from .model import Model as Model
    from .trainer import Trainer as Trainer

#: What comes from which module.
_FROM = {
    "Data": "engine",
    "DivergedError": "_core",
    "Loss": "engine",
    "Model": "model",
    "ModelFileError": "_core",
    "Network": "engine",
    "Optimizer": "engine",
    "Trainer": "trainer",
    "__version__": "_core",
    "batch": "engine",
}

__all__ = [
    "Data",
    "DivergedError",
    "Loss",
    "Model",
    "ModelFileError",
    "Network",
    "Optimizer",
    "Trainer",
    "__version__",
    "batch",
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


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    if name in _FROM:
        value = getattr(import_module(f".{_FROM[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
