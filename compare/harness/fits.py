"""One training by mfnet, PyTorch or scikit-learn, as its users would call it, from the start of the process to a saved model."""

import argparse
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from harness import environment, timed
from harness.environment import COMPARE, PYTHON, say
from harness.options import Results, at_least_one
from harness.program import Mfnet


@dataclass(frozen=True)
class Contestant:
    """A way to train; its options are those of `mfnet train`, or the settings of `fit.py`."""

    title: str
    #: "mfnet", "torch", "mlp" or "boosting".
    library: str
    options: tuple = ()
    settings: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Data:
    """A data set with a division of its rows."""

    title: str
    name: str
    drawn: bool = False
    of_classes: bool = False


DATA = {
    "california": Data("California Housing, the split of the papers", "california-housing"),
    "california-drawn": Data("California Housing, rows drawn by chance", "california-housing", drawn=True),
    "mnist": Data("MNIST, official test images", "mnist", of_classes=True),
}


def add_seeds(parser: argparse.ArgumentParser) -> None:
    """`--seeds`."""
    parser.add_argument("--seeds", type=at_least_one, metavar="N", help="how many (default 5, with --quick 1)")


def seeds_of(args: argparse.Namespace) -> int:
    """Those of `--seeds`."""
    return args.seeds or (1 if args.quick else 5)


def measure(results: Results, mfnet: Mfnet, of: Data, contestants: list[Contestant], seeds: int, **names: str) -> None:
    """A cell for each, with a run for each seed; all of them in turn, so that what the machine does meanwhile meets all alike."""
    cells = [{**names, "contestant": each.title, "runs": []} for each in contestants]
    for seed in range(seeds):
        for cell, each in zip(cells, contestants):
            say(f"{', '.join(names.values())}, seed {seed}: {each.title}")
            cell["runs"].append(fit(mfnet, of, each, seed, results.found["threads"]))
            if seed == 0:
                results.found["cells"].append(cell)
            results.write()


def fit(mfnet: Mfnet, of: Data, contestant: Contestant, seed: int, threads: int) -> dict:
    """The scores on the validation and on the test rows, seconds of the training alone and until the model was saved, and the peak of memory.

    After that mfnet goes on with the linear model and the report; `whole` has that too.
    """
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        if contestant.library == "mfnet":
            data, options = of.name, ["--seed", seed, *contestant.options]
            if of.drawn:
                data = folder / "california.csv"
                environment.run_python("pytorch/tables.py", mfnet.folder(of.name), data)
                options += ["--target", "MedHouseVal", "--split-column", "split"]
            run = mfnet.train(str(data), folder / "run", options, threads)
            report = json.loads(run.output)
            seconds, model = report["seconds"], folder / "run" / "model.safetensors"
            validation, test = (report[part].get("accuracy", report[part].get("rmse")) for part in ("validation", "test"))
        else:
            model = folder / "model"
            case = {"library": contestant.library, "data": of.name, "folder": mfnet.folder(of.name), "drawn": of.drawn}
            case |= {"seed": seed, "threads": threads, "model": str(model), "scale": "standard"} | contestant.settings
            variables = environment.for_child(threads, environment.KEEP_FREED_MEMORY)
            run = timed.run([PYTHON, COMPARE / "pytorch" / "fit.py"], variables, json.dumps(case))
            answer = json.loads(run.output)
            validation, test, seconds = answer.get("validation"), answer["test"], answer["seconds"]
        saved = model.stat().st_mtime - run.date
    return {"validation": validation, "test": test, "seconds": seconds, "saved": saved, "whole": run.seconds, "peak_kilobytes": run.peak_kilobytes}
