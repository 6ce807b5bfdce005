"""`compare/run accuracy`: seconds from the start of the process until a model is saved that is good enough."""

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from harness import environment, machine
from harness.environment import RESULTS, say
from harness.fits import DATA, Contestant, fit
from harness.program import Mfnet


@dataclass(frozen=True)
class Goal:
    """A score on the test rows, and how each library comes to it soonest, as far as validation rows showed."""

    data: str
    score: float
    contestants: tuple[Contestant, ...]

    def is_reached(self, score: float) -> bool:
        """Accuracy is to be large, an error small."""
        return score >= self.score if self.data == "mnist" else score <= self.score


def mfnet(hidden: str, rate: float, batch: int, epochs: int) -> Contestant:
    """mfnet with AdamW, decay 0.1 and one cycle, as it is by itself."""
    options = ("--hidden", hidden, "--learning-rate", rate, "--batch-size", batch, "--epochs", epochs, "--dtype", "f32")
    return Contestant("mfnet", "mfnet", (*options, "--weight-decay", 0.1, "--schedule", "one-cycle"))


def torch(hidden: list[int], rate: float, batch: int, epochs: int, scale: str = "standard") -> Contestant:
    """PyTorch with the same."""
    settings = {"hidden": hidden, "learning_rate": rate, "weight_decay": 0.1, "batch": batch, "epochs": epochs, "scale": scale}
    return Contestant("PyTorch", "torch", settings=settings)


#: `../README.md` says what was tried.
GOALS = {
    "mnist-97": Goal("mnist", 0.97, (mfnet("128,128", 0.008, 128, 2), torch([128, 128], 0.008, 256, 2))),
    "mnist-98": Goal("mnist", 0.98, (mfnet("256,256", 0.005, 128, 4), torch([256, 256], 0.01, 512, 4))),
    "mnist-98.5": Goal("mnist", 0.985, (mfnet("512,512", 0.005, 256, 10), torch([512, 512], 0.005, 256, 10))),
    "california-0.55": Goal("california", 0.55, (mfnet("128,128", 0.01, 64, 5), torch([128, 128], 0.01, 128, 5, "quantile"))),
    "california-0.50": Goal("california", 0.50, (mfnet("128,128,128", 0.01, 64, 20), torch([128] * 3, 0.015, 128, 20, "quantile"))),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    names = lambda text: text.split(",")
    parser.add_argument("--goals", type=names, default=list(GOALS), help=f"of {','.join(GOALS)}")
    parser.add_argument("--seeds", type=int, default=5, help="how many (default 5)")
    parser.add_argument("--threads", type=int, default=2, help="threads that each may use (default 2)")
    parser.add_argument("--quick", action="store_true", help="one seed of 98 % and of 0.55")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the folder for accuracy.json")


def run(args: argparse.Namespace) -> None:
    """In every round each library once; results are written after each."""
    if args.quick:
        args.goals, args.seeds = ["mnist-98", "california-0.55"], 1
    if unknown := set(args.goals) - set(GOALS):
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(GOALS)}")
    environment.make_python()
    program = Mfnet()
    args.output.mkdir(parents=True, exist_ok=True)
    result = {"date": date.today().isoformat(), "machine": machine.describe(), "threads": args.threads}
    result["cells"] = machine.earlier_cells(args.output / "accuracy.json", result["machine"], lambda cell: cell["goal"] not in args.goals)
    for name in args.goals:
        goal = GOALS[name]
        cells = [{"goal": name, "contestant": each.title, "runs": []} for each in goal.contestants]
        result["cells"] += cells
        for seed in range(args.seeds):
            for each, cell in zip(goal.contestants, cells):
                say(f"{name}, seed {seed}: {each.title}")
                done = fit(program, DATA[goal.data], each, seed, args.threads)
                cell["runs"].append(done | {"reached": goal.is_reached(done["test"])})
                (args.output / "accuracy.json").write_text(json.dumps(result, indent=1) + "\n")
