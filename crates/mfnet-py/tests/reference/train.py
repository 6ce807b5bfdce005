"""The training loops."""

import numpy as np

from .dataloader import BatchIterator, with_ones
from .loss import CELoss, MSELoss
from .optimizer import SGD
from .trainutils import accuracy


def _epochs(net, inputs, targets, num_epochs, dataloader, loss, optimizer, max_gradient_norm):
    """Yields the mean batch loss after each epoch."""
    for _ in range(num_epochs):
        losses = []
        for batch in dataloader(inputs, targets):
            predictions = net.forward(batch.inputs)
            losses.append(loss.loss(predictions, batch.targets))
            net.backward(loss.grad(predictions, batch.targets))
            if max_gradient_norm is not None:
                optimizer.clip_gradients(net, max_norm=max_gradient_norm)
            optimizer.step(net)
        yield np.mean(losses)


def train(net, inputs, targets, num_epochs=1000, lr=1e-3, dataloader=None, loss=None,
          optimizer=None, max_gradient_norm=None):  # fmt: skip
    dataloader = BatchIterator() if dataloader is None else dataloader
    loss = MSELoss() if loss is None else loss
    optimizer = SGD(lr) if optimizer is None else optimizer
    return list(_epochs(net, inputs, targets, num_epochs, dataloader, loss, optimizer, max_gradient_norm))


def train_test_regression(net, train_inputs, train_targets, test_inputs, test_targets,
                          num_epochs=1000, test_interval=100, lr=1e-3, dataloader=None, loss=None,
                          optimizer=None, max_gradient_norm=None):  # fmt: skip
    loss = MSELoss() if loss is None else loss
    return train_test_classification(
        net, train_inputs, train_targets, test_inputs, test_targets, num_epochs, test_interval,
        lr, dataloader, loss, optimizer, max_gradient_norm,
    )[:3]  # fmt: skip


def train_test_classification(net, train_inputs, train_targets, test_inputs, test_targets,
                              num_epochs=1000, test_interval=100, lr=1e-3, dataloader=None,
                              loss=None, optimizer=None, max_gradient_norm=None):  # fmt: skip
    dataloader = BatchIterator() if dataloader is None else dataloader
    loss = CELoss() if loss is None else loss
    optimizer = SGD(lr) if optimizer is None else optimizer
    train_losses, test_epochs, test_losses, accuracies = [], [], [], []

    def test(epoch):
        predictions, targets = net.forward(with_ones(test_inputs)), with_ones(test_targets)
        test_epochs.append(epoch)
        test_losses.append(loss.loss(predictions, targets))
        accuracies.append(accuracy(predictions, targets))

    epochs = _epochs(
        net, train_inputs, train_targets, num_epochs, dataloader, loss, optimizer,
        max_gradient_norm,
    )  # fmt: skip
    for epoch, epoch_loss in enumerate(epochs):
        train_losses.append(epoch_loss)
        if epoch % test_interval == 0:
            test(epoch)
    if (num_epochs - 1) % test_interval != 0:
        test(num_epochs - 1)
    return train_losses, test_epochs, test_losses, accuracies
