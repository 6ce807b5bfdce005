"""`compare/run speed`: seconds of an epoch, or of a prediction, of every peer in alternating rounds."""

import argparse

from harness import environment, machine, page_speed
from harness.environment import say
from harness.options import Results, add_choice, add_shared, at_least_one
from harness.peers import OURS, PEERS, WORKS
from harness.processes import PeerFailed, Process, alternate

#: Runs of a round where one takes so little that a single one would be left to chance.
RUNS_OF_A_ROUND = {"B": 3, "C": 9, "D": 5}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    add_choice(parser, "works", WORKS, quick=["C", "D"])
    add_choice(parser, "dtypes", ("f32", "f64"), quick=["f32"])
    add_choice(parser, "peers", PEERS, quick=[name for name in PEERS if name not in ("torch-compile", "candle", "burn")])
    parser.add_argument("--rounds", type=at_least_one, metavar="N", help="rounds: every peer once (default 7, with --quick 2)")
    add_shared(parser, "two rounds of C and D in f32, without PyTorch compiled, candle and burn, which take minutes to compile")


def run(args: argparse.Namespace) -> Results:
    """Work after work."""
    args.rounds = args.rounds or (2 if args.quick else 7)
    is_measured = lambda cell: cell["work"] in args.works and cell["dtype"] in args.dtypes
    args.peers = [OURS, *(name for name in args.peers if name != OURS)]
    has_more = lambda cell: not {*cell["peers"], *cell["missing"]} <= {*args.peers}
    results = Results(args, "speed", {"cells": is_measured}, has_more, rounds=args.rounds)
    environment.make_python()
    commands = {name: PEERS[name].make() for name in args.peers}
    for dtype in args.dtypes:
        for work in args.works:
            say(f"{work} {dtype}, {args.threads} threads")
            measured = machine.measure(commands[OURS][0])
            results.found["cells"].append({"work": work, "dtype": dtype, "machine": measured} | cell(args, commands, work, dtype))
            write(results)
    return results


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
        alternate(processes, args.rounds, 1 if args.quick else RUNS_OF_A_ROUND.get(work, 1))
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


def write(results: Results) -> None:
    """The three files."""
    results.write()
    results.path.with_suffix(".md").write_text(page_speed.whole(results.found))
    environment.run_python("harness/plots.py", results.path.parent, "speed")
