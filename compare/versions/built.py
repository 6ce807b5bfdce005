"""Programs of an earlier commit and of the tree as it is, built by the same compiler."""

import io
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Checkouts, tables and runs.
FOLDER = ROOT / "target" / "against"
DUMP = ROOT / "compare" / "versions" / "dump"


class Failed(Exception):
    """Something that is needed for a comparison could not be had."""


@dataclass
class Built:
    """The programs of one version."""

    name: str
    mfnet: Path
    bench: Path
    #: The command that prints digests of weights.
    dump: list[Path | str]


def say(text: str) -> None:
    """A line for who waits."""
    print(text, file=sys.stderr, flush=True)


def current() -> Built:
    """Builds the tree as it is."""
    return build("current", ROOT, ROOT / "target")


def earlier(revision: str) -> Built:
    """Checks out a commit below `target`, unless that was done before, and builds it there."""
    found = subprocess.run(
        ["git", "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"], cwd=ROOT, capture_output=True, text=True
    )
    if found.returncode:
        raise Failed(f"there is no commit {revision} in this clone; a shallow one may need `git fetch --unshallow`")
    commit = found.stdout.strip()[:12]
    tree = FOLDER / commit
    if not tree.exists():
        unfinished = FOLDER / f"{commit}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(unfinished, filter="data")
        unfinished.rename(tree)
    return build(commit, tree, FOLDER / "target" / commit)


def build(name: str, tree: Path, target: Path) -> Built:
    """Builds the program and the benchmark of a tree, and what prints digests where the benchmark does not."""
    say(f"building {name}")
    cargo(tree, target, "--locked", "-p", "mfnet-cli", "-p", "mfnet-bench")
    release = target / "release"
    if (tree / "crates/mfnet-bench/src/bits.rs").exists():
        dump = [release / "mfnet-bench", "bits"]
    else:
        package = tree / "crates" / "dump"
        shutil.copytree(DUMP, package, dirs_exist_ok=True)
        # the versions of everything else as that commit has them
        shutil.copy(tree / "Cargo.lock", package)
        cargo(package, target)
        dump = [release / "dump"]
    return Built(name, release / "mfnet", release / "mfnet-bench", dump)


def cargo(tree: Path, target: Path, *options: str) -> None:
    """`cargo build`, silent unless it fails."""
    command = ["cargo", "build", "--release", "--target-dir", str(target), *options]
    done = subprocess.run(command, cwd=tree, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Failed(f"{' '.join(command)} in {tree} failed:\n{done.stderr[-4000:]}")
