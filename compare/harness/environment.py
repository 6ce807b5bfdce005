"""What has to be installed and built before anything is measured, and the environment variables of what is started."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

COMPARE = Path(__file__).resolve().parent.parent
REPOSITORY = COMPARE.parent
RESULTS = COMPARE / "results"
QUICK_RESULTS = RESULTS / "quick"
PYTHON = COMPARE / ".venv" / "bin" / "python"
REQUIREMENTS = COMPARE / "requirements.txt"

#: Keeps memory that a process has freed for its next step. glibc otherwise gives large matrices back to the system after each step.
KEEP_FREED_MEMORY = {
    "GLIBC_TUNABLES": "glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=4294967296:glibc.malloc.top_pad=268435456"
}
#: A processor or cache that somebody chose for OpenBLAS; both together make NumPy slower than what it finds itself.
CHOICES_FOR_OPENBLAS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def for_child(threads: int, more: dict[str, str]) -> dict[str, str]:
    """The environment of a peer that may use this many threads."""
    environment = {name: value for name, value in os.environ.items() if name not in CHOICES_FOR_OPENBLAS}
    for library in ("OMP", "OPENBLAS", "MKL", "RAYON"):
        environment[f"{library}_NUM_THREADS"] = str(threads)
    return environment | more


def say(message: str) -> None:
    """Progress, for a person."""
    print(message, file=sys.stderr, flush=True)


def make_python() -> None:
    """Makes `.venv` with the pinned packages, unless it is there with just these."""
    stamp = COMPARE / ".venv" / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("installing the Python packages (some 3 GB to download the first time)")
    venv.create(COMPARE / ".venv", with_pip=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS], check=True)
    stamp.write_text(wanted)


def run_python(script: str, *words: object) -> None:
    """Runs one of the scripts in this folder with the pinned packages."""
    subprocess.run([PYTHON, COMPARE / script, *map(str, words)], check=True)


def cargo_build(folder: Path, *options: str) -> Path:
    """Builds a Rust package; the folder of its programs."""
    say(f"building {' '.join(options) or folder.name}")
    subprocess.run(["cargo", "build", "--release", "--locked", *options], cwd=folder, check=True)
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    return folder / target / "release"


def build_mfnet() -> Path:
    """Builds `mfnet-bench`; the folder where it lies. The program with it, so that the library is built once for both."""
    return cargo_build(REPOSITORY, "--package", "mfnet-cli", "--package", "mfnet-bench")


def build_rust_peers() -> Path:
    """Builds candle's and burn's peers; the folder where they lie."""
    return cargo_build(COMPARE / "rust")
