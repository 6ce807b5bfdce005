"""Compares the speed of works: both versions in alternating rounds, beside the earlier one against itself. Exit status 1 if one is slower."""

import argparse
import os
import subprocess
import time
from dataclasses import dataclass, field
from math import comb
from statistics import median

from versions import built
from versions.built import Built, say

#: Runs of a round: several where one takes so little that it would be left to chance.
WORKS = {"A128": 1, "A1024": 1, "B": 3, "C": 9, "D": 5, "EA": 2, "EC": 2}
#: Works of one prediction, which takes one thread whatever is given.
PREDICTIONS = ("EA", "EC")
#: A median below this is measured again, with more rounds; an interval below it is a failure.
BOUND = 0.98
#: Seconds between two runs, in which the threads of the one before stop spinning.
PAUSE = 0.1


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    words = lambda allowed: lambda text: [allowed[allowed.index(word)] for word in text.split(",")]
    parser.add_argument("--works", type=words(list(WORKS)), default=list(WORKS), metavar="NAMES", help="with commas [default: all]")
    parser.add_argument("--dtypes", type=words(["f32", "f64"]), default=["f32", "f64"], metavar="NAMES", help="with commas [default: both]")
    parser.add_argument("--threads", type=words(["1", "2"]), default=["1", "2"], metavar="NUMBERS", help="with commas [default: 1,2]")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="rounds: each version once [default: 7]")
    parser.add_argument("--more-rounds", type=int, default=21, metavar="N",
                        help=f"rounds in all where the median is below {BOUND} [default: 21]")


def run(args: argparse.Namespace) -> bool:
    """Whether nothing is slower."""
    old, new = built.earlier(args.base), built.current()
    print("speed of the tree as it is / that of the commit before: median of the rounds, and its 95 % interval")
    print(f"{'work':6} {'type':4} {'threads':>7} {'seconds':>11} {'new/old':>8} {'interval':>16} {'old/old':>8} {'interval':>16} {'rounds':>6}")
    slower = []
    for work in args.works:
        for dtype in args.dtypes:
            for threads in args.threads:
                if work in PREDICTIONS and threads != args.threads[0]:
                    continue
                begin = ["--work", work, "--dtype", dtype, "--threads", threads]
                cell = measure(old, new, begin, WORKS[work], args.rounds, args.more_rounds)
                low, high = interval(cell.ratios)
                line = f"{work:6} {dtype:4} {threads:>7} {cell.seconds:11.3e} {columns(cell.ratios)} {columns(cell.controls)} {len(cell.ratios):6}"
                is_slower = high < BOUND
                print(line + ("  slower" if is_slower else ""), flush=True)
                slower += [f"{work} {dtype} {threads}"] if is_slower else []
    print(f"slower: {', '.join(slower)}" if slower else f"no interval lies below {BOUND}")
    return not slower


@dataclass
class Cell:
    """What was measured of one work."""

    #: Seconds of the version as it is, the median.
    seconds: float = 0.0
    #: In each round, seconds of the earlier version / seconds of the other one.
    ratios: list[float] = field(default_factory=list)
    #: The same of the earlier version against itself.
    controls: list[float] = field(default_factory=list)


def measure(old: Built, new: Built, options: list[str], runs: int, rounds: int, more_rounds: int) -> Cell:
    """Rounds in which each process has its turn; another one begins each time.

    Where memory lies differs from process to process, and with it the speed: further rounds have new processes."""
    cell, seconds_of_new = Cell(), []
    while not cell.ratios or (median(cell.ratios) < BOUND and len(cell.ratios) < more_rounds):
        processes = [Process(version, options) for version in (old, new, old)]
        try:
            for _ in range(rounds):
                first = len(cell.ratios) % 3
                seconds = {}
                for number in (*range(first, 3), *range(first)):
                    seconds[number] = processes[number].seconds(runs)
                cell.ratios.append(seconds[0] / seconds[1])
                cell.controls.append(seconds[0] / seconds[2])
                seconds_of_new.append(seconds[1])
                say(f"  {' '.join(options[1::2])}: round {len(cell.ratios)}, {cell.ratios[-1]:.3f}, control {cell.controls[-1]:.3f}")
        finally:
            for process in processes:
                process.stop()
    cell.seconds = median(seconds_of_new)
    return cell


class Process:
    """`mfnet-bench serve`: it is ready after an epoch, and then runs once for each line that it gets."""

    def __init__(self, version: Built, options: list[str]) -> None:
        self.version = version
        self.child = subprocess.Popen(
            [version.bench, "serve", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
        )
        self.answer()

    def answer(self) -> str:
        line = self.child.stdout.readline()
        if not line:
            raise built.Failed(f"mfnet-bench serve of {self.version.name} ended with {self.child.wait()}")
        return line

    def seconds(self, runs: int) -> float:
        """Seconds of a run, the median of so many."""
        time.sleep(PAUSE)
        found = []
        for _ in range(runs):
            print("run", file=self.child.stdin, flush=True)
            found.append(float(self.answer().split()[0]))
        return median(found)

    def stop(self) -> None:
        self.child.kill()
        self.child.wait()


def interval(values: list[float]) -> tuple[float, float]:
    """The 95 % interval of the median by order statistics: it is outside x₍ₖ₎ … x₍ₙ₊₁₋ₖ₎ with probability 2 P(B < k), B binomial of n and ½.

    Of fewer than six values, all of them."""
    n, k, outside = len(values), 0, 0.0
    while outside + 2 * comb(n, k) / 2**n <= 0.05:
        outside += 2 * comb(n, k) / 2**n
        k += 1
    values = sorted(values)
    k = max(k, 1)
    return values[k - 1], values[n - k]


def columns(ratios: list[float]) -> str:
    """Median and interval for the table."""
    low, high = interval(ratios)
    return f"{median(ratios):8.3f} {f'{low:.3f} to {high:.3f}':>16}"
