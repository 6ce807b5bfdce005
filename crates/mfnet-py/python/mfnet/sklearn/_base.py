"""What both estimators share: the way of a fit into Rust and back."""

from __future__ import annotations

import warnings
from functools import cache
from inspect import signature
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import validate_parameter_constraints
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .._core import DivergedError, Mlp, check_name
from ._arrays import array_, dtypes, is_plain, is_plain_target, mt19937
from ._calls import Calls
from ._constraints import CONSTRAINTS

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn without callbacks

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing."""


_TOO_LARGE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class _Diverged(DivergedError, ValueError):
    """Weights that are infinite or NaN: mfnet's error and scikit-learn's."""


class _Optimizer:
    """The state of the optimizer between calls of ``partial_fit``."""

    def __init__(self, learning_rate: float, steps: int = 0, states: list[Any] | None = None) -> None:
        self.learning_rate = learning_rate
        self.steps = steps
        self.states = states or []


def has_partial_fit(estimator: Any) -> bool:
    if estimator.solver == "lbfgs":
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True


class Perceptron(CallbackSupportMixin, BaseEstimator):  # type: ignore[misc]
    """What both estimators share."""

    coefs_: list[Any]
    intercepts_: list[Any]
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        validation_data: Any = None,
        incremental: bool = False,
    ) -> Any:
        hidden = self._hidden_layers()
        self._check_added()
        first_pass = not hasattr(self, "coefs_") or (not self.warm_start and not incremental)
        X, y = self._validate(X, y, incremental, reset=first_pass)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")

        random_state = self._random_state = check_random_state(self.random_state)
        if first_pass:
            self._initialize(y, X, hidden, random_state)
        targets = self._targets(y)
        in_loss = self._loss_weights(y, sample_weight, incremental)

        validation = None
        if self.solver != "lbfgs":
            if validation_data is not None:
                validation = self._validation(validation_data)
            elif self.early_stopping:
                validation = self._split(y, sample_weight, random_state)
        n_train = len(validation[0]) if validation is not None and validation_data is None else X.shape[0]
        settings = self._settings(n_train, incremental, random_state)
        net = self._network(settings if incremental else None)
        self._stop_counting(validation is not None)
        settings["t"] = self.t_
        if self.solver != "lbfgs":
            best = self.best_validation_score_ if self.early_stopping else self.best_loss_
            settings["best"] = best if best is not None else (-np.inf if self.early_stopping else np.inf)
            settings["no_improvement"] = self._no_improvement_count
        calls = Calls.of(self, X, y, sample_weight)
        settings["shows_weights"] = calls is not None and calls.context is not None
        shuffler = mt19937(random_state) if self.shuffle and self.solver != "lbfgs" else None
        state = None if shuffler is None else shuffler.get_state(legacy=False)
        words = None if state is None else (state["state"]["key"], state["state"]["pos"])
        # callbacks copy the estimator, but not a network that is being trained
        cached = self.__dict__.pop("_cached", None)
        try:
            about = net.fit(array_(X), targets, in_loss, settings, validation, words, calls)
        except BaseException:
            if cached is not None:
                self._cached = cached
            raise
        if shuffler is not None and state is not None:
            state["state"]["key"], state["state"]["pos"] = about["random"]
            shuffler.set_state(state)
        self._take(net, about, incremental)
        if calls is not None and about["error"] is None:
            calls.close()
        return self._finish(about, incremental)

    def _hidden_layers(self) -> list[int]:
        hidden = self.hidden_layer_sizes
        hidden = list(hidden) if hasattr(hidden, "__iter__") else [hidden]
        if any(size <= 0 for size in hidden):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {hidden}.")
        return [int(size) for size in hidden]

    def _check_added(self) -> None:
        """Check the parameters that only mfnet has."""
        for name in ("encoding", "preset"):
            if getattr(self, name) is not None:
                raise ValueError(f"{name}={getattr(self, name)!r}: mfnet has no {name}s yet")
        self._activations()
        if self.solver == "lbfgs":
            for name, usual in (("dropout", 0), ("weight_decay", 0), ("clip_norm", None), ("schedule", None)):
                if getattr(self, name) != usual:
                    raise ValueError(f"{name}={getattr(self, name)!r} needs solver='adam' or 'sgd', found 'lbfgs'")

    def _activations(self) -> list[str]:
        """The activation of each hidden layer."""
        hidden = len(self._hidden_layers())
        if isinstance(self.activation, str):
            return [self.activation] * hidden
        names = list(self.activation)
        if len(names) != hidden:
            raise ValueError(f"activation: expected a name for each of {hidden} hidden layers, found {names}")
        for name in names:
            wrong = check_name("activation", name) if isinstance(name, str) else f"expected a name, found {name!r}"
            if wrong:
                raise ValueError(f"activation: {wrong}")
        return names

    def _initialize(self, y: Any, X: Any, hidden: list[int], random_state: Any) -> None:
        self.n_iter_ = 0
        self.t_ = 0
        self.out_activation_, self.n_outputs_ = self._output(y)
        units = [X.shape[1], *hidden, self.n_outputs_]
        self.n_layers_ = len(units)
        dtype = self._dtype(X)
        activations = self._activations() or [self.activation if isinstance(self.activation, str) else "identity"]
        self.coefs_, self.intercepts_ = [], []
        for i, (fan_in, fan_out) in enumerate(pairwise(units)):
            # Glorot and Bengio 2010
            factor = 2.0 if activations[min(i, len(activations) - 1)] == "logistic" else 6.0
            bound = np.sqrt(factor / (fan_in + fan_out))
            for arrays, shape in ((self.coefs_, (fan_in, fan_out)), (self.intercepts_, fan_out)):
                arrays.append(random_state.uniform(-bound, bound, shape).astype(dtype, copy=False))
        self._no_improvement_count = 0
        if self.solver != "lbfgs":
            self.loss_curve_: list[float] = []
            self.best_loss_ = None if self.early_stopping else np.inf
            self.validation_scores_: list[float] | None = [] if self.early_stopping else None
            self.validation_loss_curve_: list[float] | None = None
            self.best_validation_score_ = -np.inf if self.early_stopping else None
        self.__dict__.pop("_optimizer", None)

    def _dtype(self, X: Any) -> Any:
        if self.dtype is not None:
            return np.dtype(self.dtype)
        return np.dtype(np.float32 if X.dtype == np.float32 else np.float64)

    def _plan(self) -> tuple[list[str], float, str]:
        """What a network has besides its weights."""
        return self._activations(), float(self.dropout), self.out_activation_

    def _network(self, settings: dict[str, Any] | None = None) -> Mlp:
        """The network of the current weights; with settings, also the state of the optimizer."""
        arrays = [*self.coefs_, *self.intercepts_]
        plan = self._plan()
        net: Mlp
        net, of, with_plan = self.__dict__.get("_cached", (None, (), None))
        same = len(of) == len(arrays) and all(a is b and not a.flags.writeable for a, b in zip(arrays, of))
        if not same or plan != with_plan:
            net = self._built(arrays, plan)
        optimizer = self.__dict__.get("_optimizer")
        if settings is not None and optimizer is not None and optimizer.states:
            net.resume(settings, optimizer.steps, optimizer.states)
            optimizer.states = []
        return net

    def _built(self, arrays: list[Any], plan: tuple[list[str], float, str]) -> Mlp:
        """A network of these weights, kept if nobody can change them."""
        coefs = [np.asarray(coef) for coef in self.coefs_]
        double = any(coef.dtype != np.float32 for coef in coefs)
        dtype = np.float64 if double else np.float32
        net = Mlp(
            [np.asarray(coef, dtype) for coef in coefs],
            [np.asarray(intercept, dtype) for intercept in self.intercepts_],
            *plan,
            double,
        )
        if all(isinstance(array, np.ndarray) and not array.flags.writeable for array in arrays):
            self._cached = (net, arrays, plan)
        return net

    def _settings(self, n_samples: int, incremental: bool, random_state: Any) -> dict[str, Any]:
        if self.batch_size == "auto":
            batch_size = min(200, n_samples)
        else:
            if self.solver != "lbfgs" and self.batch_size > n_samples:
                warnings.warn(
                    "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=4
                )
            batch_size = min(max(int(self.batch_size), 1), n_samples)
        names = (
            "solver", "alpha", "learning_rate", "learning_rate_init", "power_t", "max_iter", "tol", "momentum",
            "nesterovs_momentum", "early_stopping", "beta_1", "beta_2", "epsilon", "n_iter_no_change", "max_fun",
            "weight_decay", "clip_norm", "schedule", "n_threads",
        )  # fmt: skip
        settings = {name: getattr(self, name) for name in names}
        settings["early_stopping"] = self.early_stopping and not incremental
        goes_on = incremental and hasattr(self, "_optimizer")
        return settings | {
            "loss": self._loss_name(),
            "batch_size": batch_size,
            "incremental": incremental,
            "seed": int(random_state.randint(2**31 - 1)) if self.dropout > 0 else 0,
            "shows_weights": False,
            "t": 0,
            "no_improvement": 0,
            "best": np.inf,
            "rate": float(self._optimizer.learning_rate if goes_on else self.learning_rate_init),
        }

    def _loss_name(self) -> str:
        return str(self.loss)

    def _stop_counting(self, validates: bool) -> None:
        """Prepare the attributes that a fit extends."""
        if not hasattr(self, "t_"):
            self.t_ = 0
        if self.solver == "lbfgs":
            return
        for name, value in (("loss_curve_", []), ("_no_improvement_count", 0), ("validation_loss_curve_", None)):
            if not hasattr(self, name):
                setattr(self, name, value)
        for name in ("validation_scores_", "best_validation_score_", "best_loss_"):
            if not hasattr(self, name):
                setattr(self, name, None)
        if self.early_stopping and self.best_validation_score_ is None:
            self.best_validation_score_ = -np.inf
        if not self.early_stopping and self.best_loss_ is None:
            self.best_loss_ = np.inf
        if validates:
            self.validation_scores_ = self.validation_scores_ if self.validation_scores_ is not None else []
            if self.validation_loss_curve_ is None:
                self.validation_loss_curve_ = []

    def _split(self, y: Any, sample_weight: Any, random_state: Any) -> tuple[Any, ...]:
        """Indices of the samples that train and of those held out, and the weights of these in the score."""
        train, held_out = train_test_split(
            np.arange(len(y)),
            random_state=random_state,
            test_size=self.validation_fraction,
            stratify=self._stratify(y),
        )
        if len(held_out) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        weights = None if sample_weight is None else np.asarray(sample_weight, np.float64)[held_out]
        return train, held_out, weights

    def _validation(self, validation_data: Any) -> tuple[Any, ...]:
        """Inputs, targets, and weights in the loss and in the score."""
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
            raise ValueError("validation_data: expected (X, y) or (X, y, sample_weight)")
        X, y, *weights = validation_data
        X, y = self._validate_more(X, y)
        in_score = None if not weights else np.asarray(_check_sample_weight(weights[0], X), np.float64)
        return array_(X), self._targets(y), self._loss_weights(y, in_score, incremental=False), in_score

    def _take(self, net: Mlp, about: dict[str, Any], incremental: bool) -> None:
        """Set the attributes of a fit."""
        self.coefs_, self.intercepts_ = net.weights()
        arrays = [*self.coefs_, *self.intercepts_]
        for array in arrays:
            array.flags.writeable = False
        self._cached = (net, arrays, self._plan())
        self.n_iter_ = about["n_iter"]
        if about["n_iter"] > 0:
            self.loss_ = about["loss"]
        if self.solver == "lbfgs":
            return
        self._optimizer = _Optimizer(about["rate"])
        self.t_ = about["t"]
        self.loss_curve_ += about["losses"]
        self._no_improvement_count = about["no_improvement"]
        if self.early_stopping and not incremental:
            self.best_validation_score_ = about["best"]
        else:
            self.best_loss_ = about["best"]
        if about["scores"] and self.validation_scores_ is not None and self.validation_loss_curve_ is not None:
            self.validation_scores_ += about["scores"]
            self.validation_loss_curve_ += about["validation_losses"]

    def _finish(self, about: dict[str, Any], incremental: bool) -> Any:
        """Raise or warn as the fit went."""
        if about["error"] is not None:
            raise about["error"]
        if not all(np.isfinite(array).all() for array in (*self.coefs_, *self.intercepts_)):
            raise _Diverged(_TOO_LARGE)
        if about["status"] != 0 and not incremental:
            if self.solver == "lbfgs":
                text = f"lbfgs failed to converge (status={about['status']}): {about['message']}"
            else:
                text = (
                    f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization "
                    "hasn't converged yet."
                )
            warnings.warn(text, ConvergenceWarning, stacklevel=5)
        return self

    def _outputs(self, X: Any, logits: bool = False) -> Any:
        """The outputs of the network, shape (n_samples, n_outputs)."""
        if not hasattr(self, "coefs_"):
            check_is_fitted(self)
        if not self._is_plain(X):
            X = validate_data(self, X, accept_sparse="csr", reset=False)
            if X.dtype not in dtypes(X):
                X = X.astype(np.float64)
        return self._network().predict(array_(X), self.n_threads, logits)

    def _is_plain(self, X: Any) -> bool:
        """Whether `validate_data` would return X: it takes longer than the prediction of a row."""
        attributes = self.__dict__
        return is_plain(X) and X.shape[1] == attributes.get("n_features_in_") and "feature_names_in_" not in attributes

    def _validate_small(self, X: Any, y: Any, reset: bool) -> bool:
        """Do what `validate_data` does, for small arrays that need no conversion; return whether they are such."""
        fits = is_plain(X) and is_plain_target(y) and y.shape == (len(X),)
        if fits and reset:
            self.n_features_in_ = X.shape[1]
            self.__dict__.pop("feature_names_in_", None)
        return fits and self._is_plain(X)

    @classmethod
    def _get_param_names(cls) -> list[str]:
        return sorted(defaults(cls))  # type: ignore[arg-type]

    def _validate_params(self) -> None:
        # the defaults are valid
        usual = defaults(type(self))  # type: ignore[arg-type]
        given = {name: value for name, value in self.get_params(deep=False).items() if value is not usual[name]}
        validate_parameter_constraints(self._parameter_constraints, given, caller_name=type(self).__name__)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        net, *_ = state.pop("_cached", (None,))
        if net is not None and "_optimizer" in state:
            steps, states = net.optimizer_state()
            if states:
                state["_optimizer"] = _Optimizer(state["_optimizer"].learning_rate, steps, states)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for array in (*self.__dict__.get("coefs_", ()), *self.__dict__.get("intercepts_", ())):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@cache
def defaults(kind: type) -> dict[str, Any]:
    """The parameters of an estimator with their defaults."""
    parameters = signature(kind.__init__).parameters.values()  # type: ignore[misc]
    return {parameter.name: parameter.default for parameter in parameters if parameter.name != "self"}


def set_parameters(estimator: Any, parameters: dict[str, Any]) -> None:
    for name, value in parameters.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)
