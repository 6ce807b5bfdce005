"""Writes activations.json: activations of PyTorch in float64, for tests/torch.rs.

    python activations_golden.py        # needs torch; the versions that made the file stand in its "made_by"

The names are those of mfnet. Here a sample is a row and a weight is (out, in), as PyTorch has them. Numbers are written so
that they read back to the bit.
"""

import json
import pathlib
import platform

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(0)


class HardSigmoid(nn.Module):
    """nn.Hardsigmoid, whose derivative in float64 is 1/6 as float32 has it, by its definition."""

    def forward(self, z):
        return nn.functional.relu6(z + 3) / 6


ACTIVATIONS = {
    "relu": nn.ReLU(), "sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "identity": nn.Identity(), "leaky-relu": nn.LeakyReLU(),
    "elu": nn.ELU(), "selu": nn.SELU(), "gelu": nn.GELU(), "gelu-tanh": nn.GELU(approximate="tanh"), "silu": nn.SiLU(),
    "mish": nn.Mish(), "softplus": nn.Softplus(), "hard-sigmoid": HardSigmoid(), "hard-swish": nn.Hardswish(),
}

# between 20 and 23, nn.Softplus is z itself, which is more than 1e-10 away from ln(1 + e^z)
POSITIVE = [1e-300, 1e-8, 1e-3, 0.1, 0.25, 0.5, 0.75, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0]
POINTS = [-x for x in reversed(POSITIVE)] + [0.0] + POSITIVE


def values():
    for name, g in ACTIVATIONS.items():
        z = torch.tensor(POINTS, requires_grad=True)
        a = g(z * 1)
        a.sum().backward()
        yield {"name": name, "g": a.tolist(), "dg": z.grad.tolist()}


def network(g):
    return nn.Sequential(nn.Linear(5, 8), g, nn.Linear(8, 6), g, nn.Linear(6, 3))


def parameters(net):
    return [{"weight": layer.weight.tolist(), "bias": layer.bias.tolist()} for layer in net if isinstance(layer, nn.Linear)]


INPUTS, TARGETS = 2 * torch.randn(16, 5), torch.randn(16, 3)
INITIAL = network(nn.Identity())


def trajectories():
    """50 steps of SGD with momentum on one batch."""
    for name, g in ACTIVATIONS.items():
        net = network(g)
        net.load_state_dict(INITIAL.state_dict())
        optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        losses = []
        for _ in range(50):
            value = nn.functional.mse_loss(net(INPUTS), TARGETS)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            losses.append(value.item())
        yield {"name": name, "losses": losses, "final": parameters(net)}


golden = {
    "made_by": {"script": "activations_golden.py", "torch": torch.__version__, "python": platform.python_version()},
    "points": POINTS,
    "values": list(values()),
    "training_setup": {"inputs": INPUTS.tolist(), "targets": TARGETS.tolist(), "weights": parameters(INITIAL)},
    "training": list(trajectories()),
}
with open(pathlib.Path(__file__).with_name("activations.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    file.write("{\n" + ",\n".join(entries) + "\n}\n")
