"""`plots.py FOLDER [NAME …]`: the plots of the results that are in a folder, or of these. Runs in the environment with matplotlib."""

import json
import math
from itertools import accumulate
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness.page_speed import ratio
from harness.peers import OURS, PEERS

plt.rcParams |= {"svg.hashsalt": "mfnet", "svg.fonttype": "none", "axes.grid": True, "grid.color": "#dddddd", "legend.frameon": False}
#: Okabe and Ito's colours, which differ for every kind of sight; ours and the other library's differ in their strokes too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
#: For the peers of `speed`, with a shape for each so that no colour is needed.
PEER_COLOURS = ("#D55E00", "#E69F00", "#0072B2", "#56B4E9", "#009E73", "#CC79A7", "#666666", "#000000")
SHAPES = "osDd^vXP"
TITLES = {"regression": "California Housing", "classification": "MNIST"}


def main(folder: Path, *names: str) -> None:
    """Draws what there is."""
    for name, draw in (("parity", parity), ("seed", seed), ("speed", speed)):
        path = folder / f"{name}.json"
        if path.exists() and name in (names or (name,)):
            draw(json.loads(path.read_text()), folder)


def parity(result: dict, folder: Path) -> None:
    """A panel for each task and type: the losses of both, how they part at most until then, and how the weights do, in steps and in epochs, with the yardstick as a dashed line."""
    for name, unit in (("steps", "step"), ("epochs", "epoch")):
        if not (cases := result[name]):
            continue
        panels = list(dict.fromkeys((case["task"], case["dtype"]) for case in cases))
        figure, axes = plt.subplots(3, len(panels), figsize=(1 + 4 * len(panels), 10), squeeze=False, layout="constrained")
        rules = list(dict.fromkeys(case["rule"] for case in cases))
        for column, panel in zip(axes.T, panels):
            for case in (case for case in cases if (case["task"], case["dtype"]) == panel):
                draw = dict(color=COLOURS[rules.index(case["rule"])], linewidth=0.9)
                # PyTorch's wide and pale, mfnet's in it
                column[0].plot(range(1, len(case["losses"]) + 1), case["losses"], alpha=0.35, **draw | {"linewidth": 4})
                column[0].plot(range(1, len(case["losses"]) + 1), case["mfnet_losses"], **draw)
                for differences, stroke in ((case["loss_differences"], "-"), (case["yardstick_loss_differences"], "--")):
                    column[1].plot(range(1, len(differences) + 1), list(accumulate(differences, max)), stroke, **draw)
                for differences, stroke in ((case["differences"], "o-"), (case["yardstick"], "s--")):
                    places = [int(step) for step in differences]
                    label = case["rule"] if stroke == "o-" else None
                    column[2].plot(places, differences.values(), stroke, markersize=3, label=label, **draw)
            column[0].set(title=", ".join(panel), yscale="log")
            column[1].set(yscale="log")
            column[2].set(yscale="log", xscale="log", xlabel=unit)
        for axis, label in zip(axes[:, 0], ("J: PyTorch wide, mfnet narrow", "|J − J′| / J′, the most until here", "‖w − w′‖ / ‖w′‖")):
            axis.set_ylabel(label)
        figure.legend(*axes[2][0].get_legend_handles_labels(), loc="outside right center")
        figure.suptitle("Full lines: how far mfnet parts from PyTorch\ndashed: PyTorch from itself after one unit in the last place")
        save(figure, folder / ("parity.svg" if name == "steps" else "parity-epochs.svg"))


def seed(result: dict, folder: Path) -> None:
    """Losses over the epochs, a panel for each task and setting; and the confusion matrices of the networks."""
    panels = list(dict.fromkeys((cell["task"], cell["learning_rate"], cell["batch"]) for cell in result["cells"]))
    figure, axes = plt.subplots(1, len(panels), figsize=(1 + 4 * len(panels), 4), squeeze=False, layout="constrained")
    for axis, panel in zip(axes[0], panels):
        cells = [cell for cell in result["cells"] if (cell["task"], cell["learning_rate"], cell["batch"]) == panel]
        for colour, cell in zip(COLOURS, cells):
            for library, stroke, title in (("mfnet", "-", "mfnet"), ("pytorch", ":", "PyTorch")):
                losses = cell[library]["losses"]
                label = f"{cell['network']}, {title}"
                axis.plot(range(1, len(losses) + 1), losses, stroke, color=colour, linewidth=1.4 if stroke == "-" else 2.2, label=label)
        if panel[0] == "regression":
            # the mean predictor of a target of variance 1
            axis.axhline(1, color="#666666", linewidth=0.9, linestyle="-.", label="naive")
        else:
            counts = [sum(row) for row in cells[0]["mfnet"]["confusion"]]
            entropy = -sum(n / sum(counts) * math.log(n / sum(counts)) for n in counts)
            axis.axhline(entropy, color="#666666", linewidth=0.9, linestyle="-.", label="naive")
        axis.set(title=f"{TITLES[panel[0]]}, rate {panel[1]}, batch {panel[2]}", xlabel="epoch", xscale="log" if cells[0]["epochs"] > 20 else "linear", yscale="log")
    axes[0][0].set_ylabel("training loss")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside right center")
    save(figure, folder / "seed.svg")
    cells = [cell for cell in result["cells"] if "confusion" in cell["mfnet"]]
    if not cells:
        return
    figure, axes = plt.subplots(2, len(cells), figsize=(1 + 3.2 * len(cells), 7), squeeze=False, layout="constrained")
    for column, cell in enumerate(cells):
        for line, library, title in ((0, "mfnet", "mfnet"), (1, "pytorch", "PyTorch")):
            counts, axis = cell[library]["confusion"], axes[line][column]
            shades = [[(count / sum(row)) ** 0.5 for count in row] for row in counts]
            axis.imshow(shades, cmap="Blues", vmin=0, vmax=1)
            for i, row in enumerate(counts):
                for j, count in enumerate(row):
                    if count:
                        axis.text(j, i, count, ha="center", va="center", fontsize=5, color="white" if shades[i][j] > 0.6 else "black")
            axis.set(title=f"{title}: {cell['network']}, rate {cell['learning_rate']}, batch {cell['batch']}", xticks=range(10), yticks=range(10))
            axis.title.set_fontsize(8)
            axis.grid(False)
    figure.suptitle("MNIST's test images: true class down, predicted class across")
    save(figure, folder / "confusion.svg")


def speed(result: dict, folder: Path) -> None:
    """How many times as long as mfnet each peer takes, a panel for each type; one point for each peer and work."""
    dtypes = list(dict.fromkeys(cell["dtype"] for cell in result["cells"]))
    figure, panels = plt.subplots(1, len(dtypes), figsize=(1.5 + 5.5 * len(dtypes), 5), sharey=True, squeeze=False, layout="constrained")
    names = [name for name in PEERS if name != OURS and any(name in cell["peers"] for cell in result["cells"])]
    for panel, dtype in zip(panels[0], dtypes):
        cells = [cell for cell in result["cells"] if cell["dtype"] == dtype]
        for number, name in enumerate(names):
            # side by side, so that equal ratios do not hide each other
            shift = 0.7 * ((number + 0.5) / len(names) - 0.5)
            points = [(place + shift, ratio(cell, name)) for place, cell in enumerate(cells) if name in cell["peers"]]
            panel.plot(*zip(*points), SHAPES[number], color=PEER_COLOURS[number], markersize=6, label=PEERS[name].title)
        panel.axhline(1, color="black", linewidth=1)
        panel.set_xticks(range(len(cells)), [cell["work"] for cell in cells])
        for border in range(1, len(cells)):
            panel.axvline(border - 0.5, color="#dddddd", linewidth=0.8)
        panel.set_title(dtype)
        panel.set_yscale("log")
        panel.yaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter("{x:g} ×")
        panel.yaxis.set_minor_formatter("")
        panel.grid(axis="x", visible=False)
    panels[0][0].set_ylabel("time, mfnet = 1 (logarithmic)")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside right center")
    figure.suptitle(f"One epoch, or one prediction (EA, EC), {result['threads']} threads: above the line mfnet is faster")
    save(figure, folder / "speed.svg")


def save(figure: plt.Figure, path: Path) -> None:
    """Without a date, so that equal plots are equal files."""
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
