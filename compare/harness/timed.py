"""A program from its start to its end: how long it took, how much memory it had, and when its first epoch was done."""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: Seconds between two looks whether the first epoch is done.
LOOK_AFTER = 0.002


class Failed(Exception):
    """A program ended with an error; its last words."""


@dataclass
class Run:
    """A program that ended well. Seconds are counted from its start."""

    output: str
    seconds: float
    peak_kilobytes: int
    first_epoch: float | None


def run(command: list, environment: dict[str, str], text: str = "", is_first_epoch_done: Callable[[], bool] | None = None) -> Run:
    """Runs it with `text` as its standard input, and looks on."""
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as messages:
        given.write(text)
        given.seek(0)
        started = time.perf_counter()
        words = [str(word) for word in command]
        child = subprocess.Popen(words, stdin=given, stdout=said, stderr=messages, env=environment)
        first_epoch = None
        while is_first_epoch_done and first_epoch is None and child.poll() is None:
            if is_first_epoch_done():
                first_epoch = time.perf_counter() - started
            else:
                time.sleep(LOOK_AFTER)
        if child.returncode is None:
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            peak = usage.ru_maxrss
        else:
            peak = 0
        seconds = time.perf_counter() - started
        said.seek(0)
        messages.seek(0)
        if child.returncode:
            raise Failed(f"{' '.join(words)} ended with {child.returncode}:\n{messages.read()[-2000:]}")
        return Run(said.read(), seconds, peak, first_epoch)


def has_two_lines(path: Path) -> Callable[[], bool]:
    """Whether `history.csv` has its header and an epoch."""
    return lambda: path.exists() and path.read_bytes().count(b"\n") >= 2
