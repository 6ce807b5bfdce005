"""Writes data.json: what NumPy reads in the files of MNIST and California Housing, for tests/published.rs.

    python data_golden.py FOLDER     # the folder of mnist/ and california-housing/; needs numpy, whose version stands in "made_by"
"""

import gzip
import json
import pathlib
import platform
import sys

import numpy as np

folder = pathlib.Path(sys.argv[1])


def idx(name, header):
    path = folder / "mnist" / name
    file = path.open("rb") if path.exists() else gzip.open(f"{path}.gz")
    return np.frombuffer(file.read(), np.uint8, offset=header)


def mnist():
    images = np.concatenate([idx(f"{part}-images-idx3-ubyte", 16) for part in ["train", "t10k"]]).reshape(70000, 784)
    labels = np.concatenate([idx(f"{part}-labels-idx1-ubyte", 8) for part in ["train", "t10k"]])
    parts = {"train": slice(0, 60000), "test": slice(60000, 70000)}
    return {
        "counts": {part: np.bincount(labels[rows]) for part, rows in parts.items()},
        "mean": {part: images[rows].mean() for part, rows in parts.items()},
        "deviation": {part: images[rows].std() for part, rows in parts.items()},
        "first_labels": labels[:10],
        # the sum of pixel times its number tells where the pixels are
        "moments": {str(row): int(images[row].astype(int) @ np.arange(784)) for row in [0, 59999, 60000, 69999]},
    }


def california_housing():
    table = np.loadtxt(folder / "california-housing" / "cal_housing.data", delimiter=",")
    longitude, latitude, age, rooms, bedrooms, population, households, income, value = table.T
    x = np.column_stack([income, age, rooms / households, bedrooms / households, population, population / households, latitude, longitude])
    split = {part: np.loadtxt(folder / "california-housing" / "split" / f"idx_{part}.txt", dtype=int) for part in ["train", "val", "test"]}
    return {
        "rows": {str(row): x[row] for row in [0, 1, 131, 20639]},
        "values": {str(row): value[row] / 100_000 for row in [0, 1, 131, 20639]},
        "parts": {part: {"rows": len(rows), "first": np.sort(rows)[:5], "mean": x[rows].mean(axis=0)} for part, rows in split.items()},
    }


golden = {
    "made_by": {"script": "data_golden.py", "numpy": np.__version__, "python": platform.python_version()},
    "mnist": mnist(),
    "california_housing": california_housing(),
}
with open(pathlib.Path(__file__).with_name("data.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value, default=lambda array: array.tolist())}" for key, value in golden.items())
    file.write("{\n" + ",\n".join(entries) + "\n}\n")
