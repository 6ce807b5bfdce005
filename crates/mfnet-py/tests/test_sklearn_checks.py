"""scikit-learn's checks of estimators: none is expected to fail, and none is skipped."""

import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning, SkipTestWarning
from sklearn.utils.estimator_checks import (
    check_estimator,
    check_sample_weight_equivalence_on_dense_data,
    check_sample_weight_equivalence_on_sparse_data,
    parametrize_with_checks,
)

from mfnet.sklearn import MLPClassifier, MLPRegressor

ESTIMATORS = [MLPClassifier(), MLPRegressor()]


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(ESTIMATORS)
def test_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_no_check_is_skipped(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", SkipTestWarning)
        results = check_estimator(estimator, on_fail="raise")
    assert len(results) > 40
    assert {result["status"] for result in results} == {"passed"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", [
    MLPClassifier(solver="lbfgs"),
    MLPRegressor(solver="lbfgs"),
    MLPRegressor(solver="sgd", tol=1e-2, random_state=42),
], ids=str)  # fmt: skip
def test_a_weight_is_a_number_of_copies(estimator):
    check_sample_weight_equivalence_on_dense_data(type(estimator).__name__, estimator)
    check_sample_weight_equivalence_on_sparse_data(type(estimator).__name__, estimator)


def test_convergence_warning_is_that_of_scikit_learn():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        MLPRegressor(max_iter=2).fit([[0.0], [1.0]], [0.0, 1.0])
