"""The page of the settings that were tried."""

from statistics import mean, median

from harness.accuracy import GOALS
from harness.fits import DATA
from harness.page_accuracy import title
from harness.settings import TRIED
from harness.text import from_runs, grouped, measured, spread, table

#: Seconds by which a training may be longer than the shortest: what chance makes of it.
NEARLY = 0.2


def whole(result: dict) -> str:
    """All of it."""
    purposes = grouped(result["cells"], "purpose")
    others = [line for purpose, cells in purposes.items() for line in not_right(purpose, cells)]
    lines = [
        "# The settings that were tried",
        "",
        "`../harness/settings.py` has them. Scores on validation rows, mean and deviation over other seeds than those of the comparisons; no test rows were looked at.",
        "The first of each library, in bold, was chosen: for quality because its score is the best; for time to accuracy because its training is the",
        f"shortest, or no more than {NEARLY} s longer, of those whose score is good enough, and if none is because its score is the best. (Imports and data take a library as long with all",
        "settings, and chance makes more of that than of the training.) For California Housing good enough is better by 0.015, the standard error of an RMSE of so many rows. Where quality is compared, mfnet has no option: its defaults were chosen on validation rows too, some time earlier;",
        "scikit-learn's trees are for MNIST as they come, since a training takes minutes. Seconds are medians: of the training steps (scikit-learn's: of `fit`), and from the start of",
        "the process until the model was saved.",
        measured(result),
        *(["", "By these numbers others would be chosen:", "", *others] if others else []),
    ]
    for purpose, cells in purposes.items():
        data = DATA[purpose.split("-")[0]]
        lines += ["", f"## {heading(purpose)}", "", *table(["", "settings", "validation", "training, s", "model saved, s"], rows(purpose, cells, data.of_classes), names=2)]
    return "\n".join(lines) + "\n"


def heading(purpose: str) -> str:
    """In words."""
    return title(purpose) if purpose in GOALS else f"{DATA[purpose].title.split(',')[0]}, quality"


def rows(purpose: str, cells: list[dict], of_classes: bool) -> list[list[str]]:
    """A line for each of the settings."""
    lines = []
    for cell in cells:
        seconds = [f"{median(from_runs(cell, name)):.2f}" for name in ("seconds", "saved")]
        fields = [cell["settings"], spread(of_classes, from_runs(cell, "validation")), *seconds]
        lines.append([cell["contestant"], *(f"**{field}**" if is_chosen(purpose, cell) else field for field in fields)])
    return lines


def is_chosen(purpose: str, cell: dict) -> bool:
    """Whether these are the first of a library."""
    return any(cell["settings"] == contestants[0].described() for contestants in TRIED[purpose].values())


def right(purpose: str, cells: list[dict]) -> list[dict]:
    """Which of the settings of a library may be chosen."""
    of_classes = DATA[purpose.split("-")[0]].of_classes
    found = lambda cell: mean(from_runs(cell, "validation"))
    seconds = lambda cell: median(from_runs(cell, "seconds"))
    goal = GOALS.get(purpose)
    enough = [cell for cell in cells if goal.is_reached(found(cell), goal.to_spare)] if goal else []
    if enough:
        return [cell for cell in enough if seconds(cell) <= min(map(seconds, enough)) + NEARLY]
    return [max(cells, key=lambda cell: found(cell) if of_classes else -found(cell))]


def not_right(purpose: str, cells: list[dict]) -> list[str]:
    """The libraries whose first settings are none of those that may be chosen."""
    lines = []
    for library, tried in grouped(cells, "contestant").items():
        may_be = right(purpose, tried)
        if not any(is_chosen(purpose, cell) for cell in may_be):
            lines.append(f"- {heading(purpose)}, {library}: {may_be[0]['settings']}.")
    return lines
