"""The programs of docs/at-scale.md for Python: a search of scikit-learn on workers of Dask and Ray."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "at-scale.md"
PROGRAMS = [
    code for code in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.M | re.S) if "mfnet.sklearn" in code
]


@pytest.mark.parametrize("module", ["dask.distributed", "ray"])
def test_a_search_on_workers(module, tmp_path):
    (program,) = [code for code in PROGRAMS if f"{module.partition('.')[0]}" in code]
    pytest.importorskip("sklearn")
    pytest.importorskip(module)
    (tmp_path / "search.py").write_text(program)
    process = subprocess.run([sys.executable, "search.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert process.returncode == 0, process.stderr
    # the same as without workers
    plain = re.sub(r"^ *with .*:\n +(search\.fit.*)", r"    \1", program, flags=re.M)
    plain = "\n".join(line for line in plain.splitlines() if not re.search(r"dask|ray|Client|client", line))
    (tmp_path / "plain.py").write_text(plain)
    expected = subprocess.run([sys.executable, "plain.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert expected.returncode == 0, expected.stderr
    assert process.stdout == expected.stdout and "hidden_layer_sizes" in process.stdout
