"""Writes labels.json: scikit-learn's metrics and linear models of several labels at once, for tests/labels.rs.

    python labels_golden.py       # needs scikit-learn; the versions that made the file stand in its "made_by"

The linear model is one LogisticRegression(C=1) for each label. The Brier score and the log loss of a label are means over
samples and labels.
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn import metrics as of
from sklearn.linear_model import LogisticRegression

rng = np.random.default_rng(3)


def scores(y, p, weights):
    w = {"sample_weight": weights}
    says = p > 0.5
    precision, recall, f1, _ = of.precision_recall_fscore_support(y, says, average=None, zero_division=0, **w)
    support = (y * (1 if weights is None else weights[:, None])).sum(0)
    macro = of.precision_recall_fscore_support(y, says, average="macro", zero_division=0, **w)[:3]
    return {
        "label_accuracy": 1 - of.hamming_loss(y, says, **w),
        "subset_accuracy": of.accuracy_score(y, says, **w),
        "micro_f1": of.f1_score(y, says, average="micro", **w),
        "macro": list(macro),
        "labels": np.array([precision, recall, f1, support]).T.tolist(),
        "roc_auc": of.roc_auc_score(y, p, average="macro", **w),
        "average_precision": of.average_precision_score(y, p, average="macro", **w),
        "log_loss": float(np.mean([of.log_loss(y[:, k], p[:, k], **w) for k in range(y.shape[1])])),
        "brier_score": float(np.mean([of.brier_score_loss(y[:, k], p[:, k], **w) for k in range(y.shape[1])])),
    }


def case(m, labels, weighted):
    logits = np.round(rng.normal(size=(m, labels)) * 2 - 0.5, 1)
    y = (rng.uniform(size=(m, labels)) < 1 / (1 + np.exp(-logits * 0.7))).astype(int)
    weights = rng.uniform(0.2, 3, m) if weighted else None
    result = scores(y, 1 / (1 + np.exp(-logits)), weights)
    return {"logits": logits.tolist(), "truth": y.tolist(), "weights": None if weights is None else weights.tolist(), "scores": result}


def linear():
    x = rng.normal(size=(90, 4))
    x = (x - x.mean(0)) / x.std(0)
    truth = rng.normal(size=(4, 3))
    y = (x @ truth + rng.logistic(size=(90, 3)) > 0.5).astype(int)
    models = [LogisticRegression(C=1.0, tol=1e-12, max_iter=10000, solver="newton-cholesky").fit(x, y[:, k]) for k in range(3)]
    parameters = [[float(model.intercept_[0]), *model.coef_[0].tolist()] for model in models]
    return {"inputs": x.tolist(), "truth": y.tolist(), "parameters": parameters}


golden = {
    "made_by": {"script": "labels_golden.py", "sklearn": sklearn.__version__, "python": platform.python_version()},
    "cases": [case(70, 3, False), case(55, 4, True)],
    "linear": linear(),
}
with open(pathlib.Path(__file__).with_name("labels.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    file.write("{\n" + ",\n".join(entries) + "\n}\n")
