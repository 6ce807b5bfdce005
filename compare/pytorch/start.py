"""What both halves of PyTorch begin with: the network, scaling and target of a model file of mfnet, and the rows of the data."""

from collections.abc import Callable
from pathlib import Path

import torch
from tables import READERS
from torch import nn

#: Rows that are scaled at a time, in f64, so that no copy of all of them in f64 is made.
ROWS = 4096


def prepared(case: dict) -> tuple[nn.Module, Callable[[torch.Tensor], torch.Tensor], torch.Tensor, torch.Tensor | None]:
    """The network, its inputs for numbers of rows, all targets as it learns them, and of a regression the unit of a target.

    `case["program"]` is what `mfnet inspect` prints for PyTorch.
    """
    made: dict = {}
    exec(case["program"], made)
    net, scaled, meta = made["net"], made["scaled"], made["model"]
    dtype = next(net.parameters()).dtype
    numbers, targets = (torch.from_numpy(each) for each in READERS[case["data"]](Path(case["folder"])))
    inputs = lambda rows: torch.cat([scaled(numbers[some].double()).to(dtype) for some in rows.split(ROWS)])
    if meta["target"]["task"] == "classification":
        return net, inputs, targets, None
    mean, unit = (torch.tensor(meta["preprocessing"]["targets"][name], dtype=torch.float64) for name in ("mean", "scale"))
    return net, inputs, ((targets.double() - mean) / unit).to(dtype), unit


def parameters_by_layer(net: nn.Module) -> list[list[torch.Tensor]]:
    """The parameters of each layer that has some."""
    return [list(layer.parameters()) for layer in net if isinstance(layer, nn.Linear)]
