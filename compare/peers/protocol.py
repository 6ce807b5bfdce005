"""How a peer talks to the harness.

The harness starts one process for each peer and work. It prepares its data, compiles what it compiles, runs once to warm up and
prints `ready NAME VERSION`. Then it runs once for every line on stdin and answers with one line: the seconds of the run, and the
mean loss of its epoch, which shows that the peer trains. At the end of stdin it prints the peak of its resident memory in kilobytes, from the
first run on.
A run is one epoch; where one sample is predicted it is a loop of at least 0.2 s, and the seconds are those of one prediction.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable

from works import WORKS, Work

#: Seconds that a loop of predictions takes at least.
SHORTEST_LOOP = 0.2

#: Takes the work, `f32` or `f64`, and the number of threads; gives what runs one epoch and returns its mean loss, or predicts one sample.
Prepare = Callable[[Work, str, int], Callable[[], object]]


def serve(version: str, prepare: Prepare) -> None:
    """Does the work of the command line whenever the harness asks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True, choices=WORKS)
    parser.add_argument("--dtype", required=True, choices=["f32", "f64"])
    parser.add_argument("--threads", required=True, type=int)
    args = parser.parse_args()
    work = WORKS[args.work]
    run = prepare(work, args.dtype, args.threads)
    measure = predictions(run) if work.predicts else lambda: epoch(run)
    forget_peak_memory()
    measure()
    print("ready", version, flush=True)
    for _ in sys.stdin:
        print(measure(), flush=True)
    print(peak_memory(), flush=True)


def epoch(run: Callable[[], object]) -> str:
    """Seconds of an epoch, and its loss."""
    start = time.perf_counter()
    loss = float(run())
    seconds = time.perf_counter() - start
    if not math.isfinite(loss):
        raise FloatingPointError(f"the loss is {loss}")
    return f"{seconds:.9f} {loss:.6f}"


def predictions(run: Callable[[], object]) -> Callable[[], str]:
    """What measures the seconds of one prediction, the mean of a loop that is long enough."""

    def loop(times: int) -> float:
        start = time.perf_counter()
        for _ in range(times):
            run()
        return time.perf_counter() - start

    times = 100
    while loop(times) < SHORTEST_LOOP:
        times *= 2
    return lambda: f"{loop(times) / times:.9f}"


def forget_peak_memory() -> None:
    """Begins the peak anew, so that copies made while data are prepared do not count."""
    try:
        with open("/proc/self/clear_refs", "w") as peak:
            peak.write("5")
    except OSError:
        print("the peak of memory includes the preparation of data", file=sys.stderr)


def peak_memory() -> int:
    """The most memory that this process had resident, in kilobytes."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
