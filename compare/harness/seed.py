"""`compare/run seed`: the experiment of the paper that mfnet follows, on two tasks with a linear model and a network, the same work in both libraries."""

import argparse
import csv
import io
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness import environment, timed
from harness.environment import COMPARE, PYTHON, say
from harness.options import Results, add_choice, add_shared, at_least_one
from harness.program import Mfnet, losses
from harness.size import sizes

#: All rows but the official test rows are training rows.
ALL_TRAINED = ("--validation-fraction", 0, "--split-seed", 0)
#: Norm to which the gradient of each layer is shortened.
CLIP = 5
#: What is kept of each round: seconds of the training alone, until the end of the first epoch and of the whole process, memory, and the score on the test rows.
OF_EACH_ROUND = ("seconds", "first_epoch", "whole", "peak_kilobytes", "test")


@dataclass(frozen=True)
class Task:
    """A data set, and for how many epochs it is trained."""

    title: str
    data: str
    epochs: int


TASKS = {
    "regression": Task("California Housing", "california-housing", 500),
    "classification": Task("MNIST", "mnist", 100),
}
NETWORKS = {"linear": "none", "network": "512,512"}
#: Learning rate and batch size of the published run, of its library and of PyTorch.
SETTINGS = {"library": (1e-3, 1024), "pytorch": (1e-2, 128)}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    add_choice(parser, "tasks", TASKS)
    add_choice(parser, "networks", NETWORKS, quick=["network"])
    add_choice(parser, "settings", SETTINGS, quick=["pytorch"])
    parser.add_argument("--rounds", type=at_least_one, metavar="N", help="trainings by each library, in turn and in other orders of the rows (default 3, with --quick 1)")
    parser.add_argument("--dtype", choices=("f32", "f64"), default="f32", help="the type of all numbers (default f32)")
    add_shared(parser, "networks and the second pair of settings alone, and a hundredth of the epochs, at least two")


def run(args: argparse.Namespace) -> Results:
    """Cell after cell."""
    args.rounds = args.rounds or (1 if args.quick else 3)
    chosen = {"task": args.tasks, "network": args.networks, "settings": args.settings}
    is_measured = lambda cell: all(cell[name] in values for name, values in chosen.items())
    results = Results(args, "seed", {"cells": is_measured}, dtype=args.dtype, rounds=args.rounds)
    environment.make_python()
    mfnet = Mfnet()
    results.found["sizes"] = sizes(mfnet.path)
    for task in args.tasks:
        for network in args.networks:
            for settings in args.settings:
                results.found["cells"].append(cell(args, mfnet, task, network, settings))
                results.write()
    return results


def cell(args: argparse.Namespace, mfnet: Mfnet, task: str, network: str, settings: str) -> dict:
    """Both libraries with one network and one pair of settings, from the same weights, in rounds in which the other one begins each time."""
    of, (rate, batch) = TASKS[task], SETTINGS[settings]
    epochs = max(2, of.epochs // 100) if args.quick else of.epochs
    found = {"task": task, "network": network, "settings": settings, "learning_rate": rate, "batch": batch, "epochs": epochs}
    found |= {"mfnet": {"runs": []}, "pytorch": {"runs": []}}
    libraries = [("mfnet", train_mfnet), ("pytorch", train_pytorch)]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        network_options = ["--hidden", NETWORKS[network], "--dtype", args.dtype, "--scale", "standard"]
        start = mfnet.untrained(of.data, folder / "start", [*network_options, *ALL_TRAINED])
        for seed in range(args.rounds):
            say(f"{of.title}, {network}, rate {rate}, batches of {batch}: {epochs} epochs, round {seed + 1}")
            for library, train in libraries:
                learned, run = train(args, mfnet, found, start, folder / f"{library}-{seed}", seed)
                learned |= {"first_epoch": run.first_epoch, "whole": run.seconds, "peak_kilobytes": run.peak_kilobytes}
                found[library]["runs"].append({name: learned.pop(name) for name in OF_EACH_ROUND})
                # of the rest, which are curves and matrices, those of the first round
                found[library] = learned | found[library]
            libraries.reverse()
    return found


def train_mfnet(args: argparse.Namespace, mfnet: Mfnet, cell: dict, start: Path, folder: Path, seed: int) -> tuple[dict, timed.Run]:
    """What it learned, and the seconds of that alone; and the scores of the baselines."""
    data, epochs = TASKS[cell["task"]].data, cell["epochs"]
    options = ["--warm-start", start, "--optimizer", "sgd", "--learning-rate", cell["learning_rate"], "--batch-size", cell["batch"], "--seed", seed]
    options += ["--epochs", epochs, "--schedule", f"step:{epochs // 2}:0.5", "--clip-layer-norm", CLIP, *ALL_TRAINED]
    run = mfnet.train(data, folder, options, args.threads)
    report = json.loads(run.output)
    test = report["test"]
    learned = {"seconds": report["seconds"], "losses": losses(folder), "test": test.get("accuracy", test.get("rmse")), "baselines": report["baselines"]}
    return learned | ({"confusion": confusion(mfnet, data, folder)} if "accuracy" in test else {}), run


def train_pytorch(args: argparse.Namespace, mfnet: Mfnet, cell: dict, start: Path, folder: Path, seed: int) -> tuple[dict, timed.Run]:
    """The same by `seed.py`, without baselines."""
    data, first_epoch = TASKS[cell["task"]].data, folder.with_suffix(".csv")
    case = {name: cell[name] for name in ("learning_rate", "batch", "epochs")} | {"clip": CLIP, "seed": seed, "threads": args.threads}
    case |= {"data": data, "folder": mfnet.folder(data), "program": mfnet.pytorch(start), "first_epoch": str(first_epoch)}
    variables = environment.for_child(args.threads, environment.KEEP_FREED_MEMORY)
    run = timed.run([PYTHON, COMPARE / "pytorch" / "seed.py"], variables, json.dumps(case), timed.has_two_lines(first_epoch))
    return json.loads(run.output), run


def confusion(mfnet: Mfnet, data: str, model: Path) -> list[list[int]]:
    """How often each class of MNIST's test images, the last 10000, was predicted as each."""
    rows = list(csv.DictReader(io.StringIO(mfnet.says("predict", model, data, "--keep", "class"))))
    counts = [[0] * 10 for _ in range(10)]
    for row in rows[-10000:]:
        counts[int(row["class"])][int(row["prediction"])] += 1
    return counts
