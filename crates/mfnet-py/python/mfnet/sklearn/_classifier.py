"""``MLPClassifier``."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import validate_data

from ._arrays import dtypes, one_column
from ._base import Perceptron, has_partial_fit, set_parameters
from ._constraints import CONSTRAINTS, Names


class MLPClassifier(ClassifierMixin, Perceptron):  # type: ignore[misc]
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

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "loss": [Names("loss", {"log_loss", "focal", "smoothed_log_loss"})],
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
        set_parameters(self, locals())

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

    @available_if(has_partial_fit)  # type: ignore[untyped-decorator, unused-ignore]
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
        if not self._validate_small(X, y, reset):
            X, y = validate_data(self, X, y, accept_sparse="csr", multi_output=True, dtype=dtypes(X), reset=reset)
            y = one_column(y)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._label_binarizer = _binarizer(y)
            self.classes_ = self._label_binarizer.classes_
            return X, y
        classes = _classes(y)
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
        X, y = validate_data(self, X, y, accept_sparse="csr", multi_output=True, dtype=dtypes(X), reset=False)
        y = one_column(y)
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


def _is_simple(y: Any) -> bool:
    return type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "iubU" and len(y) > 0


def _classes(y: Any) -> Any:
    """`unique_labels(y)`, which takes ten times as long."""
    return np.unique(y) if _is_simple(y) else unique_labels(y)


def _binarizer(y: Any) -> LabelBinarizer:
    """`LabelBinarizer().fit(y)`, which takes ten times as long."""
    binarizer = LabelBinarizer()
    if _is_simple(y):
        classes = np.unique(y)
        # it warns if classes are very many
        if 2 * len(classes) <= len(y):
            binarizer.classes_ = classes
            binarizer.y_type_ = "multiclass" if len(classes) > 2 else "binary"
            binarizer.sparse_input_ = False
            return binarizer
    return binarizer.fit(y)
