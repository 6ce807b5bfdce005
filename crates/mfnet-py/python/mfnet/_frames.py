"""Data of any kind as columns: numbers, or codes with their texts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Numbers, NaN for a missing one, possibly a view of a larger array; or for each row the place of its text, negative
#: for a missing one.
Column = NDArray[np.float64] | NDArray[np.float32] | NDArray[np.uint8] | tuple[NDArray[np.int32], list[str]]

#: Types of numbers that are copied only once, in Rust.
_TAKEN = (np.dtype(np.float64), np.dtype(np.float32), np.dtype(np.uint8))

#: Whole numbers beyond this are identifiers: ``float64`` would round them.
_EXACT = 2**53


class Frame(NamedTuple):
    """Columns with their names."""

    name: str
    header: bool
    columns: list[tuple[str, Column]]
    parts: NDArray[np.uint8] = np.empty(0, dtype=np.uint8)
    #: Columns whose type says that they are categories.
    categorical: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows."""
        return _rows(self.columns[0][1]) if self.columns else 0

    def with_target(self, target: Any) -> tuple[Frame, list[str]]:
        """Add the targets that were given as an array; return their names too."""
        added = _frame(target, "target", one="target")
        names = []
        columns = list(self.columns)
        for name, column in added.columns:
            known = [name for name, _ in columns]
            if not added.header and len(added.columns) > 1:
                name = f"target_{name}"
            while name in known:
                name += "_"
            columns.append((name, column))
            names.append(name)
        if added.rows != self.rows:
            raise ValueError(f"target: expected {self.rows} rows, as the data have, found {added.rows}")
        # numbers are no names any more
        return self._replace(columns=columns, header=True), names

    def followed_by(self, other: Frame) -> Frame:
        """The rows of this frame, then those of another one with the same columns."""
        columns = dict(other.columns)
        if len(columns) != len(self.columns) or any(name not in columns for name, _ in self.columns):
            raise ValueError(f"{other.name}: expected the columns of the data, {[name for name, _ in self.columns]}")
        joined = [(name, _joined(name, column, columns[name])) for name, column in self.columns]
        return self._replace(columns=joined)


def _rows(column: Column) -> int:
    return len(column[0] if isinstance(column, tuple) else column)


def _joined(name: str, first: Column, second: Column) -> Column:
    if isinstance(first, tuple) and isinstance(second, tuple):
        (codes, texts), (more, others) = first, second
        moved = np.where(more < 0, -1, more + len(texts)).astype(np.int32)
        return np.concatenate([codes, moved]), [*texts, *others]
    if not isinstance(first, tuple) and not isinstance(second, tuple):
        return np.concatenate([first, second])
    raise ValueError(f"column {name!r} has numbers in some rows and texts in others")


def data(value: Any, name: str = "data") -> Frame | str:
    """A path or a name as text, or columns."""
    if isinstance(value, str | os.PathLike):
        return os.fspath(value)
    return _frame(value, name)


def _frame(value: Any, name: str, one: str = "0") -> Frame:
    """Columns of a frame, a mapping, or an array; ``one`` is the name of a single column without name."""
    kind = type(value).__module__.partition(".")[0]
    columns: Iterable[tuple[Any, Any]]
    if kind in ("pandas", "polars") and hasattr(value, "columns"):
        columns = [(column, _at(value, i)) for i, column in enumerate(value.columns)]
    elif kind in ("pandas", "polars") and hasattr(value, "name"):
        columns = [(value.name if value.name not in (None, "") else one, value)]
    elif kind == "pyarrow" and hasattr(value, "column_names"):
        columns = zip(value.column_names, value.columns)
    elif isinstance(value, Mapping):
        columns = value.items()
    else:
        return _of_array(_array(value), name, one)
    read = [(str(column), *_column(values)) for column, values in columns]
    if not read:
        raise ValueError(f"{name}: found no columns")
    categorical = tuple(column for column, _, is_categorical in read if is_categorical)
    return Frame(name, True, [(column, cells) for column, cells, _ in read], categorical=categorical)


def _at(frame: Any, i: int) -> Any:
    """The column at a position; two columns may have the same name."""
    return frame.iloc[:, i] if hasattr(frame, "iloc") else frame.to_series(i)


def _of_array(array: NDArray[Any], name: str, one: str) -> Frame:
    if array.dtype.names is not None:
        return Frame(name, True, [(field, _column(array[field])[0]) for field in array.dtype.names])
    if array.ndim == 1:
        return Frame(name, one != "0", [(one, _column(array)[0])])
    if array.ndim != 2:
        raise ValueError(f"{name}: expected a table with rows and columns, found an array of {array.ndim} dimensions")
    if array.shape[1] == 0:
        raise ValueError(f"{name}: found no columns")
    return Frame(name, False, [(str(i), _column(array[:, i])[0]) for i in range(array.shape[1])])


def _array(values: Any) -> NDArray[Any]:
    """An array that keeps its mask."""
    return values if np.ma.isMaskedArray(values) else np.asarray(values)


def _column(values: Any) -> tuple[Column, bool]:
    """A column, and whether its type says that it has categories."""
    kind = type(values).__module__.partition(".")[0]
    if kind == "pandas":
        return _of_pandas(values)
    if kind == "polars":
        return _of_polars(values)
    if kind == "pyarrow":
        return _of_arrow(values)
    array = _array(values)
    if array.ndim != 1:
        raise ValueError(f"a column: expected one dimension, found {array.ndim}")
    return _of_numpy(array), False


def _of_pandas(series: Any) -> tuple[Column, bool]:
    dtype = series.dtype
    if hasattr(dtype, "categories"):
        return (np.asarray(series.cat.codes, dtype=np.int32), _texts(dtype.categories)), True
    if getattr(dtype, "kind", "O") == "b" or str(dtype) == "boolean":
        missing = np.asarray(series.isna())
        return _of_truth(np.asarray(series.fillna(False), dtype=bool), missing), False
    if getattr(dtype, "kind", "O") in "iuf" and not isinstance(dtype, np.dtype):
        # nullable numbers
        missing = np.asarray(series.isna())
        if dtype.kind in "iu":
            whole = np.asarray(series.fillna(0), dtype=np.int64 if dtype.kind == "i" else np.uint64)
            return _of_whole(whole, missing), False
        return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan)), False
    if getattr(dtype, "tz", None) is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    array = series.to_numpy()
    return _of_numpy(array), False


def _of_polars(series: Any) -> tuple[Column, bool]:
    import polars

    dtype = series.dtype
    if dtype in (polars.Categorical, polars.Enum):
        codes = series.to_physical().cast(polars.Int64).fill_null(-1).to_numpy()
        return (codes.astype(np.int32), _texts(series.cat.get_categories().to_list())), True
    if dtype == polars.String:
        distinct = series.drop_nulls().unique(maintain_order=True)
        places = {text: place for place, text in enumerate(distinct.to_list())}
        codes = np.fromiter((places.get(text, -1) for text in series.to_list()), dtype=np.int32, count=len(series))
        return (codes, list(places)), False
    missing = series.is_null().to_numpy()
    if dtype == polars.Boolean:
        return _of_truth(series.fill_null(False).to_numpy(), missing), False
    if dtype.is_integer():
        return _of_whole(series.fill_null(0).to_numpy(), missing), False
    if dtype.is_float():
        return np.asarray(series.cast(polars.Float64).fill_null(np.nan).to_numpy(), dtype=np.float64), False
    if dtype.is_decimal():
        return _of_polars(series.cast(polars.Float64))
    if dtype == polars.Datetime and dtype.time_zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return _of_numpy(series.to_numpy()), False


def _of_arrow(column: Any) -> tuple[Column, bool]:
    import pyarrow

    if isinstance(column, pyarrow.ChunkedArray):
        column = column.combine_chunks()
    kind = column.type
    is_dictionary = pyarrow.types.is_dictionary(kind)
    if is_dictionary or pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind):
        column = column if is_dictionary else column.dictionary_encode()
        codes = column.indices.cast(pyarrow.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
        return (codes.astype(np.int32), _texts(column.dictionary.to_pylist())), is_dictionary
    missing = column.is_null().to_numpy(zero_copy_only=False)
    if pyarrow.types.is_boolean(kind):
        return _of_truth(column.fill_null(False).to_numpy(zero_copy_only=False), missing), False
    if pyarrow.types.is_integer(kind):
        return _of_whole(column.fill_null(0).to_numpy(zero_copy_only=False), missing), False
    if pyarrow.types.is_floating(kind) or pyarrow.types.is_decimal(kind):
        numbers = column.cast(pyarrow.float64()).fill_null(np.nan)
        return np.asarray(numbers.to_numpy(zero_copy_only=False), dtype=np.float64), False
    return _of_numpy(column.to_numpy(zero_copy_only=False)), False


def _of_numpy(array: NDArray[Any]) -> Column:
    if np.ma.isMaskedArray(array):
        missing = np.ma.getmaskarray(array)
        filled = np.ma.getdata(array)
        column = _of_numpy(filled)
        if isinstance(column, tuple):
            return np.where(missing, np.int32(-1), column[0]), column[1]
        return np.where(missing, np.nan, column.astype(np.float64, copy=False))
    if array.dtype in _TAKEN and array.flags.aligned:
        return array
    kind = array.dtype.kind
    if kind == "f":
        return np.ascontiguousarray(array, dtype=np.float64)
    if kind in "iu":
        return _of_whole(array, None)
    if kind == "b":
        return _of_truth(array, None)
    if kind == "M":
        distinct, codes = np.unique(array, return_inverse=True)
        texts = ["" if text == "NaT" else _moment(text) for text in np.datetime_as_string(distinct).tolist()]
        return codes.astype(np.int32).ravel(), texts
    if kind == "m":
        return np.where(np.isnat(array), np.nan, array / np.timedelta64(1, "s"))
    if kind in "US":
        distinct, codes = np.unique(array, return_inverse=True)
        return codes.astype(np.int32).ravel(), _texts(distinct.tolist())
    if kind == "O":
        return _of_objects(array.tolist())
    raise ValueError(f"a column of {array.dtype}: expected numbers, texts, truth values or dates")


def _moment(text: str) -> str:
    """A time without what is zero: 2024-01-31T00:00:00.000000000 is a day."""
    day, _, time = text.partition("T")
    whole, _, fraction = time.partition(".")
    if not fraction.strip("0"):
        return day if not whole.replace(":", "").strip("0") else f"{day}T{whole}"
    return f"{day}T{whole}.{fraction.rstrip('0')}"


def _of_whole(array: NDArray[Any], missing: NDArray[np.bool_] | None) -> Column:
    if array.size > 0 and (int(array.max()) > _EXACT or int(array.min()) < -_EXACT):
        distinct, places = np.unique(array, return_inverse=True)
        codes = places.astype(np.int32).ravel()
        return (codes if missing is None else np.where(missing, np.int32(-1), codes)), _texts(distinct.tolist())
    numbers = array.astype(np.float64)
    return numbers if missing is None else np.where(missing, np.nan, numbers)


def _of_truth(array: NDArray[np.bool_], missing: NDArray[np.bool_] | None) -> Column:
    codes = array.astype(np.int32)
    return (codes if missing is None else np.where(missing, np.int32(-1), codes)), ["False", "True"]


def _of_objects(values: Sequence[Any]) -> Column:
    """Python's objects: numbers if all are, otherwise texts. None, NaN and pandas' NA are missing."""
    missing = [_is_missing(value) for value in values]
    given = [value for value, is_missing in zip(values, missing) if not is_missing]
    if given and all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in given):
        if any(isinstance(value, int | np.integer) and abs(int(value)) > _EXACT for value in given):
            return _of_texts([None if gone else str(value) for value, gone in zip(values, missing)])
        numbers = [np.nan if gone else float(value) for value, gone in zip(values, missing)]
        return np.array(numbers, dtype=np.float64)
    try:
        if given and all(hasattr(value, "isoformat") for value in given):
            return _of_texts([None if gone else value.isoformat() for value, gone in zip(values, missing)])
        return _of_texts([None if gone else _text(value) for value, gone in zip(values, missing)])
    except TypeError as error:
        raise ValueError(f"a column of objects: {error}") from None


def _is_missing(value: Any) -> bool:
    # NaN and NaT differ from themselves; pandas' NA has no truth value
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)
    )


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str | bool | int | float | np.generic) or type(value).__name__ == "Decimal":
        return str(value)
    raise TypeError(f"expected texts, numbers or dates, found {type(value).__name__}")


def _of_texts(texts: Sequence[str | None]) -> Column:
    places: dict[str, int] = {}
    codes = [-1 if text is None else places.setdefault(text, len(places)) for text in texts]
    return np.array(codes, dtype=np.int32), list(places)


def _texts(values: Iterable[Any]) -> list[str]:
    return [value.isoformat() if hasattr(value, "isoformat") else _text(value) for value in values]
