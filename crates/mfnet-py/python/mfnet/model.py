"""A table in, a model out: what the program ``mfnet train`` does."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core, _frames
from ._epochs import Callback, arrays, watched
from ._frames import Frame
from .engine import Network

#: Types of tensors in a model file.
_DTYPES: dict[str, np.dtype[Any]] = {"F64": np.dtype("<f8"), "F32": np.dtype("<f4"), "I64": np.dtype("<i8")}


class Model:
    """A trained network with its preprocessing, its labels and the results of its fit.

    :meth:`fit` makes one, :meth:`load` reads one from a file. A file is the same as that of the program, so
    ``mfnet predict model.safetensors flats.csv`` works with it.
    """

    def __init__(self, core: _core.FittedModel, fit: dict[str, Any] | None = None) -> None:
        self._core = core
        self._fit = fit

    @classmethod
    def fit(
        cls,
        data: Any,
        target: Any = None,
        *,
        validation: Any = None,
        test: Any = None,
        seed: int = 0,
        callbacks: Callback | Iterable[Callback] = (),
        threads: int | None = None,
        progress: bool | None = None,
        **recipe: Any,
    ) -> Model:
        """Fit a network as ``mfnet train`` does: with the same settings, splits, baselines and verdict.

        Parameters
        ----------
        data
            A frame of pandas or polars, a table of pyarrow, a mapping of columns, an array of shape (rows, columns),
            a path to a file or a folder, or the name of a data set, such as ``"digits"``. Categories and dates are
            taken as they are; missing values may be NaN, None or masked.
        target
            The name of the target column, or several; or the targets themselves, of shape (rows,) or (rows, targets).
        validation
            The part of the rows on which the best epoch is chosen (.1 by default), or other rows with the same
            columns; with an array as ``target``, a pair of both. Then the test rows have to be given too, or there
            are none.
        test
            The part of the rows that only measure the result (.2 by default), or other rows, as ``validation``; of a
            path, also another path.
        seed
            Decides the split, the first weights and the order of the samples.
        callbacks
            Functions that are called after each epoch with its results, a dictionary: ``epoch``, ``loss``,
            ``validation_loss``, ``validation_accuracy``, ``validation_score``, ``seconds``. The training ends if one
            returns something true. Their exceptions end the fit.
        threads
            Number of threads, which changes no result. By default that of the environment variables
            ``MFNET_NUM_THREADS`` or ``OMP_NUM_THREADS``, or of the processors.
        progress
            Whether to show the progress; by default in terminals and notebooks.
        **recipe
            Everything else that ``mfnet train --print-recipe`` prints, by the same names: ``hidden=[64, 64]``,
            ``epochs=50``, ``dropout=0.1``, …

        Raises
        ------
        ValueError
            For data or settings that do not fit, with what was expected.
        OSError
            For a file that cannot be read.
        mfnet.DivergedError
            If numbers became infinite or NaN.
        KeyboardInterrupt
            After Ctrl-C; its attribute ``model`` has the model so far.

        Examples
        --------
        >>> import mfnet
        >>> model = mfnet.Model.fit("digits", epochs=2, progress=False)
        >>> model.predict("digits").shape
        (1797,)
        """
        fields: dict[str, Any] = {name: _plain(value) for name, value in recipe.items() if value is not None}
        fields |= {"seed": int(seed), "threads": _core.threads(threads)}
        read, names = _with_target(_frames.data(data), target)
        if names:
            fields["target"] = names
        if isinstance(read, Frame):
            fields["categorical"] = _categorical(read, names, fields)
        read, test_rows = _parts(read, target, validation, test, fields)
        with watched(callbacks, progress, fields.get("epochs")) as on_epoch:
            core, interrupted = _core.fit(read, json.dumps(fields), test_rows, on_epoch)
        model = cls(core, _results(core))
        if interrupted is not None:
            interrupted.model = model  # type: ignore[attr-defined]
            raise interrupted
        return model

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model file, or the model in the folder of a run.

        Raises
        ------
        mfnet.ModelFileError
            For a file that is no model.
        OSError
            For a file that cannot be read.
        """
        return cls(_core.load(os.fspath(path)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model file, in the format safetensors."""
        self._core.save(os.fspath(path))

    def predict(self, data: Any, *, interval: float | None = None) -> Any:
        """Predict the targets of rows.

        Parameters
        ----------
        data
            As for :meth:`fit`; columns that the model does not need are ignored.
        interval
            For a regression, the part of all targets that shall lie between the bounds, such as .9.

        Returns
        -------
        ndarray
            Shape (rows,): values, or the labels of classes. Shape (rows, targets) for several targets, and truth
            values of shape (rows, labels) for several labels at once. With ``interval``, three arrays: values, lower
            and upper bounds.
        """
        numbers, indices, bounds = self._core.predict(_rows(data), interval)
        if indices is not None:
            return self.labels[np.asarray(indices, dtype=np.intp)]
        if self.task == "multi-label":
            return numbers >= 0.5
        values = _squeezed(numbers)
        if bounds is None:
            return values
        return values, *(_squeezed(bound) for bound in bounds)

    def predict_proba(self, data: Any) -> NDArray[np.float64]:
        """Predict the probability of each class or label, of shape (rows, labels), in the order of :attr:`labels`.

        Raises
        ------
        ValueError
            For a regression.
        """
        if self.task == "regression":
            raise ValueError("predict_proba needs classes or labels, but this is a regression")
        return self._core.predict(_rows(data), None)[0]

    def evaluate(self, data: Any, target: Any = None) -> dict[str, Any]:
        """Compute the loss and the metrics on rows with their targets.

        Parameters
        ----------
        data
            As for :meth:`fit`.
        target
            The targets, unless the data have them under the names of the training.
        """
        rows = _rows(data)
        if target is not None and isinstance(rows, Frame):
            added, names = rows.with_target(target)
            renamed = dict(zip(names, self.target))
            rows = added._replace(columns=[(renamed.get(name, name), column) for name, column in added.columns])
        scores: dict[str, Any] = json.loads(self._core.evaluate(rows))
        return scores

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write a page in HTML: scores, verdict, plots.

        Raises
        ------
        ValueError
            For a model that was loaded.
        """
        text = f"mfnet.Model.fit\n\n{self._fit['introduction']}" if self._fit else ""
        self._core.report(os.fspath(path), text)

    @property
    def task(self) -> str:
        """``"regression"``, ``"classification"`` or ``"multi-label"``."""
        return self._core.target()[0]

    @property
    def target(self) -> list[str]:
        """The names of the target columns."""
        return self._core.target()[1]

    @property
    def features(self) -> list[str]:
        """The names of the columns that the model predicts from."""
        return self._core.features()

    @property
    def labels(self) -> NDArray[Any]:
        """The labels of classes: whole numbers and truth values as such, otherwise texts; empty for a regression."""
        return _labels(self._core.target()[2])

    @property
    def history(self) -> dict[str, NDArray[Any]]:
        """For each epoch, its results; empty for a model that was loaded."""
        return arrays(self._fit["epochs"] if self._fit else [])

    @property
    def summary(self) -> dict[str, Any]:
        """What ``mfnet train --json`` prints: samples, scores of all parts, baselines, verdict, …"""
        return dict(self._fit["summary"]) if self._fit else {}

    @property
    def recipe(self) -> str:
        """All settings of the fit as TOML, which ``mfnet train --recipe`` reads."""
        return str(self._fit["recipe"]) if self._fit else ""

    @property
    def network(self) -> Network:
        """A copy of the network, for the inputs that :meth:`transform` makes.

        Raises
        ------
        ValueError
            For an ensemble, which has several :attr:`networks`.
        """
        networks = self.networks
        if len(networks) > 1:
            raise ValueError(f"this is an ensemble of {len(networks)} networks: use `networks`")
        return networks[0]

    @property
    def networks(self) -> list[Network]:
        """Copies of all networks: one, or those of an ensemble."""
        return [Network._of(core) for core in self._core.networks()]

    def transform(self, data: Any) -> NDArray[np.float64]:
        """Compute the inputs of the network for rows: encoded and scaled, of shape (rows, inputs of the network)."""
        return self._core.inputs(_rows(data))

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """The tensors of the network, by the names that they have in PyTorch and in the model file."""
        file = self._core.to_bytes()
        start = 8 + int.from_bytes(file[:8], "little")
        tensors = json.loads(file[8:start])
        return {
            name: np.frombuffer(file[start:], _DTYPES[entry["dtype"]], *_extent(entry)).reshape(entry["shape"])
            for name, entry in tensors.items()
            if name != "__metadata__"
        }

    def __str__(self) -> str:
        return str(self._fit["text"]) if self._fit else repr(self)

    def __repr__(self) -> str:
        columns, parameters = len(self.features), self._core.parameters()
        return f"<mfnet.Model: {self.task} of {', '.join(self.target)} from {columns} columns, {parameters} parameters>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"

    def __getstate__(self) -> dict[str, Any]:
        return {"model": self._core.to_bytes(), "fit": self._fit}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._core = _core.FittedModel.from_bytes(state["model"])
        self._fit = state["fit"]


def _extent(entry: Mapping[str, Any]) -> tuple[int, int]:
    """The number of elements of a tensor in a file, and its first byte."""
    start, end = entry["data_offsets"]
    return (end - start) // _DTYPES[entry["dtype"]].itemsize, start


def _results(core: _core.FittedModel) -> dict[str, Any] | None:
    results = core.fit()
    if results is None:
        return None
    summary, text, introduction, recipe, epochs = results
    return {
        "summary": json.loads(summary),
        "text": text,
        "introduction": introduction,
        "recipe": recipe,
        "epochs": epochs,
    }


def _rows(data: Any) -> Frame | str:
    return _frames.data(data)


def _with_target(data: Frame | str, target: Any) -> tuple[Frame | str, list[str]]:
    """The data with their target, and its name."""
    if target is None:
        return data, []
    if isinstance(target, str):
        return data, [target]
    names = list(target) if isinstance(target, list | tuple) and all(isinstance(one, str) for one in target) else None
    if isinstance(data, str):
        if names is None:
            raise ValueError("target: expected the name of a column, because the data are a file")
        return data, names
    if names and all(any(one == name for name, _ in data.columns) for one in names):
        return data, names
    return data.with_target(target)


def _categorical(frame: Frame, target: list[str], fields: Mapping[str, Any]) -> list[str]:
    """The given columns of categories, and those whose type says so."""
    others = {*target, *_listed(fields.get("drop")), *_listed(fields.get("numeric"))}
    others |= {str(fields[name]) for name in ("group", "split_column", "time", "sample_weight") if name in fields}
    given = _listed(fields.get("categorical"))
    return [*given, *(name for name in frame.categorical if name not in others and name not in given)]


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _parts(
    data: Frame | str, target: Any, validation: Any, test: Any, fields: dict[str, Any]
) -> tuple[Frame | str, Frame | None]:
    """The data with the rows of their own that validation and test have; parts of the data become fields."""
    rows: dict[str, Frame] = {}
    for name, given in [("validation", validation), ("test", test)]:
        if given is None:
            continue
        if isinstance(given, int | float):
            fields[f"{name}_fraction"] = float(given)
        elif name == "test" and isinstance(given, str | os.PathLike):
            fields["test_file"] = os.fspath(given)
        else:
            rows[name] = _own_rows(given, name, target)
    if "validation" not in rows:
        if "test" in rows:
            fields["test_file"] = "test"
        return data, rows.get("test")
    if not isinstance(data, Frame):
        raise ValueError("validation: expected a part of the rows, such as .1, because the data are a file")
    counts = [data.rows, rows["validation"].rows, rows["test"].rows if "test" in rows else 0]
    for part in rows.values():
        data = data.followed_by(part)
    return data._replace(parts=np.repeat(np.arange(3, dtype=np.uint8), counts)), None


def _own_rows(given: Any, name: str, target: Any) -> Frame:
    if isinstance(given, tuple) and len(given) == 2:
        given, target = given
        frame, _ = _frames._frame(given, name).with_target(target)
        return frame
    return _frames._frame(given, name)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return value


def _squeezed(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    return numbers[:, 0] if numbers.shape[1] == 1 else numbers


def _labels(labels: list[str]) -> NDArray[Any]:
    if labels and set(labels) <= {"True", "False"}:
        return np.array([label == "True" for label in labels])
    try:
        whole = [int(label) for label in labels]
    except ValueError:
        return np.array(labels)
    return np.array(whole) if [str(one) for one in whole] == labels else np.array(labels)
