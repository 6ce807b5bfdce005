"""What a user has on the disk after an installation."""

import json
import subprocess
from pathlib import Path

from harness.environment import PYTHON

#: Bytes of a distribution and of all that it needs, as pip installed them.
PROGRAM = """
import json, sys
from importlib.metadata import distribution
from packaging.requirements import Requirement

def needed(wanted, found, seen):
    of = distribution(wanted.name)
    found[of.name] = sum(file.locate().stat().st_size for file in of.files or () if file.locate().exists())
    for extra in {"", *wanted.extras}:
        if (of.name, extra) not in seen:
            seen.add((of.name, extra))
            for each in map(Requirement, of.requires or ()):
                if each.marker is None or each.marker.evaluate({"extra": extra}):
                    needed(each, found, seen)
    return found

print(json.dumps({name: needed(Requirement(name), {}, set()) for name in sys.argv[1:]}))
"""


def sizes(mfnet: Path) -> dict[str, dict[str, int]]:
    """Bytes of the program, and of the Python packages with theirs."""
    names = ["torch", "scikit-learn"]
    packages = subprocess.run([PYTHON, "-c", PROGRAM, *names], check=True, capture_output=True, text=True).stdout
    return {"mfnet": {"mfnet": mfnet.stat().st_size}} | json.loads(packages)
