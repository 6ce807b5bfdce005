"""Makes digits.csv.gz and diabetes.csv.gz from scikit-learn's copies, and prints what README.md says of them.

    python make_assets.py        # needs scikit-learn; made with 1.9.1
"""

import gzip
import hashlib
import pathlib

from sklearn.datasets import load_diabetes, load_digits


def write(name: str, header: list[str], rows) -> None:
    text = "".join(",".join(row) + "\n" for row in [header, *rows]).encode()
    with open(pathlib.Path(__file__).with_name(name + ".csv.gz"), "wb") as file:
        # no time and no file name, so that the bytes are the same every time
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as packed:
            packed.write(text)
    print(name, hashlib.sha256(text).hexdigest())


def shortest(x: float) -> str:
    """The shortest decimal number that reads as x; whole numbers without a point."""
    return repr(float(x)).removesuffix(".0")


digits = load_digits()
pixels = [f"pixel_{i}_{j}" for i in range(8) for j in range(8)]
write("digits", pixels + ["digit"], ([str(int(x)) for x in row] + [str(y)] for row, y in zip(digits.data, digits.target)))

diabetes = load_diabetes(scaled=False)
names = list(diabetes.feature_names) + ["progression"]
write("diabetes", names, ([shortest(x) for x in [*row, y]] for row, y in zip(diabetes.data, diabetes.target)))
