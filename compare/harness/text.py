"""Tables and numbers of the pages."""

from collections.abc import Iterable
from statistics import mean, stdev


def table(head: list[str], lines: Iterable[list[str]], names: int = 1) -> list[str]:
    """A table in Markdown; after `names` columns of text there are columns of numbers."""
    marks = ["---"] * names + ["---:"] * (len(head) - names)
    return [f"| {' | '.join(fields)} |" for fields in (head, marks, *lines)]


def score(of_classes: bool, x: float) -> str:
    """Accuracy, or RMSE in 100 000 dollars."""
    return f"{100 * x:.2f} %" if of_classes else f"{x:.4f}"


def spread(of_classes: bool, scores: list[float]) -> str:
    """Mean and deviation, of a single score nothing but itself."""
    middle = score(of_classes, mean(scores))
    return f"{middle.removesuffix(' %')} ± {score(of_classes, stdev(scores))}" if len(scores) > 1 else middle


def where_more(place: str, other: str, numbers: Iterable[tuple[str, str, float, float]]) -> list[str]:
    """A line for each of these numbers, with a unit, of which mfnet (last) has more than the other."""
    return [f"- {place}: {what} {theirs:.2f} {unit} in {other}, {ours:.2f} {unit} in mfnet." for what, unit, theirs, ours in numbers if theirs < ours]


def measured(result: dict) -> str:
    """When, at which commit, and on which machine."""
    machine = result["machine"]
    state = ", with changes that are not committed" if machine["uncommitted_changes"] else ""
    programs = f"{machine['system']}, Python {machine['python']}, {machine['rustc'].split(' (')[0]}"
    threads = "1 thread" if result["threads"] == 1 else f"{result['threads']} threads"
    of_machine = f"{processor(result)}, {machine['cores']} cores, {machine['memory_gb']} GB"
    return f"Measured {result['date']} at commit {machine['commit'][:12]}{state}, {threads}, on {of_machine}, {programs}."


def processor(result: dict) -> str:
    """Which one it was, and its widest vectors."""
    machine = result["machine"]
    known = [title for name, title in {"avx512f": "AVX-512", "avx2": "AVX2"}.items() if name in machine["instructions"]]
    return f"{machine['processor']} (family {machine['family']}, model {machine['model']}{''.join(f', {title}' for title in known[:1])})"


def grouped(cells: list[dict], name: str) -> dict[str, list[dict]]:
    """The cells that have the same value of `name`, in the order in which they come first."""
    return {value: [cell for cell in cells if cell[name] == value] for value in dict.fromkeys(cell[name] for cell in cells)}


def from_runs(cell: dict, name: str) -> list[float]:
    """A number of each run."""
    return [run[name] for run in cell["runs"]]
