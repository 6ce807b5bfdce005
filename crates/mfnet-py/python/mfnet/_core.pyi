"""What is in Rust."""

from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from ._frames import Frame

__all__ = [
    "DivergedError",
    "FittedModel",
    "ModelFileError",
    "SeedFit",
    "__version__",
    "fit",
    "load",
    "program",
    "threads",
]
__version__: str

class ModelFileError(ValueError): ...
class DivergedError(ArithmeticError): ...

def program(arguments: Sequence[str], command: Sequence[str]) -> int: ...
def threads(n_threads: int | None = None) -> int: ...
def fit(
    data: Frame | str,
    recipe: str,
    test: Frame | None,
    on_epoch: Callable[[dict[str, Any]], Any] | None,
) -> tuple[FittedModel, BaseException | None]: ...
def load(path: str) -> FittedModel: ...

@final
class FittedModel:
    @staticmethod
    def from_bytes(bytes: bytes) -> FittedModel: ...
    def to_bytes(self) -> bytes: ...
    def save(self, path: str) -> None: ...
    def features(self) -> list[str]: ...
    def target(self) -> tuple[str, list[str], list[str]]: ...
    def parameters(self) -> int: ...
    def predict(
        self, data: Frame | str, interval: float | None = None
    ) -> tuple[NDArray[np.float64], list[int] | None, tuple[NDArray[np.float64], NDArray[np.float64]] | None]: ...
    def evaluate(self, data: Frame | str) -> str: ...
    def fit(self) -> tuple[str, str, str, str, list[dict[str, Any]]] | None: ...
    def report(self, path: str, head: str) -> None: ...

@final
class SeedFit:
    def __new__(
        cls,
        layers: Sequence[int | str],
        inputs: NDArray[np.float64],
        targets: NDArray[np.float64],
        loss: str,
    ) -> SeedFit: ...
    def run(
        self,
        weights: Sequence[NDArray[np.float64]],
        starts: NDArray[np.int64],
        size: int,
        rate: float,
        max_norm: float | None,
        but_last: bool,
    ) -> NDArray[np.float64]: ...
