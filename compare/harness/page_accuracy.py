"""What the page says of the time to accuracy."""

from statistics import mean, median

from harness.accuracy import GOALS
from harness.fits import DATA
from harness.report import row


def page(result: dict) -> list[str]:
    """The part of the page."""
    lines = [
        "## Time to accuracy",
        "",
        "Seconds from the start of the process until a model is saved whose score on the test rows is good enough, each library with the settings that were",
        "quickest on validation rows (`../README.md`): median over the seeds, from the quickest to the slowest; mean score; in how many runs it was reached.",
        f"Measured {result['date']} at commit {result['machine']['commit'][:12]}, {result['threads']} threads.",
        "",
        row(["", "", "model saved, s", "from–to", "of it training, s", "test", "reached"]),
        row(["---", "---", "---:", "---:", "---:", "---:", "---:"]),
    ]
    for cell in result["cells"]:
        of = lambda name: [run[name] for run in cell["runs"]]
        saved, reached = of("saved"), sum(of("reached"))
        numbers = [f"{median(saved):.2f}", f"{min(saved):.2f}–{max(saved):.2f}", f"{median(of('seconds')):.2f}", score(cell)]
        lines.append(row([title(cell["goal"]), cell["contestant"], *numbers, f"{reached} of {len(saved)}"]))
    return lines


def title(goal: str) -> str:
    """MNIST, 98 %; California Housing, RMSE 0.5."""
    of = GOALS[goal]
    name = DATA[of.data].title.split(",")[0]
    return f"{name}, {100 * of.score:g} %" if of.data == "mnist" else f"{name}, RMSE {of.score:g}"


def score(cell: dict) -> str:
    """The mean."""
    x = mean(run["test"] for run in cell["runs"])
    return f"{100 * x:.2f} %" if GOALS[cell["goal"]].data == "mnist" else f"{x:.4f}"


def where_worse(result: dict) -> list[str]:
    """Who is there sooner, or more often."""
    lines = []
    for goal in dict.fromkeys(cell["goal"] for cell in result["cells"]):
        ours, *others = [cell for cell in result["cells"] if cell["goal"] == goal]
        saved = lambda cell: median(run["saved"] for run in cell["runs"])
        reached = lambda cell: sum(run["reached"] for run in cell["runs"])
        if (count := len(ours["runs"])) > reached(ours):
            lines.append(f"- {title(goal)}: mfnet reached it in {reached(ours)} of {count} runs with the settings that were enough on validation rows.")
        for cell in others:
            if saved(cell) < saved(ours) and reached(cell):
                lines.append(f"- {title(goal)}: {cell['contestant']} is there after {saved(cell):.1f} s, mfnet after {saved(ours):.1f} s.")
            if reached(cell) > reached(ours):
                lines.append(f"- {title(goal)}: {cell['contestant']} reached it in {reached(cell)} of {len(cell['runs'])} runs.")
    return lines


def summary(result: dict) -> list[str]:
    """For the README."""
    names = list(dict.fromkeys(cell["contestant"] for cell in result["cells"]))
    lines = ["**Time to accuracy**, seconds from the start of the process until the model is saved, median, and how many of the runs were good enough:", ""]
    lines.append(row(["", *names]))
    lines.append(row(["---", *["---:"] * len(names)]))
    for goal in dict.fromkeys(cell["goal"] for cell in result["cells"]):
        cells = {cell["contestant"]: cell for cell in result["cells"] if cell["goal"] == goal}
        reached = lambda runs: f"{median(run['saved'] for run in runs):.1f} ({sum(run['reached'] for run in runs)} of {len(runs)})"
        of = lambda name: reached(cells[name]["runs"]) if name in cells else ""
        lines.append(row([title(goal), *map(of, names)]))
    return lines
