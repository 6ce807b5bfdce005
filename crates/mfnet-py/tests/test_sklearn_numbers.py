"""The same numbers as scikit-learn's estimators, from the same ``random_state``."""

import warnings

import numpy as np
import pytest
from sklearn import neural_network as theirs
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning

from mfnet.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X_IRIS, Y_IRIS = load_iris(return_X_y=True)
X_IRIS = (X_IRIS - X_IRIS.mean(axis=0)) / X_IRIS.std(axis=0)
X_REG, Y_REG = make_regression(n_samples=150, n_features=8, n_targets=1, noise=5.0, random_state=3)
Y_REG = Y_REG / Y_REG.std()
Y_TWO = np.column_stack([Y_REG, Y_REG**2])
X_LABELS, Y_LABELS = make_multilabel_classification(n_samples=90, n_features=6, n_classes=3, random_state=1)
Y_COUNTS = np.random.default_rng(5).poisson(np.exp(0.5 * X_REG[:, 0]))
WEIGHTS = np.random.default_rng(2).uniform(0.1, 3.0, 150)

PROBLEMS = {
    "classes": (MLPClassifier, theirs.MLPClassifier, X_IRIS, Y_IRIS, {}),
    "labels": (MLPClassifier, theirs.MLPClassifier, X_LABELS, Y_LABELS, {}),
    "values": (MLPRegressor, theirs.MLPRegressor, X_REG, Y_REG, {}),
    "two values": (MLPRegressor, theirs.MLPRegressor, X_REG, Y_TWO, {}),
    "counts": (MLPRegressor, theirs.MLPRegressor, X_REG, Y_COUNTS, {"loss": "poisson"}),
}


def both(problem, weighted=False, **parameters):
    """mfnet's estimator and scikit-learn's, fitted alike."""
    ours, reference, x, y, more = PROBLEMS[problem]
    weights = WEIGHTS[: len(x)] if weighted else None
    parameters = {"random_state": 0, "hidden_layer_sizes": (12, 7), **more, **parameters}
    return [kind(**parameters).fit(x, y, sample_weight=weights) for kind in (ours, reference)]


def assert_same(ours, reference, tolerance=1e-8):
    assert ours.n_iter_ == reference.n_iter_
    assert ours.out_activation_ == reference.out_activation_
    np.testing.assert_allclose(ours.loss_, reference.loss_, rtol=tolerance)
    for mine, other in zip(ours.coefs_ + ours.intercepts_, reference.coefs_ + reference.intercepts_):
        np.testing.assert_allclose(mine, other, rtol=0, atol=tolerance * np.abs(other).max())
    if ours.solver != "lbfgs":
        np.testing.assert_allclose(ours.loss_curve_, reference.loss_curve_, rtol=tolerance)
        assert ours.t_ == reference.t_


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_loss_curve_of_the_full_batch(problem, solver, alpha, weighted):
    parameters = {"solver": solver, "alpha": alpha, "batch_size": len(PROBLEMS[problem][2]), "shuffle": False}
    assert_same(*both(problem, weighted, **parameters, activation="tanh", max_iter=30, learning_rate_init=0.01))


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_shuffled_batches_are_those_of_the_same_random_state(problem, activation):
    # 16 samples in a batch, so the last one is short
    assert_same(*both(problem, activation=activation, batch_size=16, max_iter=8, alpha=0.01))


@pytest.mark.parametrize("iterations", [1, 2, 3, 6])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_first_iterations_of_lbfgs(problem, weighted, iterations):
    assert_same(*both(problem, weighted, solver="lbfgs", activation="tanh", max_iter=iterations, alpha=0.1))


@pytest.mark.parametrize("weighted", [False, True])
def test_lbfgs_adds_the_gradients_of_parts(weighted):
    x, y = np.tile(X_REG, (60, 1)), np.tile(Y_REG, 60)
    weights = np.random.default_rng(3).uniform(0, 1, 9000) if weighted else None
    fitted = [
        kind(hidden_layer_sizes=(6,), activation="tanh", solver="lbfgs", max_iter=4, random_state=0, alpha=1.0)
        for kind in (MLPRegressor, theirs.MLPRegressor)
    ]
    assert_same(*(estimator.fit(x, y, weights) for estimator in fitted))


@pytest.mark.parametrize("problem", ["classes", "values"])
def test_lbfgs_stops_where_scipy_stops(problem):
    ours, reference = both(problem, solver="lbfgs", activation="tanh", max_iter=2000, tol=1e-2, alpha=1.0)
    assert abs(ours.n_iter_ - reference.n_iter_) <= 2
    np.testing.assert_allclose(ours.loss_, reference.loss_, rtol=1e-6)


@pytest.mark.parametrize("parameters", [
    {"momentum": 0.0},
    {"momentum": 0.5, "nesterovs_momentum": False},
    {"learning_rate": "invscaling", "power_t": 0.3, "learning_rate_init": 0.1},
    {"learning_rate": "adaptive", "learning_rate_init": 0.2, "tol": 0.05, "n_iter_no_change": 2, "max_iter": 60},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("problem", ["classes", "values"])
def test_learning_rates_of_sgd(problem, parameters):
    assert_same(*both(problem, solver="sgd", **{"max_iter": 20, "batch_size": 40, "activation": "tanh", **parameters}))


def test_settings_of_adam():
    parameters = {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3, "max_iter": 20, "activation": "tanh"}
    assert_same(*both("classes", batch_size=32, **parameters))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_early_stopping_keeps_the_same_weights(problem):
    parameters = {"early_stopping": True, "max_iter": 40, "n_iter_no_change": 4, "activation": "tanh"}
    ours, reference = both(problem, **parameters, learning_rate_init=0.02)
    assert_same(ours, reference)
    np.testing.assert_allclose(ours.validation_scores_, reference.validation_scores_, rtol=1e-8)
    assert ours.best_loss_ is None and reference.best_loss_ is None
    assert len(ours.validation_loss_curve_) == ours.n_iter_


def test_early_stopping_with_weights():
    parameters = {"early_stopping": True, "max_iter": 15, "activation": "tanh", "learning_rate_init": 0.02}
    ours, reference = both("values", True, **parameters)
    assert_same(ours, reference)
    np.testing.assert_allclose(ours.validation_scores_, reference.validation_scores_, rtol=1e-8)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit(solver):
    fitted = []
    for kind in (MLPClassifier, theirs.MLPClassifier):
        estimator = kind((9,), "tanh", solver=solver, random_state=1, batch_size=20, learning_rate_init=0.01)
        for first in (0, 50, 100, 0):
            rows = slice(first, first + 50)
            estimator.partial_fit(X_IRIS[rows], Y_IRIS[rows], classes=[0, 1, 2])
        fitted.append(estimator)
    assert_same(*fitted)


def test_warm_start_goes_on():
    fitted = []
    for kind in (MLPClassifier, theirs.MLPClassifier):
        estimator = kind((9,), "tanh", random_state=1, warm_start=True, max_iter=5).fit(X_IRIS, Y_IRIS)
        fitted.append(estimator.set_params(max_iter=7).fit(X_IRIS, Y_IRIS))
    assert_same(*fitted)
    assert len(fitted[0].loss_curve_) == 12


def test_random_state_instances_move_on_alike():
    states = [np.random.RandomState(7), np.random.RandomState(7)]
    for kind, state in zip((MLPRegressor, theirs.MLPRegressor), states):
        kind(hidden_layer_sizes=(3,), random_state=state, max_iter=3).fit(X_REG, Y_REG)
    assert states[0].random_sample() == states[1].random_sample()


def test_predictions_of_the_same_weights():
    x, y = load_digits(return_X_y=True)
    reference = theirs.MLPClassifier((30,), max_iter=5, random_state=0).fit(x, y)
    ours = MLPClassifier((30,), max_iter=1, random_state=0).fit(x, y)
    ours.coefs_, ours.intercepts_ = reference.coefs_, reference.intercepts_
    np.testing.assert_allclose(ours.predict_proba(x), reference.predict_proba(x), rtol=1e-10, atol=1e-15)
    assert (ours.predict(x) == reference.predict(x)).all()


def test_one_output_for_two_classes_goes_on_as_in_scikit_learn():
    x, y = X_IRIS[50:], Y_IRIS[50:] - 1
    reference = theirs.MLPClassifier((5,), random_state=0, warm_start=True, max_iter=4).fit(x, y)
    ours = MLPClassifier((5,), random_state=0, warm_start=True, max_iter=4).fit(x, y)
    assert ours.n_outputs_ == 2 and ours.out_activation_ == "softmax"
    ours.coefs_, ours.intercepts_ = [c.copy() for c in reference.coefs_], [b.copy() for b in reference.intercepts_]
    ours.n_outputs_, ours.out_activation_ = 1, "logistic"
    for estimator in (ours, reference):
        estimator.fit(x, y)
    np.testing.assert_allclose(ours.loss_, reference.loss_, rtol=1e-8)
    np.testing.assert_allclose(ours.predict_proba(x), reference.predict_proba(x), rtol=1e-8)


def test_two_outputs_are_one_logit():
    """The difference of two logits is one logit: the same probabilities from equal weights."""
    x, y = X_IRIS[50:], Y_IRIS[50:] - 1
    reference = theirs.MLPClassifier((5,), random_state=0, max_iter=4).fit(x, y)
    ours = MLPClassifier((5,), random_state=0, max_iter=1).fit(x, y)
    w, b = reference.coefs_[1], reference.intercepts_[1]
    ours.coefs_ = [reference.coefs_[0], np.hstack([np.zeros_like(w), w])]
    ours.intercepts_ = [reference.intercepts_[0], np.hstack([np.zeros_like(b), b])]
    np.testing.assert_allclose(ours.predict_proba(x), reference.predict_proba(x), rtol=1e-10)


def test_a_longer_fit_reaches_the_same_loss():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours, reference = both("classes", max_iter=300)
    np.testing.assert_allclose(ours.loss_, reference.loss_, rtol=1e-6)
