"""Decides whether a training can run in Rust, and runs it.

A training runs in Rust where everything that it would call is this package's own and unchanged: the types, their
classes, and the instances. Otherwise its parts may do anything, and the loop in ``train.py`` calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from . import dataloader, layer, loss, nn, optimizer, trainutils
from ._core import SeedFit
from .dataloader import Batch, BatchIterator
from .tensor import Tensor

_CLASSES = [
    layer.Layer, layer.Linear, layer.Activation, layer.Sigmoid, layer.ReLU, layer.Id,
    nn.NeuralNetwork, loss.Loss, loss.MSELoss, loss.CELoss,
    optimizer.Optimizer, optimizer.SGD, dataloader.DataLoader, BatchIterator, Batch,
]  # fmt: skip
_FUNCTIONS = {
    layer: ["sigmoid", "relu", "identity"],
    loss: ["softmax", "is_one_hot", "_check_shapes", "_check_targets"],
    optimizer: ["_trained"],
    dataloader: ["Batch", "_with_ones"],
}  # fmt: skip
_ACTIVATIONS = {
    (layer.sigmoid, layer.sigmoid_prime): "sigmoid",
    (layer.relu, layer.relu_prime): "relu",
    (layer.identity, layer.identity_prime): "identity",
}
_LOSSES = {loss.MSELoss: "mse", loss.CELoss: "cross-entropy"}


def _snapshot() -> list[dict[str, Any]]:
    """Everything that a program could have replaced."""
    functions = [{name: getattr(module, name) for name in names} for module, names in _FUNCTIONS.items()]
    return [dict(vars(cls)) for cls in _CLASSES] + functions


_ORIGINAL = _snapshot()

#: What Python itself adds to a class: `copy` and `typing` do.
_CACHES = {"__slotnames__", "__annotations__", "__annotations_cache__"}

#: Epochs whose orders are drawn at once.
_TOGETHER = 100


class _Slow(Exception):
    """Why a training has to run in the loop."""


def _require(condition: object, reason: str) -> None:
    if not condition:
        raise _Slow(reason)


def _same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return all(name in _CACHES or a.get(name, a) is b.get(name, b) for name in a.keys() | b.keys())


def _is_plain(instance: object, kind: type | tuple[type, ...], attributes: set[str]) -> bool:
    """Whether an object has exactly one of these types, and no other attributes."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return type(instance) in kinds and vars(instance).keys() <= attributes


def _is_matrix(array: object) -> bool:
    """Whether this is a matrix of finite 64-bit numbers."""
    return (
        type(array) is np.ndarray
        and array.ndim == 2
        and array.dtype == np.float64
        and array.dtype.isnative
        and array.size > 0
        and bool(np.isfinite(array).all())
    )


class Fast:
    """A training that runs in Rust, but for the last step of each call.

    That step runs through Python's methods, so that layers keep the inputs and gradients that the loop leaves.
    """

    def __init__(
        self,
        weights: list[Tensor],
        fit: SeedFit,
        rows: tuple[Tensor, Tensor],
        loader: BatchIterator,
        rule: optimizer.SGD,
    ) -> None:
        self.weights, self.fit, self.rows, self.loader, self.rule = weights, fit, rows, loader, rule

    @classmethod
    def of(
        cls, net: Any, inputs: Any, targets: Any, loader: Any, loss_: Any, rule: Any, max_norm: Any
    ) -> tuple[Fast | None, str]:
        """The training, or None and the reason why it has to run in the loop."""
        try:
            kinds, weights = _network(net)
            _require(_is_plain(loader, BatchIterator, {"batch_size", "shuffle", "seed"}), "another data loader")
            size = loader.batch_size
            _require(isinstance(size, int | np.integer) and (size >= 1 or size == -1), "another batch size")
            _require(type(loss_) in _LOSSES and not vars(loss_), "another loss")
            _require(_is_plain(rule, optimizer.SGD, {"learning_rate"}), "another optimizer")
            rate = rule.learning_rate
            _require(
                isinstance(rate, int | float | np.floating) and 0 < rate < np.inf,
                "the learning rate is not a positive number",
            )
            _require(
                max_norm is None or (isinstance(max_norm, int | float | np.floating) and 0 < max_norm < np.inf),
                "the largest norm is not a positive number",
            )
            _require(_is_matrix(inputs) and _is_matrix(targets), "data that are no finite float64 matrices")
            _require(len(inputs) == len(targets), "different numbers of inputs and targets")
            _check_sizes(weights, inputs.shape[1], targets.shape[1])
            name = _LOSSES[type(loss_)]
            _require(name == "mse" or trainutils.is_one_hot(targets.T), "targets that are not one-hot")
            _require(all(_same(a, b) for a, b in zip(_ORIGINAL, _snapshot())), "a class or a function was changed")
        except _Slow as reason:
            return None, str(reason)
        limit = None if max_norm is None else float(max_norm)
        fit = SeedFit(kinds, inputs, targets, name, len(inputs) if size == -1 else min(int(size), len(inputs)), limit)
        return cls(weights, fit, (inputs, targets), loader, rule), ""

    def epochs(self, count: int, step: Callable[[Tensor, Tensor], np.float64]) -> list[np.float64]:
        """Run some epochs; ``step`` makes the last step."""
        if self.loader.batch_size == -1:
            self.loader.batch_size = len(self.rows[0])
        losses: list[np.float64] = []
        while len(losses) < count:
            now = min(count - len(losses), _TOGETHER)
            is_last = len(losses) + now == count
            starts = np.stack([self.loader._starts(len(self.rows[0])) for _ in range(now)])
            of_batches = self.fit.run(self.weights, starts, float(self.rule.learning_rate), is_last)
            if is_last:
                of_batches[-1, -1] = step(*self._block(int(starts[-1, -1])))
            losses += list(np.mean(of_batches, axis=1))
        return losses

    def _block(self, start: int) -> Iterator[Tensor]:
        """The inputs and the targets of a batch, as the data loader makes them."""
        block = slice(start, start + self.loader.batch_size)
        return (dataloader._with_ones(rows[block]).T for rows in self.rows)


def _network(net: Any) -> tuple[list[str | int], list[Tensor]]:
    """The layers of a network: the outputs of a linear one or the name of an activation; and the weights."""
    _require(_is_plain(net, nn.NeuralNetwork, {"layers"}), "another network")
    _require(type(net.layers) in (list, tuple) and net.layers, "layers that are no list")
    _require(len({id(part) for part in net.layers}) == len(net.layers), "a layer in two places")
    kinds: list[str | int] = []
    weights: list[Tensor] = []
    for part in net.layers:
        if _is_plain(part, layer.Linear, {"in_features", "out_features", "weights", "dJ_dw", "inputs"}):
            _require(not kinds or isinstance(kinds[-1], str), "two linear layers side by side")
            w = part.weights
            _require(_is_matrix(w) and w.flags.writeable and min(w.shape) > 1, "weights that are no matrix")
            _require(w.shape[0] == part.out_features, "weights of another shape than the layer")
            _require(w[0, 0] == 1 and not w[0, 1:].any(), "weights whose first row is not 1 0 … 0")
            kinds.append(w.shape[0] - 1)
            weights.append(w)
        else:
            kinds_of_layer = (layer.Activation, layer.Sigmoid, layer.ReLU, layer.Id)
            _require(_is_plain(part, kinds_of_layer, {"g", "g_prime", "inputs"}), "another layer")
            name = _activation(part)
            _require(name, "another activation")
            kinds.append(name)
    _require(weights, "no linear layer")
    pairs = ((a, b) for i, a in enumerate(weights) for b in islice(weights, i))
    _require(not any(np.may_share_memory(a, b) for a, b in pairs), "layers that share weights")
    return kinds, weights


def _activation(part: layer.Activation) -> str:
    for (g, g_prime), name in _ACTIVATIONS.items():
        if part.g is g and part.g_prime is g_prime:
            return name
    return ""


def _check_sizes(weights: list[Tensor], features: int, outputs: int) -> None:
    sizes = [features + 1] + [w.shape[0] for w in weights]
    fits = all(w.shape[1] == size for w, size in zip(weights, sizes)) and sizes[-1] == outputs + 1
    _require(fits, "sizes that do not fit together")
