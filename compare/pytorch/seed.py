"""`seed.py < case.json`: the paper's experiment in PyTorch, as its users write it: modules, `torch.optim.SGD`, `clip_grad_norm_` for each layer, data in
memory. Begins with the weights of a model file of mfnet. Prints JSON; the line `epoch` comes when the first one is done.
"""

import json
import sys
import time
from pathlib import Path

import torch
from start import parameters_by_layer, prepared
from tables import parts
from torch import nn


def main() -> None:
    case = json.load(sys.stdin)
    torch.set_num_threads(case["threads"])
    torch.manual_seed(case["seed"])
    net, inputs, targets, unit = prepared(case)
    rows = {part: torch.from_numpy(numbers) for part, numbers in parts(case["data"]).items()}
    train, test = torch.cat([rows["train"], rows["validation"]]), rows["test"]
    x, y, x_test, y_test = inputs(train), targets[train], inputs(test), targets[test]
    loss_of = nn.functional.cross_entropy if unit is None else nn.functional.mse_loss
    optimizer = torch.optim.SGD(net.parameters(), lr=case["learning_rate"])
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, case["epochs"] // 2, 0.5)
    layers = parameters_by_layer(net)
    losses, clock = [], time.perf_counter()
    for _ in range(case["epochs"]):
        total = 0.0
        for batch in torch.randperm(len(x)).split(case["batch"]):
            optimizer.zero_grad()
            loss = loss_of(net(x[batch]), y[batch])
            loss.backward()
            for layer in layers:
                nn.utils.clip_grad_norm_(layer, case["clip"])
            optimizer.step()
            total += loss.item() * len(batch)
        schedule.step()
        losses.append(total / len(x))
        if len(losses) == 1:
            Path(case["first_epoch"]).write_text("header\nepoch\n")
    seconds = time.perf_counter() - clock
    with torch.no_grad():
        output = net(x_test)
    answer = {"torch": torch.__version__, "seconds": seconds, "losses": losses}
    if unit is None:
        classes = output.shape[1]
        pairs = y_test * classes + output.argmax(1)
        counts = torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
        answer |= {"test": float(counts.trace()) / len(y_test), "confusion": counts.tolist()}
    else:
        answer["test"] = float(((output - y_test).double() * unit).square().mean().sqrt())
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
