"""`compare/run quality`: how good the models are, each library in its own best hands, on the same rows, five seeds each."""

import argparse
import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

from harness import environment, machine
from harness.environment import RESULTS, say
from harness.fits import DATA, Contestant, fit
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
    names = lambda text: text.split(",")
    parser.add_argument("--data", type=names, default=list(DATA), help=f"of {','.join(DATA)}")
    parser.add_argument("--contestants", type=names, default=list(CONTESTANTS), help=f"of {','.join(CONTESTANTS)}")
    parser.add_argument("--seeds", type=int, default=5, help="how many (default 5)")
    parser.add_argument("--threads", type=int, default=2, help="threads that each may use (default 2)")
    parser.add_argument("--quick", action="store_true", help="one seed of California Housing")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the folder for quality.json")


def run(args: argparse.Namespace) -> None:
    """Seed after seed, so that what the machine does meanwhile meets all alike; results are written after each."""
    if args.quick:
        args.data, args.seeds = ["california"], 1
    for name, known in ((args.data, DATA), (args.contestants, CONTESTANTS)):
        if unknown := set(name) - set(known):
            sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    environment.make_python()
    mfnet = Mfnet()
    args.output.mkdir(parents=True, exist_ok=True)
    result = {"date": date.today().isoformat(), "machine": machine.describe(), "threads": args.threads}
    result["cells"] = machine.earlier_cells(args.output / "quality.json", result["machine"], lambda cell: cell["data"] not in args.data)
    for data in args.data:
        cells = {name: {"data": data, "contestant": name, "runs": []} for name in args.contestants}
        result["cells"] += cells.values()
        for seed in range(args.seeds):
            for name, cell in cells.items():
                say(f"{DATA[data].title}, seed {seed}: {CONTESTANTS[name].title}")
                cell["runs"].append(fit(mfnet, DATA[data], of_data(CONTESTANTS[name], DATA[data].name), seed, args.threads))
                (args.output / "quality.json").write_text(json.dumps(result, indent=1) + "\n")


def of_data(contestant: Contestant, data: str) -> Contestant:
    """With what depends on the data."""
    if contestant.library != "torch":
        return contestant
    more = {"epochs": TORCH_EPOCHS[data], "scale": TORCH_SCALE[data]}
    return replace(contestant, settings=contestant.settings | more)
