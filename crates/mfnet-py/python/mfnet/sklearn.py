"""``MLPClassifier`` and ``MLPRegressor``: scikit-learn's estimators, trained in Rust.

Change ``from sklearn.neural_network import MLPClassifier`` into ``from mfnet.sklearn import MLPClassifier``. Parameters,
defaults and attributes are those of scikit-learn 1.9, and the same ``random_state`` gives the same initial weights and
the same batches. Parameters that only mfnet has come last, by keyword.

What differs from scikit-learn:

* Two classes have two outputs and softmax, not one output and a sigmoid. A network whose ``coefs_`` end with one output
  goes on with one.
* The log loss is computed from logits, so it has no largest value.
* Weights may not be negative.
* ``coefs_`` and ``intercepts_`` are read-only arrays. Assign new ones to change them.
* After Ctrl-C, ``fit`` keeps the weights so far and raises ``KeyboardInterrupt``.
* With ``solver="lbfgs"``, 32-bit inputs give 32-bit weights; the solver itself computes in 64 bits.
* A ``RandomState`` of another generator than MT19937 draws the seed of one.
"""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError("mfnet.sklearn needs scikit-learn: pip install 'mfnet[sklearn]'") from error

from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, _fit_context, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ._core import DivergedError, Mlp, check_name

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn without callbacks

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing."""


__all__ = ["MLPClassifier", "MLPRegressor"]

_ACTIVATIONS = {
    "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "gelu_tanh", "silu", "mish", "softplus",
    "hard_sigmoid", "hard_swish",
}  # fmt: skip
_SCHEDULES = {
    "constant", "step", "exponential", "polynomial", "cosine", "cosine-restarts", "flat-cosine", "cosine-cycles",
    "one-cycle", "plateau",
}  # fmt: skip
_TOO_LARGE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)


class _Diverged(DivergedError, ValueError):
    """Weights that are infinite or NaN: mfnet's error and scikit-learn's."""


class _Names(StrOptions):  # type: ignore[misc]
    """Names, perhaps with a setting after a colon, such as ``huber:1.35``."""

    def __init__(self, kind: str, options: set[str]) -> None:
        super().__init__(options)
        self.kind = kind

    def is_satisfied_by(self, val: Any) -> bool:
        return isinstance(val, str) and val.split(":")[0] in self.options and check_name(self.kind, val) is None


class _Optimizer:
    """The state of the optimizer between calls of ``partial_fit``."""

    def __init__(self, learning_rate: float, steps: int = 0, states: list[Any] | None = None) -> None:
        self.learning_rate = learning_rate
        self.steps = steps
        self.states = states or []


def _has_partial_fit(estimator: Any) -> bool:
    if estimator.solver == "lbfgs":
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True


class _Perceptron(CallbackSupportMixin, BaseEstimator):  # type: ignore[misc]
    """What both estimators share."""

    _parameter_constraints: dict[str, list[Any]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [_Names("activation", _ACTIVATIONS), list, tuple],
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
        "schedule": [None, _Names("schedule", _SCHEDULES)],
        "dtype": [None, StrOptions({"float32", "float64"}), Options(type, {np.float32, np.float64})],
        "n_threads": [None, Interval(Integral, 1, 1024, closed="both")],
        "encoding": [None, str],
        "preset": [None, str],
    }

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
        random = _mt19937(random_state) if self.shuffle and self.solver != "lbfgs" else None
        calls = _Calls.of(self, X, y, sample_weight)
        settings["shows_weights"] = calls is not None and calls.context is not None
        state = None if random is None else random.get_state(legacy=False)
        words = None if state is None else (state["state"]["key"], state["state"]["pos"])
        # callbacks copy the estimator
        cached = self.__dict__.pop("_cached", None)
        try:
            about = net.fit(_array(X), targets, in_loss, settings, validation, words, calls)
        except BaseException:
            if cached is not None:
                self._cached = cached
            raise
        if random is not None and state is not None:
            state["state"]["key"], state["state"]["pos"] = about["random"]
            random.set_state(state)
        self._take(net, about, incremental)
        if calls is not None and about["error"] is None:
            calls.close()
        return self._finish(about, incremental)

    def _hidden_layers(self) -> list[int]:
        hidden = self.hidden_layer_sizes
        hidden = list(hidden) if hasattr(hidden, "__iter__") else [hidden]
        if np.any(np.array(hidden) <= 0):
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
        for i, (fan_in, fan_out) in enumerate(zip(units, units[1:])):
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

    def _network(self, settings: dict[str, Any] | None = None) -> Mlp:
        """The network of the current weights; with settings, also the state of the optimizer."""
        arrays = [*self.coefs_, *self.intercepts_]
        plan = (self._activations(), float(self.dropout), self.out_activation_)
        net, of, with_plan = self.__dict__.get("_cached", (None, (), None))
        same = len(of) == len(arrays) and all(a is b and not a.flags.writeable for a, b in zip(arrays, of))
        if not same or plan != with_plan:
            net = self._built(arrays, plan)
        optimizer = self.__dict__.get("_optimizer")
        if settings is not None and optimizer is not None and optimizer.states:
            net.resume(settings, optimizer.steps, optimizer.states)
            optimizer.states = []
        return net

    def _built(self, arrays: list[Any], plan: tuple[Any, ...]) -> Mlp:
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
        return _array(X), self._targets(y), self._loss_weights(y, in_score, incremental=False), in_score

    def _take(self, net: Mlp, about: dict[str, Any], incremental: bool) -> None:
        """Set the attributes of a fit."""
        self.coefs_, self.intercepts_ = net.weights()
        arrays = [*self.coefs_, *self.intercepts_]
        for array in arrays:
            array.flags.writeable = False
        self._cached = (net, arrays, (self._activations(), float(self.dropout), self.out_activation_))
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
            if X.dtype not in _dtypes(X):
                X = X.astype(np.float64)
        return self._network().predict(_array(X), self.n_threads, logits)

    def _is_plain(self, X: Any) -> bool:
        """Whether X needs no conversion: validation takes longer than the prediction of a row."""
        return (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype in (np.float64, np.float32)
            and X.dtype.isnative
            and X.shape[0] > 0
            and X.shape[1] == getattr(self, "n_features_in_", None)
            and not hasattr(self, "feature_names_in_")
            and X.size < 1000
            and bool(np.isfinite(X).all())
        )

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


class _Calls:
    """What Rust calls after each epoch: prints progress, and calls scikit-learn's callbacks."""

    def __init__(self, estimator: Any, context: Any, data: dict[str, Any]) -> None:
        self.estimator, self.context, self.data = estimator, context, data
        self.epoch: Any = None
        if context is not None:
            context.call_on_fit_task_begin(estimator=estimator, **data)
            self._begin()

    @classmethod
    def of(cls, estimator: Any, X: Any, y: Any, sample_weight: Any) -> _Calls | None:
        context = None
        if hasattr(estimator, "_skl_callbacks"):
            context = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        if context is None and not estimator.verbose:
            return None
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        return cls(estimator, context, {"X": X, "y": y, "metadata": metadata})

    def _begin(self) -> None:
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def __call__(self, number: int, loss: float, score: float | None, message: str, weights: Any) -> bool:
        if self.estimator.verbose:
            print(f"Iteration {number}, loss = {loss:.8f}")
            if score is not None:
                print(f"Validation score: {score:f}")
            if message:
                print(message)
        if self.context is None:
            return False
        stops = self.epoch.call_on_fit_task_end(
            estimator=self.estimator, reconstruction_attributes=_reconstruction(weights), **self.data
        )
        self.epoch = None
        if not stops and number < self.estimator.max_iter:
            self._begin()
        return bool(stops)

    def close(self) -> None:
        """End the fit, and an epoch that did not run."""
        if self.context is None:
            return
        if self.epoch is not None:
            self.epoch.call_on_fit_task_end(estimator=self.estimator)
        self.context.call_on_fit_task_end(estimator=self.estimator, reconstruction_attributes={}, **self.data)


def _reconstruction(weights: Any) -> dict[str, Any]:
    coefs, intercepts = weights
    return {"coefs_": coefs, "intercepts_": intercepts}


def _dtypes(X: Any) -> list[Any]:
    """The types that are taken as they are; the first is that of all others."""
    return [np.float64, np.float32] if issparse(X) else [np.float64, np.float32, np.uint8]


def _array(X: Any) -> Any:
    """X as Rust takes it."""
    return (X.shape[1], X.indptr, X.indices, X.data) if issparse(X) else X


def _mt19937(random_state: Any) -> Any:
    """A `RandomState` of MT19937: the given one, or one that it seeds."""
    if random_state.get_state(legacy=False)["bit_generator"] == "MT19937":
        return random_state
    return np.random.RandomState(random_state.randint(2**31 - 1))


class MLPClassifier(ClassifierMixin, _Perceptron):  # type: ignore[misc]
    """Multi-layer perceptron for classes, and for several labels at once.

    Parameters
    ----------
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, learning_rate_init, power_t, max_iter, \
shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, early_stopping, validation_fraction, \
beta_1, beta_2, epsilon, n_iter_no_change, max_fun
        As in :class:`sklearn.neural_network.MLPClassifier`. ``activation`` may also be ``'leaky_relu'``, ``'elu'``,
        ``'selu'``, ``'gelu'``, ``'gelu_tanh'``, ``'silu'``, ``'mish'``, ``'softplus'``, ``'hard_sigmoid'`` or
        ``'hard_swish'``, or a list with a name for each hidden layer.
    loss : str, default='log_loss'
        ``'log_loss'``, ``'focal'`` or ``'focal:2.0'`` with γ, ``'smoothed_log_loss'`` or ``'smoothed_log_loss:0.1'``
        with ε. Several labels at once need ``'log_loss'``.
    class_weight : dict, 'balanced', or None, default=None
        Weights of the classes in the loss, as in other classifiers of scikit-learn.
    dropout : float, default=0.0
        Probability of dropout after each hidden layer.
    weight_decay : float, default=0.0
        λ of AdamW: each step multiplies the weights by 1 − ηλ. ``alpha`` is a penalty in the loss instead.
    clip_norm : float or None, default=None
        The largest norm of all gradients together.
    schedule : str or None, default=None
        Schedule of the learning rate over ``max_iter`` epochs: ``'cosine'``, ``'one-cycle'``, ``'step:30:0.1'``, …
    dtype : {'float32', 'float64'} or None, default=None
        The type of the weights and of all arithmetic. None is 32 bits for 32-bit ``X``, and else 64.
    n_threads : int or None, default=None
        Number of threads. None is that of ``MFNET_NUM_THREADS``, ``OMP_NUM_THREADS``, or of the processors. Results
        do not depend on it.
    encoding, preset : None
        Not available yet.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coefs_ : list of ndarray of shape (n_inputs, n_outputs)
        Read-only.
    intercepts_ : list of ndarray of shape (n_outputs,)
        Read-only.
    loss_, best_loss_ : float
    loss_curve_ : list of float
        The training loss of each epoch, with the penalty.
    validation_scores_ : list of float or None
        The accuracy on validation samples after each epoch.
    validation_loss_curve_ : list of float or None
        The loss of the validation samples after each epoch, without the penalty.
    best_validation_score_ : float or None
    n_iter_, n_layers_, n_outputs_, n_features_in_, t_ : int
    out_activation_ : str

    Notes
    -----
    What differs from scikit-learn is in the description of :mod:`mfnet.sklearn`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from mfnet.sklearn import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = MLPClassifier(max_iter=500, random_state=0, class_weight="balanced").fit(X, y)
    >>> clf.predict_proba(X[:2]).shape
    (2, 3)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **_Perceptron._parameter_constraints,
        "loss": [_Names("loss", {"log_loss", "focal", "smoothed_log_loss"})],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: str = "log_loss",
        class_weight: Any = None,
        dropout: float = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        schedule: str | None = None,
        dtype: Any = None,
        n_threads: int | None = None,
        encoding: str | None = None,
        preset: str | None = None,
    ) -> None:
        _set_parameters(self, locals())

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator, unused-ignore]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None) -> MLPClassifier:
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Copied once, as 8-bit, 32-bit or 64-bit numbers. Sparse rows are stored densely.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Classes, or 1 and 0 for each label.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights of the samples. A batch's loss is Σ wᵢ cᵢ / Σ wᵢ.
        validation_data : (X, y) or (X, y, sample_weight) or None, default=None
            Samples for ``validation_scores_`` and ``validation_loss_curve_``, and for ``early_stopping`` instead of a
            part of ``X``.

        Returns
        -------
        self : MLPClassifier

        Raises
        ------
        ValueError
            For parameters and data that scikit-learn refuses, negative weights, and a diverged training
            (`mfnet.DivergedError` too).
        MemoryError
            If there is not enough memory.
        """
        self._fit(X, y, sample_weight, validation_data)
        return self

    @available_if(_has_partial_fit)  # type: ignore[untyped-decorator, unused-ignore]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator, unused-ignore]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> MLPClassifier:
        """Train for one epoch, from the weights and the optimizer's state of the call before.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
        sample_weight : array-like of shape (n_samples,) or None, default=None
        classes : array-like of shape (n_classes,) or None, default=None
            All classes. The first call needs them.

        Returns
        -------
        self : MLPClassifier
        """
        if _check_partial_fit_first_call(self, classes):
            self._label_binarizer = LabelBinarizer()
            self._label_binarizer.fit(y if type_of_target(y).startswith("multilabel") else classes)
        self._fit(X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> Any:
        """Predict the class of each row, or the labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        p = self._outputs(X)
        if self.out_activation_ == "softmax":
            return self.classes_.take(p.argmax(axis=1))
        return self._label_binarizer.inverse_transform(p.ravel() if self.n_outputs_ == 1 else p)

    def predict_proba(self, X: Any) -> Any:
        """Predict the probability of each class, or of each label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        p = self._outputs(X)
        return np.hstack([1 - p, p]) if p.shape[1] == 1 else p

    def decision_function(self, X: Any) -> Any:
        """Compute the logit of each class or label; of two classes, the logit of the second one.

        scikit-learn's class has no such method.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        z : ndarray of shape (n_samples,) or (n_samples, n_classes)
        """
        z = self._outputs(X, logits=True)
        if z.shape[1] == 1:
            return z.ravel()
        return z[:, 1] - z[:, 0] if len(self.classes_) == 2 and not self._is_multilabel() else z

    def predict_log_proba(self, X: Any) -> Any:
        """Predict the logarithm of ``predict_proba``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
        """
        p = self.predict_proba(X)
        return np.log(p, out=p)

    def _validate(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Any]:
        X, y = validate_data(self, X, y, accept_sparse="csr", multi_output=True, dtype=_dtypes(X), reset=reset)
        y = _one_column(y)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._label_binarizer = LabelBinarizer().fit(y)
            self.classes_ = self._label_binarizer.classes_
            return X, y
        classes = unique_labels(y)
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {self.classes_}, `y` has {classes}"
                )
        elif len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {classes}."
            )
        return X, y

    def _validate_more(self, X: Any, y: Any) -> tuple[Any, Any]:
        X, y = validate_data(self, X, y, accept_sparse="csr", multi_output=True, dtype=_dtypes(X), reset=False)
        y = _one_column(y)
        unknown = np.setdiff1d(unique_labels(y), self.classes_, assume_unique=True)
        if len(unknown):
            raise ValueError(f"validation_data: expected the classes {self.classes_}, found {unknown}")
        return X, y

    def _is_multilabel(self) -> bool:
        return bool(self._label_binarizer.y_type_.startswith("multilabel"))

    def _output(self, y: Any) -> tuple[str, int]:
        if self._is_multilabel():
            return "logistic", y.shape[1]
        return ("softmax", len(self.classes_)) if len(self.classes_) > 1 else ("logistic", 1)

    def _loss_name(self) -> str:
        if self.out_activation_ == "softmax":
            return str(self.loss)
        if self.loss != "log_loss":
            raise ValueError(f"loss={self.loss!r} needs one label for each sample; several at once need 'log_loss'")
        return "binary_log_loss"

    def _codes(self, y: Any) -> Any:
        return np.searchsorted(self.classes_, y).astype(np.int64)

    def _targets(self, y: Any) -> Any:
        if self.out_activation_ == "softmax":
            return self._codes(y)
        if self._is_multilabel():
            return np.ascontiguousarray(y.toarray() if issparse(y) else y, np.float64)
        first = self._codes(y) if len(self.classes_) > 1 else np.zeros(len(y))
        return first.astype(np.float64).reshape(-1, 1)

    def _stratify(self, y: Any) -> Any:
        # as scikit-learn: two classes are split alike, several are not
        if self._is_multilabel() or len(self.classes_) > 2:
            return None
        return (self._codes(y) == 1).reshape(-1, 1) if len(self.classes_) == 2 else np.zeros((len(y), 1), bool)

    def _loss_weights(self, y: Any, sample_weight: Any, incremental: bool) -> Any:
        weights = None if sample_weight is None else np.asarray(sample_weight, np.float64)
        if self.class_weight is None:
            return weights
        if self._is_multilabel():
            of_classes = compute_sample_weight(self.class_weight, y)
        else:
            if incremental and isinstance(self.class_weight, str):
                raise ValueError(
                    "class_weight 'balanced' is not supported for partial_fit, which does not see all samples: use "
                    "compute_class_weight('balanced', classes=classes, y=y) for all of them, and pass a dictionary"
                )
            weight = compute_class_weight(self.class_weight, classes=self.classes_, y=y, sample_weight=weights)
            of_classes = weight[self._codes(y)]
        return of_classes.astype(np.float64) if weights is None else of_classes * weights

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class MLPRegressor(RegressorMixin, _Perceptron):  # type: ignore[misc]
    """Multi-layer perceptron for one or several values.

    Parameters
    ----------
    loss : str, default='squared_error'
        ``'squared_error'`` and ``'poisson'`` as in scikit-learn; also ``'absolute_error'``, ``'huber'`` or
        ``'huber:1.35'`` with δ, ``'log_cosh'``, ``'quantile'`` or ``'quantile:0.9'`` with the level.
    hidden_layer_sizes, activation, solver, alpha, batch_size, learning_rate, learning_rate_init, power_t, max_iter, \
shuffle, random_state, tol, verbose, warm_start, momentum, nesterovs_momentum, early_stopping, validation_fraction, \
beta_1, beta_2, epsilon, n_iter_no_change, max_fun
        As in :class:`sklearn.neural_network.MLPRegressor`, with the activations of :class:`MLPClassifier`.
    dropout, weight_decay, clip_norm, schedule, dtype, n_threads, encoding, preset
        As in :class:`MLPClassifier`.

    Attributes
    ----------
    coefs_, intercepts_, loss_, best_loss_, loss_curve_, validation_scores_, validation_loss_curve_, \
best_validation_score_, n_iter_, n_layers_, n_outputs_, n_features_in_, t_, out_activation_
        As in :class:`MLPClassifier`; the score is R².

    Notes
    -----
    What differs from scikit-learn is in the description of :mod:`mfnet.sklearn`. As there, the loss of several values
    is shown as their mean, and its gradient is that of their sum.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from mfnet.sklearn import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), MLPRegressor("huber:10", (32,), learning_rate_init=0.01, max_iter=500))
    >>> model.fit(X, y).predict(X[:3]).shape
    (3,)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **_Perceptron._parameter_constraints,
        "loss": [
            _Names("loss", {"squared_error", "poisson", "absolute_error", "huber", "log_cosh", "quantile"}),
        ],
    }

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        schedule: str | None = None,
        dtype: Any = None,
        n_threads: int | None = None,
        encoding: str | None = None,
        preset: str | None = None,
    ) -> None:
        _set_parameters(self, locals())

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator, unused-ignore]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None) -> MLPRegressor:
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,) or None, default=None
        validation_data : (X, y) or (X, y, sample_weight) or None, default=None
            All as in :meth:`MLPClassifier.fit`.

        Returns
        -------
        self : MLPRegressor

        Raises
        ------
        ValueError, MemoryError
            As in :meth:`MLPClassifier.fit`.
        """
        self._fit(X, y, sample_weight, validation_data)
        return self

    @available_if(_has_partial_fit)  # type: ignore[untyped-decorator, unused-ignore]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator, unused-ignore]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train for one epoch, from the weights and the optimizer's state of the call before.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,) or None, default=None

        Returns
        -------
        self : MLPRegressor
        """
        self._fit(X, y, sample_weight, incremental=True)
        return self

    def predict(self, X: Any) -> Any:
        """Predict the value or values of each row.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        y = self._outputs(X)
        return y.ravel() if y.shape[1] == 1 else y

    def _validate(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Any]:
        X, y = validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, y_numeric=True, dtype=_dtypes(X), reset=reset
        )
        y = _one_column(y)
        if self.loss == "poisson" and np.any(y < 0):
            raise ValueError("loss='poisson' needs y >= 0, found a negative number")
        return X, y

    def _validate_more(self, X: Any, y: Any) -> tuple[Any, Any]:
        return self._validate(X, y, incremental=False, reset=False)

    def _output(self, y: Any) -> tuple[str, int]:
        return "exp" if self.loss == "poisson" else "identity", 1 if y.ndim == 1 else y.shape[1]

    def _targets(self, y: Any) -> Any:
        return np.ascontiguousarray(y, np.float64).reshape(len(y), -1)

    def _stratify(self, y: Any) -> Any:
        return None

    def _loss_weights(self, y: Any, sample_weight: Any, incremental: bool) -> Any:
        return None if sample_weight is None else np.asarray(sample_weight, np.float64)


def _one_column(y: Any) -> Any:
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y


def _set_parameters(estimator: Any, parameters: dict[str, Any]) -> None:
    for name, value in parameters.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)
