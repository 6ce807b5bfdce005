"""Compares the peak memory of `mfnet train` on a large table with the size of its typed columns, in both versions."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from versions import built, tables
from versions.built import Built, say

NUMBERS, CATEGORIES, LEVELS = 20, 5, 100
#: Bytes of a number, and of the code of a category.
NUMBER, CODE = 8, 4
#: A small network and one epoch: memory does not grow with either.
TRAIN = ("--target", "y", "--hidden", "16", "--batch-size", "1024", "--epochs", "1", "--quiet", "--force")
LAUNCH = built.ROOT / "compare" / "harness" / "launch.py"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="rows of the table [default: 1000000]")
    parser.add_argument("--baselines", action="store_true", help="with the linear model and the naive predictor, which take minutes more")


def run(args: argparse.Namespace) -> bool:
    """Prints a table; there is nothing that fails."""
    versions = [built.earlier(args.base), built.current()]
    table = built.FOLDER / f"large-{args.rows}.csv"
    if not table.exists():
        say(f"writing {table.name}")
        tables.write_large(table, args.rows, NUMBERS, CATEGORIES, LEVELS)
    columns = args.rows * (NUMBERS * NUMBER + CATEGORIES * CODE)
    print(f"{args.rows} rows, {NUMBERS} numbers of {NUMBER} bytes, {CATEGORIES} categories with codes of {CODE} bytes: {columns / 1e6:.0f} MB")
    for dtype in ("f64", "f32"):
        for version in versions:
            peak = peak_bytes(version, table, dtype, args.baselines)
            print(f"{version.name:12} {dtype} {peak / 1e6:7.0f} MB, {peak / columns:.2f} of the typed columns", flush=True)
    return True


def peak_bytes(version: Built, table: Path, dtype: str, baselines: bool) -> int:
    """The most memory that the program had resident."""
    report = built.FOLDER / "memory.json"
    options = [*TRAIN, "--dtype", dtype, "--output", built.FOLDER / "memory", *([] if baselines else ["--no-baselines"])]
    # launched by a small process, because a child's peak counts that of its parent
    command = [sys.executable, LAUNCH, report, version.mfnet, "train", table, *options]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise built.Failed(f"mfnet train of {version.name} failed:\n{done.stderr[-2000:]}")
    return 1024 * json.loads(report.read_text())["peak_kilobytes"]
