"""What the page says of quality."""

from statistics import mean, median, pstdev

from harness.fits import DATA
from harness.quality import CONTESTANTS
from harness.report import row


def page(result: dict) -> list[str]:
    """The part of the page."""
    lines = [
        "## Quality",
        "",
        "Each library in its own best hands, on the same rows: accuracy, or RMSE in 100 000 dollars; mean and deviation over the seeds. Seconds are medians: of the",
        "training, and from the start of the process until the model was saved. Nothing was chosen on test rows.",
        f"Measured {result['date']} at commit {result['machine']['commit'][:12]}, {result['threads']} threads.",
    ]
    for data in dict.fromkeys(cell["data"] for cell in result["cells"]):
        lines += ["", f"### {DATA[data].title}", "", row(["", "seeds", "test", "training, s", "model saved, s", "memory, MB"])]
        lines.append(row(["---", "---:", "---:", "---:", "---:", "---:"]))
        cells = [cell for cell in result["cells"] if cell["data"] == data]
        for cell in sorted(cells, key=lambda cell: best_first(cell)):
            of = lambda name: [run[name] for run in cell["runs"]]
            numbers = [f"{median(of('seconds')):.2f}", f"{median(of('saved')):.2f}", f"{max(of('peak_kilobytes')) / 1024:.0f}"]
            lines.append(row([CONTESTANTS[cell["contestant"]].title, str(len(cell["runs"])), spread(cell), *numbers]))
    return lines


def best_first(cell: dict) -> float:
    """Smaller for a better contestant."""
    score = mean(run["test"] for run in cell["runs"])
    return -score if cell["data"] == "mnist" else score


def spread(cell: dict) -> str:
    """Mean and deviation."""
    scores = [run["test"] for run in cell["runs"]]
    if cell["data"] == "mnist":
        return f"{100 * mean(scores):.2f} ± {100 * pstdev(scores):.2f} %"
    return f"{mean(scores):.4f} ± {pstdev(scores):.4f}"


def where_worse(result: dict) -> list[str]:
    """Who is better than mfnet without an option, or sooner done."""
    lines = []
    for data in dict.fromkeys(cell["data"] for cell in result["cells"]):
        cells = {cell["contestant"]: cell for cell in result["cells"] if cell["data"] == data}
        ours = cells.pop("mfnet")
        saved = lambda cell: median(run["saved"] for run in cell["runs"])
        for name, cell in cells.items():
            if CONTESTANTS[name].library == "mfnet":
                continue
            place = f"{DATA[data].title}: {CONTESTANTS[name].title}"
            if best_first(cell) < best_first(ours):
                lines.append(f"- {place} is better on the test rows: {spread(cell)}, mfnet {spread(ours)}.")
            if saved(cell) < saved(ours):
                lines.append(f"- {place} has its model sooner: after {saved(cell):.1f} s, mfnet after {saved(ours):.1f} s.")
    return lines


def summary(result: dict) -> list[str]:
    """For the README."""
    lines = ["**Quality**, five seeds each (test rows; seconds from the start of the process until the model is saved):", ""]
    data = list(dict.fromkeys(cell["data"] for cell in result["cells"]))
    lines += row(["", *(DATA[each].title for each in data)]), row(["---", *["---:"] * len(data)])
    for name, contestant in CONTESTANTS.items():
        fields = []
        for each in data:
            cell = next((cell for cell in result["cells"] if (cell["data"], cell["contestant"]) == (each, name)), None)
            fields.append(f"{spread(cell)}, {median(run['saved'] for run in cell['runs']):.1f} s" if cell and cell["runs"] else "")
        lines.append(row([contestant.title, *fields]))
    return lines
