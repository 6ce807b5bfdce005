"""What is in Rust."""

from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["DivergedError", "Mlp", "ModelFileError", "SeedFit", "__version__", "check_name", "program", "threads"]
__version__: str

class ModelFileError(ValueError): ...
class DivergedError(ArithmeticError): ...

def program(arguments: Sequence[str], command: Sequence[str]) -> int: ...
def check_name(kind: str, name: str) -> str | None: ...
def threads(n_threads: int | None = None) -> int: ...

@final
class Mlp:
    def __new__(
        cls,
        coefs: Sequence[NDArray[Any]],
        intercepts: Sequence[NDArray[Any]],
        activations: Sequence[str],
        dropout: float,
        link: str,
        double: bool,
    ) -> Mlp: ...
    def weights(self) -> list[list[NDArray[Any]]]: ...
    def optimizer_state(self) -> tuple[int, list[NDArray[Any]]]: ...
    def resume(self, settings: dict[str, Any], steps: int, states: Sequence[NDArray[Any]]) -> None: ...
    def fit(
        self,
        x: Any,
        y: NDArray[Any],
        weights: NDArray[np.float64] | None,
        settings: dict[str, Any],
        validation: tuple[Any, ...] | None = None,
        random: tuple[NDArray[np.uint32], int] | None = None,
        on_epoch: Callable[..., bool] | None = None,
    ) -> dict[str, Any]: ...
    def predict(self, x: Any, n_threads: int | None = None, logits: bool = False) -> NDArray[Any]: ...

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
