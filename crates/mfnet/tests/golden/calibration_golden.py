"""Writes calibration.json: temperatures and thresholds for tests/calibration.rs.

    python calibration_golden.py        # needs scikit-learn; the versions that made the file stand in its "made_by"

The temperature is that of CalibratedClassifierCV; its log loss is that of log_loss. Of thresholds the best f1_score and the
best balanced_accuracy_score of all are given, each tried for every score.
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss


class Logits(ClassifierMixin, BaseEstimator):
    """A classifier whose inputs are its logits."""

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        self.n_features_in_ = x.shape[1]
        return self

    def decision_function(self, x):
        return x

    def predict(self, x):
        return self.classes_[x.argmax(1)]


def temperature(rng, rows, classes, sure, weighted):
    logits = rng.normal(size=(rows, classes)) * 2
    y = np.array([rng.choice(classes, p=softmax(z)) for z in logits])
    logits = logits * sure
    weights = rng.uniform(0.2, 3, rows) if weighted else None
    model = CalibratedClassifierCV(FrozenEstimator(Logits().fit(logits, y)), method="temperature", ensemble=False)
    model.fit(logits, y, sample_weight=weights)
    p = model.predict_proba(logits)
    beta = model.calibrated_classifiers_[0].calibrators[0].beta_
    return {
        "logits": logits.tolist(),
        "classes": y.tolist(),
        "weights": None if weights is None else weights.tolist(),
        "temperature": float(1 / beta),
        "log_loss": float(log_loss(y, p, sample_weight=weights)),
    }


def threshold(rng, rows, weighted):
    y = (rng.uniform(size=rows) < 0.2).astype(int)
    # some scores are equal
    p = np.round(1 / (1 + np.exp(-(rng.normal(size=rows) + 1.5 * y - 1.5))), 2).clip(0.01, 0.99)
    weights = rng.uniform(0.2, 3, rows) if weighted else None
    best = lambda score: float(max(score(y, p >= t, sample_weight=weights) for t in np.unique(p)))
    return {
        "probabilities": p.tolist(),
        "classes": y.tolist(),
        "weights": None if weights is None else weights.tolist(),
        "f1": best(f1_score),
        "balanced": best(balanced_accuracy_score),
    }


rng = np.random.default_rng(5)
golden = {
    "made_by": {"script": "calibration_golden.py", "sklearn": sklearn.__version__, "python": platform.python_version()},
    "temperatures": [temperature(rng, 150, k, sure, w) for k, sure, w in [(3, 2.5, False), (4, 0.4, True), (5, 1.7, True)]],
    "thresholds": [threshold(rng, 120, w) for w in (False, True)],
}
with open(pathlib.Path(__file__).with_name("calibration.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    file.write("{\n" + ",\n".join(entries) + "\n}\n")
