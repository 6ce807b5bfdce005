"""`compare/run seed`: the experiment of the text that mfnet follows, on two tasks with a linear model and a network, the same work in both libraries."""

import argparse
import csv
import io
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness import environment, timed
from harness.environment import COMPARE, PYTHON, say
from harness.options import Results, add_choice, add_shared
from harness.program import Mfnet, losses
from harness.size import sizes

#: All rows but the official test rows are training rows.
ALL_TRAINED = ("--validation-fraction", 0)
#: Norm to which the gradient of each layer is shortened.
CLIP = 5


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
    add_choice(parser, "networks", NETWORKS)
    add_choice(parser, "settings", SETTINGS, quick=["pytorch"])
    parser.add_argument("--dtype", choices=("f32", "f64"), default="f32", help="the type of all numbers (default f32)")
    add_shared(parser, "the second pair of settings alone, and a hundredth of the epochs, at least two")


def run(args: argparse.Namespace) -> None:
    """Cell after cell."""
    chosen = {"task": args.tasks, "network": args.networks, "settings": args.settings}
    is_measured = lambda cell: all(cell[name] in values for name, values in chosen.items())
    results = Results(args, "seed", {"cells": is_measured}, dtype=args.dtype)
    environment.make_python()
    mfnet = Mfnet()
    results.found["sizes"] = sizes(mfnet.path)
    for task in args.tasks:
        for network in args.networks:
            for settings in args.settings:
                results.found["cells"].append(cell(args, mfnet, task, network, settings))
                results.write()


def cell(args: argparse.Namespace, mfnet: Mfnet, task: str, network: str, settings: str) -> dict:
    """Both libraries with one network and one pair of settings, from the same weights."""
    of, (rate, batch) = TASKS[task], SETTINGS[settings]
    epochs = max(2, of.epochs // 100) if args.quick else of.epochs
    say(f"{of.title}, {network}, rate {rate}, batches of {batch}: {epochs} epochs")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        network_options = ["--hidden", NETWORKS[network], "--dtype", args.dtype, "--scale", "standard"]
        start = mfnet.untrained(of.data, folder / "start", [*network_options, *ALL_TRAINED])
        options = ["--warm-start", start, "--optimizer", "sgd", "--learning-rate", rate, "--batch-size", batch, "--epochs", epochs]
        options += ["--schedule", f"step:{epochs // 2}:0.5", "--clip-layer-norm", CLIP, *ALL_TRAINED]
        ours = mfnet.train(of.data, folder / "run", options, args.threads)
        report = json.loads(ours.output)
        case = {
            "data": of.data,
            "folder": mfnet.folder(of.data),
            "program": mfnet.pytorch(start),
            "learning_rate": rate,
            "batch": batch,
            "epochs": epochs,
            "clip": CLIP,
            "threads": args.threads,
            "first_epoch": str(folder / "first"),
        }
        environment_of = environment.for_child(args.threads, environment.KEEP_FREED_MEMORY)
        first = timed.has_two_lines(folder / "first")
        theirs = timed.run([PYTHON, COMPARE / "pytorch" / "seed.py"], environment_of, json.dumps(case), first)
        answer = json.loads(theirs.output)
        of_test = report["test"]
        mine = {"seconds": report["seconds"], "losses": losses(folder / "run"), "test": of_test.get("accuracy", of_test.get("rmse"))}
        if task == "classification":
            mine["confusion"] = confusion(mfnet, of, folder / "run")
    for each, finished in ((mine, ours), (answer, theirs)):
        each |= {"whole": finished.seconds, "first_epoch": finished.first_epoch, "peak_kilobytes": finished.peak_kilobytes}
    names = {"task": task, "network": network, "settings": settings, "learning_rate": rate, "batch": batch, "epochs": epochs}
    return names | {"baselines": report["baselines"], "samples": report["samples"], "mfnet": mine, "pytorch": answer}


def confusion(mfnet: Mfnet, of: Task, model: Path) -> list[list[int]]:
    """How often each class of MNIST's test images, the last 10000, was predicted as each."""
    rows = list(csv.DictReader(io.StringIO(mfnet.says("predict", model, of.data, "--keep", "class"))))
    counts = [[0] * 10 for _ in range(10)]
    for row in rows[-10000:]:
        counts[int(row["class"])][int(row["prediction"])] += 1
    return counts
