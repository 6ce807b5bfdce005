"""Makes xor.csv.gz, moons.csv.gz and spiral.csv.gz from their formulas, and prints what README.md says of them.

    python make_generated.py     # needs only Python; made with 3.11

Python promises that `Random(seed).random()` gives the same numbers in every version. Numbers are rounded to four digits,
so that the last bits of sine and cosine do not matter.
"""

import gzip
import hashlib
import math
import pathlib
from random import Random


def normal(random: Random) -> float:
    """A normally distributed number (Box and Muller 1958)."""
    return math.sqrt(-2.0 * math.log(1.0 - random.random())) * math.cos(2.0 * math.pi * random.random())


def xor(random: Random):
    """Points of the square from -1 to 1, at least 0.05 from both axes: do their coordinates have the same sign?"""
    x, y = (math.copysign(0.05 + 0.95 * random.random(), random.random() - 0.5) for _ in range(2))
    return x, y, "same sign" if x * y > 0.0 else "different signs"


def moons(random: Random):
    """Two interleaved half circles of radius 1 with noise of standard deviation 0.1, as scikit-learn's make_moons."""
    upper, angle = random.random() < 0.5, math.pi * random.random()
    x, y = (math.cos(angle), math.sin(angle)) if upper else (1.0 - math.cos(angle), 0.5 - math.sin(angle))
    return x + 0.1 * normal(random), y + 0.1 * normal(random), "upper" if upper else "lower"


def spiral(random: Random):
    """Two arms of a spiral with one and a half turns, and noise of standard deviation 0.02: at the angle 3 pi r, the first
    arm has the radius r; the second one is opposite."""
    first, radius = random.random() < 0.5, 0.1 + 0.9 * random.random()
    angle = 3.0 * math.pi * radius + (0.0 if first else math.pi)
    x, y = radius * math.cos(angle), radius * math.sin(angle)
    return x + 0.02 * normal(random), y + 0.02 * normal(random), "first arm" if first else "second arm"


def decimal(x: float) -> str:
    return f"{x:.4f}"


for point in (xor, moons, spiral):
    random = Random(0)
    rows = [point(random) for _ in range(500)]
    text = "x1,x2,class\n" + "".join(f"{decimal(x)},{decimal(y)},{label}\n" for x, y, label in rows)
    with open(pathlib.Path(__file__).with_name(point.__name__ + ".csv.gz"), "wb") as file:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as packed:
            packed.write(text.encode())
    print(point.__name__, hashlib.sha256(text.encode()).hexdigest())
