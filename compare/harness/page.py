"""`compare/run page`: the page of all results that are there, its plots, and the section of the README, from the JSON files alone."""

import argparse
import json
from pathlib import Path

from harness import environment, page_accuracy, page_parity, page_quality, page_seed, report
from harness.environment import REPOSITORY, RESULTS

#: What makes the part of each file, in the order of the page.
PARTS = {"parity": page_parity, "seed": page_seed, "quality": page_quality, "accuracy": page_accuracy}
#: What stands around the section of the README.
BEGIN, END = "<!-- results: compare/run page -->", "<!-- end of results -->"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder with the JSON files, which gets the page")


def run(args: argparse.Namespace) -> None:
    """Writes what can be written from what is there."""
    write(args.results)


def write(folder: Path) -> None:
    """`README.md` of the results, the plots, and if these are the committed results the section of the project's README."""
    results = {name: json.loads((folder / f"{name}.json").read_text()) for name in [*PARTS, "speed"] if (folder / f"{name}.json").exists()}
    environment.run_python("harness/plots.py", folder)
    parts = ["# mfnet and PyTorch", "", *where_worse(results), ""]
    for name, part in PARTS.items():
        if name in results:
            parts += [*part.page(results[name]), ""]
    if "speed" in results:
        parts += ["## Speed", "", "[speed.md](speed.md) has every work and every peer.", "", "![](speed.svg)", ""]
    (folder / "README.md").write_text("\n".join(parts))
    if folder.resolve() == RESULTS:
        into_readme(REPOSITORY / "README.md", section(results))


def where_worse(results: dict[str, dict]) -> list[str]:
    """Every cell in which mfnet is slower or worse, first of all."""
    worse = [line for name, part in PARTS.items() if name in results for line in part.where_worse(results[name])]
    if "speed" in results:
        worse += report.worse_cells(results["speed"])
    return ["Where mfnet is slower or worse:", "", *worse] if worse else ["mfnet is nowhere slower or worse."]


def section(results: dict[str, dict]) -> list[str]:
    """What the README says, a sentence or a table for each part."""
    lines = [line for name, part in PARTS.items() if name in results for line in [*part.summary(results[name]), ""]]
    return [*lines, "[compare/results](compare/results/README.md) has all of it, and begins with where mfnet is slower or worse."]


def into_readme(path: Path, lines: list[str]) -> None:
    """Puts the section between its marks."""
    text = path.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    path.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}")
