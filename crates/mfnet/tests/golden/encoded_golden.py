"""Writes encoded.json: a table with gaps, categories and booleans as scikit-learn encodes it, learned from training rows, applied to others.

    pip install scikit-learn==1.9.1 pandas==3.1.1
    python encoded_golden.py
"""

import io
import json
import random
from pathlib import Path

import numpy
import pandas
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler


def table(rows, seed, cities):
    """CSV whose columns have gaps in other rows."""
    draw = random.Random(seed)
    lines = ["area,city,rooms,heated,floor,code"]
    for i in range(rows):
        area = "" if i % 7 == 3 else f"{draw.gauss(80, 30):.2f}"
        city = "" if i % 11 == 5 else draw.choice(cities)
        rooms = draw.choice(["NA", "1", "2", "3", "4"]) if i % 5 == 0 else str(draw.randint(1, 6))
        heated = "" if i % 13 == 7 else draw.choice(["yes", "no"])
        floor = str(draw.randint(0, 9))
        lines.append(f"{area},{city},{rooms},{heated},{floor},{draw.choice(['007', '010', '100'])}")
    return "\n".join(lines) + "\n"


def read(text):
    frame = pandas.read_csv(io.StringIO(text), dtype={"city": object, "heated": object, "code": object})
    frame["heated"] = frame["heated"].map({"yes": 1.0, "no": 0.0})
    # a gap is a level of its own
    frame["city"] = frame["city"].fillna("missing")
    return frame


def encoded(train, test, scaler):
    number = lambda indicator: make_pipeline(SimpleImputer(strategy="median"), scaler())
    said = lambda: make_pipeline(FunctionTransformer(lambda x: numpy.isnan(x).astype(float)))
    one_hot = lambda levels: OneHotEncoder(
        min_frequency=2, handle_unknown="infrequent_if_exist", sparse_output=False, categories=levels
    )
    of = ColumnTransformer([
        ("area", number(True), ["area"]),
        ("area missing", said(), ["area"]),
        ("city", one_hot("auto"), ["city"]),
        ("rooms", number(True), ["rooms"]),
        ("rooms missing", said(), ["rooms"]),
        ("heated", SimpleImputer(strategy="most_frequent"), ["heated"]),
        ("heated missing", said(), ["heated"]),
        ("floor", number(False), ["floor"]),
        ("code", one_hot("auto"), ["code"]),
    ])
    of.fit(read(train))
    names = of.named_transformers_["city"].get_feature_names_out(["city"]).tolist()
    matrices = [of.transform(read(text)) for text in (train, test)]
    return {"city": names, "train": matrices[0].tolist(), "test": matrices[1].tolist()}


# "Zug" stands once: it is rare; the training rows do not have Madrid
train = table(60, 1, ["Bern", "Oslo", "Rome"]) + "50.5,Zug,3,yes,1,007\n"
test = table(20, 2, ["Bern", "Madrid", "Rome", "Zug"])
scalers = {"standard": StandardScaler, "robust": RobustScaler, "min-max": MinMaxScaler}
golden = {
    "versions": {"scikit-learn": sklearn.__version__, "pandas": pandas.__version__, "numpy": numpy.__version__},
    "train": train,
    "test": test,
    "encoded": {name: encoded(train, test, scaler) for name, scaler in scalers.items()},
}
Path(__file__).with_name("encoded.json").write_text(json.dumps(golden) + "\n")
