"""The options that comparisons share, and what every result begins with."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from harness import machine
from harness.environment import QUICK_RESULTS, RESULTS, say


def add_shared(parser: argparse.ArgumentParser, quick: str) -> None:
    """Threads, the small form and the folder of the results."""
    parser.add_argument("--threads", type=at_least_one, default=2, metavar="N", help="threads that each may use (default 2)")
    parser.add_argument("--quick", action="store_true", help=f"{quick}; into results/quick, which is not committed")
    parser.add_argument("--output", type=folder, metavar="DIR", help="the folder for what was measured")


def output_of(args: argparse.Namespace) -> Path:
    """The folder of --output, or the one of the small or of the whole form."""
    return args.output or (QUICK_RESULTS if args.quick else RESULTS)


def at_least_one(text: str) -> int:
    """A count."""
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, found {text!r}")


def folder(text: str) -> Path:
    """A folder that is there or can be made."""
    path = Path(text)
    if file := next((place for place in (path, *path.parents) if place.exists() and not place.is_dir()), None):
        raise argparse.ArgumentTypeError(f"{file} is a file, expected a folder")
    return path


def add_choice(parser: argparse.ArgumentParser, name: str, known: Iterable[str], quick: Iterable[str] | None = None) -> None:
    """`--name A,B`: some of `known`. Without it all of them, or with --quick those of `quick`."""
    known = list(known)
    parser.add_argument(f"--{name}", type=some_of(known), metavar="A,B", help=f"of {','.join(known)}")
    parser.set_defaults(**{f"all_{name}": (known, list(quick or known))})


def choose(args: argparse.Namespace) -> None:
    """Puts what is chosen in the place of what was not said."""
    for name, (known, quick) in [(name[4:], value) for name, value in vars(args).items() if name.startswith("all_")]:
        if getattr(args, name) is None:
            setattr(args, name, quick if args.quick else known)


def some_of(known: list[str]) -> Callable[[str], list[str]]:
    """Reads names with commas, each once."""

    def read(text: str) -> list[str]:
        names = list(dict.fromkeys(text.split(",")))
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(map(repr, unknown))}; there are {', '.join(known)}")
        return names

    return read


def read(path: Path) -> dict:
    """Results that are on disk."""
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        sys.exit(f"{path} is damaged: {error}")


class Results:
    """What a comparison found, on disk after each of its parts, so that a later failure loses nothing.

    `is_measured` tells for each list of cells which ones this run measures; it keeps the others of an earlier run at the same commit on the same
    machine. If they were measured otherwise nothing is measured, since they would be lost or would seem to be of this run; nor if a cell `has_more`
    than this run finds.
    """

    def __init__(
        self,
        args: argparse.Namespace,
        name: str,
        is_measured: dict[str, Callable[[dict], bool]],
        has_more: Callable[[dict], bool] = lambda cell: False,
        **more: object,
    ) -> None:
        self.path = output_of(args) / f"{name}.json"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.found = {"date": date.today().isoformat(), "machine": machine.describe(), "threads": args.threads, "quick": args.quick, **more}
        earlier = read(self.path) if self.path.exists() else {}
        kept = {cells: [cell for cell in earlier.get(cells, []) if not test(cell)] for cells, test in is_measured.items()}
        same = ("machine", "threads", "quick", *more)
        is_other = any(kept.values()) and any(earlier.get(each) != self.found[each] for each in same)
        if is_other or any(has_more(cell) for cells in is_measured for cell in earlier.get(cells, []) if cell not in kept[cells]):
            sys.exit(f"{self.path} has more than this run measures, made at another commit or otherwise: measure all, or name another folder with --output")
        self.found |= kept

    def say_where(self) -> None:
        """What is there now, and what is made of it."""
        folder = self.path.parent
        of_folder = "" if folder == RESULTS else f" --results {folder}"
        say(f"{self.path} has what was measured; compare/run page{of_folder} makes the page of it")

    def write(self) -> None:
        """All that was found so far, a line for each cell."""
        line = lambda name, value: f"{json.dumps(name)}: {json.dumps(value)}"
        lines = lambda name, cells: f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, cells)) + "\n]"
        parts = [lines(name, value) if isinstance(value, list) else line(name, value) for name, value in self.found.items()]
        written = self.path.with_suffix(".json.new")
        written.write_text("{\n" + ",\n".join(parts) + "\n}\n")
        written.replace(self.path)
