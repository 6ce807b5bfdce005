"""Which values the parameters may have."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from .._core import check_name

ACTIVATIONS = {
    "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "gelu_tanh", "silu", "mish",
    "softplus", "hard_sigmoid", "hard_swish",
}  # fmt: skip
SCHEDULES = {
    "constant", "step", "exponential", "polynomial", "cosine", "cosine-restarts", "flat-cosine", "cosine-cycles",
    "one-cycle", "plateau",
}  # fmt: skip


class Names(StrOptions):  # type: ignore[misc]
    """Names, perhaps with a setting after a colon, such as ``huber:1.35``."""

    def __init__(self, kind: str, options: set[str]) -> None:
        super().__init__(options)
        self.kind = kind

    def is_satisfied_by(self, val: Any) -> bool:
        return isinstance(val, str) and val.split(":")[0] in self.options and check_name(self.kind, val) is None


#: Of both estimators.
CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [Names("activation", ACTIVATIONS), list, tuple],
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "clip_norm": [None, Interval(Real, 0, None, closed="neither")],
    "schedule": [None, Names("schedule", SCHEDULES)],
    "dtype": [None, StrOptions({"float32", "float64"}), Options(type, {np.float32, np.float64})],
    "n_threads": [None, Interval(Integral, 1, 1024, closed="both")],
    "encoding": [None, str],
    "preset": [None, str],
}
