"""``MLPRegressor``."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from ._arrays import dtypes, one_column
from ._base import Perceptron, has_partial_fit, set_parameters
from ._constraints import CONSTRAINTS, Names


class MLPRegressor(RegressorMixin, Perceptron):  # type: ignore[misc]
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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "loss": [
            Names("loss", {"squared_error", "poisson", "absolute_error", "huber", "log_cosh", "quantile"}),
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
        set_parameters(self, locals())

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

    @available_if(has_partial_fit)  # type: ignore[untyped-decorator, unused-ignore]
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
        if not self._validate_small(X, y, reset):
            X, y = validate_data(
                self, X, y, accept_sparse="csr", multi_output=True, y_numeric=True, dtype=dtypes(X), reset=reset
            )
            y = one_column(y)
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
