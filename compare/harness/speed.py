"""`compare/run speed`: seconds of an epoch, or of a prediction, of every peer in alternating rounds."""

import argparse
import json
import subprocess
import sys
from datetime import date
from pathlib import Path

from harness import environment, machine, report
from harness.environment import COMPARE, PYTHON, RESULTS, say
from harness.peers import OURS, PEERS
from harness.processes import PeerFailed, Process, alternate

sys.path.append(str(COMPARE / "peers"))
from works import WORKS

#: Runs of a round where one takes so little that a single one would be left to chance.
RUNS_OF_A_ROUND = {"B": 3, "C": 9, "D": 5}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    names = lambda text: text.split(",")
    parser.add_argument("--rounds", type=int, default=7, help="rounds: every peer once (default 7)")
    parser.add_argument("--works", type=names, default=list(WORKS), help=f"of {','.join(WORKS)}")
    parser.add_argument("--dtypes", type=names, default=["f32", "f64"], help="f32,f64")
    parser.add_argument("--threads", type=int, default=2, help="threads that each may use (default 2)")
    parser.add_argument("--peers", type=names, default=list(PEERS), help=f"of {','.join(PEERS)}; {OURS} is always measured")
    parser.add_argument("--quick", action="store_true", help="two rounds of C, D and EC in f32")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the folder for speed.json, speed.md and speed.svg")


def run(args: argparse.Namespace) -> None:
    """Measures work after work; results are written after each, so that a later failure loses nothing."""
    if args.quick:
        args.rounds, args.works, args.dtypes = 2, ["C", "D", "EC"], ["f32"]
    for name, known in ((args.works, WORKS), (args.dtypes, ("f32", "f64")), (args.peers, PEERS)):
        if unknown := set(name) - set(known):
            sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    args.peers = [OURS, *(name for name in args.peers if name != OURS)]
    environment.make_python()
    commands = {name: PEERS[name].make() for name in args.peers}
    args.output.mkdir(parents=True, exist_ok=True)
    result = {
        "date": date.today().isoformat(),
        "machine": machine.describe(),
        "threads": args.threads,
        "rounds": args.rounds,
        "cells": [],
    }
    for dtype in args.dtypes:
        for work in args.works:
            say(f"{work} {dtype}, {args.threads} threads")
            measured = machine.measure(commands[OURS][0])
            result["cells"].append({"work": work, "dtype": dtype, "machine": measured} | cell(args, commands, work, dtype))
            write(result, args.output)


def cell(args: argparse.Namespace, commands: dict[str, list], work: str, dtype: str) -> dict[str, object]:
    """What all peers took for one work in one type, and which of them did not do it, with the reason."""
    missing: dict[str, str] = {}
    processes: list[Process] = []
    try:
        for name in args.peers:
            if work in PEERS[name].leaves_out:
                missing[name] = PEERS[name].leaves_out[work]
                continue
            try:
                processes.append(Process.start(PEERS[name], commands[name], work, dtype, args.threads))
            except PeerFailed as failure:
                if name == OURS:
                    raise
                say(str(failure))
                missing[name] = str(failure).splitlines()[0]
        alternate(processes, args.rounds, RUNS_OF_A_ROUND.get(work, 1))
        for process in processes:
            process.finish()
    finally:
        for process in processes:
            process.stop()
    return {"missing": missing, "peers": {process.peer.name: as_json(process) for process in processes}}


def as_json(process: Process) -> dict[str, object]:
    """Everything that is known of a peer in a cell."""
    return {
        "version": process.version,
        "seconds": process.rounds,
        "losses": process.losses,
        "peak_kilobytes": process.peak_kilobytes,
    }


def write(result: dict[str, object], folder: Path) -> None:
    """The three files."""
    (folder / "speed.json").write_text(json.dumps(result, indent=1) + "\n")
    (folder / "speed.md").write_text(report.speed(result))
    subprocess.run([PYTHON, COMPARE / "harness" / "chart.py", folder / "speed.json", folder / "speed.svg"], check=True)
