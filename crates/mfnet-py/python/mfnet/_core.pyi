"""What is in Rust."""

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

__all__ = ["DivergedError", "ModelFileError", "SeedFit", "__version__", "program", "threads"]
__version__: str

class ModelFileError(ValueError): ...
class DivergedError(ArithmeticError): ...

def program(arguments: Sequence[str], command: Sequence[str]) -> int: ...
def threads(n_threads: int | None = None) -> int: ...

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
