"""Writes averages.json: averages of weights by torch.optim.swa_utils in float64, for tests/averages.rs.

    python averages_golden.py        # needs torch; the version that made the file stands in its "made_by"

A sample is a row and a weight is (out, in), as PyTorch has them.
"""

import json
import pathlib
import platform

import torch
from torch import nn
from torch.optim import swa_utils

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(3)

EPOCHS, BATCH = 10, 8
INPUTS, VALUES = torch.randn(24, 4), torch.randn(24, 3)


def parameters(net):
    return [{"weight": layer.weight.tolist(), "bias": layer.bias.tolist()} for layer in (net[0], net[2])]


def network():
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


WEIGHTS = network().state_dict()


def trained(name, average, from_epoch=None):
    """Averages after each step, or after each epoch from one on."""
    net = network()
    net.load_state_dict(WEIGHTS)
    averaged = average(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.2)
    for epoch in range(1, EPOCHS + 1):
        for first in range(0, len(INPUTS), BATCH):
            batch = slice(first, first + BATCH)
            optimizer.zero_grad()
            nn.functional.mse_loss(net(INPUTS[batch]), VALUES[batch]).backward()
            optimizer.step()
            if from_epoch is None:
                averaged.update_parameters(net)
        if from_epoch is not None and epoch >= from_epoch:
            averaged.update_parameters(net)
    return {"name": name, "weights": parameters(averaged.module)}


start = network()
start.load_state_dict(WEIGHTS)
golden = {
    "made_by": {"script": "averages_golden.py", "torch": torch.__version__, "python": platform.python_version()},
    "epochs": EPOCHS,
    "batch_size": BATCH,
    "inputs": INPUTS.tolist(),
    "values": VALUES.tolist(),
    "weights": parameters(start),
    "averages": [
        trained("ema:0.9", lambda net: swa_utils.AveragedModel(net, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.9))),
        trained("ema:0", lambda net: swa_utils.AveragedModel(net, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.0))),
        trained("swa:0.5", swa_utils.AveragedModel, from_epoch=6),
        trained("swa:0", swa_utils.AveragedModel, from_epoch=1),
    ],
}
with open(pathlib.Path(__file__).with_name("averages.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    file.write("{\n" + ",\n".join(entries) + "\n}\n")
