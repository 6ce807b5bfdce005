"""`compare/run tries`: the scores on validation rows by which the settings of `quality` and `accuracy` were chosen."""

import argparse

from harness import environment
from harness.fits import DATA, measure
from harness.options import Results, add_choice, add_shared
from harness.program import Mfnet
from harness.settings import TRIED

#: None of those that the comparisons have.
SEEDS = range(10, 13)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    add_choice(parser, "purposes", TRIED, quick=["california-0.55"])
    add_shared(parser, "one seed of 0.55")


def run(args: argparse.Namespace) -> Results:
    """Purpose after purpose."""
    results = Results(args, "tries", {"cells": lambda cell: cell["purpose"] in args.purposes})
    environment.make_python()
    program = Mfnet()
    for purpose in args.purposes:
        tried = [each for contestants in TRIED[purpose].values() if len(contestants) > 1 for each in contestants]
        measure(results, program, DATA[purpose.split("-")[0]], tried, SEEDS[:1] if args.quick else SEEDS, choosing=True, purpose=purpose)
    return results
