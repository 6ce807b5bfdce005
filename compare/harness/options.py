"""The options that comparisons share, and what every result begins with."""

import argparse
import json
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from harness import machine
from harness.environment import RESULTS


def add_shared(parser: argparse.ArgumentParser, quick: str) -> None:
    """Threads, the small form and the folder of the results."""
    parser.add_argument("--threads", type=int, default=2, help="threads that each may use (default 2)")
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--output", type=folder, default=RESULTS, metavar="DIR", help="the folder for what was measured")


def folder(text: str) -> Path:
    """A folder that is there or can be made."""
    if (path := Path(text)).is_dir() or not path.exists():
        return path
    raise argparse.ArgumentTypeError(f"{text} is a file, expected a folder")


def add_choice(parser: argparse.ArgumentParser, name: str, known: Iterable[str]) -> None:
    """`--name A,B`: some of `known`, or else all of them."""
    known = list(known)
    parser.add_argument(f"--{name}", type=some_of(known), default=known, metavar="A,B", help=f"of {','.join(known)}")


def some_of(known: list[str]) -> Callable[[str], list[str]]:
    """Reads names with commas."""

    def read(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}; there are {', '.join(known)}")
        return names

    return read


class Results:
    """What a comparison found, on disk after each of its parts, so that a later failure loses nothing."""

    def __init__(self, args: argparse.Namespace, name: str, **more: object) -> None:
        self.path = args.output / f"{name}.json"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.found = {"date": date.today().isoformat(), "machine": machine.describe(), "threads": args.threads, **more}

    def keep_earlier(self, is_kept: Callable[[dict], bool]) -> None:
        """Begins with the cells of an earlier run at the same commit on the same machine that this run does not measure again."""
        earlier = json.loads(self.path.read_text()) if self.path.exists() else {"machine": None}
        self.found["cells"] = [cell for cell in earlier["cells"] if is_kept(cell)] if earlier["machine"] == self.found["machine"] else []

    def write(self) -> None:
        """All that was found so far, a line for each cell."""
        line = lambda name, value: f"{json.dumps(name)}: {json.dumps(value)}"
        lines = lambda name, cells: f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, cells)) + "\n]"
        parts = [lines(name, value) if isinstance(value, list) else line(name, value) for name, value in self.found.items()]
        self.path.write_text("{\n" + ",\n".join(parts) + "\n}\n")
