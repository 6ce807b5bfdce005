"""Writes metrics.json: scikit-learn's metrics of classes, probabilities and values, for tests/metrics.rs.

    python metrics_golden.py      # needs scikit-learn; the versions that made the file stand in its "made_by"

The expected calibration error is not in scikit-learn; it is written here from Guo et al. 2017, with 15 intervals.
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn import metrics as of

rng = np.random.default_rng(5)


def calibration_error(true, p, weights):
    confidence, right = p.max(1), p.argmax(1) == true
    total = 0.0
    for j in range(15):
        # confidence is never 0
        inside = (confidence > j / 15) & (confidence <= (j + 1) / 15)
        if weights[inside].sum() > 0:
            accuracy = np.average(right[inside], weights=weights[inside])
            total += weights[inside].sum() * abs(accuracy - np.average(confidence[inside], weights=weights[inside]))
    return total / weights.sum()


def classification(name, true, p, weights=None):
    classes, predicted = p.shape[1], p.argmax(1)
    w = {"sample_weight": weights}
    labels = list(range(classes))
    one_hot = np.eye(classes)[true]
    scores = {
        "accuracy": of.accuracy_score(true, predicted, **w),
        "balanced_accuracy": of.balanced_accuracy_score(true, predicted, **w),
        "kappa": of.cohen_kappa_score(true, predicted, **w),
        "matthews": of.matthews_corrcoef(true, predicted, **w),
        "log_loss": of.log_loss(true, p, labels=labels, **w),
        "brier_score": of.brier_score_loss(true, p[:, 1] if classes == 2 else p, labels=labels, **w),
        "calibration_error": calibration_error(true, p, np.ones(len(true)) if weights is None else weights),
        "weighted_average": of.precision_recall_fscore_support(true, predicted, labels=labels, average="weighted", zero_division=0, **w)[:3],
        "roc_auc": [of.roc_auc_score(one_hot[:, k], p[:, k], **w) for k in labels],
        "average_precision": [of.average_precision_score(one_hot[:, k], p[:, k], **w) for k in labels],
        "top_2": of.top_k_accuracy_score(true, p, k=2, labels=labels, **w) if classes > 2 else 1.0,
    }
    if classes > 2:
        assert abs(np.mean(scores["roc_auc"]) - of.roc_auc_score(true, p, multi_class="ovr", **w)) < 1e-12
        assert abs(np.mean(scores["average_precision"]) - of.average_precision_score(one_hot, p, **w)) < 1e-12
    # micro averages are the accuracy
    micro = of.precision_recall_fscore_support(true, predicted, average="micro", **w)[:3]
    assert np.allclose(micro, scores["accuracy"], atol=1e-12)
    return {"case": name, "true": true, "p": p, "weights": weights, "scores": scores}


def random_classes(name, classes, m, weighted=False, digits=None):
    true = rng.integers(0, classes, m)
    logits = rng.normal(size=(m, classes)) + 1.5 * np.eye(classes)[true]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    if digits is not None:
        # equal scores; they still add up to 1
        p = np.round(p, digits)
        p[:, -1] = 1 - p[:, :-1].sum(1)
    weights = np.where(rng.random(m) < 0.2, 0.0, 10 ** rng.uniform(-1, 1, m)) if weighted else None
    return classification(name, true, p, weights)


def regression(name, y, prediction, weights=None):
    w = {"sample_weight": weights}
    scores = {
        "median_absolute_error": of.median_absolute_error(y, prediction, **w),
        "max_error": max(of.max_error(a, b) for a, b in zip(y.T, prediction.T)),
        "mape": of.mean_absolute_percentage_error(y, prediction, **w),
        "explained_variance": of.explained_variance_score(y, prediction, **w),
        "d2_absolute_error": of.d2_absolute_error_score(y, prediction, **w),
        "quantile_loss_0.9": of.mean_pinball_loss(y, prediction, alpha=0.9, **w),
        "d2_quantile_0.9": of.d2_pinball_score(y, prediction, alpha=0.9, **w),
    }
    return {"case": name, "y": y, "prediction": prediction, "weights": weights, "scores": scores}


def random_values(name, m, outputs=1, weighted=False):
    y = 10 * rng.normal(size=(m, outputs)) + 3
    prediction = y + rng.normal(size=(m, outputs)) + 0.5
    weights = 10 ** rng.uniform(-1, 1, m) if weighted else None
    return regression(name, y, prediction, weights)


versions = {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "python": platform.python_version()}
golden = {
    "made_by": {"script": "metrics_golden.py"} | versions,
    "classification": [
        random_classes("two classes", 2, 60),
        random_classes("two classes, weights", 2, 60, weighted=True),
        random_classes("two classes, equal scores", 2, 80, digits=1),
        random_classes("two classes, equal scores, weights", 2, 80, weighted=True, digits=1),
        random_classes("four classes", 4, 90),
        random_classes("four classes, weights", 4, 90, weighted=True),
        classification("a rare class", np.repeat([0, 1], [95, 5]), np.stack([1 - (p := rng.random(100) / 2), p], 1)),
    ],
    "regression": [
        random_values("one target", 41),
        random_values("an even number", 40),
        random_values("weights", 40, weighted=True),
        random_values("three targets", 30, outputs=3),
        random_values("three targets, weights", 31, outputs=3, weighted=True),
    ],
}
with open(pathlib.Path(__file__).with_name("metrics.json"), "w") as file:
    json.dump(golden, file, default=lambda array: array.tolist())
    file.write("\n")
