"""`replay.py < case.json`: the PyTorch half of the parity. Trains from the weights of a model file of mfnet on the batches that the case lists, once
as they are and once with each first weight moved by one unit in the last place, and compares with what mfnet made of the same. Prints JSON.

What it trains with is PyTorch's own: `torch.optim`, `clip_grad_norm_`, `cross_entropy`, `mse_loss`. The network and the scaling are made by the
program that `mfnet inspect` prints.
"""

import json
import sys

import numpy as np
import torch
from safetensors.torch import load_file
from start import parameters_by_layer, prepared
from torch import nn

Weights = list[torch.Tensor]


def main() -> None:
    case = json.load(sys.stdin)
    torch.set_num_threads(case["threads"])
    net, inputs, y, _ = prepared(case)
    x = inputs(torch.arange(len(y)))
    start = [p.detach().clone() for p in net.parameters()]
    answer: dict = {"torch": torch.__version__}
    answer["losses"], kept, answer["clipped"] = train(case, net, x, y)
    answer["differences"] = {step: difference(of_file(net, model), kept[int(step)]) for step, model in case["models"].items()}
    if case["yardstick"]:
        with torch.no_grad():
            for p, first in zip(net.parameters(), start):
                p.copy_(torch.nextafter(first, torch.full_like(first, np.inf)))
        answer["yardstick_losses"], moved, _ = train(case, net, x, y)
        answer["yardstick"] = {step: difference(moved[step], kept[step]) for step in kept}
    if case["samples"]:
        answer["tensors"] = [described(p, case["samples"]) for p in kept[max(kept)]]
    print(json.dumps(answer))


def train(case: dict, net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> tuple[list[float], dict[int, Weights], float]:
    """The mean loss of each epoch, a list of rows, the weights after those epochs that the case asks for, and the share of gradients that were clipped."""
    optimizer = make_optimizer(case["rule"], net)
    clip, loss_of = case["rule"]["clip"], nn.functional.cross_entropy if y.dtype == torch.int64 else nn.functional.mse_loss
    losses, kept, clipped = [], {}, []
    for epoch, rows in enumerate(np.load(case["orders"]), 1):
        total = 0.0
        for batch in torch.from_numpy(rows.astype(np.int64)).split(case["batch"]):
            optimizer.zero_grad()
            loss = loss_of(net(x[batch]), y[batch])
            loss.backward()
            for group in parameters_by_layer(net) if clip["each_layer"] else [list(net.parameters())]:
                clipped.append(nn.utils.clip_grad_norm_(group, clip["norm"]).item() > clip["norm"])
            optimizer.step()
            total += loss.item() * len(batch)
        losses.append(total / len(rows))
        if epoch in case["checkpoints"]:
            kept[epoch] = [p.detach().clone() for p in net.parameters()]
    return losses, kept, sum(clipped) / len(clipped)


def make_optimizer(rule: dict, net: nn.Module) -> torch.optim.Optimizer:
    """The rule; like mfnet it spares biases from decay."""
    biases = [p for name, p in net.named_parameters() if name.endswith("bias")]
    weights = [p for name, p in net.named_parameters() if not name.endswith("bias")]
    groups = [{"params": weights, "weight_decay": rule["weight_decay"]}, {"params": biases, "weight_decay": 0.0}]
    if rule["optimizer"] == "sgd":
        return torch.optim.SGD(groups, lr=rule["learning_rate"], momentum=rule["momentum"], nesterov=rule["nesterov"])
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[rule["optimizer"]]
    return kind(groups, lr=rule["learning_rate"])


def of_file(net: nn.Module, model: str) -> Weights:
    """The weights of a model file, in the order of the network's."""
    tensors = load_file(model)
    return [tensors[name] for name, _ in net.named_parameters()]


def difference(ours: Weights, others: Weights) -> float:
    """‖w − w′‖ / ‖w′‖ over all parameters together, in f64."""
    flat = lambda weights: torch.cat([w.double().flatten() for w in weights])
    a, b = flat(ours), flat(others)
    return float((a - b).norm() / b.norm())


def described(tensor: torch.Tensor, samples: int) -> dict:
    """The norm of a tensor, and elements of it, evenly spaced."""
    flat = tensor.double().flatten()
    places = torch.arange(min(samples, len(flat))) * len(flat) // min(samples, len(flat))
    return {"norm": float(flat.norm()), "elements": flat[places].tolist()}


if __name__ == "__main__":
    main()
