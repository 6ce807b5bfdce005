"""Writes torch.json: what PyTorch computes in float64, for tests/torch.rs.

    python torch_golden.py        # needs torch; the versions that made the file stand in its "made_by"

Here a sample is a row and a weight is (out, in), as PyTorch has them. Numbers are written so that they read back to the bit.
"""

import json
import pathlib
import platform

import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(0)


def half_mse(output, target):
    """The paper's loss, which PyTorch does not have: 1/(2m) times the sum of squares."""
    return ((output - target) ** 2).sum() / (2 * output.shape[0])


LOSSES = {"half_mse": half_mse, "mse": nn.MSELoss(), "cross_entropy": nn.CrossEntropyLoss()}


def activations():
    x = [-800.0, -30.0, -3.0, -1.0, -1e-3, -1e-300, 0.0, 1e-300, 1e-3, 0.5, 2.0, 30.0, 800.0]
    for name, g in [("relu", torch.relu), ("sigmoid", torch.sigmoid), ("tanh", torch.tanh), ("identity", lambda z: z * 1)]:
        z = torch.tensor(x, requires_grad=True)
        a = g(z)
        a.sum().backward()
        yield {"name": name, "x": x, "g": a.tolist(), "dg": z.grad.tolist()}


def losses():
    """Values and gradients with respect to the output."""
    soft = torch.softmax(torch.randn(4, 3), dim=1)
    one_hot = torch.eye(3)[[0, 2, 1, 1, 0]]
    large = torch.tensor([[1000.0, -1000.0, 0.0], [-1000.0, -1000.0, -1000.0], [999.0, 1000.0, 998.0]])
    cases = [("several outputs", torch.randn(5, 3), torch.randn(5, 3)), ("one output", torch.randn(5, 1), torch.randn(5, 1)),
             ("one sample", torch.randn(1, 4), torch.randn(1, 4)), ("large", 1e8 * torch.randn(5, 2), torch.randn(5, 2)),
             ("equal", torch.ones(3, 2), torch.ones(3, 2))]
    classes = [("one-hot", torch.randn(5, 3), one_hot), ("one sample", torch.randn(1, 3), one_hot[:1]), ("soft labels", torch.randn(4, 3), soft),
               ("logits of a thousand", large, torch.eye(3)[[0, 1, 2]]), ("wrong by far", large, torch.eye(3)[[1, 2, 2]]),
               ("two classes", torch.randn(5, 2), torch.eye(2)[[0, 1, 1, 0, 1]])]
    for name, loss in LOSSES.items():
        for case, output, target in classes if name == "cross_entropy" else cases:
            output = output.clone().requires_grad_()
            value = loss(output, target)
            value.backward()
            yield {"name": name, "case": case, "output": output.tolist(), "target": target.tolist(),
                   "value": value.item(), "gradient": output.grad.tolist()}


def parameters(net):
    return [{"weight": layer.weight.tolist(), "bias": layer.bias.tolist()} for layer in net if isinstance(layer, nn.Linear)]


def set_parameters(net, weights):
    for layer, given in zip([layer for layer in net if isinstance(layer, nn.Linear)], weights):
        layer.weight.data = torch.tensor(given["weight"])
        layer.bias.data = torch.tensor(given["bias"])


BATCHES = [{"inputs": torch.randn(m, 4).tolist(), "values": torch.randn(m, 3).tolist(), "classes": torch.randint(0, 3, (m,)).tolist()}
           for m in (8, 8, 5)]
WEIGHTS = parameters(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)))


def make_optimizer(net, kind, decay_biases, weight_decay, **numbers):
    """Biases in a group of their own, because PyTorch decays them as it does weights."""
    weights = [p for p in net.parameters() if p.dim() == 2]
    biases = [p for p in net.parameters() if p.dim() == 1]
    groups = [{"params": weights, "weight_decay": weight_decay}, {"params": biases, "weight_decay": weight_decay if decay_biases else 0.0}]
    if kind == "sgd":
        return torch.optim.SGD(groups, lr=numbers["learning_rate"], momentum=numbers["momentum"], nesterov=numbers["nesterov"])
    rule = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind]
    return rule(groups, lr=numbers["learning_rate"], betas=(numbers["beta1"], numbers["beta2"]), eps=numbers["epsilon"])


def trajectory(name, loss, clip=None, **settings):
    """60 steps over three batches in turn."""
    numbers = {"learning_rate": 0.05, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0, "decay_biases": False,
               "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8} | settings
    net = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    set_parameters(net, WEIGHTS)
    optimizer = make_optimizer(net, **numbers)
    result = {"name": f"{name}, {loss}", "loss": loss, "optimizer": numbers, "clip": clip, "losses": [], "weights_at": {}}
    clipped = 0
    for step in range(60):
        batch = BATCHES[step % 3]
        target = torch.eye(3)[batch["classes"]] if loss == "cross_entropy" else torch.tensor(batch["values"])
        value = LOSSES[loss](net(torch.tensor(batch["inputs"])), target)
        optimizer.zero_grad()
        value.backward()
        if clip:
            groups = [net] if clip["kind"] == "global_norm" else [net[0], net[2]]
            clipped += sum(clip_grad_norm_(group.parameters(), clip["limit"]) > clip["limit"] for group in groups)
        optimizer.step()
        result["losses"].append(value.item())
        if step + 1 in (1, 10, 60):
            result["weights_at"][str(step + 1)] = parameters(net)
    assert clip is None or clipped > 20, "the clip must be at work"
    return result


def trajectories():
    for loss in ("mse", "cross_entropy"):
        yield trajectory("sgd", loss, kind="sgd")
        yield trajectory("sgd, momentum", loss, kind="sgd", momentum=0.9)
        yield trajectory("sgd, Nesterov", loss, kind="sgd", momentum=0.9, nesterov=True)
        for decay_biases in (False, True):
            yield trajectory(f"sgd, decay, biases {decay_biases}", loss, kind="sgd", weight_decay=0.1, decay_biases=decay_biases)
            yield trajectory(f"adam, decay, biases {decay_biases}", loss, kind="adam", learning_rate=0.01, weight_decay=0.05, decay_biases=decay_biases)
            yield trajectory(f"adamw, biases {decay_biases}", loss, kind="adamw", learning_rate=0.01, weight_decay=0.1, decay_biases=decay_biases)
        yield trajectory("sgd, Nesterov, decay", loss, kind="sgd", momentum=0.8, nesterov=True, weight_decay=0.02)
        yield trajectory("adam", loss, kind="adam", learning_rate=0.01)
        yield trajectory("adam, other numbers", loss, kind="adam", learning_rate=0.01, beta1=0.8, beta2=0.95, epsilon=1e-6)
        yield trajectory("sgd, global norm", loss, {"kind": "global_norm", "limit": 0.3}, kind="sgd", momentum=0.9)
        yield trajectory("sgd, norm of each layer", loss, {"kind": "layer_norm", "limit": 0.2}, kind="sgd", momentum=0.9)
        yield trajectory("adam, global norm", loss, {"kind": "global_norm", "limit": 0.3}, kind="adam", learning_rate=0.01)
    yield trajectory("sgd", "half_mse", kind="sgd")


def linear_linear():
    """Two linear layers in a row without activation, 100 steps."""
    inputs, targets = torch.randn(6, 3), torch.randn(6, 2)
    initial = parameters(nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)))
    runs = []
    for weight_decay, decay_biases in [(0.0, False), (0.1, False), (0.1, True)]:
        net = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
        set_parameters(net, initial)
        optimizer = make_optimizer(net, "sgd", decay_biases, weight_decay, learning_rate=0.05, momentum=0.0, nesterov=False)
        values = []
        for _ in range(100):
            value = half_mse(net(inputs), targets)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            values.append(value.item())
        runs.append({"weight_decay": weight_decay, "decay_biases": decay_biases, "losses": values, "final": parameters(net)})
    return {"inputs": inputs.tolist(), "targets": targets.tolist(), "learning_rate": 0.05, "initial": initial, "runs": runs}


golden = {
    "made_by": {"script": "torch_golden.py", "torch": torch.__version__, "python": platform.python_version()},
    "activations": list(activations()),
    "losses": list(losses()),
    "trajectory_setup": {"batches": BATCHES, "weights": WEIGHTS},
    "trajectories": list(trajectories()),
    "linear_linear": linear_linear(),
}
with open(pathlib.Path(__file__).with_name("torch.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    file.write("{\n" + ",\n".join(entries) + "\n}\n")
