"""A program from its start to its end: how long it took, how much memory it had, and when its first epoch was done."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LAUNCH = [sys.executable, "-I", "-S", Path(__file__).with_name("launch.py")]
#: Seconds between two looks whether the first epoch is done.
LOOK_AFTER = 0.002


class Failed(Exception):
    """A program ended with an error; its last words."""


@dataclass
class Run:
    """A program that ended well. Seconds are counted from its start, which was at `date` of the system's clock."""

    output: str
    date: float
    seconds: float
    peak_kilobytes: int
    first_epoch: float | None


def run(command: list, environment: dict[str, str], text: str = "", is_first_epoch_done: Callable[[], bool] | None = None) -> Run:
    """Runs it with `text` as its standard input, and looks on."""
    words = [str(word) for word in command]
    with tempfile.TemporaryDirectory() as folder:
        given, said, messages, report = (Path(folder, name) for name in ("given", "said", "messages", "report"))
        given.write_text(text)
        with given.open() as stdin, said.open("w") as stdout, messages.open("w") as stderr:
            child = subprocess.Popen([*LAUNCH, report, *words], stdin=stdin, stdout=stdout, stderr=stderr, env=environment)
            first_epoch = None
            while is_first_epoch_done and first_epoch is None and child.poll() is None:
                if is_first_epoch_done():
                    first_epoch = time.perf_counter()
                else:
                    time.sleep(LOOK_AFTER)
            if first_epoch is None and is_first_epoch_done and is_first_epoch_done():
                first_epoch = time.perf_counter()
            if child.wait():
                raise Failed(f"{' '.join(words)} ended with {child.returncode}:\n{messages.read_text()[-2000:]}")
        of = json.loads(report.read_text())
        since = None if first_epoch is None else first_epoch - of["clock"]
        return Run(said.read_text(), of["date"], of["seconds"], of["peak_kilobytes"], since)


def has_two_lines(path: Path) -> Callable[[], bool]:
    """Whether `history.csv` has its header and an epoch."""
    return lambda: path.exists() and path.read_bytes().count(b"\n") >= 2
