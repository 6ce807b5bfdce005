"""`speed.md` from what was measured."""

from statistics import median

from harness.peers import OURS, PEERS

Cell = dict[str, object]


def of_rounds(peer: dict) -> list[float]:
    """Seconds of one epoch in each round: the median of its runs."""
    return [median(runs) for runs in peer["seconds"]]


def ratio(cell: Cell, name: str) -> float:
    """How many times as long as mfnet a peer takes: the median over the rounds of the ratio of the two in that round."""
    pairs = zip(of_rounds(cell["peers"][name]), of_rounds(cell["peers"][OURS]))
    return median(theirs / ours for theirs, ours in pairs)


def speed(result: dict) -> str:
    """The page."""
    parts = ["# Speed of mfnet and its peers", "", *where_worse(result), "", *how(result), ""]
    for dtype in dict.fromkeys(cell["dtype"] for cell in result["cells"]):
        cells = [cell for cell in result["cells"] if cell["dtype"] == dtype]
        parts += [*ratios(cells, dtype), ""]
        for cell in cells:
            parts += [*table(cell), ""]
    return "\n".join(parts)


def where_worse(result: dict) -> list[str]:
    """Every cell in which a peer is faster or takes less memory, or a sentence that there is none."""
    worse = worse_cells(result)
    return ["Where mfnet is worse:", "", *worse] if worse else ["mfnet is faster than every peer and takes less memory in every cell below."]


def worse_cells(result: dict) -> list[str]:
    """A line for each."""
    worse = []
    for cell in result["cells"]:
        ours = cell["peers"][OURS]
        for name, peer in cell["peers"].items():
            place = f"{cell['work']}, {cell['dtype']}: {PEERS[name].title}"
            if (times := ratio(cell, name)) < 1:
                worse.append(f"- {place} is faster: it takes {times:.2f} of mfnet's time.")
            if peer["peak_kilobytes"] < ours["peak_kilobytes"]:
                megabytes = [f"{kilobytes / 1024:.0f} MB" for kilobytes in (peer["peak_kilobytes"], ours["peak_kilobytes"])]
                worse.append(f"- {place} takes less memory: {megabytes[0]}, mfnet {megabytes[1]}.")
    return worse


def how(result: dict) -> list[str]:
    """What was measured on which machine."""
    machine, measured = result["machine"], [cell["machine"] for cell in result["cells"]]
    barriers = [each["barrier_us"] for each in measured]
    middle = lambda name: median(each[name] for each in measured)
    state = ", with changes that are not committed" if machine["uncommitted_changes"] else ""
    versions = dict.fromkeys(peer["version"] for cell in result["cells"] for peer in cell["peers"].values())
    return [
        f"Measured {result['date']} at commit {machine['commit'][:12]}{state}, {result['threads']} threads, {result['rounds']} rounds in which all",
        "programs run in turn. Seconds are of one epoch (shuffle, gather, forward, loss, backward, update), of EA and EC µs of one prediction: the median",
        "over the rounds, from the fastest to the slowest round; the ratio is the median of the ratios within a round; memory is the peak of the whole",
        "process from the first epoch on, interpreter, libraries and data included. `../README.md` says what each program does and with which settings.",
        "",
        f"{machine['processor']} (family {machine['family']}, model {machine['model']}), {machine['cores']} cores, {machine['memory_gb']} GB,",
        f"{machine['system']}; barrier of two threads {min(barriers):.2f}–{max(barriers):.2f} µs; peaks of two cores",
        f"{middle('peak_gflops_f32_2'):.0f} GFLOP/s (f32) and {middle('peak_gflops_f64_2'):.0f} (f64); memory {middle('memory_gb_s_2'):.0f} GB/s.",
        f"{', '.join(versions)}; Python {machine['python']}, {machine['rustc']}.",
    ]


def ratios(cells: list[Cell], dtype: str) -> list[str]:
    """One line a peer: how many times as long as mfnet it takes for each work."""
    names = [name for name in PEERS if any(name in cell["peers"] for cell in cells)]
    lines = [f"## {dtype}", "", "How many times as long as mfnet:", ""]
    lines += row(["", *(cell["work"] for cell in cells)]), row(["---", *("---:" for _ in cells)])
    for name in names:
        values = (f"{ratio(cell, name):.2f}" if name in cell["peers"] else "" for cell in cells)
        lines.append(row([PEERS[name].title, *values]))
    return lines


def table(cell: Cell) -> list[str]:
    """All peers of one cell, the fastest first."""
    unit, scale = ("µs", 1e6) if cell["work"].startswith("E") else ("s", 1)
    lines = [f"### {cell['work']}, {cell['dtype']}", ""]
    lines += row(["", unit, "from–to", "ratio", "memory, MB", "last loss"]), row(["---", "---:", "---:", "---:", "---:", "---:"])
    for name, peer in sorted(cell["peers"].items(), key=lambda item: median(of_rounds(item[1]))):
        seconds = [scale * each for each in of_rounds(peer)]
        lines.append(
            row([
                PEERS[name].title,
                f"{median(seconds):#.4g}",
                f"{min(seconds):#.4g}–{max(seconds):#.4g}",
                f"{ratio(cell, name):.2f}",
                f"{peer['peak_kilobytes'] / 1024:.0f}",
                f"{peer['losses'][-1]:.4f}" if peer["losses"] else "",
            ])
        )
    lines += [f"\nNot measured: {PEERS[name].title} ({reason})." for name, reason in cell["missing"].items()]
    return lines


def row(fields: list[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(fields)} |"
