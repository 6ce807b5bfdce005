"""Writes schedules.json: the learning rates of PyTorch's schedulers, for tests/schedules.rs.

    python schedules_golden.py        # needs torch; the version that made the file stands in its "made_by"

Of the two that PyTorch does not have, flat-cosine and cosine-cycles are written here from Holzmüller, Grinsztajn and
Steinwart 2024, "Better by default" (they call cosine-cycles with four cycles coslog4).
"""

import json
import math
import pathlib
import platform
import warnings

import torch
from torch.optim import lr_scheduler as of

warnings.simplefilter("error")
STEPS, EPOCHS = 5, 12
ALL = STEPS * EPOCHS
#: The losses that `plateau` watches, one for each epoch.
LOSSES = [1.0, 0.8, 0.79999, 0.9, 0.81, 0.7, 0.7, 0.7, 0.6, 0.6, 0.6, 0.6]


def sequence(warm_up, after):
    def scheduler(optimizer):
        rising = of.LambdaLR(optimizer, lambda t: (t + 1) / warm_up)
        return of.SequentialLR(optimizer, [rising, after(optimizer)], milestones=[warm_up])

    return scheduler


def lambda_of(f):
    return lambda optimizer: of.LambdaLR(optimizer, lambda t: f(t / ALL))


def flat_cosine(flat):
    return lambda_of(lambda x: 1.0 if x <= flat else 0.5 * (1 + math.cos(math.pi * (x - flat) / (1 - flat))))


def cycles(n):
    return lambda_of(lambda x: 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + (2**n - 1) * x))))


#: The text of the schedule, epochs of warm-up, the scheduler, and whether it is called after each epoch instead of each step.
SCHEDULES = [
    ("constant", 0, lambda optimizer: of.ConstantLR(optimizer, 1.0), False),
    ("step:5:0.3", 0, lambda optimizer: of.StepLR(optimizer, 5, 0.3), True),
    ("exponential:0.9", 0, lambda optimizer: of.ExponentialLR(optimizer, 0.9), True),
    ("polynomial", 0, lambda optimizer: of.PolynomialLR(optimizer, ALL), False),
    ("polynomial:2.5", 0, lambda optimizer: of.PolynomialLR(optimizer, ALL, 2.5), False),
    ("cosine", 0, lambda optimizer: of.CosineAnnealingLR(optimizer, ALL), False),
    ("cosine-restarts:4", 0, lambda optimizer: of.CosineAnnealingWarmRestarts(optimizer, 4 * STEPS), False),
    ("cosine-restarts:1:2", 0, lambda optimizer: of.CosineAnnealingWarmRestarts(optimizer, STEPS, 2), False),
    ("flat-cosine", 0, flat_cosine(0.5), False),
    ("flat-cosine:0.75", 0, flat_cosine(0.75), False),
    ("cosine-cycles", 0, cycles(4), False),
    ("cosine-cycles:2", 0, cycles(2), False),
    ("plateau:1:0.5", 0, lambda optimizer: of.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, eps=0), True),
    ("plateau:0", 0, lambda optimizer: of.ReduceLROnPlateau(optimizer, patience=0, eps=0), True),
    ("constant", 2, sequence(2 * STEPS, lambda optimizer: of.ConstantLR(optimizer, 1.0)), False),
    ("cosine", 3, sequence(3 * STEPS, lambda optimizer: of.CosineAnnealingLR(optimizer, ALL - 3 * STEPS)), False),
    ("polynomial", 1, sequence(STEPS, lambda optimizer: of.PolynomialLR(optimizer, ALL - STEPS)), False),
]


def rates(make, by_epoch):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    with warnings.catch_warnings():
        # SequentialLR steps its schedulers once before the optimizer
        warnings.simplefilter("ignore")
        scheduler = make(optimizer)
    result = []
    for epoch in range(EPOCHS):
        for _ in range(STEPS):
            result.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if not by_epoch:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    scheduler.step()
        if by_epoch:
            scheduler.step(*([LOSSES[epoch]] if isinstance(scheduler, of.ReduceLROnPlateau) else []))
    return result


golden = {
    "made_by": {"script": "schedules_golden.py", "torch": torch.__version__, "python": platform.python_version()},
    "steps_per_epoch": STEPS,
    "epochs": EPOCHS,
    "losses": LOSSES,
    "schedules": [{"name": name, "warm_up": warm, "rates": rates(make, by_epoch)} for name, warm, make, by_epoch in SCHEDULES],
}
with open(pathlib.Path(__file__).with_name("schedules.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    file.write("{\n" + ",\n".join(entries) + "\n}\n")
