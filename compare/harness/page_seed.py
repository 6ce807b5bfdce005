"""What the page says of the seed's experiment."""

from harness import text
from harness.seed import TASKS

#: What is said of each time.
TIMES = {"seconds": "the training takes", "first_epoch": "the first epoch is done after", "whole": "the process ends after"}
TITLES = {"mfnet": "mfnet", "pytorch": "PyTorch"}


def page(result: dict) -> list[str]:
    """The part of the page."""
    megabytes = {name: sum(parts.values()) / 1e6 for name, parts in result["sizes"].items()}
    lines = [
        "## The published experiment",
        "",
        "A text on feed-forward networks, whose mathematics mfnet follows (docs/mathematics.md), compares its own library with PyTorch: regression on California",
        "Housing (16512 training, 4128 test rows) and classification on MNIST (60000, 10000), each by a linear model and by two hidden layers of 512 ReLU; plain SGD, the",
        "norm of each layer's gradient clipped at 5, the rate halved after half of the epochs. Its published run gave the two libraries different rates and batches (0.001",
        "and 1024, 0.01 and 128); here both libraries have the same, PyTorch runs eagerly, and both begin with the same weights.",
        f"All in {result['dtype']}, once each. Seconds are those of the training loop, then from the start of the process to the end of the first epoch, and of the whole process (of",
        "mfnet's with the linear model that is best on the training rows, to which it compares the network, and with its report).",
        text.measured(result),
        "",
    ]
    rows = []
    for cell in result["cells"]:
        names = [TASKS[cell["task"]].title, cell["network"], f"{cell['learning_rate']}, {cell['batch']}", str(cell["epochs"])]
        for library, title in TITLES.items():
            of = cell[library]
            numbers = [f"{of['seconds']:.2f}", f"{of['first_epoch']:.2f}", f"{of['whole']:.2f}", f"{of['peak_kilobytes'] / 1024:.0f}"]
            rows.append([*names, title, score(cell, of["test"]), *numbers])
    head = ["", "network", "rate, batch", "epochs", "", "test", "training, s", "first epoch, s", "whole, s", "memory, MB"]
    lines += text.table(head, rows, names=5)
    baselines = {cell["task"]: cell for cell in result["cells"]}
    for task, cell in baselines.items():
        naive, linear = (score(cell, cell["baselines"][name]) for name in ("naive", "linear"))
        lines += ["", f"{TASKS[task].title}: the naive predictor has {naive}, the linear model that is best on the training rows {linear}."]
    lines += [
        "",
        f"On the disk: mfnet {megabytes['mfnet']:.0f} MB, one file; PyTorch {megabytes['torch']:.0f} MB with what it needs (the package of the registry brings CUDA),",
        f"scikit-learn {megabytes['scikit-learn']:.0f} MB with NumPy and SciPy. Python itself is not counted.",
        "",
        "![Losses over the epochs](seed.svg)",
    ]
    return [*lines, "", "![Confusion matrices](confusion.svg)"] if "classification" in baselines else lines


def score(cell: dict, x: float) -> str:
    """In words."""
    return text.score(cell["task"] == "classification", x)


def where_worse(result: dict) -> list[str]:
    """Cells in which PyTorch is faster, smaller, or better on the test rows."""
    lines = []
    for cell in result["cells"]:
        place = f"{TASKS[cell['task']].title}, {cell['network']}, rate {cell['learning_rate']}, batches of {cell['batch']}"
        ours, theirs = cell["mfnet"], cell["pytorch"]
        times = [(what, "s", theirs[name], ours[name]) for name, what in TIMES.items()]
        memory = ("memory is", "MB", theirs["peak_kilobytes"] / 1024, ours["peak_kilobytes"] / 1024)
        lines += text.where_more(place, "PyTorch", [*times, memory])
        sign = 1 if cell["task"] == "classification" else -1
        if sign * theirs["test"] > sign * ours["test"]:
            scores = [score(cell, of["test"]) for of in (theirs, ours)]
            lines.append(f"- {place}: on the test rows PyTorch has {scores[0]}, mfnet {scores[1]} (the orders of the batches differ).")
    return lines


def summary(result: dict) -> list[str]:
    """For the README."""
    lines = []
    for cell in result["cells"]:
        ours, theirs = cell["mfnet"], cell["pytorch"]
        names = [f"{TASKS[cell['task']].title}, {cell['network']}, {cell['epochs']} epochs", f"{cell['learning_rate']}, {cell['batch']}"]
        seconds = [f"{ours['seconds']:.1f}", f"{theirs['seconds']:.1f}", f"{theirs['seconds'] / ours['seconds']:.1f}"]
        lines.append([*names, *seconds, score(cell, ours["test"]), score(cell, theirs["test"])])
    head = ["", "rate, batch", "mfnet, s", "PyTorch, s", "ratio", "mfnet, test", "PyTorch, test"]
    return ["**The published experiment** of the text that mfnet follows, the same work in mfnet and PyTorch (eager): seconds of training, score on the test rows:", "", *text.table(head, lines, names=2)]
