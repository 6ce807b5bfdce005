"""Writes losses.json: values, gradients and 50 steps of each loss in PyTorch in float64, for tests/losses.rs.

    python losses_golden.py        # needs torch and scikit-learn; the versions that made the file stand in its "made_by"

Focal loss is not in PyTorch; it is written here from Lin et al. 2017, for any number of classes. The quantile loss is that
of Koenker and Bassett 1978, and its values are compared with scikit-learn's. A sample is a row and a weight is (out, in),
as PyTorch has them.
"""

import json
import pathlib
import platform

import sklearn
import torch
from sklearn.metrics import mean_pinball_loss
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(11)


def quantile(level):
    def loss(z, y):
        error = y - z
        value = torch.where(error < 0, (level - 1) * error, level * error).mean()
        known = mean_pinball_loss(y.detach().numpy(), z.detach().numpy(), alpha=level)
        assert abs(value.item() - known) < 1e-12, (value, known)
        return value

    return loss


def focal(gamma):
    def loss(z, y):
        log_p = F.log_softmax(z, 1)
        return -(y * (1 - log_p.exp()) ** gamma * log_p).sum(1).mean()

    return loss


#: The text of the loss, its function, and the kind of its targets.
LOSSES = [
    ("cross-entropy", nn.CrossEntropyLoss(), "classes"),
    ("smoothed-cross-entropy", nn.CrossEntropyLoss(label_smoothing=0.1), "classes"),
    ("smoothed-cross-entropy:0.3", nn.CrossEntropyLoss(label_smoothing=0.3), "classes"),
    ("focal", focal(2.0), "classes"),
    ("focal:0.5", focal(0.5), "classes"),
    ("binary-cross-entropy", nn.BCEWithLogitsLoss(), "labels"),
    ("mse", nn.MSELoss(), "values"),
    ("mae", nn.L1Loss(), "values"),
    ("huber", nn.HuberLoss(), "values"),
    ("huber:0.4", nn.HuberLoss(delta=0.4), "values"),
    ("log-cosh", lambda z, y: torch.log(torch.cosh(z - y)).mean(), "values"),
    ("quantile", quantile(0.5), "values"),
    ("quantile:0.9", quantile(0.9), "values"),
    ("poisson", nn.PoissonNLLLoss(), "counts"),
]

BATCHES = [
    {
        "inputs": torch.randn(m, 4),
        "classes": F.one_hot(torch.randint(3, (m,)), 3).double(),
        "values": 2 * torch.randn(m, 3),
        "counts": torch.poisson(torch.rand(m, 3) * 3),
    }
    for m in (8, 8, 5)
]
for batch in BATCHES:
    # of its own, so that the numbers above stay as they are
    generator = torch.Generator().manual_seed(len(batch["inputs"]))
    batch["labels"] = (torch.rand(batch["values"].shape, generator=generator) < 0.4).double()


def network():
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


def parameters(net):
    return [{"weight": layer.weight.tolist(), "bias": layer.bias.tolist()} for layer in (net[0], net[2])]


WEIGHTS = network().state_dict()


def of_loss(name, loss, kind):
    """One value with its gradient, and the losses and weights of 50 steps of gradient descent."""
    z = (2 * BATCHES[0]["values"].flip(0) / 3).requires_grad_()
    value = loss(z, BATCHES[0][kind])
    value.backward()
    net = network()
    net.load_state_dict(WEIGHTS)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    result = {"name": name, "targets": kind, "output": z.tolist(), "value": value.item(), "gradient": z.grad.tolist(), "losses": []}
    for step in range(50):
        batch = BATCHES[step % 3]
        value = loss(net(batch["inputs"]), batch[kind])
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        result["losses"].append(value.item())
    return result | {"weights_after": parameters(net)}


start = network()
start.load_state_dict(WEIGHTS)
versions = {"torch": torch.__version__, "scikit-learn": sklearn.__version__, "python": platform.python_version()}
golden = {
    "made_by": {"script": "losses_golden.py"} | versions,
    "weights": parameters(start),
    "batches": [{name: rows.tolist() for name, rows in batch.items()} for batch in BATCHES],
    "losses": [of_loss(*loss) for loss in LOSSES],
}
with open(pathlib.Path(__file__).with_name("losses.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    file.write("{\n" + ",\n".join(entries) + "\n}\n")
