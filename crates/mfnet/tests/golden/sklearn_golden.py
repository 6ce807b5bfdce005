"""Writes sklearn.json: what scikit-learn and numpy compute in float64, for tests/sklearn.rs.

    python sklearn_golden.py      # needs scikit-learn; the versions that made the file stand in its "made_by"

Here a sample is a row and a coefficient matrix is (out, in), as scikit-learn has them.
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn import metrics
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(0)


def linear_regression():
    x = rng.normal(size=(30, 4))
    y = x @ rng.normal(size=(4, 2)) + 3 + rng.normal(size=(30, 2))
    model = LinearRegression().fit(x, y)
    new = rng.normal(size=(5, 4))
    yield {"case": "two outputs", "x": x, "y": y, "new": new, "prediction": model.predict(new)}
    # a constant column and a column twice: many solutions, one prediction
    x = np.column_stack([x, np.zeros(30), x[:, 0]])
    new = np.column_stack([new, np.zeros(5), new[:, 0]])
    yield {"case": "dependent columns", "x": x, "y": y, "new": new, "prediction": LinearRegression().fit(x, y).predict(new)}
    x = np.column_stack([x[:, :3], x[:, 2] + 1e-3 * rng.normal(size=30)])
    yield {"case": "almost dependent columns", "x": x, "y": y, "new": x[:5], "prediction": LinearRegression().fit(x, y).predict(x[:5])}


def logistic_regression():
    """The objective of `linear_model` is mean cross-entropy + |W|²/(2m): scikit-learn's with C=1, and C=2 for two classes,
    where it has one row of weights instead of two."""
    for classes, c in [(2, 2.0), (3, 1.0), (5, 1.0)]:
        x = rng.normal(size=(80, 4))
        labels = np.argmax(x @ rng.normal(size=(4, classes)) + rng.gumbel(size=(80, classes)), axis=1)
        model = LogisticRegression(C=c, tol=1e-13, max_iter=100_000, solver="newton-cg").fit(x, labels)
        new = rng.normal(size=(5, 4))
        yield {"case": f"{classes} classes", "x": x, "labels": labels, "new": new, "probabilities": model.predict_proba(new)}


def scores():
    for classes, m in [(2, 20), (4, 50)]:
        true, predicted = rng.integers(0, classes, m), rng.integers(0, classes, m)
        precision, recall, _, support = metrics.precision_recall_fscore_support(true, predicted, labels=range(classes))
        yield {"true": true, "predicted": predicted, "classes": classes, "accuracy": metrics.accuracy_score(true, predicted),
               "confusion": metrics.confusion_matrix(true, predicted, labels=range(classes)), "precision": precision, "recall": recall,
               "support": support}


def errors():
    cases = [("one output", rng.normal(size=(20, 1)), rng.normal(size=(20, 1))), ("three outputs", rng.normal(size=(20, 3)), rng.normal(size=(20, 3))),
             ("constant", np.full((4, 1), 2.0), rng.normal(size=(4, 1))), ("constant and met", np.full((4, 1), 2.0), np.full((4, 1), 2.0))]
    for case, y, prediction in cases:
        yield {"case": case, "y": y, "prediction": prediction, "rmse": np.sqrt(metrics.mean_squared_error(y, prediction)),
               "mae": metrics.mean_absolute_error(y, prediction), "r2": metrics.r2_score(y, prediction)}


def standard_scaler():
    x = rng.normal(size=(25, 3)) * [1.0, 1e6, 1e-3] + [0.0, 1e7, 5.0]
    x = np.column_stack([x, np.full(25, 7.0)])
    scaler = StandardScaler().fit(x)
    return {"x": x, "mean": scaler.mean_, "scale": scaler.scale_, "scaled": scaler.transform(x)}


golden = {
    "made_by": {"script": "sklearn_golden.py", "scikit-learn": sklearn.__version__, "numpy": np.__version__, "python": platform.python_version()},
    "linear_regression": list(linear_regression()),
    "logistic_regression": list(logistic_regression()),
    "scores": list(scores()),
    "errors": list(errors()),
    "standard_scaler": standard_scaler(),
}
with open(pathlib.Path(__file__).with_name("sklearn.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value, default=lambda array: array.tolist())}" for key, value in golden.items())
    file.write("{\n" + ",\n".join(entries) + "\n}\n")
