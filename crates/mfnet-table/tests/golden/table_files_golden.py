"""Writes tables/: small files of pandas, Arrow, polars, fastparquet, DuckDB and NumPy, and table_files.json: what these programs read in them, for
the tests of src/data/parquet.rs and src/data/numpy.rs.

    python table_files_golden.py     # needs numpy, pandas, pyarrow, polars, fastparquet, duckdb; their versions stand in "made_by"

A cell is a number, a text, or null if it is missing.
"""

import datetime
import decimal
import json
import math
import pathlib
import platform
import uuid
import zipfile

import duckdb
import fastparquet
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

here = pathlib.Path(__file__).with_name("tables")
here.mkdir(exist_ok=True)
expected = {}


def moment(x):
    """ISO 8601, as many digits after the point as are needed."""
    return short(np.datetime_as_string(np.datetime64(x, "ns")))


def short(text):
    return text.rstrip("0").rstrip(".") if "." in text else text


def cell(x):
    if isinstance(x, np.generic) and not isinstance(x, np.datetime64):
        x = x.item()
    if x is None or x is pd.NaT or x is pd.NA or (isinstance(x, float) and math.isnan(x)):
        return None
    if isinstance(x, bool):
        return str(x)
    if isinstance(x, float) and math.isinf(x):
        return str(x)
    if isinstance(x, int):
        return x if abs(x) <= 2**53 else str(x)
    if isinstance(x, (float, str)):
        return x
    if isinstance(x, bytes):
        return x.decode()
    if isinstance(x, decimal.Decimal):
        return cell(int(x)) if x.as_tuple().exponent == 0 else float(x)
    if isinstance(x, datetime.datetime):
        return moment(x.replace(tzinfo=None))
    if isinstance(x, datetime.date):
        return x.isoformat()
    if isinstance(x, datetime.time):
        return short(f"{x.hour:02}:{x.minute:02}:{x.second:02}.{x.microsecond:06}")
    if isinstance(x, uuid.UUID):
        return str(x)
    raise TypeError(f"{type(x)}")


def cells(column):
    found = [cell(x) for x in column]
    # one number that is no exact f64 makes all of them text
    if any(isinstance(x, str) and x.lstrip("-").isdigit() and len(x) > 15 for x in found):
        found = [x if x is None else str(x) for x in found]
    return found


def arrow_cells(column):
    if pa.types.is_timestamp(column.type):
        # nanoseconds too
        ticks = column.cast(pa.int64()).to_pylist()
        return [None if x is None else moment(np.datetime64(x, column.type.unit)) for x in ticks]
    return cells(column.to_pylist())


def as_arrow_reads(name):
    table = pq.read_table(here / name)
    expected[name] = [[field, arrow_cells(table.column(field))] for field in table.column_names]


def as_pandas_reads(name):
    table = pd.read_parquet(here / name)
    expected[name] = [[field, cells(table[field])] for field in table.columns]
    # an index with a name is a column, the last one of the file
    expected[name] += [[field, cells(table.index)] for field in table.index.names if field]


N = 24


def nulls(values, every=5):
    return [None if i % every == 2 else x for i, x in zip(range(N), values)]


def repeated(*values):
    return [values[i % len(values)] for i in range(N)]


utc = datetime.timezone.utc
day = datetime.date(1969, 12, 25)
start = datetime.datetime(1969, 12, 31, 23, 59, 58)
seconds = [start + datetime.timedelta(seconds=i * 3600.5) for i in range(N)]
columns = {
    "boolean": pa.array(nulls(repeated(True, False, False))),
    "i8": pa.array(nulls(range(-12, 12)), pa.int8()),
    "i16": pa.array(nulls(range(-12000, 12000, 1000)), pa.int16()),
    "i32": pa.array(nulls(repeated(-(2**31), 2**31 - 1, 0)), pa.int32()),
    "i64": pa.array(nulls(repeated(-(2**53), 2**53, 7)), pa.int64()),
    "identifier": pa.array(nulls(repeated(2**53 + 1, 12345678901234567, -(2**63), 5)), pa.int64()),
    "u8": pa.array(nulls(repeated(0, 255)), pa.uint8()),
    "u32": pa.array(nulls(repeated(0, 2**32 - 1)), pa.uint32()),
    "u64": pa.array(nulls(repeated(0, 2**64 - 1)), pa.uint64()),
    "f16": pa.array(np.array([0.1, -65504, 6e-8, 1, np.inf, np.nan] * 4, np.float16)),
    "f32": pa.array(nulls(repeated(0.1, -1e30, 1e-40)), pa.float32()),
    "f64": pa.array(nulls(repeated(0.1, -1e300, 5e-324, math.inf, math.nan)), pa.float64()),
    "text": pa.array(nulls(repeated("setosa", "ölig", "", "a,b\n\"c\""))),
    "category": pa.array(nulls(repeated("low", "high"))).dictionary_encode(),
    "bytes": pa.array(nulls(repeated(b"ab", b"c")), pa.binary()),
    "fixed": pa.array(nulls(repeated(b"abc", b"def")), pa.binary(3)),
    "date": pa.array(nulls([day + datetime.timedelta(days=i * 400) for i in range(N)])),
    "ms": pa.array(nulls(seconds), pa.timestamp("ms")),
    "us": pa.array(nulls(seconds), pa.timestamp("us", "UTC")),
    "ns": pa.array(nulls([1 + i * 10**15 for i in range(N)]), pa.timestamp("ns")),
    "time_ms": pa.array(nulls(repeated(datetime.time(1, 2, 3, 4000), datetime.time(23, 59))), pa.time32("ms")),
    "time_us": pa.array(nulls(repeated(datetime.time(1, 2, 3, 4), datetime.time(23, 59))), pa.time64("us")),
    "decimal": pa.array(nulls(repeated(decimal.Decimal("-123.45"), decimal.Decimal("0.07"))), pa.decimal128(9, 2)),
    "large_decimal": pa.array(nulls(repeated(decimal.Decimal("12345678901234567890.123"))), pa.decimal128(38, 3)),
    "whole_decimal": pa.array(nulls(repeated(decimal.Decimal("12345678901234567890"))), pa.decimal128(38, 0)),
    "nothing": pa.nulls(N),
}
types = pa.table(columns)
pq.write_table(types, here / "arrow.parquet", compression="snappy", write_statistics=False)
as_arrow_reads("arrow.parquet")
# several parts of several pages, dictionaries that end, decimals as numbers
some = types.select(["boolean", "i64", "f64", "text", "decimal", "date", "fixed"])
for codec in ["none", "gzip", "zstd", "lz4", "snappy"]:
    pq.write_table(
        some, here / f"arrow-{codec}.parquet", compression=codec, row_group_size=17, data_page_size=32, write_batch_size=4,
        dictionary_pagesize_limit=20, store_decimal_as_integer=True, write_statistics=False,
    )
    as_arrow_reads(f"arrow-{codec}.parquet")
pq.write_table(some.select(["i64"]), here / "arrow-brotli.parquet", compression="brotli")
# the encodings of the second version
encodings = {
    "i8": "DELTA_BINARY_PACKED", "i32": "DELTA_BINARY_PACKED", "identifier": "DELTA_BINARY_PACKED", "u64": "DELTA_BINARY_PACKED",
    "text": "DELTA_BYTE_ARRAY", "bytes": "DELTA_LENGTH_BYTE_ARRAY", "fixed": "DELTA_BYTE_ARRAY",
    "f16": "BYTE_STREAM_SPLIT", "f32": "BYTE_STREAM_SPLIT", "f64": "BYTE_STREAM_SPLIT", "i64": "BYTE_STREAM_SPLIT",
}
table = types.select(["boolean", *encodings])
for codec in ["none", "zstd"]:
    pq.write_table(
        table, here / f"arrow-v2-{codec}.parquet", compression=codec, use_dictionary=False, column_encoding=encodings, data_page_version="2.0",
        version="2.6", write_statistics=False, row_group_size=19,
    )
    as_arrow_reads(f"arrow-v2-{codec}.parquet")
# columns in which nothing is missing, and one in which everything is
whole = pa.schema([pa.field("x", pa.float64(), nullable=False), pa.field("s", pa.string(), nullable=False), pa.field("n", pa.float32())])
for version in ["1.0", "2.0"]:
    table = pa.table([list(range(N)), [f"t{i}" for i in range(N)], [None] * N], schema=whole)
    pq.write_table(table, here / f"arrow-required-{version[0]}.parquet", data_page_version=version)
    as_arrow_reads(f"arrow-required-{version[0]}.parquet")
old = types.select(["ns", "us"])
pq.write_table(old, here / "arrow-int96.parquet", use_deprecated_int96_timestamps=True)
as_arrow_reads("arrow-int96.parquet")
# more rows than are decoded at a time; what is in them the test knows
many = range(10000)
table = pa.table({
    "seven": [i % 7 for i in many], "runs": [None if i // 1000 == 3 else i // 1000 for i in many], "text": [f"t{i % 3}" for i in many],
    "step": pa.array([3 * i - 10 for i in many], pa.int32()), "negative": [i % 2 == 0 for i in many],
})
pq.write_table(table, here / "many.parquet", compression="zstd", use_dictionary=["seven", "text"], column_encoding={"step": "DELTA_BINARY_PACKED"})
# what no table is
pq.write_table(pa.table({"x": [1.0], "l": [[1, 2]]}), here / "list.parquet")
pq.write_table(pa.table({"x": [1.0], "s": [{"a": 1}]}), here / "struct.parquet")
pq.write_table(pa.table({"x": [1.0], "m": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))}), here / "map.parquet")
pq.write_table(pa.table({"x": pa.array([], pa.float64())}), here / "no-rows.parquet")
pq.write_table(pa.table({}), here / "no-columns.parquet")
pq.write_table(pa.table({"x": pa.array([b"\xff"], pa.binary())}), here / "no-text.parquet")


class Keys(pe.KmsClient):
    """Keys that are not wrapped at all."""

    def __init__(self, _):
        pe.KmsClient.__init__(self)

    def wrap_key(self, key, _):
        return key

    def unwrap_key(self, key, _):
        return key


for plain in [False, True]:
    how = pe.EncryptionConfiguration(footer_key="f", column_keys={"c": ["x"]}, plaintext_footer=plain)
    factory = pe.CryptoFactory(Keys)
    properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), how)
    name = f"encrypted-{'columns' if plain else 'footer'}.parquet"
    with pq.ParquetWriter(here / name, pa.schema([("x", pa.int64())]), encryption_properties=properties) as writer:
        writer.write_table(pa.table({"x": [1, 2]}))

frame = pd.DataFrame({
    "x": [1.5, np.nan, 3.0], "n": pd.array([1, None, 3], "Int64"), "b": pd.array([True, None, False], "boolean"), "s": ["a", None, "c"],
    "c": pd.Categorical(["u", "v", "u"]), "t": pd.to_datetime(["2024-02-29", None, "2024-03-01T12:30:00.25"], format="ISO8601"), "k": [2**60, 1, 2],
})
frame.to_parquet(here / "pandas.parquet")
frame[frame.x != 3].to_parquet(here / "pandas-filtered.parquet")
frame.set_index("s").to_parquet(here / "pandas-index.parquet")
frame.to_parquet(here / "pandas-zstd.parquet", compression="zstd")
for name in ["pandas", "pandas-filtered", "pandas-index", "pandas-zstd"]:
    as_pandas_reads(f"{name}.parquet")

for codec in ["SNAPPY", "GZIP", "LZ4", "ZSTD"]:
    name = f"fastparquet-{codec.lower()}.parquet"
    fastparquet.write(str(here / name), frame.drop(columns="n"), compression=codec, row_group_offsets=[0, 2])
    as_pandas_reads(name)

frame = pl.DataFrame({
    "f": [0.5, None, 1.5, -2.0], "i": [1, 2, None, 4], "u": pl.Series([2**64 - 1, 0, None, 1], dtype=pl.UInt64), "b": [True, None, False, True],
    "s": ["x", None, "", "yy"], "c": pl.Series(["p", "q", None, "p"], dtype=pl.Categorical), "e": pl.Series(["p", "q", "q", "p"], dtype=pl.Enum(["p", "q"])),
    "d": [datetime.date(2024, 2, 29), None, datetime.date(1900, 1, 1), datetime.date(2000, 1, 1)],
    "t": pl.Series([datetime.datetime(2024, 2, 29, 1, 2, 3, 4000), None] * 2, dtype=pl.Datetime("ms")),
    "time": pl.Series([datetime.time(1, 2, 3), None] * 2), "m": pl.Series([decimal.Decimal("1.25"), None] * 2, dtype=pl.Decimal(12, 2)),
    "i8": pl.Series([1, -1, None, 3], dtype=pl.Int8), "f32": pl.Series([0.1, None, 2, 3], dtype=pl.Float32), "null": [None] * 4, "same": [7] * 4,
})
for codec in ["zstd", "snappy", "lz4", "uncompressed"]:
    name = f"polars-{codec}.parquet"
    frame.write_parquet(here / name, compression=codec)
    as_arrow_reads(name)

query = """select * from (values (1::tinyint, 2.5::double, 'a', date '2024-02-29', timestamp '2024-02-29 01:02:03.5', true, 1.25::decimal(9, 2)),
    (null, null, null, null, null, null, null), (3, -1, 'ab', date '1960-01-01', timestamp '1960-01-01 00:00:00', false, -0.5))
    as t(i, x, s, d, t, b, m)"""
for version in ["V1", "V2"]:
    name = f"duckdb-{version.lower()}.parquet"
    duckdb.sql(f"copy ({query}) to '{here / name}' (format parquet, parquet_version {version})")
    as_arrow_reads(name)


def as_numpy_has(name, arrays):
    expected[name] = [[column, cells(values)] for column, values in arrays]


def flat(array):
    return array.reshape(len(array), -1)


def save(name, array):
    np.save(here / name, array)
    array = np.load(here / name)
    as_numpy_has(name, [(str(i), numpy_cells(column)) for i, column in enumerate(flat(array).T)])


def numpy_cells(column):
    if column.dtype.kind == "M":
        by_day = np.datetime_data(column.dtype)[0] in "YMWD"
        return [None if np.isnat(x) else str(x.astype("M8[D]")) if by_day else moment(x) for x in column]
    return column


for order in "<>":
    word = {"<": "little", ">": "big"}[order]
    for kind, values in {
        "f2": [0.1, -65504, np.nan, np.inf], "f4": [0.1, -1e30, np.nan, 1], "f8": [0.1, 5e-324, np.nan, -np.inf], "i2": [-32768, 32767, 0, 1],
        "i4": [-(2**31), 2**31 - 1, 0, 1], "i8": [-(2**63), 2**63 - 1, 2**53 + 1, 1], "u2": [0, 65535, 1, 2], "u4": [0, 2**32 - 1, 1, 2],
        "u8": [0, 2**64 - 1, 1, 2], "U5": ["a", "", "ölig", "virus"], "M8[ns]": ["2024-02-29T01:02:03.000000004", "NaT", "1960-01-01", "1970-01-01"],
    }.items():
        save(f"{kind.replace('[', '-').rstrip(']')}-{word}.npy", np.array(values, f"{order}{kind}"))
for kind, values in {"i1": [-128, 127, 0], "u1": [0, 255, 7], "?": [True, False, True], "S4": [b"ab", b"", b"abcd"]}.items():
    save(f"{kind.replace('?', 'bool')}.npy", np.array(values, kind))
for unit in ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "25s"]:
    save(f"M8-{unit}.npy", np.array(["1969-05-01", "NaT", "2024-02-29"], f"M8[{unit}]"))
values = np.arange(24) + 0.5
save("rows.npy", values.reshape(4, 6))
save("fortran.npy", np.asfortranarray(values.reshape(4, 6)))
save("images.npy", values.reshape(4, 3, 2).astype(np.float32))
save("fortran-images.npy", np.asfortranarray(values.reshape(2, 3, 2, 2)))
for version in [(1, 0), (2, 0), (3, 0)]:
    name = f"version-{version[0]}.npy"
    with open(here / name, "wb") as file:
        np.lib.format.write_array(file, values[:3], version=version)
    as_numpy_has(name, [("0", values[:3])])
records = np.array([(1, "a", 0.5, (1, 2)), (2, "bc", np.nan, (3, 4))], [("id", ">i4"), ("größe", "U2"), ("x", "<f8"), ("pair", "i2", (2,))])
np.save(here / "records.npy", records)
fields = [("id", records["id"]), ("größe", records["größe"]), ("x", records["x"]), ("pair_0", records["pair"][:, 0]), ("pair_1", records["pair"][:, 1])]
as_numpy_has("records.npy", fields)
padded = np.array([(1, 2.5), (3, -1)], np.dtype([("a", "i1"), ("b", "f8")], align=True))
np.save(here / "padded.npy", padded)
as_numpy_has("padded.npy", [("a", padded["a"]), ("b", padded["b"])])
np.save(here / "objects.npy", np.array([1, "a", None], object), allow_pickle=True)
np.save(here / "complex.npy", np.array([1j]))
np.save(here / "single-value.npy", np.float64(3))
np.save(here / "no-rows.npy", np.zeros((0, 3)))
np.save(here / "no-columns.npy", np.zeros((3, 0)))

x, y = values[:12].reshape(4, 3), np.array(["a", "b", "a", "b"])
for name, write in [("arrays.npz", np.savez), ("compressed.npz", np.savez_compressed)]:
    write(here / name, X=x, y=y, w=x[:, :1], r=padded.repeat(2))
    as_numpy_has(name, [(f"X_{i}", x[:, i]) for i in range(3)] + [("y", y), ("w", x[:, 0])] + [(f"r_{n}", padded.repeat(2)[n]) for n in "ab"])
np.savez(here / "one.npz", x)
as_numpy_has("one.npz", [(str(i), x[:, i]) for i in range(3)])
np.savez(here / "lengths.npz", X=x, y=y[:3], z=y[:1])
np.savez(here / "objects.npz", X=x, y=np.array([1, "a"], object))
np.savez(here / "none.npz")
with zipfile.ZipFile(here / "other.npz", "w") as file:
    file.writestr("readme.txt", "hello")

modules = [np, pd, pa, pl, fastparquet, duckdb]
versions = {module.__name__: module.__version__ for module in modules}
with open(here.with_name("table_files.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in expected.items())
    made_by = json.dumps({"script": "table_files_golden.py", "python": platform.python_version(), **versions})
    file.write(f'{{\n"made_by": {made_by},\n' + ",\n".join(entries) + "\n}\n")
