"""`compare/run quality`: how good the models are, each library in its own best hands, on the same rows, five seeds each."""

import argparse
from dataclasses import replace

from harness import environment
from harness.fits import DATA, Contestant, measure
from harness.options import Results, add_choice, add_shared
from harness.program import Mfnet

SGD = ("--hidden", "none", "--optimizer", "sgd", "--schedule", "constant", "--weight-decay", 0)
#: The settings of PyTorch are those that mfnet has by itself, which were chosen on validation rows, with the same schedule: both are as good as the other.
TORCH = {"hidden": [256, 256, 256], "learning_rate": 0.005, "weight_decay": 0.1, "batch": 64}
#: scikit-learn's network: its own defaults but for the size.
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
    add_choice(parser, "data", DATA)
    add_choice(parser, "contestants", CONTESTANTS)
    parser.add_argument("--seeds", type=int, default=5, help="how many (default 5)")
    add_shared(parser, "one seed of California Housing")


def run(args: argparse.Namespace) -> None:
    """Data set after data set."""
    if args.quick:
        args.data, args.seeds = ["california"], 1
    environment.make_python()
    mfnet = Mfnet()
    results = Results(args, "quality")
    measured = {(data, CONTESTANTS[name].title) for data in args.data for name in args.contestants}
    results.keep_earlier(lambda cell: (cell["data"], cell["contestant"]) not in measured)
    for data in args.data:
        contestants = [of_data(CONTESTANTS[name], DATA[data].name) for name in args.contestants]
        measure(results, mfnet, DATA[data], contestants, args.seeds, data=data)


def of_data(contestant: Contestant, data: str) -> Contestant:
    """With what depends on the data."""
    if contestant.library != "torch":
        return contestant
    more = {"epochs": TORCH_EPOCHS[data], "scale": TORCH_SCALE[data]}
    return replace(contestant, settings=contestant.settings | more)
