"""Writes regularisation.json: 30 steps with an L1 penalty and with limited norms by PyTorch in float64, for
tests/regularisation.rs.

    python regularisation_golden.py        # needs torch; the version that made the file stands in its "made_by"

A sample is a row and a weight is (out, in), as PyTorch has them.
"""

import json
import pathlib
import platform

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(5)

INPUTS, VALUES = torch.randn(12, 4), 2 * torch.randn(12, 3)


def network():
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


def parameters(net):
    return [{"weight": layer.weight.tolist(), "bias": layer.bias.tolist()} for layer in (net[0], net[2])]


WEIGHTS = network().state_dict()


def trained(name, l1, max_norm, clip, make):
    net = network()
    net.load_state_dict(WEIGHTS)
    optimizer = make(net.parameters())
    for _ in range(30):
        loss = nn.functional.mse_loss(net(INPUTS), VALUES)
        loss = loss + l1 * sum(layer.weight.abs().sum() for layer in (net[0], net[2]))
        optimizer.zero_grad()
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(net.parameters(), clip)
        optimizer.step()
        if max_norm:
            with torch.no_grad():
                for layer in (net[0], net[2]):
                    norms = layer.weight.norm(dim=1, keepdim=True)
                    layer.weight *= (max_norm / norms).clamp(max=1)
    return {"name": name, "l1": l1, "max_norm": max_norm, "clip": clip, "weights": parameters(net)}


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=0.02)


start = network()
start.load_state_dict(WEIGHTS)
golden = {
    "made_by": {"script": "regularisation_golden.py", "torch": torch.__version__, "python": platform.python_version()},
    "inputs": INPUTS.tolist(),
    "values": VALUES.tolist(),
    "weights": parameters(start),
    "trainings": [
        trained("sgd", 0.01, 0, 0, sgd),
        trained("sgd", 0, 0.5, 0, sgd),
        trained("sgd", 0.02, 0.8, 0.5, sgd),
        trained("adam", 0.01, 0.6, 0, adam),
    ],
}
with open(pathlib.Path(__file__).with_name("regularisation.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    file.write("{\n" + ",\n".join(entries) + "\n}\n")
