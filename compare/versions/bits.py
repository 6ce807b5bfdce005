"""Compares weights bit for bit: trainings by the library, and runs of the program. Exit status 1 if anything differs."""

import argparse
import csv
import json
import os
import shutil
import subprocess
from itertools import product
from pathlib import Path

from versions import built, tables
from versions.built import Built, say

#: The samples of each work: some batches, and a part of one.
SAMPLES = {"A128": 4 * 128 + 37, "A1024": 2 * 1024 + 333, "B": 2 * 1024 + 333, "C": 60 * 32 + 7, "D": 20 * 128 + 37}
DTYPES = ("f64", "f32")
RULES = ("sgd", "momentum", "adamw")
THREADS = (1, 2, 3)
#: What else a training may have, each with one number of threads and one rule.
OTHERS = (
    "way=trainer rule=sgd-decay",
    "way=loop rule=sgd-decay",
    "way=trainer rule=nesterov",
    "way=loop rule=nesterov",
    "way=trainer rule=adam",
    "way=trainer rule=adamw clip=global",
    "way=loop rule=adamw clip=global",
    "way=trainer rule=sgd clip=global",
    "way=trainer rule=momentum clip=layer",
    "way=loop rule=momentum clip=layer",
    "way=trainer rule=adamw schedule=one-cycle",
    "way=trainer rule=sgd schedule=one-cycle clip=global",
    "way=trainer rule=momentum schedule=cosine",
    "way=trainer rule=sgd schedule=step",
    "way=trainer rule=adamw activation=own",
    "way=trainer rule=sgd activation=own",
    "way=loop rule=sgd activation=own",
    "way=trainer rule=sgd activation=sigmoid",
    "way=trainer rule=momentum activation=tanh",
    "way=trainer rule=sgd activation=identity",
    "way=loop rule=sgd activation=tanh",
    "way=trainer rule=sgd validation=yes",
    "way=trainer rule=adamw validation=yes schedule=one-cycle clip=layer",
)

#: Runs of `mfnet train`; {mixed}, {classes}, {large} and {targets} are tables that are made here.
RUNS = (
    "digits",
    "digits --hidden 64,32 --activation tanh --optimizer sgd --momentum 0.9 --clip-norm 1 --epochs 20",
    "digits --hidden none --optimizer adam --epochs 20 --threads 1",
    "diabetes",
    "diabetes --hidden 32,16 --activation sigmoid --optimizer sgd --nesterov --momentum 0.9 --clip-layer-norm 0.5",
    "diabetes --folds 3 --epochs 10 --loss half-mse --scale robust",
    "california-housing --epochs 4",
    "california-housing --epochs 4 --hidden 64,64 --early-stopping 1 --scale min-max --threads 1",
    "mnist --epochs 2 --no-baselines",
    "{mixed} --target price --drop tax",
    "{mixed} --target price --drop owner --threads 3 --scale min-max --epochs 30 --no-shuffle --schedule cosine",
    "{mixed} --target price,tax --drop note,sold --group owner --epochs 20",
    "{classes} --target sold --scale robust --epochs 30",
    "{large} --target price --epochs 10",
    # 2/(11 · 3), the factor of the gradient, is another number where it is rounded twice
    "{targets} --target u,v,w --batch-size 11 --optimizer sgd --learning-rate 0.01 --epochs 5",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("MFNET_DATA"), metavar="DIR",
                        help="where the published data sets lie [default: $MFNET_DATA]")
    parser.add_argument("--only", choices=["library", "program"], help="one of the two parts")


def run(args: argparse.Namespace) -> bool:
    """Whether everything is equal."""
    if args.only != "library" and not args.data_dir:
        raise built.Failed("the runs of california-housing and mnist need their files: set MFNET_DATA or give --data-dir")
    old, new = built.earlier(args.base), built.current()
    equal = True
    if args.only != "program":
        equal &= library(old, new)
    if args.only != "library":
        equal &= program(old, new, Path(args.data_dir).resolve())
    return equal


def cases() -> list[str]:
    """A line for each training by the library."""
    lines = []
    for (work, samples), dtype in product(SAMPLES.items(), DTYPES):
        loss = "mse" if work in "BC" else "cross-entropy"
        begin = f"work={work} samples={samples} dtype={dtype}"
        for way, rule, threads in product(("trainer", "loop"), RULES, THREADS):
            lines.append(f"{begin} loss={loss} epochs=2 threads={threads} way={way} rule={rule}")
        for number, other in enumerate(OTHERS):
            lines.append(f"{begin} loss={loss} epochs=3 threads={1 + number % 3} {other}")
        if loss == "mse":
            lines.append(f"{begin} loss=half-mse epochs=3 threads=2 way=trainer rule=sgd")
            lines.append(f"{begin} loss=half-mse epochs=3 threads=2 way=loop rule=sgd")
    return lines


def library(old: Built, new: Built) -> bool:
    """The trainings by the library, in both versions."""
    lines = cases()
    say(f"{len(lines)} trainings by the library")
    answers = [subprocess.Popen(version.dump, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for version in (old, new)]
    different = 0
    for line in lines:
        digests = [ask(version, child, line) for version, child in zip((old, new), answers)]
        if digests[0] != digests[1]:
            different += 1
            what = [name for name, a, b in zip(("weights", "losses and predictions"), *digests) if a != b]
            print(f"{line}: different {' and '.join(what)}", flush=True)
    for child in answers:
        child.stdin.close()
        child.wait()
    return summary("trainings by the library", len(lines), different)


def ask(version: Built, child: subprocess.Popen, line: str) -> list[str]:
    """The digests that a version prints for a case."""
    try:
        print(line, file=child.stdin, flush=True)
    except BrokenPipeError:
        pass
    digests = child.stdout.readline().split()
    if len(digests) != 2:
        raise built.Failed(f"{version.name} ended with {child.wait()} at: {line}")
    return digests


def program(old: Built, new: Built, data: Path) -> bool:
    """The runs of the program, in both versions."""
    folder = built.FOLDER / "runs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    paths = {name: folder / f"{name}.csv" for name in ("mixed", "classes", "large", "targets")}
    tables.write_mixed(paths["mixed"], rows=700)
    shutil.copy(paths["mixed"], paths["classes"])
    tables.write_mixed(paths["large"], rows=8000)
    tables.write_targets(paths["targets"], rows=307)
    runs = [f"{run} --dtype {dtype}" for run in RUNS for dtype in DTYPES]
    say(f"{len(runs)} runs of the program")
    different = 0
    for number, options in enumerate(runs):
        outputs = [folder / f"{number}-{side}" for side in ("old", "new")]
        for version, output in zip((old, new), outputs):
            words = options.format_map(paths).split()
            if "--threads" not in words:
                words += ["--threads", "2"]
            call(version, "train", *words, "--data-dir", data, "--output", output, "--quiet")
        different += say_differences(options, *outputs)
    # a model of the earlier version, read by both
    model = folder / f"{[run.startswith('{mixed}') for run in runs].index(True)}-old" / "model.safetensors"
    if call(old, "predict", model, paths["mixed"]) != call(new, "predict", model, paths["mixed"]):
        different += 1
        print("predict with a model of the earlier version: different predictions", flush=True)
    return summary("runs of the program", len(runs) + 1, different)


def call(version: Built, *words: object) -> bytes:
    """What the program prints."""
    done = subprocess.run([version.mfnet, *map(str, words)], capture_output=True)
    if done.returncode:
        raise built.Failed(f"mfnet {' '.join(map(str, words))} of {version.name} failed:\n{done.stderr.decode()[-2000:]}")
    return done.stdout


def say_differences(options: str, old: Path, new: Path) -> bool:
    """Compares the folders of two runs, and prints a line if they differ."""
    what = []
    for path in files(old) | files(new):
        name = path.name
        read = {"model.safetensors": tensors, "history.csv": history, "metrics.json": scores}[name]
        if not (old / path).exists() or not (new / path).exists():
            what.append(f"{path} is missing on one side")
        elif (a := read(old / path)) != (b := known(a, read(new / path)) if read is scores else read(new / path)):
            keys = sorted(key for key in a.keys() | b.keys() if a.get(key) != b.get(key))
            what.append(f"{path}: {', '.join(keys)}")
    if what:
        print(f"mfnet train {options}: different {'; '.join(sorted(what))}", flush=True)
    return bool(what)


def known(old: object, new: object) -> object:
    """The new value without what the earlier version did not write, such as the precision of each class in metrics.json."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: known(value, new[key]) for key, value in old.items() if key in new}
    return new


def files(run: Path) -> set[Path]:
    """The files of a run that are compared; of a cross-validation those of all folds."""
    names = ("model.safetensors", "history.csv", "metrics.json")
    return {path.relative_to(run) for name in names for path in run.rglob(name)}


def tensors(path: Path) -> dict[str, object]:
    """Of each tensor in a safetensors file its type, shape and bytes."""
    file = path.read_bytes()
    begin = 8 + int.from_bytes(file[:8], "little")
    header = json.loads(file[8:begin])
    header.pop("__metadata__", None)
    read = lambda first, last: file[begin + first : begin + last]
    return {name: (tensor["dtype"], tensor["shape"], read(*tensor["data_offsets"])) for name, tensor in header.items()}


def history(path: Path) -> dict[str, object]:
    """The columns of a history, without seconds."""
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    return {name: values for name, *values in zip(*rows) if name != "seconds"}


def scores(path: Path) -> dict[str, object]:
    """What a run says of itself, as far as it is promised and takes no time."""
    found = json.loads(path.read_text())
    keys = ("task", "samples", "features", "parameters", "epochs", "best_epoch", "seed", "dtype", "train", "validation", "test", "baselines")
    return {key: found.get(key) for key in keys}


def summary(what: str, count: int, different: int) -> bool:
    """Prints how many of these differ; whether none does."""
    print(f"{count} {what}: {f'{different} different' if different else 'all equal'}", flush=True)
    return not different
