"""Writes weights.json: what PyTorch, scikit-learn and statsmodels compute with weights in float64, for tests/weights.rs.

    python weights_golden.py      # needs torch, scikit-learn, statsmodels; the versions that made the file stand in its "made_by"

Here a sample is a row and a weight matrix is (out, in).
"""

import json
import pathlib
import platform
import warnings

import numpy as np
import sklearn
import statsmodels
import statsmodels.api as sm
import torch
from sklearn import metrics
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(0)
rng = np.random.default_rng(0)


def sample_weights(m):
    """Some are 0, the largest is hundred times the smallest."""
    return np.where(rng.random(m) < 0.2, 0.0, 10 ** rng.uniform(-1, 1, m))


def parameters(net):
    return [{"weight": layer.weight.tolist(), "bias": layer.bias.tolist()} for layer in net if isinstance(layer, nn.Linear)]


def training(name, loss, of_classes, optimizer):
    """Fifty steps over three batches in turn."""
    x, classes, values = torch.randn(22, 4), torch.randint(0, 3, (22,)), torch.randn(22, 2)
    w = torch.tensor(sample_weights(22)) if name != "classes alone" else torch.ones(22)
    batches = [range(0, 8), range(8, 16), range(16, 22)]
    outputs = 3 if loss == "cross_entropy" else 2
    net = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, outputs))
    result = {"name": name, "loss": loss, "optimizer": optimizer, "inputs": x.tolist(), "classes": classes.tolist(), "values": values.tolist(),
              "sample_weights": w.tolist(), "class_weights": of_classes, "initial": parameters(net), "losses": []}
    rule = {"sgd": lambda p: torch.optim.SGD(p, lr=0.05), "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.0)}[optimizer]
    rule = rule(net.parameters())
    for step in range(51):
        i = list(batches[step % 3])
        output = net(x[i])
        if loss == "mse":
            value = (w[i] * ((output - values[i]) ** 2).sum(1)).sum() / (outputs * w[i].sum())
        elif name == "classes alone":
            value = nn.CrossEntropyLoss(weight=torch.tensor(of_classes))(output, classes[i])
        else:
            of_samples = w[i] * (torch.tensor(of_classes)[classes[i]] if of_classes else 1.0)
            value = (of_samples * nn.functional.cross_entropy(output, classes[i], reduction="none")).sum() / of_samples.sum()
        rule.zero_grad()
        value.backward()
        rule.step()
        result["losses"].append(value.item())
    return result | {"final": parameters(net)}


def trainings():
    for optimizer in ("sgd", "adamw"):
        yield training("samples", "mse", None, optimizer)
        yield training("samples", "cross_entropy", None, optimizer)
        yield training("classes alone", "cross_entropy", [0.5, 4.0, 1.25], optimizer)
        yield training("samples and classes", "cross_entropy", [0.5, 4.0, 1.25], optimizer)


def scores():
    for classes, m in [(2, 20), (4, 50)]:
        true, predicted, w = rng.integers(0, classes, m), rng.integers(0, classes, m), sample_weights(m)
        weights = {"sample_weight": w, "labels": range(classes)}
        precision, recall, _, support = metrics.precision_recall_fscore_support(true, predicted, **weights)
        yield {"true": true, "predicted": predicted, "classes": classes, "weights": w,
               "accuracy": metrics.accuracy_score(true, predicted, sample_weight=w),
               "confusion": metrics.confusion_matrix(true, predicted, **weights), "precision": precision, "recall": recall, "support": support}


def errors():
    for case, outputs, m in [("one output", 1, 20), ("three outputs", 3, 20), ("two samples", 1, 2)]:
        y, prediction, w = rng.normal(size=(m, outputs)), rng.normal(size=(m, outputs)), sample_weights(m) + 0.1
        of = {"sample_weight": w}
        yield {"case": case, "y": y, "prediction": prediction, "weights": w, "rmse": np.sqrt(metrics.mean_squared_error(y, prediction, **of)),
               "mae": metrics.mean_absolute_error(y, prediction, **of), "r2": metrics.r2_score(y, prediction, **of)}


def linear_regression():
    x = rng.normal(size=(30, 4))
    y, w, new = x @ rng.normal(size=(4, 2)) + 3 + rng.normal(size=(30, 2)), sample_weights(30), rng.normal(size=(5, 4))
    naive = DummyRegressor().fit(x, y, sample_weight=w)
    return {"x": x, "y": y, "weights": w, "new": new, "prediction": LinearRegression().fit(x, y, sample_weight=w).predict(new),
            "naive": naive.predict(new[:1])}


def logistic_regression():
    """C as in sklearn_golden.py."""
    for classes, c in [(2, 2.0), (3, 1.0)]:
        x = rng.normal(size=(80, 4))
        labels = np.argmax(x @ rng.normal(size=(4, classes)) + rng.gumbel(size=(80, classes)), axis=1)
        large, new = sample_weights(80), rng.normal(size=(5, 4))
        for w, of_classes in [(large, None), (large, dict(enumerate([0.5, 3.0, 1.25][:classes]))), (large / 500, None)]:
            model = LogisticRegression(C=c, tol=1e-13, max_iter=100_000, solver="newton-cg", class_weight=of_classes)
            # mfnet's penalty is no larger than that of as many samples of weight 1
            of_loss = w * np.array(list(of_classes.values()))[labels] if of_classes else w
            mean_one = w / min(1.0, of_loss[of_loss > 0].mean())
            naive = DummyClassifier(strategy="prior").fit(x, labels, sample_weight=w)
            yield {"x": x, "labels": labels, "weights": w, "class_weights": list(of_classes.values()) if of_classes else None, "new": new,
                   "probabilities": model.fit(x, labels, sample_weight=mean_one).predict_proba(new), "naive": naive.predict_proba(new[:1])}


def balanced():
    labels = np.array([0] * 7 + [1] * 2 + [2] * 11)
    w = rng.uniform(0.1, 3, 20)
    yield {"labels": labels, "weights": None, "balanced": compute_class_weight("balanced", classes=np.arange(3), y=labels)}
    yield {"labels": labels, "weights": w, "balanced": compute_class_weight("balanced", classes=np.arange(3), y=labels, sample_weight=w)}


def comparison(g, w, groups):
    """Samples of weight 0 are no observations."""
    g, w, groups = g[w > 0], w[w > 0], groups[w > 0]
    ols = sm.WLS(g, np.ones(len(g)), weights=w)
    robust = ols.fit(cov_type="HC1", use_t=True)
    clustered = ols.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    of = lambda fit: {"difference": fit.params[0], "standard_error": fit.bse[0], "p_value": fit.pvalues[0]}
    return {"alone": of(robust), "grouped": of(clustered)}


def comparisons():
    m = 40
    w, groups = sample_weights(m), rng.integers(0, 9, m)
    true = rng.integers(0, 3, m)
    first, second = (np.where(rng.random(m) < right, true, rng.integers(0, 3, m)) for right in (0.7, 0.4))
    yield {"true": true, "first": first, "second": second, "weights": w, "groups": groups,
           **comparison((second != true).astype(float) - (first != true), w, groups)}
    y = rng.normal(size=(m, 2))
    first, second = y + 0.5 * rng.normal(size=(m, 2)), y + 0.8 * rng.normal(size=(m, 2))
    variance = np.average((y - np.average(y, axis=0, weights=w)) ** 2, axis=0, weights=w)
    error = lambda prediction: ((prediction - y) ** 2 / variance).mean(axis=1)
    yield {"y": y, "first": first, "second": second, "weights": w, "groups": groups, **comparison(error(second) - error(first), w, groups)}


warnings.simplefilter("ignore")
golden = {
    "made_by": {"script": "weights_golden.py", "torch": torch.__version__, "scikit-learn": sklearn.__version__,
                "statsmodels": statsmodels.__version__, "numpy": np.__version__, "python": platform.python_version()},
    "trainings": list(trainings()),
    "scores": list(scores()),
    "errors": list(errors()),
    "linear_regression": linear_regression(),
    "logistic_regression": list(logistic_regression()),
    "balanced": list(balanced()),
    "comparisons": list(comparisons()),
}
with open(pathlib.Path(__file__).with_name("weights.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value, default=lambda array: array.tolist())}" for key, value in golden.items())
    file.write("{\n" + ",\n".join(entries) + "\n}\n")
