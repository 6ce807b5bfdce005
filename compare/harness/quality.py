"""`compare/run quality`: how good the models are that each library makes, on the same rows, five seeds each."""

import argparse
from dataclasses import replace

from harness import environment
from harness.fits import DATA, Contestant, add_seeds, has_more_than, measure, seeds_of
from harness.options import Results, add_choice, add_shared
from harness.program import Mfnet
from harness.settings import chosen

SGD = ("--hidden", "none", "--optimizer", "sgd", "--schedule", "constant", "--weight-decay", 0)


def contestants_of(data: str) -> dict[str, Contestant]:
    """Who trains: mfnet by itself, and the others with the best settings that were found. A division by chance has those of the other."""
    best = {library: chosen(data.removesuffix("-drawn"), library) for library in ("torch", "mlp", "boosting")}
    return {
        "mfnet": Contestant("mfnet, no option", "mfnet"),
        "mfnet-linear": Contestant("mfnet, linear model by SGD", "mfnet", SGD),
        "torch": replace(best["torch"], title="PyTorch, AdamW with one cycle"),
        "mlp": replace(best["mlp"], title="scikit-learn, MLP with early stopping"),
        "boosting": best["boosting"],
    }


CONTESTANTS = contestants_of("california")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    add_choice(parser, "data", DATA, quick=["california"])
    add_choice(parser, "contestants", CONTESTANTS, quick=[name for name in CONTESTANTS if name != "mlp"])
    add_seeds(parser)
    add_shared(parser, "one seed of California Housing, without scikit-learn's MLP")


def run(args: argparse.Namespace) -> Results:
    """Data set after data set."""
    measured = {(data, CONTESTANTS[name].title) for data in args.data for name in args.contestants}
    results = Results(args, "quality", {"cells": lambda cell: (cell["data"], cell["contestant"]) in measured}, has_more_than(args))
    environment.make_python()
    mfnet = Mfnet()
    for data in args.data:
        contestants = [contestants_of(data)[name] for name in args.contestants]
        measure(results, mfnet, DATA[data], contestants, seeds_of(args), data=data)
    return results
