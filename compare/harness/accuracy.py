"""`compare/run accuracy`: seconds from the start of the process until a model is saved that is good enough."""

import argparse
from dataclasses import dataclass, replace

from harness import environment
from harness.fits import DATA, add_seeds, has_more_than, measure, seeds_of
from harness.options import Results, add_choice, add_shared
from harness.program import Mfnet
from harness.settings import TRIED, chosen


@dataclass(frozen=True)
class Goal:
    """A score on the test rows."""

    data: str
    score: float
    #: By so much the score on validation rows has to be better for settings to be chosen.
    to_spare: float = 0.0

    def is_reached(self, score: float, to_spare: float = 0.0) -> bool:
        """Accuracy is to be large, an error small."""
        return score >= self.score + to_spare if DATA[self.data].of_classes else score <= self.score - to_spare


GOALS = {
    "mnist-97": Goal("mnist", 0.97),
    "mnist-98": Goal("mnist", 0.98),
    "mnist-98.5": Goal("mnist", 0.985),
    # the standard error of an RMSE of so many rows
    "california-0.55": Goal("california", 0.55, 0.015),
    "california-0.50": Goal("california", 0.50, 0.015),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    add_choice(parser, "goals", GOALS, quick=["mnist-97", "california-0.55"])
    add_seeds(parser)
    add_shared(parser, "one seed of 97 %% and of 0.55")


def run(args: argparse.Namespace) -> Results:
    """Goal after goal."""
    results = Results(args, "accuracy", {"cells": lambda cell: cell["goal"] in args.goals}, has_more_than(args))
    environment.make_python()
    program = Mfnet()
    for name in args.goals:
        contestants = [chosen(name, library) for library in TRIED[name]]
        contestants = [replace(each, title=each.title.split(",")[0]) for each in contestants]
        measure(results, program, DATA[GOALS[name].data], contestants, seeds_of(args), goal=name)
    return results
