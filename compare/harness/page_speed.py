"""`speed.md` from what was measured."""

from statistics import median

from harness.peers import OURS, PEERS, WORKS, Work
from harness.text import measured, processor, table

Cell = dict[str, object]


def of_rounds(peer: dict) -> list[float]:
    """Seconds of one epoch in each round: the median of its runs."""
    return [median(runs) for runs in peer["seconds"]]


def ratio(cell: Cell, name: str) -> float:
    """How many times as long as mfnet a peer takes: the median over the rounds of the ratio of the two in that round."""
    pairs = zip(of_rounds(cell["peers"][name]), of_rounds(cell["peers"][OURS]))
    return median(theirs / ours for theirs, ours in pairs)


def whole(result: dict) -> str:
    """`speed.md`."""
    worse = where_worse(result)
    worse = ["Where mfnet is worse:", "", *worse] if worse else ["mfnet is faster than every peer and takes less memory in every cell below."]
    parts = ["# Speed of mfnet and its peers", "", *worse, "", *how(result), ""]
    for dtype in dict.fromkeys(cell["dtype"] for cell in result["cells"]):
        cells = [cell for cell in result["cells"] if cell["dtype"] == dtype]
        parts += [*ratios(cells, dtype), ""]
        for cell in cells:
            parts += [*seconds(cell), ""]
    return "\n".join(parts)


def where_worse(result: dict) -> list[str]:
    """Every cell in which a peer is faster or takes less memory."""
    worse = []
    for cell in result["cells"]:
        ours = cell["peers"][OURS]
        for name, peer in cell["peers"].items():
            place = f"{cell['work']}, {cell['dtype']}: {PEERS[name].title}"
            if (times := ratio(cell, name)) < 1:
                worse.append(f"- {place} is faster: it takes {times:.3f} of mfnet's time.")
            if peer["peak_kilobytes"] < ours["peak_kilobytes"]:
                megabytes = [f"{kilobytes / 1024:.0f} MB" for kilobytes in (peer["peak_kilobytes"], ours["peak_kilobytes"])]
                worse.append(f"- {place} takes less memory: {megabytes[0]}, mfnet {megabytes[1]}.")
    return worse


def how(result: dict) -> list[str]:
    """What was measured on which machine."""
    cells = [cell["machine"] for cell in result["cells"]]
    barriers = [each["barrier_us"] for each in cells]
    middle = lambda name: median(each[name] for each in cells)
    versions = dict.fromkeys(peer["version"] for cell in result["cells"] for peer in cell["peers"].values())
    return [
        measured(result),
        "",
        *(f"- {work.name}: {described(work)}" for work in WORKS.values() if any(cell["work"] == work.name for cell in result["cells"])),
        "",
        f"There were {result['rounds']} rounds in which all",
        "programs run in turn. Seconds are of one epoch (shuffle, gather, forward, loss, backward, update), of EA and EC µs of one prediction: the median",
        "over the rounds, from the fastest to the slowest round; the ratio is the median of the ratios within a round; memory is the peak of the whole",
        "process from the first epoch on, interpreter, libraries and data included. `../README.md` says what each program does and with which settings.",
        "",
        f"Barrier of two threads {min(barriers):.2f}–{max(barriers):.2f} µs; peaks of two cores {middle('peak_gflops_f32_2'):.0f} GFLOP/s (f32) and",
        f"{middle('peak_gflops_f64_2'):.0f} (f64); memory {middle('memory_gb_s_2'):.0f} GB/s. {', '.join(versions)}.",
    ]


def described(work: Work) -> str:
    """The network, and what is done with it."""
    layers = "-".join(map(str, work.layers))
    if work.predicts:
        return f"a prediction of one sample by {layers}"
    loss = "cross-entropy" if work.classifies else "mean squared error"
    return f"an epoch of {layers}, {loss}, {work.samples} samples in batches of {work.batch}"


def ratios(cells: list[Cell], dtype: str) -> list[str]:
    """One line a peer: how many times as long as mfnet it takes for each work."""
    names = [name for name in PEERS if any(name in cell["peers"] for cell in cells)]
    lines = ([PEERS[name].title, *(f"{ratio(cell, name):.2f}" if name in cell["peers"] else "" for cell in cells)] for name in names)
    return [f"## {dtype}", "", "How many times as long as mfnet:", "", *table(["", *(cell["work"] for cell in cells)], lines)]


def seconds(cell: Cell) -> list[str]:
    """All peers of one cell, the fastest first."""
    unit, scale = ("µs", 1e6) if cell["work"].startswith("E") else ("s", 1)
    lines = []
    for name, peer in sorted(cell["peers"].items(), key=lambda item: median(of_rounds(item[1]))):
        times = [scale * each for each in of_rounds(peer)]
        numbers = [f"{median(times):#.4g}", f"{min(times):#.4g}–{max(times):#.4g}", f"{ratio(cell, name):.2f}"]
        last_loss = f"{peer['losses'][-1]:.4f}" if peer["losses"] else ""
        lines.append([PEERS[name].title, *numbers, f"{peer['peak_kilobytes'] / 1024:.0f}", last_loss])
    missing = [f"\nNot measured: {PEERS[name].title} ({reason})." for name, reason in cell["missing"].items()]
    return [f"### {cell['work']}, {cell['dtype']}", "", *table(["", unit, "from–to", "ratio", "memory, MB", "last loss"], lines), *missing]


def page(result: dict) -> list[str]:
    """The part of the page of all results."""
    return ["## Speed", "", *summary(result), "", "[speed.md](speed.md) has every work and every peer.", "", "![How many times as long as mfnet each peer takes](speed.svg)"]


def page_elsewhere(result: dict, folder: str) -> list[str]:
    """The same of another machine, whose results are in a folder."""
    return [f"## Speed on {processor(result)}", "", *summary(result), "", f"[speed.md]({folder}/speed.md) has every work and every peer.", "", f"![How many times as long as mfnet each peer takes]({folder}/speed.svg)"]


def summary(result: dict) -> list[str]:
    """The share of the peak, and how the epochs of the others compare."""
    peak = of_peak(result)
    shares = [f"On {processor(result)} mfnet trains 784-512-512-10 on 60 000 images at {peak} % of the arithmetic peak of both cores (f32)."] if peak else []
    return [*shares, "Epoch time relative to mfnet's, for each network and batch size:", "", *of_epochs(result)]


def of_peak(result: dict) -> str:
    """From which to which share of the peak the large network is trained."""
    cells = [cell for cell in result["cells"] if cell["dtype"] == "f32" and cell["work"].startswith("A")]
    shares = [share_of_peak(cell, result["threads"]) for cell in cells]
    return " to ".join(dict.fromkeys(f"{100 * share:.0f}" for share in (min(shares), max(shares)))) if shares else ""


def of_epochs(result: dict) -> list[str]:
    """A line for each peer: how many times as long as mfnet it takes."""
    cells = [cell for cell in result["cells"] if cell["dtype"] == "f32" and WORKS[cell["work"]].samples]
    cells.sort(key=lambda cell: list(WORKS).index(cell["work"]))
    names = ["-".join(map(str, WORKS[cell["work"]].layers)) + f", {WORKS[cell['work']].batch}" for cell in cells]
    peers = [name for name in PEERS if name != OURS and any(name in cell["peers"] for cell in cells)]
    return table(["", *names], ([PEERS[name].title, *(rounded(ratio(cell, name)) if name in cell["peers"] else "" for cell in cells)] for name in peers))


def rounded(times: float) -> str:
    """So that it tells whether it is more than 1."""
    digits = 3 if round(times, 2) == 1 else 2 if times < 1.5 else 1
    return f"{times:.{digits}f}"


def share_of_peak(cell: Cell, threads: int) -> float:
    """What mfnet's products would take at the peak of so many cores over what it takes."""
    return WORKS[cell["work"]].flops / median(of_rounds(cell["peers"][OURS])) / 1e9 / cell["machine"][f"peak_gflops_{cell['dtype']}_{threads}"]
