"""What the project's README says of the comparison: where mfnet loses, then five figures. The page of the results has the rest."""

from statistics import median

from harness import text
from harness.fits import DATA
from harness.page_accuracy import title
from harness.page_quality import OURS, spread, worseness
from harness.page_speed import ratio, rounded
from harness.peers import PEERS, WORKS
from harness.text import from_runs, grouped, table

#: The columns of the table, and the peer of `speed` in each.
LIBRARIES = {"mfnet": "mfnet", "PyTorch": "torch", "scikit-learn": "sklearn"}
#: The rows of the table: data sets of `quality`, a goal of `accuracy`, a work of `speed`.
DATA_SETS, GOAL, WORK = ("california", "mnist"), "mnist-97", "A128"
LAST = "[compare/results](compare/results/README.md) has all results. It begins with every case in which mfnet is slower or worse."


def section(results: dict[str, dict], elsewhere: dict[str, dict]) -> list[str]:
    """The section. The cases in which mfnet loses come first."""
    of_quality = results.get("quality", {"cells": []})["cells"]
    of_data = {data: cells for data, cells in grouped(of_quality, "data").items() if data in DATA_SETS}
    speeds = [result for result in (results.get("speed"), *elsewhere.values()) if result]
    worse = [line for data, cells in of_data.items() for line in where_worse(data, cells)]
    of_goal = [cell for cell in results.get("accuracy", {"cells": []})["cells"] if cell["goal"] == GOAL]
    worse += [*(where_later(of_goal) if of_goal else []), *(line for result in speeds for line in where_slower(result))]
    rows = [*(quality_row(data, cells) for data, cells in of_data.items()), *([goal_row(of_goal)] if of_goal else [])]
    rows += [speed_row(result, cell) for result in speeds for cell in epochs(result) if cell["work"] == WORK]
    return [
        *(["The main cases in which mfnet loses:", "", *worse, ""] if worse else []),
        "Five figures, measured on two cores. The best of each row is bold:",
        "",
        *table(["", *LIBRARIES], rows),
        "",
        LAST,
    ]


def name_of(data: str) -> str:
    """MNIST; California Housing."""
    return DATA[data].title.split(",")[0]


def best(cells: list[dict]) -> dict[str, dict]:
    """The best contestant of each library; of mfnet the one without options."""
    of_library = lambda name: [cell for cell in cells if cell["contestant"].startswith(name)]
    found = {name: of_library(OURS if name == "mfnet" else name) for name in LIBRARIES}
    return {name: min(of_one, key=worseness) for name, of_one in found.items() if of_one}


def where_worse(data: str, cells: list[dict]) -> list[str]:
    """The contestants with a better score on the test rows than mfnet without options."""
    what, lines, of_libraries = "accuracy" if DATA[data].of_classes else "RMSE", [], best(cells)
    ours = of_libraries.pop("mfnet", None)
    for cell in of_libraries.values() if ours else []:
        if worseness(cell) < worseness(ours):
            saved = [median(from_runs(each, "saved")) for each in (cell, ours)]
            library, method = cell["contestant"].split(", ", 1)
            sooner = f" {library} saves its model after {saved[0]:.1f} s, mfnet after {saved[1]:.1f} s." if saved[0] < saved[1] else ""
            lines.append(f"- {name_of(data)}: {library} ({method}) has a test {what} of {spread(cell)}, mfnet {spread(ours)}.{sooner}")
    return lines


def epochs(result: dict) -> list[dict]:
    """The cells of epochs in f32."""
    return [cell for cell in result["cells"] if cell["dtype"] == "f32" and WORKS[cell["work"]].samples]


def where_slower(result: dict) -> list[str]:
    """The epochs in which a peer is faster than mfnet."""
    lines = []
    for cell in epochs(result):
        faster = {PEERS[name].title: ratio(cell, name) for name in cell["peers"] if ratio(cell, name) < 1}
        if faster:
            times = " to ".join(dict.fromkeys(rounded(times) for times in (min(faster.values()), max(faster.values()))))
            names = " and ".join([*([", ".join(list(faster)[:-1])] if len(faster) > 1 else []), list(faster)[-1]])
            lines.append(f"- Epoch of {described(cell)}, on {text.processor(result)}: {names} take {times} of mfnet's time.")
    return lines


def described(cell: dict) -> str:
    """784-512-512-10 in batches of 128."""
    work = WORKS[cell["work"]]
    return f"{'-'.join(map(str, work.layers))} in batches of {work.batch}"


def quality_row(data: str, cells: list[dict]) -> list[str]:
    """The scores of the best contestants."""
    of_libraries = best(cells)
    first = min(of_libraries.values(), key=worseness)
    method = lambda library, cell: f" ({cell['contestant'].split(', ')[1].split(' with ')[0]})" if library == "scikit-learn" else ""
    field = lambda library, cell: bold(spread(cell), cell is first) + method(library, cell)
    what = "test accuracy" if DATA[data].of_classes else "test RMSE"
    return [f"{name_of(data)}: {what}", *(field(name, of_libraries[name]) if name in of_libraries else "" for name in LIBRARIES)]


def where_later(cells: list[dict]) -> list[str]:
    """The contestants whose process ends before mfnet's."""
    ends = {cell["contestant"]: median(from_runs(cell, "whole")) for cell in cells}
    ours = ends.pop("mfnet")
    others = [f"{seconds:.1f} s with {name}" for name, seconds in ends.items() if seconds < ours]
    why = "which also fits a linear baseline and writes a report"
    data, score = title(GOAL).split(", ")
    return [f"- {data}, trained to {score}: the process takes {' and '.join(others)}, {ours:.1f} s with mfnet, {why}."] if others else []


def goal_row(cells: list[dict]) -> list[str]:
    """Seconds from the start of the process until a model is saved that is good enough."""
    seconds = {cell["contestant"]: median(from_runs(cell, "saved")) for cell in cells}
    fields = (bold(f"{seconds[name]:.1f} s", seconds[name] == min(seconds.values())) if name in seconds else "" for name in LIBRARIES)
    data, score = title(GOAL).split(", ")
    return [f"{data}: time until a model with {score} is saved", *fields]


def speed_row(result: dict, cell: dict) -> list[str]:
    """Times of an epoch, relative to mfnet's."""
    times = {name: ratio(cell, peer) for name, peer in LIBRARIES.items() if peer in cell["peers"]}
    vectors = text.processor(result).rsplit(", ", 1)[-1].removesuffix(")")
    fields = (bold("1" if name == "mfnet" else rounded(times[name]), times[name] == min(times.values())) if name in times else "" for name in LIBRARIES)
    return [f"Epoch of {described(cell)}, {vectors}: time relative to mfnet", *fields]


def bold(field: str, is_best: bool) -> str:
    """In Markdown."""
    return f"**{field}**" if is_best else field
