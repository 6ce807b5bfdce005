"""The peers: what starts each of them, and what each leaves out."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness import environment
from harness.environment import COMPARE, KEEP_FREED_MEMORY, PYTHON

sys.path.append(str(COMPARE / "peers"))
from works import WORKS as WORKS
from works import Work as Work

#: The one that the others are compared with.
OURS = "mfnet"


@dataclass(frozen=True)
class Peer:
    """A program that speaks the protocol of `peers/protocol.py`."""

    name: str
    title: str
    #: Installs or builds it; the beginning of its command line.
    make: Callable[[], list[str | Path]]
    #: Environment variables of its own.
    variables: dict[str, str] = field(default_factory=dict)
    #: Works that it cannot do, each with the reason.
    leaves_out: dict[str, str] = field(default_factory=dict)


def python(script: str) -> Callable[[], list[str | Path]]:
    """A peer written in Python."""

    def make() -> list[str | Path]:
        environment.make_python()
        return [PYTHON, COMPARE / "peers" / script]

    return make


def rust(program: str) -> Callable[[], list[str | Path]]:
    """A peer of the crate `rust/`."""
    return lambda: [environment.build_rust_peers() / program]


def ours() -> list[str | Path]:
    """mfnet itself."""
    return [environment.build_mfnet() / "mfnet-bench", "serve"]


ONE_PREDICTION = "predicting one row is not what its `predict` is made for: checking the row takes longer than the network"
PEERS = {
    peer.name: peer
    for peer in (
        Peer(OURS, "mfnet", ours),
        Peer("torch", "PyTorch eager", python("torch_eager.py"), KEEP_FREED_MEMORY),
        Peer("torch-compile", "PyTorch compiled", python("torch_compile.py"), KEEP_FREED_MEMORY),
        Peer("jax-steps", "JAX step loop", python("jax_steps.py")),
        Peer("jax-scan", "JAX whole epoch", python("jax_scan.py")),
        Peer("numpy", "NumPy", python("numpy_.py")),
        Peer("sklearn", "scikit-learn", python("sklearn_.py"), leaves_out={"EA": ONE_PREDICTION, "EC": ONE_PREDICTION}),
        Peer("candle", "candle", rust("candle")),
        Peer("burn", "burn (flex)", rust("burn")),
    )
}
