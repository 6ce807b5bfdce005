"""The page of the settings that were tried."""

from statistics import mean, median, pstdev

from harness.accuracy import GOALS
from harness.fits import DATA
from harness.page_accuracy import title
from harness.settings import TRIED
from harness.text import from_runs, grouped, measured, score, table


def whole(result: dict) -> str:
    """All of it."""
    lines = [
        "# The settings that were tried",
        "",
        "`../harness/settings.py` has them. Scores on validation rows, mean and deviation over other seeds than those of the comparisons; no test rows were looked at.",
        "The first of each library, in bold, was chosen: for quality because its score is the best, for time to accuracy because it is the soonest, or no more than 0.2 s later, at a score that is good enough,",
        "for California Housing with 0.015 to spare, the standard error of an RMSE of so many rows. To 98.5 % of MNIST nothing comes there with certainty: the soonest within 0.1 %",
        "was chosen, the standard error of the mean. Where quality is compared, mfnet has no option: its defaults were chosen on validation rows too, some time earlier;",
        "scikit-learn's trees are for MNIST as they come, since a training takes minutes. Seconds are medians, of the training alone.",
        measured(result),
    ]
    for purpose, cells in grouped(result["cells"], "purpose").items():
        data = DATA[purpose.split("-")[0]]
        heading = title(purpose) if purpose in GOALS else f"{data.title.split(',')[0]}, quality"
        lines += ["", f"## {heading}", "", *table(["", "settings", "validation", "training, s"], rows(purpose, cells, data.of_classes), names=2)]
    return "\n".join(lines) + "\n"


def rows(purpose: str, cells: list[dict], of_classes: bool) -> list[list[str]]:
    """A line for each of the settings."""
    used = {contestants[0].described() for contestants in TRIED[purpose].values()}
    lines = []
    for cell in cells:
        scores = from_runs(cell, "validation")
        numbers = [f"{score(of_classes, mean(scores)).removesuffix(' %')} ± {score(of_classes, pstdev(scores))}", f"{median(from_runs(cell, 'seconds')):.2f}"]
        fields = [cell["settings"], *numbers]
        lines.append([cell["contestant"], *(f"**{field}**" if cell["settings"] in used else field for field in fields)])
    return lines
