"""`compare/run parity`: PyTorch and mfnet from the same weights, on the same batches, with the same loss and rule: how far do they part?"""

import argparse
import json
import struct
import sys
import tempfile
from array import array
from dataclasses import dataclass
from pathlib import Path

from harness import environment, timed
from harness.environment import COMPARE, PYTHON, say
from harness.options import Results, add_choice, add_shared
from harness.program import Mfnet, losses

#: What PyTorch made of the first 200 steps, for machines without it.
COMMITTED = COMPARE / "parity" / "pytorch.json"
#: Steps of which every loss is compared, and after how many of them the weights are.
STEPS = 200
STEP_CHECKPOINTS = (1, 2, 5, 10, 20, 50, 100, 200)
EPOCHS = 20
EPOCH_CHECKPOINTS = (1, 2, 5, 10, 20)
#: The same of the small form.
QUICK_EPOCHS = 3
QUICK_STEP_CHECKPOINTS, QUICK_EPOCH_CHECKPOINTS = (1, STEPS), (1, QUICK_EPOCHS)
#: How far losses and weights may part in f64 within these steps, and in epochs as a multiple of what one unit in the last place makes of PyTorch itself.
MOST, MOST_OF_YARDSTICK = 1e-9, 10
#: Of each matrix so many elements are committed.
SAMPLES = 64
#: For `mfnet train`: every row is a training row.
ALL_ROWS = ("--test-fraction", 0, "--validation-fraction", 0)
#: Rows in an order without chance: row i·PRIME mod n. No prime factor of 60000 and 20640.
PRIME = 7919


@dataclass(frozen=True)
class Task:
    """What is learned, by the paper's network 512-512."""

    data: str
    #: The rows that are used, of those in the files the first.
    rows: int
    batch: int = 128


TASKS = {"mnist": Task("mnist", 60000), "california": Task("california-housing", 20640)}


@dataclass(frozen=True)
class Rule:
    """A rule with weight decay, and a norm at which the gradient is clipped, so that some gradients are and some are not."""

    optimizer: str
    learning_rate: float
    clip_norm: float
    weight_decay: float = 0.001
    momentum: float = 0.0
    nesterov: bool = False
    each_layer: bool = False

    def options(self) -> list[str]:
        """Those of `mfnet train`."""
        clip = "--clip-layer-norm" if self.each_layer else "--clip-norm"
        options = ["--optimizer", self.optimizer, "--learning-rate", self.learning_rate, clip, self.clip_norm]
        options += ["--weight-decay", self.weight_decay, "--momentum", self.momentum, *(["--nesterov"] if self.nesterov else [])]
        return [str(option) for option in [*options, "--schedule", "constant"]]

    def as_json(self) -> dict:
        """For `replay.py`."""
        names = ("optimizer", "learning_rate", "weight_decay", "momentum", "nesterov")
        return {name: getattr(self, name) for name in names} | {"clip": {"norm": self.clip_norm, "each_layer": self.each_layer}}


RULES = {
    "SGD": Rule("sgd", 0.05, 0.5, each_layer=True),
    "momentum": Rule("sgd", 0.01, 1.0, momentum=0.9),
    "Nesterov": Rule("sgd", 0.01, 1.0, momentum=0.9, nesterov=True),
    "Adam": Rule("adam", 0.0005, 1.0),
    "AdamW": Rule("adamw", 0.001, 1.0, weight_decay=0.01),
}


class PartedTooFar(Exception):
    """What parted by more than it may."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    add_choice(parser, "tasks", TASKS, quick=["california"])
    add_choice(parser, "rules", RULES)
    add_choice(parser, "dtypes", ("f64", "f32"))
    add_shared(parser, "SGD in both types and AdamW in f64, and three whole epochs of SGD in f32, on California Housing alone")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--committed", action="store_true", help="compare with the committed values of PyTorch, in f64; needs Rust, Python without packages, and the data")
    which.add_argument("--commit", action="store_true", help="write those values, of all tasks and rules")


def run(args: argparse.Namespace) -> Results | None:
    """All that was chosen; exits with 1 if anything parts by more than it may."""
    if args.committed:
        if "f64" not in args.dtypes or args.quick or args.output:
            sys.exit("--committed compares 200 steps in f64 and writes nothing: of the other options it takes --tasks, --rules and --threads")
        check_committed(args)
        return None
    if args.commit:
        commit(args)
        return None
    cases = [(dtype, task, rule) for dtype in args.dtypes for task in args.tasks for rule in args.rules]
    if args.quick:
        cases = [case for case in cases if case[2] == "AdamW" and case[0] == "f64" or is_smallest(*case)]
    in_epochs = [case for case in cases if is_smallest(*case) and case[0] == "f32" or not args.quick]
    key = lambda case: (case["dtype"], case["task"], case["rule"])
    if not cases:
        sys.exit("--quick has nothing of these: it is AdamW in f64, and SGD on California Housing")
    results = Results(args, "parity", {"steps": lambda case: key(case) in cases, "epochs": lambda case: key(case) in in_epochs})
    environment.make_python()
    mfnet, found = Mfnet(), results.found
    for case in cases:
        found["steps"].append(steps(args, mfnet, *case))
        if case in in_epochs:
            found["epochs"].append(epochs(args, mfnet, *case))
        results.write()
    if failures := [failure for case in found["steps"] + found["epochs"] for failure in case["failures"]]:
        raise PartedTooFar("\n".join(failures))
    return results


def is_smallest(dtype: str, task: str, rule: str) -> bool:
    """The case whose whole epochs take seconds."""
    return (task, rule) == ("california", "SGD")


def steps(args: argparse.Namespace, mfnet: Mfnet, dtype: str, task: str, rule: str) -> dict:
    """The first steps. In f32 they are measured by the yardstick, as epochs are: a unit in the last place is more than `MOST`."""
    checkpoints = QUICK_STEP_CHECKPOINTS if args.quick else STEP_CHECKPOINTS
    case = compared(args, mfnet, (task, rule, dtype), orders_of_steps(TASKS[task]), checkpoints)
    return judged(case, MOST if dtype == "f64" else None)


def orders_of_steps(of: Task) -> list[list[int]]:
    """An epoch is one batch, so that mfnet's `history.csv` has the loss of each step."""
    return [[(step * of.batch + i) * PRIME % of.rows for i in range(of.batch)] for step in range(STEPS)]


def epochs(args: argparse.Namespace, mfnet: Mfnet, dtype: str, task: str, rule: str) -> dict:
    """Whole epochs, each in an order of its own."""
    of = TASKS[task]
    count, checkpoints = (QUICK_EPOCHS, QUICK_EPOCH_CHECKPOINTS) if args.quick else (EPOCHS, EPOCH_CHECKPOINTS)
    orders = [[(i * PRIME + epoch * epoch) % of.rows for i in range(of.rows)] for epoch in range(count)]
    return judged(compared(args, mfnet, (task, rule, dtype), orders, checkpoints), None)


def judged(case: dict, most: float | None) -> dict:
    """The case with the sentences about what parts by more than it may: by `most`, or by a multiple of the yardstick."""
    case["failures"] = []
    for what, found, yardstick in (
        ("losses", case["loss_differences"], case["yardstick_loss_differences"]),
        ("weights", list(case["differences"].values()), list(case["yardstick"].values())),
    ):
        limit = most if most is not None else MOST_OF_YARDSTICK * max(yardstick)
        if not all(x <= limit for x in found):
            name = f"{case['task']}, {case['rule']}, {case['dtype']}, {len(case['losses'])} {what}"
            case["failures"].append(f"{name}: they part by {max(found):.2e}, more than {limit:.2e}")
    return case


def compared(args, mfnet: Mfnet, names: tuple[str, str, str], orders: list[list[int]], checkpoints: tuple[int, ...], samples: int = 0) -> dict:
    """Both programs on these orders, an epoch each; with `samples` elements of PyTorch's matrices in place of the yardstick."""
    task, rule, dtype = names
    of = TASKS[task]
    say(f"{task}, {rule}, {dtype}: {len(orders)} × {len(orders[0])} rows")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        start = first_model(mfnet, folder, of, dtype)
        models, ours = trained(mfnet, folder, of, RULES[rule], start, orders, checkpoints, args.threads)
        np_orders = folder / "orders.npy"
        write_npy(np_orders, orders)
        case = {
            "data": of.data,
            "folder": mfnet.folder(of.data),
            "program": mfnet.pytorch(start),
            "rule": RULES[rule].as_json(),
            "batch": of.batch,
            "orders": str(np_orders),
            "checkpoints": checkpoints,
            "models": {step: str(model) for step, model in models.items()},
            "yardstick": samples == 0,
            "samples": samples,
            "threads": args.threads,
        }
        replay = [PYTHON, COMPARE / "pytorch" / "replay.py"]
        answer = json.loads(timed.run(replay, environment.for_child(args.threads, {}), json.dumps(case)).output)
    # four digits of a difference are enough
    apart = lambda a, b: [float(f"{abs(x - y) / abs(y):.3e}") for x, y in zip(a, b, strict=True)]
    answer |= {"task": task, "rule": rule, "dtype": dtype, "mfnet_losses": ours, "loss_differences": apart(ours, answer["losses"])}
    if "yardstick_losses" in answer:
        answer["yardstick_loss_differences"] = apart(answer["yardstick_losses"], answer["losses"])
    return answer


def commit(args: argparse.Namespace) -> None:
    """Writes down what PyTorch makes of the first steps in f64."""
    environment.make_python()
    mfnet, cases = Mfnet(), []
    for task, of in TASKS.items():
        for rule in RULES:
            case = compared(args, mfnet, (task, rule, "f64"), orders_of_steps(of), (STEPS,), SAMPLES)
            cases.append({name: case[name] for name in ("task", "rule", "torch", "losses", "tensors")})
    COMMITTED.write_text(json.dumps({"cases": cases}).replace('{"task"', '\n{"task"') + "\n")


def check_committed(args: argparse.Namespace) -> None:
    """mfnet's 200 steps in f64 beside PyTorch's, which are in a file."""
    mfnet, apart_by = Mfnet(), []
    cases = [case for case in json.loads(COMMITTED.read_text())["cases"] if case["task"] in args.tasks and case["rule"] in args.rules]
    for case in cases:
        of, rule = TASKS[case["task"]], RULES[case["rule"]]
        if mfnet.place(of.data) is None:
            say(f"not run, because {of.data} is nowhere: {case['task']}, {case['rule']}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            start = first_model(mfnet, Path(folder), of, "f64")
            models, ours = trained(mfnet, Path(folder), of, rule, start, orders_of_steps(of), (STEPS,), args.threads)
            matrices = tensors(models[STEPS])
        by_loss = max(abs(a - b) / abs(b) for a, b in zip(ours, case["losses"], strict=True))
        squares = [0.0, 0.0]
        for tensor, theirs in zip(matrices, case["tensors"], strict=True):
            found = described(tensor, SAMPLES)
            by_norm = abs(found["norm"] - theirs["norm"]) / theirs["norm"]
            by_loss = max(by_loss, by_norm)
            for a, b in zip(found["elements"], theirs["elements"], strict=True):
                squares[0] += (a - b) ** 2
                squares[1] += b**2
        apart = max(by_loss, (squares[0] / squares[1]) ** 0.5)
        print(f"{case['task']:11} {case['rule']:9} {STEPS} steps: losses and weights apart by {apart:.1e} at most, of {MOST:.0e} allowed")
        apart_by.append(apart)
    if not apart_by:
        sys.exit("nothing was compared")
    if not all(apart <= MOST for apart in apart_by):
        raise PartedTooFar(f"more than {MOST}")


def first_model(mfnet: Mfnet, folder: Path, of: Task, dtype: str) -> Path:
    """A network as it is drawn, scaled for all rows."""
    return mfnet.untrained(of.data, folder / "start", ["--hidden", "512,512", "--dtype", dtype, "--scale", "standard", *ALL_ROWS])


def trained(mfnet: Mfnet, folder: Path, of: Task, rule: Rule, start: Path, orders, checkpoints, threads: int) -> tuple[dict[int, Path], list[float]]:
    """mfnet's models after these epochs, and the loss of each epoch."""
    models = {}
    for count in checkpoints:
        (folder / "orders.txt").write_text("".join(" ".join(map(str, rows)) + "\n" for rows in orders[:count]))
        options = ["--warm-start", start, "--batch-order", folder / "orders.txt", "--epochs", count, "--batch-size", of.batch]
        mfnet.train(of.data, folder / str(count), [*options, *rule.options(), *ALL_ROWS], threads)
        models[count] = folder / str(count) / "model.safetensors"
    return models, losses(folder / str(checkpoints[-1]))


def tensors(model: Path) -> list[array]:
    """The matrices of a model file in f64, in the order of PyTorch's `parameters()`."""
    content = model.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    numbers = {}
    for name, tensor in header.items():
        if name != "__metadata__":
            begin, end = tensor["data_offsets"]
            numbers[name] = array("d", content[8 + length + begin : 8 + length + end])
    place = lambda name: (int(name.split(".")[0]), name.endswith("bias"))
    return [numbers[name] for name in sorted(numbers, key=place)]


def described(tensor: array, samples: int) -> dict:
    """As in `replay.py`."""
    count = min(samples, len(tensor))
    elements = [tensor[i * len(tensor) // count] for i in range(count)]
    return {"norm": sum(x * x for x in tensor) ** 0.5, "elements": elements}


def write_npy(path: Path, orders: list[list[int]]) -> None:
    """Rows of numbers for NumPy."""
    header = f"{{'descr': '<i4', 'fortran_order': False, 'shape': ({len(orders)}, {len(orders[0])}), }}"
    header = header.ljust(117) + "\n"
    flat = array("i", [row for rows in orders for row in rows])
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + flat.tobytes())
