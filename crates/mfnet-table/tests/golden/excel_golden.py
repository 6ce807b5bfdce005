"""Writes workbooks with openpyxl and xlsxwriter into excel/, and what openpyxl reads in them into excel.json.

Numbers stay numbers; dates and times are in the form of ISO 8601, booleans as Python writes them, and empty cells and
errors null. Run: python excel_golden.py (with the versions in excel.json).
"""

import datetime
import json
import pathlib

import openpyxl
import xlsxwriter
from openpyxl.styles import Font

here = pathlib.Path(__file__).parent / "excel"
here.mkdir(exist_ok=True)
expected = {"openpyxl": openpyxl.__version__, "xlsxwriter": xlsxwriter.__version__}


def cell(value):
    if value is None or (isinstance(value, str) and value.startswith("#")):
        return None
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.isoformat(timespec="seconds")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return value.strip() if isinstance(value, str) else value


def save(book, name, sheet, header_row, first_column, columns, write=True):
    """Saves the book; the table of the sheet begins in this row and column, counted from 1."""
    if write:
        book.save(here / name)
    read = openpyxl.load_workbook(here / name, data_only=True)[sheet]
    rows = [row for row in read.iter_rows(min_row=header_row, min_col=first_column, values_only=True)]
    rows = [row[:columns] for row in rows if any(value is not None for value in row[:columns])]
    expected[name] = [[str(rows[0][i]), [cell(row[i]) for row in rows[1:]]] for i in range(columns)]


rows = [
    ["number", "whole", "text", "day", "moment", "truth", "code", "fault"],
    [1.5, 3, "Oslo", datetime.date(2024, 2, 29), datetime.datetime(2024, 1, 31, 13, 45, 10), True, "007", "#N/A"],
    [None, 4, " Rome ", datetime.date(1900, 3, 1), None, False, "012", 2],
    [-1e-7, 2**40, None, None, datetime.datetime(1999, 12, 31), None, "9", 3],
    [None] * 8,
    [12345.678, -5, "Graz", datetime.date(9999, 12, 31), datetime.datetime(2000, 1, 1, 0, 0, 1), True, "10", 4],
]
book = openpyxl.Workbook()
for row in rows:
    book.active.append(row)
save(book, "types.xlsx", "Sheet", 1, 1, 8)

book = openpyxl.Workbook()
book.active.title = "Sales 2024"
book.active["B2"] = "Report of the year"
book.active["B2"].font = Font(bold=True)
for i, row in enumerate(rows[:4]):
    for j, value in enumerate(row[:4]):
        book.active.cell(i + 4, j + 3, value)
# formats without values, far away
book.active.cell(400, 300).font = Font(bold=True)
save(book, "offset.xlsx", "Sales 2024", 4, 3, 4)

book = openpyxl.Workbook()
book.active.title = "hidden"
book.active.sheet_state = "hidden"
book.active.append(["not", "this"])
book.active.append([1, 2])
first, second = book.create_sheet("first"), book.create_sheet("the second")
first.append(["a", "b"])
first.append([1, "x"])
second.append(["a", "b"])
second.append([2, "y"])
save(book, "sheets.xlsx", "first", 1, 1, 2)

book = openpyxl.Workbook()
book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
book.active.append(["day", "x"])
book.active.append([datetime.date(2024, 2, 29), 1])
book.active.append([datetime.date(1904, 1, 2), 2])
save(book, "1904.xlsx", "Sheet", 1, 1, 2)

book = openpyxl.Workbook()
for i in range(5):
    book.active.append([i, i * 0.5, "ab"[i % 2]])
book.save(here / "no-header.xlsx")

# with a table of texts, to which cells refer
with xlsxwriter.Workbook(here / "shared.xlsx") as book:
    sheet = book.add_worksheet("Shared")
    for i, row in enumerate([["city", "x"], ["Oslo", 1], ["Rome", 2.5], ["Oslo", 3]]):
        sheet.write_row(i, 0, row)
save(openpyxl.load_workbook(here / "shared.xlsx"), "shared.xlsx", "Shared", 1, 1, 2, write=False)

(here.parent / "excel.json").write_text(json.dumps(expected, indent=1, default=str) + "\n")
