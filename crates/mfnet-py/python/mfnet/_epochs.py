"""What happens after each epoch: callbacks, the progress bar, the history."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Called after each epoch with its results; ends the training if it returns something true.
Callback = Callable[[dict[str, Any]], Any]

#: The shortest time between two steps of the progress bar, in seconds.
_SHOW_AFTER = 0.1


@contextmanager
def watched(
    callbacks: Callback | Iterable[Callback], progress: bool | None, epochs: int | None
) -> Iterator[Callable[[dict[str, Any]], bool] | None]:
    """One function that calls all callbacks and the progress bar, if there are any, and says whether to stop."""
    watchers: list[Callback] = [callbacks] if callable(callbacks) else list(callbacks)
    bar = _bar(progress, epochs)
    if bar:
        watchers.append(bar)

    def on_epoch(record: dict[str, Any]) -> bool:
        # all of them, also after one that stops
        return any([bool(watcher(record)) for watcher in watchers])

    try:
        yield on_epoch if watchers else None
    finally:
        if bar:
            bar.close()


def arrays(records: Sequence[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    """An array for each result that some epoch has."""
    names = records[0] if records else ()
    given = [name for name in names if any(record[name] is not None for record in records)]
    return {name: np.array([record[name] for record in records], dtype=_kind(name)) for name in given}


def _kind(name: str) -> type:
    return np.int64 if name in ("epoch", "network") else np.float64


def _bar(wanted: bool | None, epochs: int | None) -> _Bar | None:
    if wanted is False:
        return None
    shell = sys.modules.get("IPython")
    if shell is not None and getattr(shell.get_ipython(), "kernel", None) is not None:
        return _Notebook(epochs)
    return _Bar(epochs) if wanted or sys.stderr.isatty() else None


class _Bar:
    """A line in a terminal, which is removed at the end."""

    def __init__(self, epochs: int | None) -> None:
        self.epochs = epochs
        self.shown = 0.0
        self.length = 0

    def __call__(self, record: dict[str, Any]) -> None:
        if time.monotonic() - self.shown < _SHOW_AFTER:
            return
        self.shown = time.monotonic()
        self.show(record)

    def text(self, record: dict[str, Any]) -> str:
        of = f" of {self.epochs}" if self.epochs else ""
        losses = [f"loss {record['loss']:.4g}"]
        if record["validation_loss"] is not None:
            losses.append(f"validation loss {record['validation_loss']:.4g}")
        return f"epoch {record['epoch']}{of}: {', '.join(losses)}"

    def show(self, record: dict[str, Any]) -> None:
        text = self.text(record)
        sys.stderr.write("\r" + text + " " * (self.length - len(text)))
        sys.stderr.flush()
        self.length = len(text)

    def close(self) -> None:
        sys.stderr.write("\r" + " " * self.length + "\r")
        sys.stderr.flush()


class _Notebook(_Bar):
    """A line in the output of a cell."""

    def __init__(self, epochs: int | None) -> None:
        super().__init__(epochs)
        from IPython.display import display

        self.handle = display({"text/plain": ""}, raw=True, display_id=True)

    def show(self, record: dict[str, Any]) -> None:
        text = self.text(record)
        share = f"<progress value='{record['epoch']}' max='{self.epochs}'></progress> " if self.epochs else ""
        self.handle.update({"text/plain": text, "text/html": share + html.escape(text)}, raw=True)

    def close(self) -> None:
        self.handle.update({"text/plain": "", "text/html": ""}, raw=True)
