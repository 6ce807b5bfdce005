"""What the page says of the paper's experiment."""

from statistics import mean, median

from harness import text
from harness.seed import TASKS
from harness.text import from_runs

#: What is said of each time.
TIMES = {"seconds": "the training takes", "first_epoch": "the first epoch is done after", "whole": "the process ends after"}
TITLES = {"mfnet": "mfnet", "pytorch": "PyTorch"}


def page(result: dict) -> list[str]:
    """The part of the page."""
    disk = {name: sum(parts.values()) / 1e6 for name, parts in result["sizes"].items()}
    rounds = "in one round" if result["rounds"] == 1 else f"in {result['rounds']} rounds, each in another order of the rows, in which one and the other library began"
    lines = [
        "## The published experiment",
        "",
        "A text on feed-forward networks, whose mathematics mfnet follows (docs/mathematics.md), compares its own library with PyTorch: regression on California",
        "Housing (16512 training, 4128 test rows) and classification on MNIST (60000, 10000), each by a linear model and by two hidden layers of 512 ReLU; plain SGD, the",
        "norm of each layer's gradient clipped at 5, the rate halved after half of the epochs. Its published run gave the two libraries different rates and batches (0.001",
        "and 1024, 0.01 and 128); here both libraries have the same, PyTorch runs eagerly, and both begin with the same weights.",
        f"All in {result['dtype']}, {rounds}: mean and deviation of the scores on the test rows, medians of",
        "seconds, most of memory. Seconds are those of the training loop, then from the start of the process to the end of the first epoch, and of the whole process (of mfnet's with the",
        "linear model that is best on the training rows, to which it compares the network, and with its report). Relative to mfnet is the median of the ratios of a round. Curves and matrices are those of the first round.",
        text.measured(result),
        "",
    ]
    rows = []
    for cell in result["cells"]:
        names = [TASKS[cell["task"]].title, cell["network"], f"{cell['learning_rate']}, {cell['batch']}", str(cell["epochs"])]
        ratio = median(b / a for a, b in zip(from_runs(cell["mfnet"], "seconds"), from_runs(cell["pytorch"], "seconds")))
        for library, title in TITLES.items():
            of = cell[library]
            seconds, *later = (f"{middle(of, name):.2f}" for name in TIMES)
            times = [seconds, f"{ratio:.1f}" if library == "pytorch" else "1", *later]
            rows.append([*names, title, spread(cell, library), *times, f"{megabytes(of):.0f}"])
    head = ["", "network", "rate, batch", "epochs", "", "test", "training, s", "relative to mfnet", "first epoch, s", "whole, s", "memory, MB"]
    lines += text.table(head, rows, names=5)
    of_tasks = {cell["task"]: cell for cell in result["cells"]}
    for task, cell in of_tasks.items():
        naive, linear = (text.score(is_of_classes(cell), cell["mfnet"]["baselines"][name]) for name in ("naive", "linear"))
        lines += ["", f"{TASKS[task].title}: the naive predictor has {naive}, the linear model that is best on the training rows {linear}."]
    lines += [
        "",
        f"On the disk: mfnet {disk['mfnet']:.0f} MB, one file; PyTorch {disk['torch']:.0f} MB with what it needs (the package of the registry brings CUDA),",
        f"scikit-learn {disk['scikit-learn']:.0f} MB with NumPy and SciPy. Python itself is not counted.",
        "",
        "![Losses over the epochs](seed.svg)",
    ]
    return [*lines, "", "![Confusion matrices](confusion.svg)"] if "classification" in of_tasks else lines


def is_of_classes(cell: dict) -> bool:
    """Whether the score is an accuracy."""
    return cell["task"] == "classification"


def middle(of: dict, name: str) -> float:
    """The median over the rounds."""
    return median(from_runs(of, name))


def megabytes(of: dict) -> float:
    """Memory of the largest process."""
    return max(from_runs(of, "peak_kilobytes")) / 1024


def spread(cell: dict, library: str) -> str:
    """Mean and deviation of the scores on the test rows."""
    return text.spread(is_of_classes(cell), from_runs(cell[library], "test"))


def where_worse(result: dict) -> list[str]:
    """Cells in which PyTorch is faster, smaller, or better on the test rows."""
    lines = []
    for cell in result["cells"]:
        place = f"{TASKS[cell['task']].title}, {cell['network']}, rate {cell['learning_rate']}, batches of {cell['batch']}"
        ours, theirs = cell["mfnet"], cell["pytorch"]
        times = [(what, "s", middle(theirs, name), middle(ours, name)) for name, what in TIMES.items()]
        lines += text.where_more(place, "PyTorch", [*times, ("memory is", "MB", megabytes(theirs), megabytes(ours))])
        sign = 1 if is_of_classes(cell) else -1
        scores = [[sign * score for score in from_runs(of, "test")] for of in (ours, theirs)]
        if mean(scores[1]) > mean(scores[0]):
            apart = "each of its rounds is better than each of mfnet's" if min(scores[1]) > max(scores[0]) else "the rounds overlap"
            lines.append(f"- {place}: on the test rows PyTorch has {spread(cell, 'pytorch')}, mfnet {spread(cell, 'mfnet')} (in other orders of the batches; {apart}).")
    return lines
