"""A loop of one's own: networks, losses and optimizers, as in the library for Rust.

Everything stays in Rust; arrays are made where they are asked for. The rows of arrays are samples.

>>> import numpy as np, mfnet
>>> rng = np.random.default_rng(0)
>>> x = rng.normal(size=(200, 2))
>>> data = mfnet.Data(x, (x[:, 0] > x[:, 1]).astype(int))
>>> net = mfnet.Network(2, [16, "relu", 2], seed=0)
>>> loss, optimizer = mfnet.Loss("cross-entropy"), mfnet.Optimizer("adamw", 1e-2)
>>> for epoch in range(1, 11):
...     for batch in data.batches(32, seed=0, epoch=epoch):
...         trace = net.forward(batch)
...         delta = loss.gradient(trace, batch)
...         gradients = net.backward(trace, delta)
...         optimizer.step(net, gradients)
>>> float((net.predict(x).argmax(axis=1) == (x[:, 0] > x[:, 1])).mean()) > 0.9
True
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from . import _core

#: A matrix of numbers in one of both types.
Matrix = NDArray[np.floating[Any]]
#: A layer: the outputs of a linear one, the name of an activation, or a table such as {"kind": "dropout", "p": 0.1}.
Layer = int | str | Mapping[str, Any]


def _bits(dtype: DTypeLike) -> str:
    """The end of the names of the classes for a type of number."""
    given = np.dtype(dtype)
    if given not in (np.float32, np.float64):
        raise ValueError(f"dtype: expected float32 or float64, found {given}")
    return "32" if given == np.float32 else "64"


def _spec(layer: Layer) -> dict[str, Any]:
    """A layer as a recipe has it."""
    if isinstance(layer, str):
        return {"kind": "activation", "function": layer}
    if isinstance(layer, int | np.integer):
        return {"kind": "linear", "outputs": int(layer)}
    if not isinstance(layer, Mapping):
        raise ValueError(f"layers: expected a number, a name or a table, found {layer!r}")
    spec = dict(layer)
    if "layers" in spec:
        spec["layers"] = [_spec(inner) for inner in spec["layers"]]
    return spec


class Network:
    """A feed-forward network.

    Parameters
    ----------
    features
        Number of inputs.
    layers
        The layers in order: a number is a linear layer with so many outputs, a name an activation, and a table any
        layer of a recipe, such as ``{"kind": "dropout", "p": 0.1}`` or ``{"kind": "residual", "layers": […]}``.
    seed
        Decides the first parameters.
    dtype
        ``float64`` or ``float32``; data and optimizer need the same one.
    n_threads
        Number of threads, which changes no result.

    Raises
    ------
    ValueError
        For layers that do not fit together.
    """

    def __init__(
        self,
        features: int,
        layers: Sequence[Layer],
        *,
        seed: int = 0,
        dtype: DTypeLike = np.float64,
        n_threads: int | None = None,
    ) -> None:
        self.dtype = np.dtype(dtype)
        specs = json.dumps([_spec(layer) for layer in layers])
        self._core = getattr(_core, f"Network{_bits(dtype)}")(features, specs, seed, n_threads)

    @classmethod
    def _of(cls, core: Any) -> Network:
        net = object.__new__(cls)
        net.dtype, net._core = np.dtype(np.float64 if isinstance(core, _core.Network64) else np.float32), core
        return net

    def forward(self, batch: Any) -> Any:
        """Compute the outputs of all layers for a batch of :meth:`Data.batches` or :func:`batch`."""
        return self._core.forward(batch)

    def backward(self, trace: Any, delta: Any) -> Any:
        """Compute the gradients of the parameters.

        Parameters
        ----------
        trace
            What :meth:`forward` returned.
        delta
            The gradient of the loss by the output: what :meth:`Loss.gradient` returned, or an array of the shape of
            ``trace.output``.
        """
        if isinstance(delta, np.ndarray):
            delta = getattr(_core, f"Delta{_bits(self.dtype)}")(np.asarray(delta, dtype=self.dtype))
        return self._core.backward(trace, delta)

    def predict(self, x: ArrayLike) -> Matrix:
        """Compute the outputs, of shape (samples, outputs)."""
        return self._core.predict(np.asarray(x, dtype=self.dtype))

    @property
    def parameters(self) -> list[Matrix]:
        """Copies of the parameters; a linear layer has ``[b | W]`` of shape (outputs, 1 + inputs)."""
        return self._core.parameters()

    @parameters.setter
    def parameters(self, parameters: Sequence[ArrayLike]) -> None:
        self._core.set_parameters([np.asarray(matrix, dtype=self.dtype) for matrix in parameters])

    def copy(self) -> Network:
        """Make a copy with its own parameters."""
        return self._of(self._core.copy())

    def __repr__(self) -> str:
        inputs, _, parameters, layers = self._core.shape()
        return "\n".join([f"Network of {inputs} features, {parameters} parameters, {self.dtype}:", *layers])


class Data:
    """Samples with their targets, copied once and kept in their own type.

    Parameters
    ----------
    x
        Shape (samples, features): ``float64``, ``float32`` or ``uint8``, other types become ``float64``.
    y
        Values of shape (samples,) or (samples, outputs), or classes as whole numbers from 0.
    sample_weight
        The weight of each sample in the loss.
    dtype
        The type of the batches.

    Raises
    ------
    ValueError
        For shapes that do not fit together, or numbers that are not finite.
    """

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.dtype = np.dtype(dtype)
        _bits(dtype)
        rows = np.asarray(x)
        if rows.dtype not in (np.float32, np.float64, np.uint8) or not rows.dtype.isnative:
            rows = rows.astype(np.float64)
        if rows.ndim != 2:
            raise ValueError(f"x: expected two dimensions, found {rows.ndim}")
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        self._core = _core.Data(np.ascontiguousarray(rows), _targets(np.asarray(y)), weight)

    def batches(self, size: int, *, shuffle: bool = True, seed: int = 0, epoch: int = 1) -> Iterator[Any]:
        """Iterate over the batches of an epoch; the last one may be smaller.

        Parameters
        ----------
        size
            Number of samples.
        shuffle
            Whether in a random order, which depends on ``seed`` and ``epoch``, and is that of the program.
        epoch
            Number of the epoch, from 1.
        """
        if size < 1:
            raise ValueError(f"size: expected at least 1, found {size}")
        batches: Iterator[Any] = getattr(_core, f"Batches{_bits(self.dtype)}")(self._core, size, shuffle, seed, epoch)
        return batches

    def __len__(self) -> int:
        return int(self._core.shape()[0])


def _targets(y: NDArray[Any]) -> Any:
    if y.dtype.kind in "iub" and y.ndim == 1 and y.size > 0:
        return y.astype(np.int64), max(int(y.max()) + 1, 2)
    values = y.astype(np.float64)
    return values[:, np.newaxis] if values.ndim == 1 else values


def batch(
    x: ArrayLike, y: ArrayLike, *, step: tuple[int, int, int] | None = None, dtype: DTypeLike = np.float64
) -> Any:
    """Make a batch of arrays.

    Parameters
    ----------
    x, y
        Shapes (samples, features) and (samples, outputs); one-hot for classes.
    step
        Seed, epoch and step, which decide the random numbers of layers; without it, layers do not train.
    """
    x, y = np.asarray(x, dtype=dtype), np.asarray(y, dtype=dtype)
    return getattr(_core, f"Batch{_bits(dtype)}")(x, y, step)


class Loss:
    """A loss by its name: ``"mse"``, ``"cross-entropy"``, ``"huber:1.35"``, … as ``mfnet train --loss`` has them."""

    def __init__(self, name: str) -> None:
        self._core = _core.Loss(name)

    @property
    def name(self) -> str:
        """The name."""
        return self._core.name

    def value(self, trace: Any, batch: Any) -> float:
        """Compute the loss of a batch."""
        return float(trace.loss(self._core, batch))

    def gradient(self, trace: Any, batch: Any) -> Any:
        """Compute the gradient by the output, for :meth:`Network.backward`; ``.numpy()`` makes an array of it."""
        return trace.loss_and_gradient(self._core, batch)[1]

    def value_and_gradient(self, trace: Any, batch: Any) -> tuple[float, Any]:
        """Compute both."""
        value, delta = trace.loss_and_gradient(self._core, batch)
        return value, delta

    def __repr__(self) -> str:
        return repr(self._core)


class Optimizer:
    """A rule with its state.

    Parameters
    ----------
    name
        As of ``mfnet train --optimizer``: ``"sgd"``, ``"adam"``, ``"adamw"``, ``"lion"``, …
    learning_rate
        The size of a step.
    momentum, nesterov
        Of ``"sgd"``.
    weight_decay, l1
        Regularisation of the weights, not of the biases.
    clip_norm
        The largest norm of all gradients together; 0 for none.
    schedule
        As of ``mfnet train --schedule``; those with an end need ``length``.
    length
        The number of steps of an epoch and the number of epochs.
    """

    def __init__(
        self,
        name: str,
        learning_rate: float,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        clip_norm: float = 0.0,
        schedule: str = "constant",
        length: tuple[int, int] | None = None,
    ) -> None:
        self._settings = (name, learning_rate, momentum, nesterov, weight_decay, l1, clip_norm, schedule, length)
        self._core: Any = None
        # so that mistakes are found here
        _core.Optimizer64(*self._settings)

    def _fresh(self, net: Network) -> Any:
        """The rule without a state, for the numbers of a network."""
        return getattr(_core, f"Optimizer{_bits(net.dtype)}")(*self._settings)

    def step(self, net: Network, gradients: Any) -> None:
        """Change the parameters of a network. The gradients are used up."""
        if self._core is None:
            self._core = self._fresh(net)
        self._core.step(net._core, gradients)

    @property
    def rate(self) -> float:
        """The learning rate of the last step; before the first, the given one."""
        return self._settings[1] if self._core is None else float(self._core.rate)
