"""`compare/run quality`: how good the models are that each library makes, on the same rows, five seeds each."""

import argparse
from dataclasses import replace

from harness import environment
from harness.fits import DATA, Contestant, add_seeds, measure, seeds_of
from harness.options import Results, add_choice, add_shared
from harness.program import Mfnet

SGD = ("--hidden", "none", "--optimizer", "sgd", "--schedule", "constant", "--weight-decay", 0)
#: PyTorch has the settings that mfnet has by itself. They were chosen on validation rows with mfnet, and not anew with PyTorch.
TORCH = {"hidden": [256, 256, 256], "learning_rate": 0.005, "weight_decay": 0.1, "batch": 64}
#: scikit-learn's network: its own defaults but for the size and early stopping, and columns standardised. Nothing of it was tuned.
MLP = {"hidden": [256, 256], "learning_rate": 0.001, "weight_decay": 0.0001, "batch": 200, "epochs": 200}

CONTESTANTS = {
    "mfnet": Contestant("mfnet, no option", "mfnet"),
    "mfnet-linear": Contestant("mfnet, linear model by SGD", "mfnet", SGD),
    "torch": Contestant("PyTorch, AdamW with one cycle", "torch", settings=TORCH),
    "mlp": Contestant("scikit-learn, MLP 256-256, early stopping", "mlp", settings=MLP),
    "boosting": Contestant("scikit-learn, HistGradientBoosting", "boosting"),
}
#: As many epochs as mfnet makes of each data set by itself.
TORCH_EPOCHS = {"california-housing": 61, "mnist": 15}
TORCH_SCALE = {"california-housing": "quantile", "mnist": "standard"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    add_choice(parser, "data", DATA, quick=["california"])
    add_choice(parser, "contestants", CONTESTANTS)
    add_seeds(parser)
    add_shared(parser, "one seed of California Housing")


def run(args: argparse.Namespace) -> None:
    """Data set after data set."""
    measured = {(data, CONTESTANTS[name].title) for data in args.data for name in args.contestants}
    results = Results(args, "quality", {"cells": lambda cell: (cell["data"], cell["contestant"]) in measured})
    environment.make_python()
    mfnet = Mfnet()
    for data in args.data:
        contestants = [of_data(CONTESTANTS[name], DATA[data].name) for name in args.contestants]
        measure(results, mfnet, DATA[data], contestants, seeds_of(args), data=data)


def of_data(contestant: Contestant, data: str) -> Contestant:
    """With what depends on the data."""
    if contestant.library != "torch":
        return contestant
    more = {"epochs": TORCH_EPOCHS[data], "scale": TORCH_SCALE[data]}
    return replace(contestant, settings=contestant.settings | more)
