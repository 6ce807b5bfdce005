"""Writes rules.json: 50 or 60 steps of each optimizer rule in PyTorch in float64, for tests/rules.rs.

    python rules_golden.py        # needs torch; the versions that made the file stand in its "made_by"

Lion is not in PyTorch; it is written here from algorithm 2 of Chen et al. 2023, "Symbolic Discovery of Optimization
Algorithms". A sample is a row and a weight is (out, in), as PyTorch has them.
"""

import json
import pathlib
import platform

import torch
from torch import nn, optim

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(7)


class Lion(optim.Optimizer):
    def __init__(self, params, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure):
        with torch.enable_grad():
            closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                c = beta1 * m + (1 - beta1) * p.grad
                p -= group["lr"] * (torch.sign(c) + group["weight_decay"] * p)
                m.copy_(beta2 * m + (1 - beta2) * p.grad)


#: The rule, its learning rate, and further arguments; each also with weight decay, unless it has none.
RULES = [
    ("adagrad", optim.Adagrad, 0.05, {}),
    ("adadelta", optim.Adadelta, 1.0, {}),
    ("rmsprop", optim.RMSprop, 0.01, {}),
    ("rmsprop, momentum", optim.RMSprop, 0.01, {"momentum": 0.8}),
    ("rmsprop, centered", optim.RMSprop, 0.01, {"momentum": 0.5, "centered": True, "alpha": 0.9}),
    ("amsgrad", optim.Adam, 0.01, {"amsgrad": True}),
    ("nadam", optim.NAdam, 0.01, {}),
    ("nadam, other numbers", optim.NAdam, 0.01, {"betas": (0.8, 0.95), "momentum_decay": 0.1}),
    ("radam", optim.RAdam, 0.01, {}),
    ("radam, other numbers", optim.RAdam, 0.01, {"betas": (0.8, 0.95)}),
    ("lion", Lion, 0.005, {}),
    ("rprop", optim.Rprop, 0.01, {}),
    ("lbfgs", optim.LBFGS, 1.0, {"max_iter": 1, "max_eval": 26, "history_size": 10, "line_search_fn": "strong_wolfe"}),
]
DECAY = 0.05

BATCHES = [{"inputs": torch.randn(m, 4).tolist(), "values": torch.randn(m, 3).tolist()} for m in (8, 8, 5)]


def network():
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


def parameters(net):
    return [{"weight": layer.weight.tolist(), "bias": layer.bias.tolist()} for layer in (net[0], net[2])]


WEIGHTS = network().state_dict()


def trajectory(name, rule, rate, decay, arguments):
    """Steps over three batches in turn; Rprop and L-BFGS, which are for all samples at once, on the first one. Biases do
    not decay. L-BFGS has no weight decay: its closure adds it to the loss."""
    net = network()
    net.load_state_dict(WEIGHTS)
    groups = net.parameters()
    if decay and name != "lbfgs":
        weights, biases = ([p for p in net.parameters() if p.dim() == d] for d in (2, 1))
        groups = [{"params": weights, "weight_decay": DECAY}, {"params": biases, "weight_decay": 0.0}]
    optimizer = rule(groups, lr=rate, **arguments)
    result = {"name": name, "learning_rate": rate, "weight_decay": DECAY if decay else 0.0, "losses": [], "weights_at": {}}
    # the steps of L-BFGS magnify rounding errors
    steps = 50 if name == "lbfgs" else 60
    for step in range(steps):
        batch = BATCHES[0 if name in ("rprop", "lbfgs") else step % 3]
        inputs, values = torch.tensor(batch["inputs"]), torch.tensor(batch["values"])
        value = nn.functional.mse_loss(net(inputs), values)

        def closure():
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(inputs), values)
            if decay and name == "lbfgs":
                loss = loss + DECAY / 2 * sum((p**2).sum() for p in net.parameters() if p.dim() == 2)
            loss.backward()
            return loss

        optimizer.step(closure)
        result["losses"].append(value.item())
        if step + 1 in (1, 10, steps):
            result["weights_at"][str(step + 1)] = parameters(net)
    return result


initial = network()
initial.load_state_dict(WEIGHTS)
golden = {
    "made_by": {"script": "rules_golden.py", "torch": torch.__version__, "python": platform.python_version()},
    "batches": BATCHES,
    "weights": parameters(initial),
    "trajectories": [trajectory(*rule[:3], decay, rule[3]) for rule in RULES for decay in (False, True) if not (decay and rule[0] == "rprop")],
}
with open(pathlib.Path(__file__).with_name("rules.json"), "w") as file:
    entries = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    file.write("{\n" + ",\n".join(entries) + "\n}\n")
