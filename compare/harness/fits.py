"""One training by mfnet, PyTorch or scikit-learn, as its users would call it, from the start of the process to a saved model."""

import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from harness import environment, timed
from harness.environment import COMPARE, PYTHON
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


DATA = {
    "california": Data("California Housing, the split of the papers", "california-housing"),
    "california-drawn": Data("California Housing, rows drawn by chance", "california-housing", drawn=True),
    "mnist": Data("MNIST, official test images", "mnist"),
}


def fit(mfnet: Mfnet, of: Data, contestant: Contestant, seed: int, threads: int) -> dict:
    """The score on the test rows, seconds of the training alone and until the model was saved, and the peak of memory.

    After that mfnet goes on with the linear model and the report; `whole` has that too.
    """
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        started = time.time()
        if contestant.library == "mfnet":
            data, options = of.name, ["--seed", seed, *contestant.options]
            if of.drawn:
                data = folder / "california.csv"
                environment.run_python("pytorch/tables.py", mfnet.folder(of.name), data)
                options += ["--target", "MedHouseVal", "--split-column", "split"]
                started = time.time()
            run = mfnet.train(str(data), folder / "run", options, threads)
            report = json.loads(run.output)
            test, seconds, model = report["test"], report["seconds"], folder / "run" / "model.safetensors"
            score = test.get("accuracy", test.get("rmse"))
        else:
            model = folder / "model"
            case = {"library": contestant.library, "data": of.name, "folder": mfnet.folder(of.name), "drawn": of.drawn}
            case |= {"seed": seed, "threads": threads, "model": str(model), "scale": "standard"} | contestant.settings
            variables = environment.for_child(threads, environment.KEEP_FREED_MEMORY)
            started = time.time()
            run = timed.run([PYTHON, COMPARE / "pytorch" / "fit.py"], variables, json.dumps(case))
            answer = json.loads(run.output)
            score, seconds = answer["test"], answer["seconds"]
        saved = model.stat().st_mtime - started
    return {"test": score, "seconds": seconds, "saved": saved, "whole": run.seconds, "peak_kilobytes": run.peak_kilobytes}
