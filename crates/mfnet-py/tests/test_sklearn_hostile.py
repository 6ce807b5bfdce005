"""Arrays of every kind: the same errors and the same results as scikit-learn's classes."""

import warnings

import numpy as np
import pytest
from sklearn import neural_network as theirs

from mfnet import sklearn as ours

X = np.random.default_rng(0).normal(size=(30, 4))
Y = np.arange(30) % 3
VALUES = X @ np.arange(4.0)

pytestmark = pytest.mark.filterwarnings("ignore")


def outcome(module, name, x, y, weights=None):
    """The error of a fit as its type and text, or None."""
    estimator = getattr(module, name)(hidden_layer_sizes=(3,), max_iter=2, random_state=0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimator.fit(x, y, sample_weight=weights)
    except Exception as error:
        return type(error), str(error)
    return None


def with_value(value):
    x = X.copy()
    x[3, 2] = value
    return x


def values_with(value):
    y = VALUES.copy()
    y[5] = value
    return y


INPUTS = {
    "0-d": np.array(1.0),
    "1-d": X[:, 0],
    "3-d": X[None],
    "no rows": X[:0],
    "no columns": X[:, :0],
    "NaN": with_value(np.nan),
    "inf": with_value(np.inf),
    "-inf": with_value(-np.inf),
    "text": np.full((30, 4), "a"),
    "objects that are no numbers": np.full((30, 4), None),
    "complex": X + 1j,
    "float128": X.astype(np.longdouble) * np.longdouble("1e400"),
    "another number of rows": X[:7],
    "a list of lists of other lengths": [[1.0], [1.0, 2.0]] * 15,
    "None": None,
    "a number": 3,
    "a dictionary": {"a": 1},
}


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("case", INPUTS)
def test_inputs_that_are_refused(name, case):
    y = Y if name == "MLPClassifier" else VALUES
    expected = outcome(theirs, name, INPUTS[case], y)
    assert expected is not None
    assert outcome(ours, name, INPUTS[case], y) == expected


TARGETS = {
    "0-d": (np.array(1), np.array(1.0)),
    "3-d": (Y[None, None], VALUES[None, None]),
    "no rows": (Y[:0], VALUES[:0]),
    "NaN": (values_with(np.nan), values_with(np.nan)),
    "inf": (values_with(np.inf), values_with(np.inf)),
    "complex": (VALUES + 1j, VALUES + 1j),
    "None": (None, None),
    "several classes at once": (np.column_stack([Y, Y]), np.full((30, 2), np.nan)),
}


@pytest.mark.parametrize("case", TARGETS)
@pytest.mark.parametrize("name, which", [("MLPClassifier", 0), ("MLPRegressor", 1)])
def test_targets_that_are_refused(case, name, which):
    expected = outcome(theirs, name, X, TARGETS[case][which])
    assert expected is not None
    assert outcome(ours, name, X, TARGETS[case][which]) == expected


def test_other_targets_that_are_refused():
    assert outcome(ours, "MLPClassifier", X, VALUES)[1].startswith("Unknown label type")
    # scikit-learn subtracts text from numbers
    text = outcome(ours, "MLPRegressor", X, np.full(30, "a"))
    # NumPy 1 shows the text as Python's
    assert text is not None and text[0] is ValueError
    assert text[1].replace("np.str_('a')", "'a'") == "could not convert string to float: 'a'"
    bytes_ = np.array([b"x", b"y", b"z"])[Y]
    assert outcome(ours, "MLPClassifier", X, bytes_) == outcome(theirs, "MLPClassifier", X, bytes_)


REFUSED_WEIGHTS = [np.ones(29), np.full(30, np.nan), np.ones((30, 1)), "a", np.full(30, 1j)]


@pytest.mark.parametrize("weights", REFUSED_WEIGHTS, ids=repr)
@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_weights_that_are_refused(name, weights):
    expected = outcome(theirs, name, X, Y, weights)
    assert expected is not None
    assert outcome(ours, name, X, Y, weights) == expected


def memmap(tmp_path):
    stored = np.memmap(tmp_path / "x", dtype=np.float64, mode="w+", shape=X.shape)
    stored[:] = X
    stored.flush()
    return np.memmap(tmp_path / "x", dtype=np.float64, mode="r", shape=X.shape)


def read_only(_):
    x = X.copy()
    x.flags.writeable = False
    return x


SAME = {
    "big-endian": lambda _: X.astype(">f8"),
    "objects": lambda _: X.astype(object),
    "a list": lambda _: X.tolist(),
    "columns first": lambda _: np.asfortranarray(X),
    "every second row": lambda _: np.repeat(X, 2, axis=0)[::2],
    "backwards": lambda _: X[::-1].copy()[::-1],
    "a part of the columns": lambda _: np.hstack([X, X])[:, :4],
    "not aligned": lambda _: np.frombuffer(b"0" + X.tobytes(), np.uint8)[1:].view(np.float64).reshape(X.shape),
    "a memory map": memmap,
    "read-only": read_only,
}


@pytest.mark.parametrize("case", SAME)
def test_the_same_numbers_give_the_same_fit(case, tmp_path):
    x = SAME[case](tmp_path)
    fits = [ours.MLPClassifier((3,), max_iter=2, random_state=0).fit(each, Y) for each in (X, x)]
    assert all(map(np.array_equal, fits[0].coefs_, fits[1].coefs_))
    assert (fits[0].predict_proba(X) == fits[1].predict_proba(x)).all()


TYPES = [np.float16, np.int8, np.uint8, np.bool_, np.uint64, np.float32, np.longdouble, ">f4"]


@pytest.mark.parametrize("dtype", TYPES)
def test_types_give_the_numbers_of_scikit_learn(dtype):
    x = np.abs(X * 10).astype(dtype)
    fits = [module.MLPRegressor("squared_error", (3,), max_iter=3, random_state=0) for module in (ours, theirs)]
    for fit in fits:
        fit.fit(x, VALUES)
    assert fits[0].coefs_[0].dtype == fits[1].coefs_[0].dtype
    tolerance = 1e-4 if fits[0].coefs_[0].dtype == np.float32 else 1e-9
    np.testing.assert_allclose(fits[0].predict(x), fits[1].predict(x), rtol=tolerance, atol=tolerance)


#: Any number of rows is predicted; scikit-learn predicts 128-bit numbers in 128 bits.
ACCEPTED = ["another number of rows", "float128"]


@pytest.mark.parametrize("case", [case for case in [*INPUTS, "other columns"] if case not in ACCEPTED])
def test_predictions_that_are_refused(case):
    x = X[:, :3] if case == "other columns" else INPUTS[case]
    texts = []
    for module in (ours, theirs):
        fitted = module.MLPRegressor("squared_error", (3,), max_iter=2, random_state=0).fit(X, VALUES)
        with pytest.raises(Exception) as caught:
            fitted.predict(x)
        texts.append((type(caught.value), str(caught.value)))
    assert texts[0] == texts[1]


def test_classes_of_every_kind():
    for labels in (["a", "b", "c"], [-1, 0, 7], [0.0, 1.0, 2.0]):
        y = np.array(labels)[Y]
        fits = [module.MLPClassifier((3,), max_iter=2, random_state=0).fit(X, y) for module in (ours, theirs)]
        assert (fits[0].classes_ == fits[1].classes_).all()
        assert fits[0].predict(X).dtype == fits[1].predict(X).dtype
        assert (fits[0].predict(X) == fits[1].predict(X)).all()
    for y in (Y == 0, np.array(["u", "v"], object)[Y % 2]):
        fitted = ours.MLPClassifier((3,), max_iter=200, random_state=0).fit(X, y)
        assert set(fitted.predict(X)) <= set(y)


def test_one_class():
    fits = [module.MLPClassifier((3,), max_iter=2).fit(X, np.full(30, "one")) for module in (ours, theirs)]
    assert (fits[0].predict(X) == fits[1].predict(X)).all()
    assert fits[0].predict_proba(X).shape == fits[1].predict_proba(X).shape
