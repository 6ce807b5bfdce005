"""PyTorch, eager.

Best settings: gradients by `torch.autograd.grad` and the update of all parameters by one `torch._foreach_add_`, which is what
`torch.optim.SGD(foreach=True)` calls, without what it does around it; batches by `index_select`, for C by one gather an epoch.
"""

import torch

from protocol import serve
from torch_network import forward, mean_loss, one_sample, samples, set_threads, weights
from works import LEARNING_RATE, Work

#: Work whose samples are so small that gathering all at once is faster than a call for every batch.
GATHERED_AT_ONCE = ("B", "C")


def prepare(work: Work, dtype: str, threads: int):
    set_threads(work, threads)
    parameters = weights(work, dtype)
    if work.predicts:
        x = one_sample(work, dtype)
        predict = torch.inference_mode()(lambda: forward(parameters, x))
        return predict
    inputs, targets = samples(work, dtype)
    for parameter in parameters:
        parameter.requires_grad_()

    def batches():
        order = torch.randperm(work.samples)
        if work.name in GATHERED_AT_ONCE:
            pairs = zip(inputs.index_select(0, order).split(work.batch), targets.index_select(0, order).split(work.batch))
            yield from pairs
        else:
            for chosen in order.split(work.batch):
                yield inputs.index_select(0, chosen), targets.index_select(0, chosen)

    def epoch() -> float:
        sum_of_losses = torch.zeros((), dtype=inputs.dtype)
        for x, y in batches():
            loss = mean_loss(work, forward(parameters, x), y)
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                torch._foreach_add_(parameters, gradients, alpha=-LEARNING_RATE)
            sum_of_losses.add_(loss.detach(), alpha=len(x))
        return sum_of_losses.item() / work.samples

    return epoch


if __name__ == "__main__":
    serve(f"torch {torch.__version__}", prepare)
