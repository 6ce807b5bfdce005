"""Writes baselines.json: linear models that minimise other losses, by scikit-learn, for tests/sklearn.rs.

    python baselines_golden.py      # needs scikit-learn; the versions that made the file stand in its "made_by"
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn.linear_model import PoissonRegressor, QuantileRegressor

rng = np.random.default_rng(8)
X = rng.normal(size=(80, 3))
values = X @ [0.8, -0.5, 0.3] + rng.standard_t(3, size=80)
values = (values - values.mean()) / values.std()
counts = rng.poisson(np.exp(0.4 + X @ [0.5, 0.2, -0.3])) / 2.0
weights = 10 ** rng.uniform(-1, 1, 80)


def model(name, y, sample_weight, regressor):
    fitted = regressor.fit(X, y, sample_weight=sample_weight)
    return {"loss": name, "y": y, "weights": sample_weight, "prediction": fitted.predict(X)}


golden = {
    "made_by": {"script": "baselines_golden.py", "scikit-learn": sklearn.__version__, "numpy": np.__version__, "python": platform.python_version()},
    "inputs": X,
    "models": [
        model(name, y, w, regressor)
        for w in (None, weights)
        for name, y, regressor in [
            ("mae", values, QuantileRegressor(quantile=0.5, alpha=0)),
            ("quantile:0.9", values, QuantileRegressor(quantile=0.9, alpha=0)),
            ("poisson", counts, PoissonRegressor(alpha=0, tol=1e-12, max_iter=10_000)),
        ]
    ],
}
with open(pathlib.Path(__file__).with_name("baselines.json"), "w") as file:
    json.dump(golden, file, default=lambda array: array.tolist())
    file.write("\n")
