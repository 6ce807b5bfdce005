"""What the two PyTorch peers share: the data and first weights as tensors, and the forward pass.

The functions of `torch.nn.functional` are used instead of modules because calling a module costs some microseconds.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

import data
from works import Work

#: Work so small that waking a second thread costs more than it computes.
ONE_THREAD_IS_FASTER = ("C", "EC")


def set_threads(work: Work, threads: int) -> None:
    """The threads that may be used, or one if that is faster."""
    torch.set_num_threads(1 if work.name in ONE_THREAD_IS_FASTER else threads)


def samples(work: Work, dtype: str) -> tuple[Tensor, Tensor]:
    """Inputs and targets."""
    inputs, targets = data.samples(work, dtype)
    return torch.from_numpy(inputs), torch.from_numpy(targets)


def weights(work: Work, dtype: str) -> list[Tensor]:
    """W (out, in) and b (out) of each layer in turn."""
    layers = data.weights(work, dtype)
    return [torch.from_numpy(p) for w, b in layers for p in (w.T.copy(), b)]


def one_sample(work: Work, dtype: str) -> Tensor:
    """An input to predict."""
    return torch.from_numpy(data.one_sample(work, dtype))


def forward(weights: list[Tensor], x: Tensor) -> Tensor:
    """The output of the network."""
    *hidden, w, b = weights
    for i in range(0, len(hidden), 2):
        x = F.linear(x, hidden[i], hidden[i + 1]).relu_()
    return F.linear(x, w, b)


def mean_loss(work: Work, outputs: Tensor, targets: Tensor) -> Tensor:
    """The loss of a batch."""
    return F.cross_entropy(outputs, targets) if work.classifies else F.mse_loss(outputs, targets)
