"""`mfnet.Model`: data of every kind, parts, callbacks, errors, files."""

import datetime
import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import mfnet
from mfnet import Model, _frames

ROWS = 120


@pytest.fixture(scope="module")
def columns():
    """Columns with a gap, categories, dates and truth values."""
    rng = np.random.default_rng(0)
    area = rng.normal(50, 10, ROWS).round(1)
    city = rng.choice(["Oslo", "Rome", "Bern"], ROWS)
    rent = (10 * area + 200 * (city == "Oslo")).round(1)
    area[3] = np.nan
    day = np.datetime64("2024-01-01") + np.arange(ROWS)
    return {
        "area": area,
        "city": city,
        "day": day,
        "ok": rng.random(ROWS) > 0.5,
        "rooms": rng.integers(1, 5, ROWS),
        "rent": rent,
    }


@pytest.fixture(scope="module")
def csv(columns, tmp_path_factory):
    """The same rows as a file."""
    path = tmp_path_factory.mktemp("files") / "flats.csv"
    rows = zip(*columns.values())
    text = "\n".join(",".join("" if str(x) == "nan" else str(x) for x in row) for row in rows)
    path.write_text(",".join(columns) + "\n" + text + "\n")
    return path


def fit(data, target="rent", **keywords):
    return Model.fit(data, target, **{"epochs": 3, "hidden": [8], "progress": False, "threads": 1} | keywords)


def same(model, other):
    """Whether both have the same numbers, and their fits the same scores."""
    first, second = model.state_dict(), other.state_dict()
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
    assert model.summary["test"] == other.summary["test"]


def frame(kind, columns):
    if kind == "mapping":
        return columns
    if kind == "pandas":
        return pytest.importorskip("pandas").DataFrame(columns)
    if kind == "polars":
        return pytest.importorskip("polars").DataFrame(columns)
    return pytest.importorskip("pyarrow", exc_type=ImportError).table(columns)


KINDS = ["mapping", "pandas", "polars", "pyarrow"]


def test_a_file_gives_the_bytes_of_the_program(csv, tmp_path):
    arguments = [
        "train",
        str(csv),
        "--target",
        "rent",
        "--epochs",
        "3",
        "--hidden",
        "8",
        "--output",
        str(tmp_path / "run"),
    ]
    code = f"import sys; from mfnet._core import program; sys.exit(program({arguments!r}, []))"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    model = fit(str(csv))
    model.save(tmp_path / "model.safetensors")
    assert (tmp_path / "model.safetensors").read_bytes() == (tmp_path / "run" / "model.safetensors").read_bytes()
    same(model, fit(csv, threads=2))
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert model.summary["test"] == metrics["test"]
    assert model.summary["verdict"] == metrics["verdict"]


@pytest.mark.parametrize("kind", KINDS)
def test_frames_are_read_as_the_file(kind, columns, csv):
    table = frame(kind, columns)
    model, of_file = fit(table), fit(csv)
    same(model, of_file)
    np.testing.assert_array_equal(model.predict(table), of_file.predict(str(csv)))
    # of any other kind too
    np.testing.assert_array_equal(model.predict(columns), of_file.predict(table))
    assert model.features == ["area", "city", "day", "ok", "rooms"]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int32, np.uint8, ">f8", object])
def test_arrays(dtype):
    rng = np.random.default_rng(1)
    x = rng.integers(0, 50, (ROWS, 4))
    y = x @ [1.0, 2.0, 3.0, 4.0]
    model = fit(x.astype(dtype), y)
    assert model.features == ["0", "1", "2", "3"] and model.target == ["target"]
    same(model, fit(x.astype(np.float64), y))
    same(model, fit(np.asfortranarray(x.astype(dtype))[:], y))
    assert model.predict(x.astype(dtype)).shape == (ROWS,)
    assert model.evaluate(x, y)["rmse"] == pytest.approx(np.sqrt(np.mean((model.predict(x) - y) ** 2)), rel=1e-9)


def test_several_targets():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(ROWS, 3))
    y = x @ rng.normal(size=(3, 2))
    model = fit(x, y)
    assert model.target == ["target_0", "target_1"]
    assert model.predict(x).shape == (ROWS, 2)
    named = {"a": x[:, 0], "b": x[:, 1], "y": y[:, 0], "z": y[:, 1]}
    assert fit(named, ["y", "z"]).predict(named).shape == (ROWS, 2)


@pytest.mark.parametrize(
    ("labels", "kind"),
    [([3, 7, 5], np.integer), ([False, True], np.bool_), (["red", "green", "blue"], np.str_), (["1a", "2b"], np.str_)],
)
def test_labels_have_their_type(labels, kind):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(ROWS, 2))
    y = np.array(labels)[rng.integers(0, len(labels), ROWS)]
    model = fit(x, y)
    assert model.task == "classification"
    assert issubclass(model.labels.dtype.type, kind)
    assert set(model.labels.tolist()) == set(labels)
    predicted = model.predict(x)
    assert set(predicted.tolist()) <= set(labels)
    p = model.predict_proba(x)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(model.labels[p.argmax(axis=1)], predicted)
    assert model.evaluate(x, y)["accuracy"] == pytest.approx(np.mean(predicted == y))


def test_several_labels_at_once():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(ROWS, 2))
    data = {"a": x[:, 0], "b": x[:, 1], "sunny": x[:, 0] > 0, "cold": x[:, 1] > 0}
    model = fit(data, ["sunny", "cold"])
    assert model.task == "multi-label"
    assert model.predict(data).shape == (ROWS, 2) and model.predict(data).dtype == bool
    np.testing.assert_array_equal(model.predict(data), model.predict_proba(data) >= 0.5)


def test_categories_stay_categories(columns):
    pandas = pytest.importorskip("pandas")
    data = pandas.DataFrame(columns | {"rooms": pandas.Categorical(columns["rooms"])})
    model = fit(data)
    same(model, fit(columns, categorical=["rooms"]))
    same(fit(data, drop=["rooms"]), fit(columns, drop=["rooms"]))


def test_missing_values(columns):
    pandas = pytest.importorskip("pandas")
    rooms = pandas.array([None if i % 9 == 0 else int(x) for i, x in enumerate(columns["rooms"])], dtype="Int64")
    numbers = np.where(np.arange(ROWS) % 9 == 0, np.nan, columns["rooms"])
    expected = fit(columns | {"rooms": numbers})
    same(fit(pandas.DataFrame(columns | {"rooms": rooms})), expected)
    same(fit(columns | {"rooms": np.ma.array(columns["rooms"], mask=np.isnan(numbers))}), expected)
    objects = [None if np.isnan(x) else float(x) for x in numbers]
    same(fit(columns | {"rooms": np.array(objects, dtype=object)}), expected)
    city = [None if i % 9 == 0 else x for i, x in enumerate(columns["city"].tolist())]
    expected = fit(columns | {"city": np.array(["" if x is None else x for x in city])})
    same(fit(pandas.DataFrame(columns | {"city": city})), expected)
    same(fit(pytest.importorskip("polars").DataFrame(columns | {"city": city})), expected)
    same(fit(pytest.importorskip("pyarrow", exc_type=ImportError).table(columns | {"city": city})), expected)


def test_identifiers_keep_their_digits():
    ids = np.array([2**60 + i // 2 for i in range(10)])
    codes, texts = _frames._of_numpy(ids)
    assert len(texts) == 5 and texts[codes[-1]] == str(2**60 + 4)
    assert _frames._of_numpy(np.array([2**60 + i for i in range(3)], dtype=object))[1] == [
        str(2**60 + i) for i in range(3)
    ]


def test_dates_are_dates():
    days = np.array(["2024-01-31", "NaT", "2024-02-01"], dtype="datetime64[ns]")
    codes, texts = _frames._of_numpy(days)
    assert [texts[code] for code in codes] == ["2024-01-31", "", "2024-02-01"]
    codes, texts = _frames._of_numpy(np.array(["2024-01-31T12:30:00.5"], dtype="datetime64[ns]"))
    assert texts == ["2024-01-31T12:30:00.5"]
    given = [datetime.date(2024, 1, 31), None, datetime.date(2024, 2, 1)]
    codes, texts = _frames._of_numpy(np.array(given, dtype=object))
    assert texts == ["2024-01-31", "2024-02-01"] and codes.tolist() == [0, -1, 1]


def test_rows_of_their_own(columns):
    part = {name: values[:30] for name, values in columns.items()}
    rest = {name: values[30:] for name, values in columns.items()}
    model = fit(rest, test=part)
    assert model.summary["samples"]["test"] == 30
    assert model.summary["samples"]["train"] + model.summary["samples"]["validation"] == ROWS - 30
    np.testing.assert_allclose(model.summary["test"]["rmse"], model.evaluate(part)["rmse"], rtol=1e-12)
    both = fit(
        {name: values[60:] for name, values in columns.items()},
        validation=part,
        test={name: values[30:60] for name, values in columns.items()},
    )
    assert both.summary["samples"] == {"train": ROWS - 60, "validation": 30, "test": 30}
    np.testing.assert_allclose(both.summary["validation"]["rmse"], both.evaluate(part)["rmse"], rtol=1e-12)
    x = np.column_stack([columns["rooms"], columns["rent"]])
    pair = fit(x[30:], columns["rent"][30:], test=(x[:30], columns["rent"][:30]))
    assert pair.summary["samples"]["test"] == 30
    assert fit(columns, validation=0.2, test=0.3).summary["samples"] == {"train": 60, "validation": 24, "test": 36}
    with pytest.raises(ValueError, match="expected the columns of the data"):
        fit(columns, validation={"area": columns["area"]})


def test_intervals(columns):
    model = fit(columns, validation=0.3)
    values, lower, upper = model.predict(columns, interval=0.9)
    assert (lower < values).all() and (values < upper).all()
    np.testing.assert_array_equal(values, model.predict(columns))
    with pytest.raises(ValueError, match="interval"):
        fit({"a": columns["area"], "y": columns["city"]}, "y").predict({"a": columns["area"]}, interval=0.9)


def test_history(columns):
    seen = []
    model = fit(columns, callbacks=seen.append)
    assert [record["epoch"] for record in seen] == [1, 2, 3]
    assert model.history["epoch"].tolist() == [1, 2, 3]
    assert model.history["loss"].tolist() == [record["loss"] for record in seen]
    assert model.history["validation_loss"].dtype == np.float64
    assert "validation_score" not in model.history


def test_callbacks_stop_and_raise(columns):
    model = fit(columns, epochs=50, callbacks=lambda record: record["epoch"] == 4)
    assert len(model.history["epoch"]) == 4
    mistake = ZeroDivisionError("mine")

    def raises(record):
        raise mistake

    with pytest.raises(ZeroDivisionError) as raised:
        fit(columns, callbacks=[raises])
    assert raised.value is mistake


def test_ctrl_c(columns):
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt) as interrupted:
        fit(columns, epochs=10_000_000, early_stopping=0)
    assert interrupted.value.model.predict(columns).shape == (ROWS,)


def test_files_and_pickles(columns, tmp_path):
    model = fit(columns)
    model.save(tmp_path / "flats.safetensors")
    for other in (Model.load(tmp_path / "flats.safetensors"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.predict(columns), model.predict(columns))
    assert pickle.loads(pickle.dumps(model)).summary == model.summary
    model.report(tmp_path / "report.html")
    assert "<html" in (tmp_path / "report.html").read_text()
    assert "RMSE" in model._repr_html_() and "&lt;" not in repr(model)
    assert "epochs = 3" in model.recipe
    loaded = Model.load(tmp_path / "flats.safetensors")
    assert loaded.history == {} and loaded.summary == {} and "regression of rent" in str(loaded)
    with pytest.raises(ValueError, match="only a fit has"):
        loaded.report(tmp_path / "report.html")
    with pytest.raises(FileNotFoundError) as missing:
        Model.load(tmp_path / "nothing.safetensors")
    assert missing.value.errno == 2 and missing.value.filename == str(tmp_path / "nothing.safetensors")
    (tmp_path / "other.safetensors").write_bytes(b"no model")
    with pytest.raises(mfnet.ModelFileError):
        Model.load(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"epoch": 3}, "epochs"),
        ({"target": "rnet"}, 'did you mean "rent"'),
        ({"target": None}, "target"),
        ({"hidden": "many"}, "hidden"),
        ({"loss": "cross-entropy"}, "loss"),
        ({"threads": 0}, "n_threads"),
        ({"learning_rate": -1.0}, "learning"),
        ({"validation": 0, "early_stopping": 3}, "early_stopping"),
        ({"target": np.zeros(3)}, "target: expected 120 rows, as the data have, found 3"),
        ({"target": np.zeros((ROWS, 2, 2))}, "dimensions"),
    ],
)
def test_what_is_refused(columns, keywords, message):
    with pytest.raises(ValueError, match=message):
        Model.fit(columns, **{"target": "rent", "progress": False} | keywords)


@pytest.mark.parametrize(
    "data",
    [
        np.float64(3),
        np.zeros((0, 3)),
        np.zeros((3, 0)),
        np.zeros((3, 3, 3)),
        np.zeros((30, 2), dtype=complex),
        np.array([[object()] * 3] * 3),
        {},
        {"a": np.zeros(3), "b": np.zeros(4)},
        {"a": np.zeros((3, 3))},
    ],
    ids=repr,
)
def test_hostile_data(data):
    with pytest.raises(ValueError):
        Model.fit(data, "a", progress=False)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError) as missing:
        fit(tmp_path / "flats.csv")
    assert missing.value.errno == 2
    with pytest.raises(ValueError, match="the data are a file"):
        fit(str(tmp_path / "flats.csv"), np.zeros(3))


def test_a_fit_that_diverges():
    x = np.arange(60.0)
    with pytest.raises(mfnet.DivergedError):
        fit({"x": x, "y": x}, "y", optimizer="sgd", learning_rate=1e200)


def test_nothing_is_printed(columns, capfd):
    fit(columns)
    assert capfd.readouterr() == ("", "")
    fit(columns, progress=True)
    out, errors = capfd.readouterr()
    assert out == "" and "epoch 1 of 3: loss" in errors and errors.endswith("\r")


def test_the_network_of_a_model(columns):
    model = fit(columns)
    inputs, net = model.transform(columns), model.network
    assert inputs.shape == (ROWS, net.parameters[0].shape[1] - 1)
    # the target was standardised: the outputs differ from the predictions by a line
    outputs, predictions = net.predict(inputs)[:, 0], model.predict(columns)
    slope, start = np.polyfit(outputs, predictions, 1)
    np.testing.assert_allclose(slope * outputs + start, predictions, 1e-6)
    # a copy
    net.parameters = [0 * matrix for matrix in net.parameters]
    np.testing.assert_array_equal(model.predict(columns), predictions)
    ensemble = fit(columns, ensemble=2)
    assert len(ensemble.networks) == 2
    with pytest.raises(ValueError, match="an ensemble of 2 networks"):
        print(ensemble.network)


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_narrow_arrays_are_the_numbers_that_they_are(dtype):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 200, (300, 5)).astype(dtype)
    y = x[:, 0] + x[:, 1] * 0.5
    settings = {"epochs": 2, "progress": False}
    narrow, wide = mfnet.Model.fit(x, y, **settings), mfnet.Model.fit(x.astype(np.float64), y, **settings)
    np.testing.assert_array_equal(narrow.predict(x), wide.predict(x.astype(np.float64)))
    for name, tensor in wide.state_dict().items():
        np.testing.assert_array_equal(tensor, narrow.state_dict()[name])
    # views of every kind
    for view in (x[::-1][::-1], np.asfortranarray(x), np.ma.masked_array(x), x.view()[:, ::1]):
        np.testing.assert_array_equal(narrow.predict(view), narrow.predict(x))


def test_unaligned_columns():
    packed = np.zeros(100, dtype=np.dtype([("flag", "u1"), ("x", "<f8"), ("y", "<f8")]))
    packed["x"] = np.linspace(0, 1, 100)
    packed["y"] = 2 * packed["x"]
    assert not packed["x"].flags.aligned
    model = mfnet.Model.fit(packed, "y", epochs=2, drop=["flag"], progress=False)
    assert model.features == ["x"]


def test_memory_of_many_fits_is_flat(columns):
    few = {name: column[:40] for name, column in columns.items()}

    def fits(count):
        for _ in range(count):
            fit(few, epochs=1).predict(few)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = fits(1000)
    # in kB; a leak of 100 bytes a fit would be 900
    assert fits(9000) - before < 900
