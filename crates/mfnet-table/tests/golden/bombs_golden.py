"""Writes bombs/: Parquet files of a few kB that would become gigabytes, or take minutes, if a reader believed them. No library writes such files:
their structures are put together here in Thrift's compact protocol.

    python bombs_golden.py
"""

import gzip
import pathlib
import struct

here = pathlib.Path(__file__).with_name("bombs")
BOOLEAN, DOUBLE, BYTES = 0, 5, 6
PLAIN, DELTA_BYTES, DICTIONARY = 0, 7, 8
GZIP = 2


def unsigned(number):
    digits = b""
    while number > 127:
        digits += bytes([number & 127 | 128])
        number >>= 7
    return digits + bytes([number])


def signed(number):
    return unsigned(2 * number if number >= 0 else -2 * number - 1)


class Long(int):
    """Of 64 bits."""


class Struct:
    """A structure of (field, value)."""

    def __init__(self, *fields):
        self.bytes, last = b"", 0
        for number, value in fields:
            kind, body = self.value(value)
            self.bytes += bytes([number - last << 4 | kind]) + body
            last = number
        self.bytes += b"\0"

    @classmethod
    def value(cls, value):
        if isinstance(value, int):
            return 6 if isinstance(value, Long) else 5, signed(value)
        if isinstance(value, bytes):
            return 8, unsigned(len(value)) + value
        if isinstance(value, Struct):
            return 12, value.bytes
        elements = [cls.value(element) for element in value] or [(12, b"")]
        return 9, bytes([0xF0 | elements[0][0]]) + unsigned(len(value)) + b"".join(body for _, body in elements)


def page(kind, about, values, compressed):
    stored = gzip.compress(values, mtime=0) if compressed else values
    return Struct((1, kind), (2, len(values)), (3, len(stored)), about).bytes + stored


def data(rows, encoding, values, compressed=False):
    return page(0, (5, Struct((1, rows), (2, encoding), (3, 3), (4, 3))), values, compressed)


def dictionary(count, values, compressed=False):
    return page(2, (7, Struct((1, count), (2, PLAIN))), values, compressed)


def places(rows):
    """The first value of the dictionary, `rows` times."""
    return b"\x01" + unsigned(2 * rows) + b"\0"


def write(name, kind, columns, groups, pages, codec=0):
    """A file whose columns all lie in the same pages; `groups` has the rows of each row group."""
    names = [b"x%d" % i for i in range(columns)]
    schema = [Struct((4, b"schema"), (5, columns))] + [Struct((1, kind), (3, 0), (4, name)) for name in names]

    def chunk(rows, name):
        size, place = Long(len(pages)), Long(4)
        about = Struct((1, kind), (2, [0]), (3, [name]), (4, codec), (5, Long(rows)), (6, size), (7, size), (9, place))
        return Struct((2, place), (3, about))

    row_groups = [Struct((1, [chunk(rows, name) for name in names]), (2, Long(len(pages))), (3, Long(rows))) for rows in groups]
    footer = Struct((1, 1), (2, schema), (3, Long(sum(groups))), (4, row_groups)).bytes
    whole = b"PAR1" + pages + footer + struct.pack("<I", len(footer)) + b"PAR1"
    (here / f"{name}.parquet").write_bytes(whole)


def differences(numbers):
    """DELTA_BINARY_PACKED in blocks of 128, in 4 parts."""
    packed = unsigned(128) + unsigned(4) + unsigned(len(numbers)) + signed(numbers[0])
    steps = [after - before for before, after in zip(numbers, numbers[1:])]
    for start in range(0, len(steps), 128):
        block = steps[start : start + 128]
        least, widths, parts = min(block), b"", b""
        for part in range(0, 128, 32):
            more = [step - least for step in block[part : part + 32]]
            width = max((x.bit_length() for x in more), default=0)
            widths += bytes([width])
            parts += sum(x << k * width for k, x in enumerate(more)).to_bytes(4 * width, "little")
        packed += signed(least) + widths + parts
    return packed


here.mkdir(exist_ok=True)
# one value, ten million times in each of twenty columns
rows = 10_000_000
pages = dictionary(1, struct.pack("<d", 1.5)) + data(rows, DICTIONARY, places(rows))
write("rows", DOUBLE, 20, [rows], pages)
# a dictionary of 4 MB, for each of fifty rows anew
zeros = bytes(8 * 500_000)
pages = dictionary(500_000, zeros, True) + data(1, DICTIONARY, places(1), True)
write("groups", DOUBLE, 1, [1] * 50, pages, GZIP)
# 32 million booleans, of which a row is one
zeros = bytes(4_000_000)
pages = dictionary(32_000_000, zeros, True) + data(1, DICTIONARY, places(1), True)
write("dictionary", BOOLEAN, 1, [1], pages, GZIP)
# texts that are the one before and a letter more
rows, length = 100_000, 3000
values = differences([0] + [length + i for i in range(rows - 1)]) + differences([length] + [1] * (rows - 1))
write("texts", BYTES, 1, [rows], data(rows, DELTA_BYTES, values + b"a" * (length + rows - 1), True), GZIP)
# a text of 4 MB that all rows have
rows = 4_000_000
text = b"a" * 4_000_000
pages = dictionary(1, struct.pack("<I", len(text)) + text, True) + data(rows, DICTIONARY, places(rows), True)
write("text", BYTES, 1, [rows], pages, GZIP)
# a schema of structures of two thousand million columns each
schema = [Struct((3, 0), (4, b"x"), (5, 2**31 - 1))] * 50
footer = Struct((1, 1), (2, schema), (3, Long(0)), (4, [])).bytes
(here / "children.parquet").write_bytes(b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1")
