"""`chart.py speed.json speed.svg`: how many times as long as mfnet each peer takes, a panel for each type. Runs in the environment with matplotlib."""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness.peers import OURS, PEERS
from harness.page_speed import ratio

#: Okabe and Ito's colours, which differ for every kind of sight, with a shape for each so that no colour is needed.
COLOURS = ("#D55E00", "#E69F00", "#0072B2", "#56B4E9", "#009E73", "#CC79A7", "#666666", "#000000")
SHAPES = "osDd^vXP"


def draw(result: dict, path: str) -> None:
    """One point for each peer and work."""
    dtypes = list(dict.fromkeys(cell["dtype"] for cell in result["cells"]))
    figure, panels = plt.subplots(1, len(dtypes), figsize=(1.5 + 5.5 * len(dtypes), 5), sharey=True, squeeze=False, layout="constrained")
    names = [name for name in PEERS if name != OURS and any(name in cell["peers"] for cell in result["cells"])]
    for panel, dtype in zip(panels[0], dtypes):
        cells = [cell for cell in result["cells"] if cell["dtype"] == dtype]
        for number, name in enumerate(names):
            # side by side, so that equal ratios do not hide each other
            shift = 0.7 * ((number + 0.5) / len(names) - 0.5)
            points = [(place + shift, ratio(cell, name)) for place, cell in enumerate(cells) if name in cell["peers"]]
            panel.plot(*zip(*points), SHAPES[number], color=COLOURS[number], markersize=6, label=PEERS[name].title)
        panel.axhline(1, color="black", linewidth=1)
        panel.set_xticks(range(len(cells)), [cell["work"] for cell in cells])
        for border in range(1, len(cells)):
            panel.axvline(border - 0.5, color="#dddddd", linewidth=0.8)
        panel.set_title(dtype)
        panel.set_yscale("log")
        panel.yaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
        panel.yaxis.set_major_formatter("{x:g} ×")
        panel.yaxis.set_minor_formatter("")
        panel.grid(axis="y", color="#dddddd", linewidth=0.8)
    panels[0][0].set_ylabel("time, mfnet = 1 (logarithmic)")
    figure.legend(*panels[0][0].get_legend_handles_labels(), loc="outside right center", frameon=False)
    figure.suptitle(f"One epoch, or one prediction (EA, EC), {result['threads']} threads: above the line mfnet is faster")
    plt.rcParams["svg.hashsalt"] = "mfnet"
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    source, path = sys.argv[1:]
    draw(json.loads(Path(source).read_text()), path)
