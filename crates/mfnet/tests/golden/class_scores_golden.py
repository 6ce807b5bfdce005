"""Writes class_scores.json: scikit-learn's confusion matrices, precision, recall and F1, for tests/sklearn.rs.

    python class_scores_golden.py      # needs scikit-learn; the versions that made the file stand in its "made_by"

Classes without samples, classes that are never predicted, and weights; undefined scores are 0 (`zero_division=0`).
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn import metrics

rng = np.random.default_rng(0)


def case(name, classes, true, predicted, weights=None):
    labels = range(classes)
    options = {"sample_weight": weights, "zero_division": 0}
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(true, predicted, labels=labels, **options)
    support = metrics.precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0)[3]
    average = metrics.precision_recall_fscore_support(true, predicted, average="macro", **options)[:3]
    return {"case": name, "classes": classes, "true": true, "predicted": predicted, "weights": weights,
            "confusion_matrix": metrics.confusion_matrix(true, predicted, labels=labels, sample_weight=weights),
            "precision": precision, "recall": recall, "f1": f1, "support": support, "macro_average": average}


def random(name, classes, m, weighted=False):
    weights = np.where(rng.random(m) < 0.2, 0.0, 10 ** rng.uniform(-1, 1, m)) if weighted else None
    return case(name, classes, rng.integers(0, classes, m), rng.integers(0, classes, m), weights)


rare = np.repeat([0, 1], [95, 5])
golden = {
    "made_by": {"script": "class_scores_golden.py", "scikit-learn": sklearn.__version__, "numpy": np.__version__, "python": platform.python_version()},
    "cases": [
        random("two classes", 2, 30),
        random("ten classes", 10, 200),
        random("weights", 4, 60, weighted=True),
        case("a class that is always missed", 2, rare, np.zeros(100, dtype=int)),
        case("a class that is neither there nor predicted", 3, rare, rng.integers(0, 2, 100)),
        case("a class that is only predicted", 3, rare, rng.integers(0, 3, 100)),
        case("all correct", 3, np.arange(9) % 3, np.arange(9) % 3),
        case("all wrong", 2, np.zeros(4, dtype=int), np.ones(4, dtype=int)),
    ],
}
with open(pathlib.Path(__file__).with_name("class_scores.json"), "w") as file:
    json.dump(golden, file, default=lambda array: array.tolist())
    file.write("\n")
