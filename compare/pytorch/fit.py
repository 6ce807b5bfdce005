"""`fit.py < case.json`: one training in PyTorch or scikit-learn, each in its own best hands: its usual preprocessing, validation rows to choose the
epoch on, a score on the test rows. Prints JSON. Nothing is imported that the library in question does not need.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from tables import READERS, drawn_parts, parts


def main() -> None:
    case = json.load(sys.stdin)
    inputs, targets = READERS[case["data"]](Path(case["folder"]))
    rows = (drawn_parts if case["drawn"] else parts)(case["data"])
    if not len(rows["validation"]):
        order = np.random.default_rng(case["seed"]).permutation(rows["train"])
        rows["train"], rows["validation"] = order[len(order) // 10 :], order[: len(order) // 10]
    train = {"torch": by_torch, "mlp": by_mlp, "boosting": by_boosting}[case["library"]]
    print(json.dumps(train(case, inputs, targets, rows)))


def by_torch(case: dict, inputs: np.ndarray, targets: np.ndarray, rows: dict[str, np.ndarray]) -> dict:
    """AdamW with one cycle of the rate; the weights of the best epoch on the validation rows are kept."""
    import torch
    from torch import nn

    torch.set_num_threads(case["threads"])
    torch.manual_seed(case["seed"])
    by_rank = case["scale"] == "quantile"
    x = ranked(torch.from_numpy(inputs), rows["train"]) if by_rank else torch.from_numpy(scaled(inputs, rows["train"]))
    x = x.float()
    is_classes = targets.dtype == np.int64
    mean, unit = (0, 1) if is_classes else (targets[rows["train"]].mean(), targets[rows["train"]].std())
    y = torch.from_numpy(targets if is_classes else ((targets - mean) / unit).astype(np.float32))
    sizes = [x.shape[1], *case["hidden"]]
    hidden = [layer for pair in zip(sizes, sizes[1:]) for layer in (nn.Linear(*pair), nn.ReLU())]
    net = nn.Sequential(*hidden, nn.Linear(sizes[-1], 10 if is_classes else 1))
    optimizer = torch.optim.AdamW(net.parameters(), lr=case["learning_rate"], weight_decay=case["weight_decay"], fused=True)
    part = {name: torch.from_numpy(numbers) for name, numbers in rows.items()}
    steps = -(-len(part["train"]) // case["batch"]) * case["epochs"]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, case["learning_rate"], total_steps=steps)
    loss_of = nn.functional.cross_entropy if is_classes else nn.functional.mse_loss

    @torch.no_grad()
    def loss_and_score(name: str) -> tuple[float, float]:
        output, truth = net(x[part[name]]), y[part[name]]
        if is_classes:
            return loss_of(output, truth).item(), (output.argmax(1) == truth).double().mean().item()
        loss = loss_of(output, truth).item()
        return loss, loss**0.5 * unit

    weights = lambda: {name: tensor.clone() for name, tensor in net.state_dict().items()}
    seconds, best, kept = 0.0, float("inf"), weights()
    for _ in range(case["epochs"]):
        clock = time.perf_counter()
        for batch in part["train"][torch.randperm(len(part["train"]))].split(case["batch"]):
            optimizer.zero_grad()
            loss_of(net(x[batch]), y[batch]).backward()
            optimizer.step()
            schedule.step()
        seconds += time.perf_counter() - clock
        loss, _ = loss_and_score("validation")
        if loss < best:
            best, kept = loss, weights()
    net.load_state_dict(kept)
    torch.save(kept, case["model"])
    scored_parts = ["validation"] if case["choosing"] else ["validation", "test"]
    return {"seconds": seconds} | {name: loss_and_score(name)[1] for name in scored_parts}


def ranked(inputs, train: np.ndarray):
    """Each column by its rank among the training rows to a normal distribution, as scikit-learn's `QuantileTransformer` does, which PyTorch's
    users would have to wait for."""
    import torch

    columns = inputs.T.contiguous()
    known = columns[:, train].sort(1).values
    below, above = (torch.searchsorted(known, columns, side=side) for side in ("left", "right"))
    return torch.special.ndtri(((below + above) / (2 * len(train))).clamp(1e-7, 1 - 1e-7)).T.contiguous()


def by_mlp(case: dict, inputs: np.ndarray, targets: np.ndarray, rows: dict[str, np.ndarray]) -> dict:
    """scikit-learn's network with its own early stopping, for which it takes a tenth of what it is given."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    if case["scale"] == "quantile":
        from sklearn.preprocessing import QuantileTransformer

        x = QuantileTransformer(output_distribution="normal", random_state=0).fit(inputs[rows["train"]]).transform(inputs)
    else:
        x = scaled(inputs, rows["train"])
    x = x.astype(np.float32)
    kind = MLPClassifier if targets.dtype == np.int64 else MLPRegressor
    return scored(case, kind(random_state=case["seed"], **case["parameters"]), x, targets, rows)


def by_boosting(case: dict, inputs: np.ndarray, targets: np.ndarray, rows: dict[str, np.ndarray]) -> dict:
    """scikit-learn's trees, which need no scaling."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if targets.dtype == np.int64 else HistGradientBoostingRegressor
    return scored(case, kind(random_state=case["seed"], **case["parameters"]), inputs, targets, rows)


def scored(case: dict, model, x: np.ndarray, targets: np.ndarray, rows: dict[str, np.ndarray]) -> dict:
    """Fits and scores. Both choose their validation rows themselves, and get ours to train on too, unless settings are to be chosen by them."""
    import pickle

    part = "validation" if case["choosing"] else "test"
    train = rows["train"] if case["choosing"] else np.concatenate([rows["train"], rows["validation"]])
    is_classes = targets.dtype == np.int64
    mean, unit = (0, 1) if is_classes else (targets[train].mean(), targets[train].std())
    y = targets if is_classes else ((targets - mean) / unit)[:, 0]
    clock = time.perf_counter()
    model.fit(x[train], y[train])
    seconds = time.perf_counter() - clock
    Path(case["model"]).write_bytes(pickle.dumps(model))
    predicted, truth = model.predict(x[rows[part]]), y[rows[part]]
    score = float((predicted == truth).mean()) if is_classes else float(np.square(predicted - truth).mean() ** 0.5 * unit)
    return {"seconds": seconds, part: score}


def scaled(inputs: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Pixels to mean 0 and deviation 1 together; other columns each for itself."""
    of_train = inputs[train]
    if inputs.dtype == np.uint8:
        mean, mean_square = of_train.mean(), np.square(of_train, dtype=np.uint16).mean()
        pixels = inputs.astype(np.float32)
        pixels -= mean
        pixels /= (mean_square - mean**2) ** 0.5
        return pixels
    return (inputs - of_train.mean(0)) / of_train.std(0)


if __name__ == "__main__":
    main()
