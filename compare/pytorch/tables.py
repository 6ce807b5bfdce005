"""The two data sets of the comparison as NumPy arrays, in the order of their files and in the units of their files.

`tables.py FOLDER FILE` writes California Housing as CSV, with a column `split` that names the parts of another division than the official one.
"""

import csv
import gzip
import sys
from pathlib import Path

import numpy as np

#: The columns of California Housing, as scikit-learn calls them.
FEATURES = ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude")
#: A letter for each row of California Housing.
SPLIT = Path(__file__).resolve().parents[2] / "crates" / "mfnet" / "assets" / "california_housing_split.gz"


def mnist(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """70000 images of 784 pixels, the test images last, and their classes."""
    pixels = [idx(folder, f"{part}-images-idx3-ubyte", 16).reshape(-1, 784) for part in ("train", "t10k")]
    classes = [idx(folder, f"{part}-labels-idx1-ubyte", 8) for part in ("train", "t10k")]
    return np.concatenate(pixels), np.concatenate(classes).astype(np.int64)


def idx(folder: Path, name: str, header: int) -> np.ndarray:
    """The bytes of an IDX file, plain or compressed."""
    packed = folder / f"{name}.gz"
    content = gzip.decompress(packed.read_bytes()) if packed.exists() else (folder / name).read_bytes()
    return np.frombuffer(content, np.uint8, offset=header)


def california_housing(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """20640 districts with the eight features that scikit-learn serves, and the median value of a house in 100 000 dollars."""
    table = np.loadtxt(folder / "cal_housing.data", delimiter=",")
    longitude, latitude, age, rooms, bedrooms, population, households, income, value = table.T
    features = [income, age, rooms / households, bedrooms / households, population, population / households, latitude, longitude]
    return np.stack(features, 1), value[:, None] / 100_000


def parts(data: str) -> dict[str, np.ndarray]:
    """The row numbers of the official parts; MNIST has no validation rows."""
    if data == "mnist":
        return {"train": np.arange(60000), "validation": np.arange(0), "test": np.arange(60000, 70000)}
    letters = np.frombuffer(gzip.decompress(SPLIT.read_bytes()), np.uint8)
    return {part: np.flatnonzero(letters == ord(letter)) for part, letter in (("train", "t"), ("validation", "v"), ("test", "e"))}


def drawn_parts(data: str) -> dict[str, np.ndarray]:
    """A division by chance, as those of most papers that do not say theirs: 64 % training, 16 % validation, 20 % test rows."""
    rows = {"california-housing": 20640, "mnist": 70000}[data]
    order = np.random.default_rng(0).permutation(rows)
    test, validation = rows // 5, rows * 4 // 25
    return {"train": order[test + validation :], "validation": order[test : test + validation], "test": order[:test]}


def write_csv(folder: Path, to: Path) -> None:
    """California Housing for any program."""
    inputs, targets = california_housing(folder)
    names = np.empty(len(inputs), dtype="U10")
    for part, rows in drawn_parts("california-housing").items():
        names[rows] = part
    with to.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*FEATURES, "MedHouseVal", "split"])
        for row, target, name in zip(inputs.tolist(), targets[:, 0].tolist(), names):
            writer.writerow([*map(repr, row), repr(target), name])


READERS = {"mnist": mnist, "california-housing": california_housing}


if __name__ == "__main__":
    write_csv(Path(sys.argv[1]), Path(sys.argv[2]))
