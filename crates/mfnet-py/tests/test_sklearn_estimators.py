"""The estimators inside scikit-learn's tools, and what only mfnet has."""

import copy
import os
import pickle
import resource
import signal
import threading
import time

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_multilabel_classification
from sklearn.ensemble import AdaBoostClassifier, AdaBoostRegressor, BaggingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, mean_pinball_loss, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mfnet import DivergedError
from mfnet.sklearn import MLPClassifier, MLPRegressor
from test_package import run

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
X_VALUES, Y_VALUES = load_diabetes(return_X_y=True)
X_VALUES, Y_VALUES = StandardScaler().fit_transform(X_VALUES), (Y_VALUES - Y_VALUES.mean()) / Y_VALUES.std()
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 60, "learning_rate_init": 0.02, "random_state": 0}


def classifier(**parameters):
    return MLPClassifier(**{**SMALL, **parameters})


def regressor(**parameters):
    return MLPRegressor(**{**SMALL, **parameters})


def same(a, b):
    return all(map(np.array_equal, a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_))


# scikit-learn's tools


def test_pipeline_and_search_in_two_processes():
    pipeline = make_pipeline(StandardScaler(), classifier(n_threads=1))
    grid = {"mlpclassifier__hidden_layer_sizes": [(4,), (16,)], "mlpclassifier__dropout": [0.0, 0.2]}
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit(X, Y)
    assert search.best_score_ > 0.9
    alone = GridSearchCV(pipeline, grid, cv=3).fit(X, Y)
    assert (search.cv_results_["mean_test_score"] == alone.cv_results_["mean_test_score"]).all()


def test_cross_validation():
    assert cross_val_score(classifier(), X, Y).mean() > 0.9
    assert cross_val_score(regressor(max_iter=30), X_VALUES, Y_VALUES).mean() > 0.35


def test_clone_and_copies():
    fitted = classifier(dropout=0.1, activation=["gelu"], dtype="float32").fit(X, Y)
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params() and not hasattr(fresh, "coefs_")
    assert same(fresh.fit(X, Y), fitted)
    assert (copy.deepcopy(fitted).predict_proba(X) == fitted.predict_proba(X)).all()


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_pickle_and_joblib_go_on_to_the_same_bits(solver, tmp_path):
    fitted = classifier(solver=solver).fit(X, Y)
    joblib.dump(fitted, tmp_path / "model.joblib")
    for other in (pickle.loads(pickle.dumps(fitted)), joblib.load(tmp_path / "model.joblib")):
        assert (other.predict_proba(X) == fitted.predict_proba(X)).all()
        if solver != "lbfgs":
            again = copy.deepcopy(fitted)
            for _ in range(3):
                other.partial_fit(X, Y)
                again.partial_fit(X, Y)
            assert same(other, again) and not same(other, fitted)


def test_bagging_and_boosting():
    assert BaggingClassifier(classifier(), n_estimators=3, random_state=0).fit(X, Y).score(X, Y) > 0.9
    assert AdaBoostClassifier(classifier(), n_estimators=3, random_state=0).fit(X, Y).score(X, Y) > 0.9
    boosted = AdaBoostRegressor(regressor(max_iter=30), n_estimators=3, random_state=0).fit(X_VALUES, Y_VALUES)
    assert boosted.score(X_VALUES, Y_VALUES) > 0.4
    two = np.column_stack([Y_VALUES, -Y_VALUES])
    assert MultiOutputRegressor(regressor(max_iter=30)).fit(X_VALUES, two).score(X_VALUES, two) > 0.4


def test_words_through_tf_idf():
    texts = ["a good film", "good and fine", "a bad film", "bad and poor", "fine film", "poor film"] * 5
    labels = ["up", "up", "down", "down", "up", "down"] * 5
    model = make_pipeline(TfidfVectorizer(token_pattern=r"\w+"), classifier()).fit(texts, labels)
    assert model.score(texts, labels) == 1.0
    assert list(model.predict(["good", "poor"])) == ["up", "down"]


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse_is_dense(container, dtype):
    dense = np.where(np.abs(X) < 0.7, 0, X).astype(dtype)
    from_dense, from_sparse = classifier().fit(dense, Y), classifier().fit(container(dense), Y)
    assert same(from_dense, from_sparse)
    assert (from_dense.predict_proba(dense) == from_sparse.predict_proba(container(dense))).all()


def test_sparse_rows_are_predicted_in_parts():
    dense = np.random.default_rng(0).normal(size=(2500, 6))
    dense[np.abs(dense) < 1] = 0
    fitted = regressor(max_iter=2).fit(dense, dense[:, 0])
    assert (fitted.predict(sparse.csr_matrix(dense)) == fitted.predict(dense)).all()
    assert (fitted.predict(sparse.csr_matrix(dense)[3:7]) == fitted.predict(dense[3:7])).all()


def test_sparse_entries_at_the_same_place_are_added():
    twice = sparse.csr_matrix((np.ones(4), np.array([0, 0, 1, 0]), np.array([0, 2, 4])), shape=(2, 3))
    a, b = regressor().fit(twice, [1.0, 2.0]), regressor().fit(twice.toarray(), [1.0, 2.0])
    assert same(a, b)


def test_sparse_beyond_memory():
    rows = columns = 2**22
    wide = sparse.csr_matrix(([1.0], [3], np.minimum(np.arange(rows + 1), 1)), shape=(rows, columns))
    with pytest.raises(MemoryError, match="X has 17592186044416 numbers, which do not fit into memory"):
        regressor(hidden_layer_sizes=1).fit(wide, np.zeros(rows))


def test_names_of_features():
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    fitted = classifier(early_stopping=True).fit(frame, pd.Series(Y, name="kind"))
    assert list(fitted.feature_names_in_) == ["a", "b", "c", "d"]
    assert fitted.predict(frame).shape == (150,)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame.rename(columns={"a": "z"}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        fitted.predict(X)


def test_metadata_routing():
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = classifier().set_fit_request(sample_weight=True).set_score_request(sample_weight=False)
        search = GridSearchCV(estimator, {"alpha": [1e-4]}, cv=2).fit(X, Y, sample_weight=np.ones(150))
        assert same(search.best_estimator_, classifier().fit(X, Y, sample_weight=np.ones(150)))
        requests = estimator.get_metadata_routing()
        assert requests.fit.requests == {"sample_weight": True, "validation_data": None}


def test_callbacks():
    calls = []

    class Watch:
        def setup(self, estimator, context):
            calls.append(("setup", context.max_subtasks))

        def teardown(self, estimator, context):
            calls.append(("teardown",))

        def on_fit_task_begin(self, estimator, context):
            calls.append(("begin", context.task_name, context.task_id))

        def on_fit_task_end(self, estimator, context, *, fitted_estimator):
            if context.task_name == "epoch":
                assert fitted_estimator.predict(X).shape == (150,)
            calls.append(("end", context.task_name, context.task_id))
            return context.task_name == "epoch" and context.task_id == 2

    fitted = classifier().set_callbacks(Watch()).fit(X, Y)
    assert fitted.n_iter_ == 3
    assert calls[0] == ("setup", 60) and calls[-1] == ("teardown",)
    epochs = [call for call in calls if "epoch" in call]
    assert epochs == [(what, "epoch", i) for i in range(3) for what in ("begin", "end")]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_an_error_of_a_callback_comes_out_unchanged(solver):
    raised = LookupError("mine")

    class Raise:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context):
            raise raised

    estimator = classifier(solver=solver).set_callbacks(Raise())
    with pytest.raises(LookupError) as caught:
        estimator.fit(X, Y)
    assert caught.value is raised
    assert estimator.n_iter_ == 1 and np.isfinite(estimator.coefs_[0]).all()


def test_verbose(capsys):
    classifier(verbose=True, max_iter=2, early_stopping=True).fit(X, Y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Iteration 1, loss = ") and lines[1].startswith("Validation score: ")
    classifier(verbose=True, tol=10.0, n_iter_no_change=1).fit(X, Y)
    assert "Training loss did not improve more than tol=10.000000 for 1 consecutive epochs. Stopping." in (
        capsys.readouterr().out
    )


# what only mfnet has


def test_two_classes_have_two_outputs():
    fitted = classifier().fit(X[:100], np.array(["no", "yes"])[Y[:100]])
    assert fitted.coefs_[-1].shape == (8, 2) and fitted.n_outputs_ == 2 and fitted.out_activation_ == "softmax"
    p = fitted.predict_proba(X)
    assert p.shape == (150, 2) and np.allclose(p.sum(axis=1), 1)
    assert set(fitted.predict(X)) == {"no", "yes"}


def test_several_labels():
    x, y = make_multilabel_classification(n_samples=200, n_classes=4, random_state=0)
    fitted = classifier(hidden_layer_sizes=(50,), max_iter=300).fit(x, y)
    assert fitted.out_activation_ == "logistic" and fitted.predict_proba(x).shape == (200, 4)
    assert fitted.score(x, y) > 0.9
    assert set(np.unique(fitted.predict(x))) == {0, 1}
    assert classifier(class_weight=[{0: 1, 1: 3}] * 4).fit(x, y).predict(x).sum() > 0


def test_class_weight():
    rare = np.r_[0:50, 50:55, 100:105]
    x, y = X[rare], Y[rare]
    balanced = classifier(class_weight="balanced").fit(x, y)
    weights = {0: 60 / (3 * 50), 1: 60 / (3 * 5), 2: 60 / (3 * 5)}
    assert same(balanced, classifier(class_weight=weights).fit(x, y))
    by_sample = classifier().fit(x, y, sample_weight=[weights[label] for label in y])
    assert same(balanced, by_sample)
    assert not same(balanced, classifier().fit(x, y))
    with pytest.raises(ValueError, match="class_weight 'balanced' is not supported for partial_fit"):
        classifier(class_weight="balanced").partial_fit(x, y, classes=[0, 1, 2])
    classifier(class_weight=weights).partial_fit(x, y, classes=[0, 1, 2])


def test_weights_count_by_their_ratio():
    weights = np.random.default_rng(0).uniform(0, 2, 150)
    parameters = {"alpha": 0.0, "max_iter": 5}
    a = classifier(**parameters).fit(X, Y, weights)
    b = classifier(**parameters).fit(X, Y, 1024 * weights)
    assert same(a, b)
    with pytest.raises(ValueError, match="expected weights that are 0 or positive numbers, found -1"):
        classifier().fit(X, Y, np.r_[-1, np.ones(149)])
    with pytest.raises(ValueError, match=r"[Ww]eight"):
        classifier().fit(X, Y, np.zeros(150))


def test_validation_data():
    x, x_val, y, y_val = train_test_split(X, Y, random_state=0)
    plain = classifier().fit(x, y)
    watched = classifier().fit(x, y, validation_data=(x_val, y_val))
    # looking changes nothing
    assert same(plain, watched)
    assert plain.validation_scores_ is None and plain.validation_loss_curve_ is None
    assert len(watched.validation_scores_) == len(watched.validation_loss_curve_) == watched.n_iter_
    np.testing.assert_allclose(watched.validation_scores_[-1], accuracy_score(y_val, watched.predict(x_val)))
    np.testing.assert_allclose(watched.validation_loss_curve_[-1], log_loss(y_val, watched.predict_proba(x_val)))
    weights = np.arange(len(y_val)) + 1.0
    watched = classifier().fit(x, y, validation_data=(x_val, y_val, weights))
    expected = accuracy_score(y_val, watched.predict(x_val), sample_weight=weights)
    np.testing.assert_allclose(watched.validation_scores_[-1], expected)
    with pytest.raises(ValueError, match=r"validation_data: expected the classes \[0 1 2\], found \[7\]"):
        classifier().fit(x, y, validation_data=(x_val, y_val + 7 * (y_val == 0)))
    with pytest.raises(ValueError, match=r"validation_data: expected \(X, y\) or \(X, y, sample_weight\)"):
        classifier().fit(x, y, validation_data=x_val)
    with pytest.raises(ValueError, match="X has 3 features"):
        classifier().fit(x, y, validation_data=(x_val[:, :3], y_val))


def test_early_stopping_on_validation_data_keeps_the_best_epoch():
    x, x_val, y, y_val = train_test_split(X_VALUES, Y_VALUES, random_state=0)
    fitted = regressor(max_iter=300, early_stopping=True).fit(x, y, validation_data=(x_val, y_val))
    assert fitted.n_iter_ < 300
    best = max(fitted.validation_scores_)
    assert fitted.best_validation_score_ == best
    np.testing.assert_allclose(r2_score(y_val, fitted.predict(x_val)), best, rtol=1e-12)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "huber:0.5", "log_cosh", "quantile:0.9", "quantile"])
def test_losses_for_values(loss):
    fitted = regressor(loss=loss, max_iter=300).fit(X_VALUES, Y_VALUES)
    assert fitted.loss_curve_[-1] < 0.8 * fitted.loss_curve_[0]
    if loss == "quantile:0.9":
        below = (fitted.predict(X_VALUES) >= Y_VALUES).mean()
        assert 0.85 < below < 0.95
    constant = regressor(loss=loss, max_iter=1, alpha=0, learning_rate_init=1e-12).fit(X_VALUES, Y_VALUES)
    predicted = constant.predict(X_VALUES)
    expected = {
        "absolute_error": mean_absolute_error(Y_VALUES, predicted),
        "log_cosh": np.log(np.cosh(predicted - Y_VALUES)).mean(),
        "quantile:0.9": mean_pinball_loss(Y_VALUES, predicted, alpha=0.9),
    }
    if loss in expected:
        batches = [slice(0, 200), slice(200, 400), slice(400, None)]
        assert len(batches) == 3
        np.testing.assert_allclose(constant.loss_, expected[loss], rtol=1e-6)


def test_losses_for_classes():
    focal = classifier(loss="focal:0", max_iter=5).fit(X, Y)
    np.testing.assert_allclose(focal.loss_, classifier(max_iter=5).fit(X, Y).loss_, rtol=1e-12)
    assert classifier(loss="focal").fit(X, Y).score(X, Y) > 0.9
    assert classifier(loss="smoothed_log_loss:0.05").fit(X, Y).score(X, Y) > 0.9
    x, y = make_multilabel_classification(n_samples=20, random_state=0)
    with pytest.raises(ValueError, match="several at once need 'log_loss'"):
        classifier(loss="focal").fit(x, y)


@pytest.mark.parametrize("name, value, match", [
    ("loss", "hubber", "The 'loss' parameter of MLPRegressor must be"),
    ("loss", "huber:-1", "The 'loss' parameter of MLPRegressor must be"),
    ("activation", ["relu", "tanh"], "expected a name for each of 1 hidden layers"),
    ("activation", ["rellu"], "activation: .*relu"),
    ("activation", [3], "expected a name, found 3"),
    ("schedule", "cosin", "The 'schedule' parameter of MLPRegressor must be"),
    ("encoding", "periodic", "encoding='periodic': mfnet has no encodings yet"),
    ("preset", "strong", "preset='strong': mfnet has no presets yet"),
    ("dtype", "float16", "The 'dtype' parameter of MLPRegressor must be"),
    ("n_threads", 0, "The 'n_threads' parameter of MLPRegressor must be"),
    ("dropout", 1.0, "The 'dropout' parameter of MLPRegressor must be"),
])  # fmt: skip
def test_parameters_that_are_refused(name, value, match):
    with pytest.raises(ValueError, match=match):
        regressor(**{name: value}).fit(X_VALUES, Y_VALUES)


@pytest.mark.parametrize(
    "name, value", [("dropout", 0.1), ("weight_decay", 0.1), ("clip_norm", 1.0), ("schedule", "cosine")]
)
def test_lbfgs_refuses_what_it_cannot_use(name, value):
    with pytest.raises(ValueError, match=f"{name}=.* needs solver='adam' or 'sgd', found 'lbfgs'"):
        regressor(solver="lbfgs", **{name: value}).fit(X_VALUES, Y_VALUES)


def test_added_settings_change_the_fit():
    plain = regressor(max_iter=5).fit(X_VALUES, Y_VALUES)
    for more in (
        {"dropout": 0.3},
        {"weight_decay": 0.1},
        {"clip_norm": 0.1},
        {"schedule": "cosine"},
        {"activation": "gelu"},
        {"activation": ["hard_swish"]},
    ):
        other = regressor(max_iter=5, **more).fit(X_VALUES, Y_VALUES)
        assert not same(plain, other), more
        assert same(other, regressor(max_iter=5, **more).fit(X_VALUES, Y_VALUES)), more
    # a rate of 1e-12 leaves the weights, and decay is 1 - rate * decay
    decayed = regressor(max_iter=1, batch_size=442, alpha=0, solver="sgd", learning_rate_init=1e-12, weight_decay=5e11)
    still = regressor(max_iter=1, batch_size=442, alpha=0, solver="sgd", learning_rate_init=1e-12)
    decayed.fit(X_VALUES, Y_VALUES)
    still.fit(X_VALUES, Y_VALUES)
    np.testing.assert_allclose(decayed.coefs_[0], 0.5 * still.coefs_[0], rtol=1e-6)
    np.testing.assert_allclose(decayed.intercepts_[0], still.intercepts_[0], rtol=1e-6)


def test_no_hidden_layer_is_a_linear_model():
    fitted = regressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0, max_iter=500, tol=1e-8).fit(X_VALUES, Y_VALUES)
    expected = LinearRegression().fit(X_VALUES, Y_VALUES).predict(X_VALUES)
    np.testing.assert_allclose(fitted.predict(X_VALUES), expected, atol=1e-4)


def test_dropout_differs_from_epoch_to_epoch():
    still = {"dropout": 0.5, "solver": "sgd", "learning_rate_init": 1e-12, "shuffle": False, "warm_start": True}
    fitted = regressor(**still, max_iter=2).fit(X_VALUES, Y_VALUES)
    fitted.fit(X_VALUES, Y_VALUES)
    for _ in range(2):
        fitted.partial_fit(X_VALUES, Y_VALUES)
    assert len(set(fitted.loss_curve_)) == 6


def test_activations_by_layer():
    fitted = regressor(hidden_layer_sizes=(6, 5), activation=["tanh", "identity"], max_iter=3).fit(X_VALUES, Y_VALUES)
    w, b = fitted.coefs_, fitted.intercepts_
    expected = (np.tanh(X_VALUES @ w[0] + b[0]) @ w[1] + b[1]) @ w[2] + b[2]
    np.testing.assert_allclose(fitted.predict(X_VALUES), expected.ravel(), rtol=1e-12)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("given, dtype, expected", [
    (np.float32, None, np.float32),
    (np.float64, None, np.float64),
    (np.uint8, None, np.float64),
    (np.int64, None, np.float64),
    (np.float64, "float32", np.float32),
    (np.float32, "float64", np.float64),
    (np.uint8, np.float32, np.float32),
])  # fmt: skip
def test_types(given, dtype, expected, solver):
    x, y = load_digits(return_X_y=True)
    x = x[:300].astype(given)
    fitted = classifier(hidden_layer_sizes=(40,), dtype=dtype, solver=solver, max_iter=40).fit(x, y[:300])
    assert all(array.dtype == expected for array in fitted.coefs_ + fitted.intercepts_)
    assert fitted.predict_proba(x).dtype == expected
    assert fitted.score(x, y[:300]) > 0.95


def test_bytes_are_their_numbers():
    x, y = load_digits(return_X_y=True)
    from_bytes = classifier(max_iter=3).fit(x.astype(np.uint8), y)
    assert same(from_bytes, classifier(max_iter=3).fit(x, y))


@pytest.mark.parametrize("kind", [classifier, regressor])
def test_threads_give_the_same_bits(kind):
    # so many numbers are copied by several threads
    x = np.random.default_rng(0).normal(size=(1500, 200))
    y = (x[:, 0] > 0).astype(int)
    fits = [
        kind(hidden_layer_sizes=(256, 128), n_threads=n, max_iter=3, early_stopping=True, dropout=0.1).fit(x, y)
        for n in (1, 2, 3)
    ]
    assert same(fits[0], fits[1]) and same(fits[0], fits[2])
    assert (fits[0].predict(x) == fits[2].predict(x)).all()
    assert fits[0].loss_curve_ == fits[1].loss_curve_


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_ctrl_c_keeps_the_weights_so_far(solver):
    x = np.random.default_rng(0).normal(size=(3000, 50))
    y = np.random.default_rng(1).normal(size=3000)
    estimator = MLPRegressor(
        hidden_layer_sizes=(200, 200), solver=solver, max_iter=10**7, max_fun=10**9, tol=0, n_iter_no_change=np.inf
    )
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(x, y)
    assert time.monotonic() - started < 20
    assert estimator.n_iter_ > 0
    assert estimator.predict(x).shape == (3000,) and np.isfinite(estimator.coefs_[0]).all()


def test_two_fits_in_two_threads_give_the_same_bits():
    expected = classifier().fit(X, Y)
    fits = [classifier() for _ in range(4)]
    workers = [threading.Thread(target=fit.fit, args=(X, Y)) for fit in fits]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all(same(fit, expected) for fit in fits)


def test_predictions_in_several_threads():
    fitted = classifier().fit(X, Y)
    expected = fitted.predict_proba(X)
    results = []
    workers = [threading.Thread(target=lambda: results.append(fitted.predict_proba(X))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 8 and all((p == expected).all() for p in results)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_other_threads_run_during_a_fit(solver):
    x = np.random.default_rng(0).normal(size=(4000, 100))
    estimator = MLPRegressor(hidden_layer_sizes=(300, 300), solver=solver, max_iter=4, n_threads=1, random_state=0)
    worker = threading.Thread(target=estimator.fit, args=(x, x[:, 0]))
    worker.start()
    turns = 0
    while worker.is_alive():
        time.sleep(0.001)
        turns += 1
    assert turns > 50


def test_a_diverged_fit():
    estimator = regressor(solver="sgd", learning_rate_init=1e10, activation="identity")
    with pytest.raises(DivergedError, match="Solver produced non-finite parameter weights"):
        estimator.fit(1e6 * X_VALUES, Y_VALUES)
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        estimator.fit(1e6 * X_VALUES, Y_VALUES)


def test_weights_are_changed_by_assignment():
    fitted = regressor().fit(X_VALUES, Y_VALUES)
    with pytest.raises(ValueError, match="read-only"):
        fitted.coefs_[0][0, 0] = 1.0
    before = fitted.predict(X_VALUES)
    fitted.coefs_[-1] = 2 * fitted.coefs_[-1]
    fitted.intercepts_[-1] = 2 * fitted.intercepts_[-1]
    np.testing.assert_allclose(fitted.predict(X_VALUES), 2 * before, rtol=1e-12)
    own = np.zeros_like(fitted.coefs_[-1])
    fitted.coefs_[-1] = own
    constant = fitted.predict(X_VALUES)
    assert np.ptp(constant) == 0
    own[:] = 1.0
    assert np.ptp(fitted.predict(X_VALUES)) > 0


def test_another_generator():
    def fit():
        return classifier(random_state=np.random.RandomState(np.random.PCG64(3))).fit(X, Y)

    assert same(fit(), fit())


def test_decision_function():
    two, three = classifier().fit(X[:100], Y[:100]), classifier().fit(X, Y)
    p = two.predict_proba(X)
    np.testing.assert_allclose(two.decision_function(X), np.log(p[:, 1] / p[:, 0]), rtol=1e-8)
    z = three.decision_function(X)
    np.testing.assert_allclose(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), three.predict_proba(X), rtol=1e-10)


def test_one_row():
    fitted = classifier().fit(X, Y)
    for i in range(5):
        assert (fitted.predict_proba(X[i : i + 1]) == fitted.predict_proba(X)[i]).all()


def test_the_package_does_not_import_scikit_learn():
    assert run("import sys, mfnet, mfnet.train; print('sklearn' in sys.modules)") == "False"
    assert run("import sys, mfnet; mfnet.sklearn.MLPClassifier; print('sklearn' in sys.modules)") == "True"
    blocked = "import sys; sys.modules['sklearn'] = None\ntry: import mfnet.sklearn\nexcept ImportError as e: print(e)"
    assert run(blocked) == "mfnet.sklearn needs scikit-learn: pip install 'mfnet[sklearn]'"


def test_a_fit_after_a_fork_in_a_fit():
    code = """
import os, warnings
warnings.simplefilter("ignore")
import numpy as np
from mfnet.sklearn import MLPClassifier
x = np.random.default_rng(0).normal(size=(500, 100))
y = (x[:, 0] > 0).astype(int)
fit = lambda: MLPClassifier((200,), max_iter=2, random_state=0).fit(x, y).coefs_
before = fit()
child = os.fork()
if child == 0:
    os._exit(0 if all(map(np.array_equal, before, fit())) else 1)
print(os.waitpid(child, 0)[1])
"""
    assert run(code, MFNET_NUM_THREADS="2") == "0"


def test_memory_of_many_fits_is_flat():
    def fits(count):
        for _ in range(count):
            fitted = classifier(max_iter=1).fit(X, Y)
            fitted.partial_fit(X, Y)
            fitted.predict(X[:1])
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = fits(1000)
    # in kB; a leak of 100 bytes a fit would be 400
    assert fits(4000) - before < 400


def test_convergence_is_warned_about_once():
    with pytest.warns(ConvergenceWarning) as caught:
        regressor(max_iter=2).fit(X_VALUES, Y_VALUES)
    assert len(caught) == 1
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge"):
        regressor(solver="lbfgs", max_iter=2).fit(X_VALUES, Y_VALUES)
