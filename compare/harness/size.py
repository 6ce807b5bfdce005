"""What a user has on the disk after an installation."""

import json
import subprocess
from pathlib import Path

from harness.environment import PYTHON

#: Bytes of a distribution and of all that it needs, as pip installed them.
PROGRAM = """
import json, re, sys
from importlib.metadata import PackageNotFoundError, distribution

def needed(name, found):
    name = re.split(r"[ ;<>=!~(\\\\[]", name)[0].lower().replace("_", "-")
    if name not in found:
        try:
            of = distribution(name)
        except PackageNotFoundError:
            return found
        found[name] = sum(file.locate().stat().st_size for file in of.files or () if file.locate().exists())
        for line in of.requires or ():
            if "extra ==" not in line:
                needed(line, found)
    return found

print(json.dumps({name: needed(name, {}) for name in sys.argv[1:]}))
"""


def sizes(mfnet: Path) -> dict[str, dict[str, int]]:
    """Bytes of the program, and of the Python packages with theirs."""
    names = ["torch", "scikit-learn"]
    packages = subprocess.run([PYTHON, "-c", PROGRAM, *names], check=True, capture_output=True, text=True).stdout
    return {"mfnet": {"mfnet": mfnet.stat().st_size}} | json.loads(packages)
