"""What the page says of quality."""

from statistics import mean, median

from harness import text
from harness.fits import DATA
from harness.quality import CONTESTANTS
from harness.text import from_runs, grouped, measured, table, where_more

#: The contestant that is compared with the others, and those that are of the same library.
OURS = CONTESTANTS["mfnet"].title
OF_MFNET = {each.title for each in CONTESTANTS.values() if each.library == "mfnet"}


def page(result: dict) -> list[str]:
    """The part of the page."""
    lines = [
        "## Quality",
        "",
        "The same test rows for all: accuracy, or RMSE in 100 000 dollars; mean and deviation over the seeds. The other rows are the same too; of MNIST's each library draws the",
        "tenth that it chooses the epoch by, and scikit-learn draws it of all other rows everywhere. Nothing was chosen on test rows. mfnet has no option, but what it does without",
        "was chosen on validation rows of these very data sets;",
        "the others have the best of some settings that were tried on validation rows (`compare/run tries`), which for California Housing are those of the papers' split.",
        "mfnet's numbers are f64, PyTorch's f32. Seconds are medians: of the training steps (scikit-learn's: of `fit`, with its own validation), and from the start of the process until the",
        "model was saved and until the process ended (mfnet's with the linear model that is best on the training rows, and with its report).",
        measured(result),
    ]
    for data, cells in grouped(result["cells"], "data").items():
        rows = []
        for cell in sorted(cells, key=worseness):
            times = [f"{median(from_runs(cell, name)):.2f}" for name in ("seconds", "saved", "whole")]
            rows.append([cell["contestant"], str(len(cell["runs"])), spread(cell), *times, f"{max(from_runs(cell, 'peak_kilobytes')) / 1024:.0f}"])
        head = ["", "seeds", "test", "training, s", "model saved, s", "process ends, s", "memory, MB"]
        lines += ["", f"### {DATA[data].title}", "", *table(head, rows)]
    return lines


def worseness(cell: dict) -> float:
    """Smaller for a better contestant."""
    test = mean(from_runs(cell, "test"))
    return -test if DATA[cell["data"]].of_classes else test


def spread(cell: dict) -> str:
    """Mean and deviation."""
    return text.spread(DATA[cell["data"]].of_classes, from_runs(cell, "test"))


def where_worse(result: dict) -> list[str]:
    """Who is better than mfnet without an option, or sooner done."""
    lines = []
    for data, cells in grouped(result["cells"], "data").items():
        ours = next((cell for cell in cells if cell["contestant"] == OURS), None)
        for cell in cells if ours else []:
            if cell["contestant"] in OF_MFNET:
                continue
            place = DATA[data].title
            if worseness(cell) < worseness(ours):
                lines.append(f"- {place}: the test rows have {spread(cell)} in {cell['contestant']}, {spread(ours)} in mfnet.")
            middle = lambda of, name: median(from_runs(of, name))
            numbers = [(what, "s", middle(cell, name), middle(ours, name)) for name, what in (("saved", "the model is saved after"), ("seconds", "the training takes"), ("whole", "the process ends after"))]
            memory = ("memory is", "MB", *(max(from_runs(of, "peak_kilobytes")) / 1024 for of in (cell, ours)))
            lines += where_more(place, cell["contestant"], [*numbers, memory])
    return lines
