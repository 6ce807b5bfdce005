"""`compare/run page`: the page of all results that are there, its plots, and the section of the README, from the JSON files alone."""

import argparse
import sys
from pathlib import Path

from harness import environment, page_accuracy, page_parity, page_quality, page_readme, page_seed, page_speed, page_tries, text
from harness.environment import QUICK_RESULTS, REPOSITORY, RESULTS
from harness.options import folder, read

#: What makes the part of each file, in the order of the page.
PARTS = {"parity": page_parity, "seed": page_seed, "quality": page_quality, "accuracy": page_accuracy, "speed": page_speed}
#: What stands around the section of the README.
BEGIN, END = "<!-- results: compare/run page -->", "<!-- end of results -->"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the subcommand."""
    parser.add_argument("--results", type=folder, default=RESULTS, metavar="DIR", help="the folder with the JSON files, which gets the page")


def run(args: argparse.Namespace) -> None:
    """Writes what can be written from what is there."""
    write(args.results)


def write(place: Path) -> None:
    """`README.md` of the results, the plots, and if these are the committed results the section of the project's README."""
    results = {name: read(place / f"{name}.json") for name in PARTS if (place / f"{name}.json").exists()}
    elsewhere = {path.parent.name: read(path) for path in sorted(place.glob("*/speed.json")) if path.parent.resolve() != QUICK_RESULTS.resolve()}
    if not results:
        sys.exit(f"{place}: no results are there yet; compare/run without a command, or with one of {', '.join(PARTS)}, measures them")
    if empty := [name for name, result in results.items() if not result.get("cells", result.get("steps"))]:
        sys.exit(f"{place / empty[0]}.json has no cells: nothing was measured")
    environment.make_python()
    environment.run_python("harness/plots.py", place)
    is_small = any(result.get("quick") for result in results.values())
    small = ["This is the small form (`--quick`): little of the work, one seed, few rounds. It shows that all runs, and not how fast or good.", ""]
    parts = ["# mfnet and PyTorch", "", *(small if is_small else []), *where_worse(results, elsewhere), ""]
    if "speed" in results:
        (place / "speed.md").write_text(page_speed.whole(results["speed"]))
    for name, part in PARTS.items():
        if name in results:
            parts += [*part.page(results[name]), ""]
    for name, result in elsewhere.items():
        (place / name / "speed.md").write_text(page_speed.whole(result))
        parts += [*page_speed.page_elsewhere(result, name), ""]
    if (tries := place / "tries.json").exists():
        tries.with_suffix(".md").write_text(page_tries.whole(read(tries)))
        parts += ["[tries.md](tries.md) has the settings that were tried.", ""]
    (place / "README.md").write_text("\n".join(parts))
    if place.resolve() == RESULTS and not is_small:
        into_readme(REPOSITORY / "README.md", page_readme.section(results, elsewhere))


def where_worse(results: dict[str, dict], elsewhere: dict[str, dict]) -> list[str]:
    """Every cell in which mfnet is slower or worse, first of all."""
    worse = [line for name, part in PARTS.items() if name in results for line in part.where_worse(results[name])]
    for result in elsewhere.values():
        worse += [line.replace("- ", f"- {text.processor(result)}, ", 1) for line in page_speed.where_worse(result)]
    if worse:
        return ["Where mfnet is slower or worse:", "", *worse]
    others = [name for name in results if name != "parity"]
    return [f"In what was measured here ({', '.join(others)}) mfnet is nowhere slower or worse."] if others else []


def into_readme(path: Path, lines: list[str]) -> None:
    """Puts the section between its marks."""
    before, rest = path.read_text().split(BEGIN)
    _, after = rest.split(END)
    path.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}")
