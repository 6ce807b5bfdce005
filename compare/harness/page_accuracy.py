"""What the page says of the time to accuracy."""

from statistics import mean, median

from harness.accuracy import GOALS, Goal
from harness.fits import DATA
from harness.text import from_runs, grouped, measured, score, table, where_more

#: What is said of each time.
TIMES = {"saved": "the model is saved after", "seconds": "the training takes", "whole": "the process ends, mfnet's with linear model and report, after"}


def page(result: dict) -> list[str]:
    """The part of the page."""
    rows = []
    for cell in result["cells"]:
        saved, of = from_runs(cell, "saved"), GOALS[cell["goal"]]
        numbers = [f"{median(saved):.2f}", f"{min(saved):.2f}–{max(saved):.2f}", f"{median(from_runs(cell, 'seconds')):.2f}", f"{median(from_runs(cell, 'whole')):.2f}"]
        scores = [mean_score(of, cell, part) for part in ("validation", "test")]
        rows.append([title(cell["goal"]), cell["contestant"], *numbers, *scores, f"{reached(cell)} of {len(saved)}"])
    return [
        "## Time to accuracy",
        "",
        "Seconds from the start of the process until a model is saved whose score on the test rows is good enough, each library with the settings that were",
        "quickest, or nearly, on validation rows (`compare/run tries`), in PyTorch without `torch.compile`. With its model saved mfnet goes on with the optimal linear model, to compare",
        "the network with, and with its report, before the process ends; the others' begin with their imports. Training is that of the steps, of scikit-learn's `fit`, which trains on the",
        "validation rows too. Median over the seeds, from the quickest to the slowest; mean scores; in how many runs it was reached: the seconds are those of all runs, also of those that missed it.",
        "scikit-learn has nothing for 98.5 %: a training of its network takes the most of a minute, and its trees, minutes long, stay below.",
        measured(result),
        "",
        *table(["", "", "model saved, s", "from–to", "of it training, s", "process ends, s", "validation", "test", "reached"], rows, names=2),
    ]


def mean_score(of: Goal, cell: dict, part: str) -> str:
    """Nothing for validation rows that were training rows."""
    scores = from_runs(cell, part)
    return "" if None in scores else score(DATA[of.data].of_classes, mean(scores))


def title(goal: str) -> str:
    """MNIST, 98 %; California Housing, RMSE 0.5."""
    of = GOALS[goal]
    name = DATA[of.data].title.split(",")[0]
    return f"{name}, {100 * of.score:g} %" if DATA[of.data].of_classes else f"{name}, RMSE {of.score:g}"


def reached(cell: dict) -> int:
    """In how many runs the score was good enough."""
    return sum(map(GOALS[cell["goal"]].is_reached, from_runs(cell, "test")))


def where_worse(result: dict) -> list[str]:
    """Who is there sooner, or more often."""
    lines = []
    for goal, (ours, *others) in grouped(result["cells"], "goal").items():
        middle = lambda cell, name: median(from_runs(cell, name))
        if (count := len(ours["runs"])) > reached(ours):
            lines.append(f"- {title(goal)}: mfnet reached it in {reached(ours)} of {count} runs with the settings that were chosen on validation rows.")
        for cell in others:
            numbers = [(what, "s", middle(cell, name), middle(ours, name)) for name, what in TIMES.items()]
            if reached(cell):
                lines += where_more(title(goal), cell["contestant"], numbers)
            if reached(cell) > reached(ours):
                lines.append(f"- {title(goal)}: {cell['contestant']} reached it in {reached(cell)} of {len(cell['runs'])} runs.")
    return lines
