"""Arrays as Rust takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import column_or_1d


def dtypes(X: Any) -> list[Any]:
    """The types that are taken as they are; the first is that of all others."""
    return [np.float64, np.float32] if issparse(X) else [np.float64, np.float32, np.uint8]


def is_plain(X: Any) -> bool:
    """Whether X is a small array of finite numbers that needs no conversion."""
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.dtype in (np.float64, np.float32)
        and X.dtype.isnative
        and 0 < X.size < 10_000
        and bool(np.isfinite(X).all())
    )


def is_plain_target(y: Any) -> bool:
    """Whether y is an array of finite numbers that needs no conversion."""
    return type(y) is np.ndarray and (
        y.dtype.kind in "iub" or (y.dtype == np.float64 and y.dtype.isnative and bool(np.isfinite(y).all()))
    )


def array_(X: Any) -> Any:
    """X as Rust takes it."""
    return (X.shape[1], X.indptr, X.indices, X.data) if issparse(X) else X


def mt19937(random_state: Any) -> Any:
    """A `RandomState` of MT19937: the given one, or one that it seeds."""
    if random_state.get_state(legacy=False)["bit_generator"] == "MT19937":
        return random_state
    return np.random.RandomState(random_state.randint(2**31 - 1))


def one_column(y: Any) -> Any:
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
