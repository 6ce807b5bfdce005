"""Training by gradient descent, with tests.

Where every part of a training is this package's own and unchanged, its steps run in Rust (see ``_fast.py``);
:data:`last_path` says whether they did. Results differ by rounding only.
"""

from collections.abc import Sequence

import numpy as np

from ._fast import Fast
from .dataloader import BatchIterator, DataLoader
from .loss import CELoss, Loss, MSELoss
from .nn import NeuralNetwork
from .optimizer import SGD, Optimizer
from .tensor import Tensor
from .trainutils import accuracy

#: Where the steps of the last training ran: ``"rust"``, or ``"numpy: "`` and why.
last_path = ""


class _Training:
    """The parts of a training, with their defaults."""

    def __init__(
        self,
        net: NeuralNetwork,
        inputs: Tensor,
        targets: Tensor,
        lr: float,
        dataloader: DataLoader | None,
        loss: Loss,
        optimizer: Optimizer | None,
        max_gradient_norm: float | None,
    ) -> None:
        global last_path
        self.net, self.inputs, self.targets = net, inputs, targets
        self.dataloader = BatchIterator() if dataloader is None else dataloader
        self.loss = loss
        self.optimizer = SGD(lr) if optimizer is None else optimizer
        self.max_gradient_norm = max_gradient_norm
        self.fast, reason = Fast.of(net, inputs, targets, self.dataloader, loss, self.optimizer, max_gradient_norm)
        last_path = "rust" if self.fast else f"numpy: {reason}"

    def epochs(self, count: int) -> list[np.float64]:
        """Run some epochs; return the mean of the batch losses of each."""
        if self.fast and count > 0:
            return self.fast.epochs(count, self.step)
        return [self.epoch() for _ in range(count)]

    def epoch(self) -> np.float64:
        return np.float64(np.mean([self.step(*batch) for batch in self.dataloader(self.inputs, self.targets)]))

    def step(self, inputs: Tensor, targets: Tensor) -> np.float64:
        """Make a step; return the loss of the batch before it."""
        y_hat = self.net.forward(inputs)
        value = self.loss.loss(y_hat, targets)
        self.net.backward(self.loss.grad(y_hat, targets))
        if self.max_gradient_norm is not None:
            self.optimizer.clip_gradients(self.net, max_norm=self.max_gradient_norm)
        self.optimizer.step(self.net)
        return value


def train(
    net: NeuralNetwork,
    inputs: Tensor,
    targets: Tensor,
    num_epochs: int = 1000,
    lr: float = 1e-3,
    dataloader: DataLoader | None = None,
    loss: Loss | None = None,
    optimizer: Optimizer | None = None,
    max_gradient_norm: float | None = None,
) -> list[np.float64]:
    """Train a network.

    Parameters
    ----------
    net
        The network, whose weights change in place.
    inputs, targets
        Shapes (samples, features) and (samples, outputs).
    num_epochs
        Number of passes over all samples.
    lr
        The learning rate, unless there is an ``optimizer``.
    dataloader
        Makes the batches; ``BatchIterator()`` by default.
    loss
        ``MSELoss()`` by default.
    optimizer
        ``SGD(lr)`` by default.
    max_gradient_norm
        The largest norm of the gradient of each layer; larger ones are scaled down.

    Returns
    -------
    list of numpy.float64
        For each epoch, the mean of the losses of its batches, each before its step. A short batch counts as
        much as the others. A loss that is infinite or NaN is returned as it is.
    """
    loss = MSELoss() if loss is None else loss
    return _Training(net, inputs, targets, lr, dataloader, loss, optimizer, max_gradient_norm).epochs(num_epochs)


def train_test_regression(
    net: NeuralNetwork,
    train_inputs: Tensor,
    train_targets: Tensor,
    test_inputs: Tensor,
    test_targets: Tensor,
    num_epochs: int = 1000,
    test_interval: int = 100,
    lr: float = 1e-3,
    dataloader: DataLoader | None = None,
    loss: Loss | None = None,
    optimizer: Optimizer | None = None,
    max_gradient_norm: float | None = None,
) -> tuple[list[np.float64], list[int], list[np.float64]]:
    """Train a network as :func:`train` does, and test it now and then.

    Parameters
    ----------
    test_inputs, test_targets
        All test samples, tested as one batch.
    test_interval
        Tests come after the epochs 0, ``test_interval``, 2 ``test_interval``, … and after the last one.

    Returns
    -------
    train losses, test epochs, test losses
    """
    loss = MSELoss() if loss is None else loss
    training = _Training(net, train_inputs, train_targets, lr, dataloader, loss, optimizer, max_gradient_norm)
    losses, epochs, tests = _train_and_test(training, test_inputs, test_targets, num_epochs, test_interval)
    return losses, epochs, [test for test, _ in tests]


def train_test_classification(
    net: NeuralNetwork,
    train_inputs: Tensor,
    train_targets: Tensor,
    test_inputs: Tensor,
    test_targets: Tensor,
    num_epochs: int = 1000,
    test_interval: int = 100,
    lr: float = 1e-3,
    dataloader: DataLoader | None = None,
    loss: Loss | None = None,
    optimizer: Optimizer | None = None,
    max_gradient_norm: float | None = None,
) -> tuple[list[np.float64], list[int], list[np.float64], list[np.float64]]:
    """Train and test a network as :func:`train_test_regression` does; the loss is ``CELoss()`` by default.

    Returns
    -------
    train losses, test epochs, test losses, test accuracies
    """
    loss = CELoss() if loss is None else loss
    training = _Training(net, train_inputs, train_targets, lr, dataloader, loss, optimizer, max_gradient_norm)
    losses, epochs, tests = _train_and_test(training, test_inputs, test_targets, num_epochs, test_interval)
    return losses, epochs, [test for test, _ in tests], [accuracy(y_hat, y) for _, (y_hat, y) in tests]


def _train_and_test(
    training: _Training, inputs: Tensor, targets: Tensor, num_epochs: int, test_interval: int
) -> tuple[list[np.float64], list[int], Sequence[tuple[np.float64, tuple[Tensor, Tensor]]]]:
    """Train, and test after some epochs: the loss, the outputs and the targets of each test."""
    x, y = next(iter(BatchIterator(-1, shuffle=False)(inputs, targets)))

    def test() -> tuple[np.float64, tuple[Tensor, Tensor]]:
        y_hat = training.net.forward(x)
        return training.loss.loss(y_hat, y), (y_hat, y)

    losses: list[np.float64] = []
    epochs: list[int] = []
    tests = []
    last = num_epochs - 1
    # after no epoch at all, the last one is -1
    for epoch in [*range(0, num_epochs, test_interval), *([last] if last % test_interval else [])]:
        losses += training.epochs(epoch + 1 - len(losses))
        epochs.append(epoch)
        tests.append(test())
    return losses, epochs, tests
