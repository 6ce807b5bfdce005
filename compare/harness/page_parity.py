"""What the page says of the parity."""

from collections.abc import Iterable

from harness.text import measured, table

Case = dict[str, object]


def page(result: dict) -> list[str]:
    """The part of the page."""
    versions = ", ".join(dict.fromkeys(case["torch"] for case in result["steps"]))
    moments_of_epochs = f", or {moments(result['epochs'])} epochs" if result["epochs"] else ""
    failures = [failure for case in result["steps"] + result["epochs"] for failure in case["failures"]]
    return [
        "## Parity",
        "",
        *summary(result),
        "",
        f"PyTorch {versions} and mfnet from the same weights (one model file, which both load), on the same batches of 128 rows, with the same loss, rule,",
        "weight decay and clipping; 784-512-512-10 on MNIST and 8-512-512-1 on California Housing. Apart is |J − J′|/J′ for the loss, the largest of all steps,",
        f"and ‖w − w′‖/‖w′‖ over all weights, the largest of those after {moments(result['steps'])} steps{moments_of_epochs}. The yardstick is how far",
        "PyTorch parts from itself when each of its first weights moves by one unit in the last place. In f64 200 steps may part by 1e-9. Where the limit is the yardstick,",
        "the largest difference of a run may be ten times its largest. At a single step the ratio can be far beyond that: as soon as a ReLU opens for one sample in one of",
        "two trainings and not in the other, they part a thousandfold within some steps, and which step that is, is chance. Where PyTorch parts from itself by a",
        "tenth or more, the two trainings have become different ones, and all that this shows is that mfnet's is no more different. Clipped is the share of gradients that",
        "were longer than their norm may be.",
        measured(result),
        "",
        *("- " + failure for failure in failures or ["Everything is within its limits: 1e-9 for 200 steps in f64, else ten times the yardstick."]),
        "",
        *cases("The first 200 steps", result["steps"]),
        "",
        "![Losses, and how far losses and weights part, in steps](parity.svg)",
        *(["", *cases("Whole epochs", result["epochs"]), "", "![Losses, and how far losses and weights part, in epochs](parity-epochs.svg)"] if result["epochs"] else []),
    ]


def moments(cases: list[Case]) -> str:
    """After how many steps or epochs weights were compared."""
    *first, last = cases[0]["differences"]
    return f"{', '.join(map(str, first))} and {last}"


def cases(title: str, cases: list[Case]) -> list[str]:
    """A line for each case."""
    lines = []
    for case in cases:
        numbers = [case["loss_differences"], case["yardstick_loss_differences"], case["differences"].values(), case["yardstick"].values()]
        ratio = max(at_one_step(case["loss_differences"], case["yardstick_loss_differences"]), at_one_step(*map(dict.values, (case["differences"], case["yardstick"]))))
        lines.append([case["task"], case["rule"], case["dtype"], *(f"{max(each):.1e}" for each in numbers), f"{ratio:.1g}", f"{100 * case['clipped']:.0f} %"])
    head = ["", "rule", "dtype", "loss apart", "yardstick", "weights apart", "yardstick", "ratio at one step", "clipped"]
    return [f"### {title}", "", *table(head, lines, names=3)]


def at_one_step(found: Iterable[float], yardstick: Iterable[float]) -> float:
    """How many times the yardstick of the same step a difference is at most. A yardstick of 0 tells nothing."""
    return max((a / b for a, b in zip(found, yardstick) if b > 0), default=0.0)


def where_worse(result: dict) -> list[str]:
    """What parts by more than it may."""
    return [f"- {failure}." for case in result["steps"] + result["epochs"] for failure in case["failures"]]


def summary(result: dict) -> list[str]:
    """The result in short."""
    of_f64 = [case for case in result["steps"] if case["dtype"] == "f64"]
    if not of_f64:
        return []
    loss = max(max(case["loss_differences"]) for case in of_f64)
    weights = max(max(case["differences"].values()) for case in of_f64)
    rules, tasks = (listed(case[name] for case in of_f64) for name in ("rule", "task"))
    lines = [
        "mfnet and PyTorch start from the same weights and train on the same batches. Over the first 200 steps in f64 the losses differ by at most",
        f"{loss:.0e} and the weights by at most {weights:.0e} (relative), for {rules} with clipping and weight decay on {tasks}.",
    ]
    if result["epochs"]:
        apart = lambda case: max(case["yardstick"].values())
        close = [max(case["differences"].values()) for case in result["epochs"] if apart(case) < 0.1]
        lines += [
            "Over whole epochs the largest difference is at most ten times the one between two PyTorch runs whose first weights differ by one unit in the last place.",
            f"In {len(close)} of {len(result['epochs'])} runs it is at most {max(close, default=0):.0e} of the weights. In the others the two PyTorch runs also differ by a tenth or more.",
        ]
    return [*lines, *(f"\n- But {line.removeprefix('- ')}" for line in where_worse(result))]


def listed(names: Iterable[str]) -> str:
    """SGD, momentum and Adam, each once."""
    titles = {"mnist": "MNIST", "california": "California Housing"}
    *first, last = [titles.get(name, name) for name in dict.fromkeys(names)]
    return f"{', '.join(first)} and {last}" if first else last
