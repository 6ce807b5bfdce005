"""One training by mfnet, PyTorch or scikit-learn, as its users would call it, from the start of the process to a saved model."""

import argparse
import json
import tempfile
from collections.abc import Callable
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

    def described(self) -> str:
        """Its settings, as a user of the library writes them."""
        named = {**self.settings, **self.settings.get("parameters", {})}
        in_words = [f"{name} {value}" for name, value in named.items() if name != "parameters"]
        return " ".join(map(str, self.options)) or ", ".join(in_words) or "none"


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


def seeds_of(args: argparse.Namespace) -> range:
    """Those of `--seeds`."""
    return range(args.seeds or (1 if args.quick else 5))


def has_more_than(args: argparse.Namespace) -> Callable[[dict], bool]:
    """Whether a cell has more seeds than these."""
    return lambda cell: len(cell["runs"]) > len(seeds_of(args))


def measure(
    results: Results, mfnet: Mfnet, of: Data, contestants: list[Contestant], seeds: range, choosing: bool = False, **names: str
) -> None:
    """A cell for each, with a run for each seed; all of them in turn, so that what the machine does meanwhile meets all alike."""
    cells = [{**names, "contestant": each.title, "settings": each.described(), "runs": []} for each in contestants]
    for seed in seeds:
        for cell, each in zip(cells, contestants):
            say(f"{', '.join(names.values())}, seed {seed}: {each.title}{f', {each.described()}' if choosing else ''}")
            cell["runs"].append(fit(mfnet, of, each, seed, results.found["threads"], choosing))
            if seed == seeds[0]:
                results.found["cells"].append(cell)
            results.write()


def fit(mfnet: Mfnet, of: Data, contestant: Contestant, seed: int, threads: int, choosing: bool) -> dict:
    """The scores on the validation and on the test rows, seconds of the training alone and until the model was saved, and the peak of memory.

    After that mfnet goes on with the linear model and the report; `whole` has that too. Who is `choosing` sees no test rows, and scikit-learn, which
    else trains on the validation rows too, trains without them.
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
            case |= {"seed": seed, "threads": threads, "model": str(model), "choosing": choosing} | contestant.settings
            variables = environment.for_child(threads, environment.KEEP_FREED_MEMORY)
            run = timed.run([PYTHON, COMPARE / "pytorch" / "fit.py"], variables, json.dumps(case))
            answer = json.loads(run.output)
            validation, test, seconds = answer.get("validation"), answer.get("test"), answer["seconds"]
        saved = model.stat().st_mtime - run.date
    scores = {"validation": validation} if choosing else {"validation": validation, "test": test}
    return scores | {"seconds": seconds, "saved": saved, "whole": run.seconds, "peak_kilobytes": run.peak_kilobytes}
