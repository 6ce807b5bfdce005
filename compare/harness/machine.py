"""The machine that was measured, and what it can do."""

import os
import platform
import subprocess
from pathlib import Path

from harness.environment import REPOSITORY


def describe() -> dict[str, object]:
    """Processor, cores, memory, system and the commit that was measured."""
    return {
        "processor": from_proc("cpuinfo", "model name"),
        "family": from_proc("cpuinfo", "cpu family"),
        "model": from_proc("cpuinfo", "model"),
        "instructions": [flag for flag in ("avx2", "fma", "avx512f") if flag in from_proc("cpuinfo", "flags").split()],
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(from_proc("meminfo", "MemTotal").split()[0]) / 2**20, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "rustc": output("rustc", "--version"),
        "commit": output("git", "rev-parse", "HEAD"),
        "uncommitted_changes": bool(output("git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!compare/results")),
    }


def from_proc(file: str, name: str) -> str:
    """The first value of this name in a file of `/proc`; empty if there is none."""
    for line in Path("/proc", file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def output(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.strip()


def measure(mfnet_bench: Path) -> dict[str, float]:
    """The barrier of two threads in µs, GB/s of memory and the peaks in GFLOP/s, as `mfnet-bench peaks` measures them."""
    lines = output(str(mfnet_bench), "peaks").splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines)}
