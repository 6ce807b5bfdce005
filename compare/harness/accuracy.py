"""`compare/run accuracy`: seconds from the start of the process until a model is saved that is good enough."""

import argparse
from dataclasses import dataclass

from harness import environment
from harness.fits import DATA, Contestant, add_seeds, measure, seeds_of
from harness.options import Results, add_choice, add_shared
from harness.program import Mfnet


@dataclass(frozen=True)
class Goal:
    """A score on the test rows, and how each library comes to it soonest, as far as validation rows showed."""

    data: str
    score: float
    contestants: list[Contestant]

    def is_reached(self, score: float) -> bool:
        """Accuracy is to be large, an error small."""
        return score >= self.score if DATA[self.data].of_classes else score <= self.score


def mfnet(hidden: str, rate: float, batch: int, epochs: int) -> Contestant:
    """mfnet with AdamW, decay 0.1 and one cycle, as it is by itself."""
    options = ("--hidden", hidden, "--learning-rate", rate, "--batch-size", batch, "--epochs", epochs, "--dtype", "f32")
    return Contestant("mfnet", "mfnet", (*options, "--weight-decay", 0.1, "--schedule", "one-cycle"))


def torch(hidden: list[int], rate: float, batch: int, epochs: int, scale: str = "standard") -> Contestant:
    """PyTorch with the same, as its users write it: biases decay too, and one cycle turns the first beta as well."""
    settings = {"hidden": hidden, "learning_rate": rate, "weight_decay": 0.1, "batch": batch, "epochs": epochs, "scale": scale}
    return Contestant("PyTorch", "torch", settings=settings)


#: `../README.md` says what was tried.
GOALS = {
    "mnist-97": Goal("mnist", 0.97, [mfnet("128,128", 0.008, 128, 2), torch([128, 128], 0.008, 256, 2)]),
    "mnist-98": Goal("mnist", 0.98, [mfnet("256,256", 0.005, 128, 4), torch([256, 256], 0.01, 512, 4)]),
    "mnist-98.5": Goal("mnist", 0.985, [mfnet("512,512", 0.005, 256, 10), torch([512, 512], 0.005, 256, 10)]),
    "california-0.55": Goal("california", 0.55, [mfnet("64,64,64", 0.01, 64, 8), torch([128, 128], 0.02, 256, 8, "quantile")]),
    "california-0.50": Goal("california", 0.50, [mfnet("96,96,96", 0.01, 64, 32), torch([128] * 3, 0.012, 128, 34, "quantile")]),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    add_choice(parser, "goals", GOALS, quick=["mnist-98", "california-0.55"])
    add_seeds(parser)
    add_shared(parser, "one seed of 98 %% and of 0.55")


def run(args: argparse.Namespace) -> None:
    """Goal after goal."""
    results = Results(args, "accuracy", {"cells": lambda cell: cell["goal"] in args.goals})
    environment.make_python()
    program = Mfnet()
    for name in args.goals:
        goal = GOALS[name]
        measure(results, program, DATA[goal.data], goal.contestants, seeds_of(args), goal=name)
