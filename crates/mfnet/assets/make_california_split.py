"""Makes california_housing_split.gz: a letter for each row of cal_housing.data, `t` for training, `v` for validation, `e` for test.

    python make_california_split.py [FOLDER]     # needs numpy; made with 2.4.6

The rule is scikit-learn's `train_test_split`: a fifth of all rows with `random_state=0` for the test, then a fifth of the others with
`random_state=1` for validation. FOLDER, if given, has the published row numbers, idx_train.txt, idx_val.txt and idx_test.txt, and the script
checks that they are these.
"""

import gzip
import math
import pathlib
import sys

import numpy as np


def split(rows, seed):
    order = np.random.RandomState(seed).permutation(len(rows))
    held_out = math.ceil(0.2 * len(rows))
    return rows[order[held_out:]], rows[order[:held_out]]


others, test = split(np.arange(20640), 0)
train, validation = split(others, 1)
for name, rows in [("train", train), ("val", validation), ("test", test)]:
    if len(sys.argv) > 1:
        published = np.loadtxt(pathlib.Path(sys.argv[1]) / f"idx_{name}.txt", dtype=int)
        assert set(rows) == set(published), name
letters = np.full(20640, "t")
letters[validation], letters[test] = "v", "e"
text = "".join(letters).encode()
with open(pathlib.Path(__file__).with_name("california_housing_split.gz"), "wb") as file:
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as packed:
        packed.write(text)
