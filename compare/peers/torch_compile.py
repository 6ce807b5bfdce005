"""PyTorch, compiled.

Best settings: gather, forward, loss, backward (`torch.func.grad_and_value`) and update are one graph, so that autograd does not run at
all; several steps of a small network are one call; calls go through the C++ wrapper. One sample is predicted by TorchScript, frozen, which is
faster than eager, where `torch.compile` is slower, with and without `freezing`.
"""

import torch
import torch._inductor.config as inductor

from protocol import serve
from torch_network import forward, mean_loss, one_sample, samples, set_threads, weights
from works import LEARNING_RATE, Work

#: Steps that are compiled into one call; more would take longer to compile than anyone waits.
STEPS_OF_A_CALL = {"C": 12, "D": 4}


def prepare(work: Work, dtype: str, threads: int):
    set_threads(work, threads)
    inductor.cpp_wrapper = True
    parameters = weights(work, dtype)
    return prediction(work, dtype, parameters) if work.predicts else training(work, dtype, parameters)


def prediction(work: Work, dtype: str, parameters: list[torch.Tensor]):
    x = one_sample(work, dtype)
    layers = []
    for w, b in zip(parameters[::2], parameters[1::2]):
        linear = torch.nn.Linear(*w.T.shape, dtype=w.dtype)
        linear.weight.data, linear.bias.data = w, b
        layers += [linear, torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1]).eval()
    compiled = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, x)))
    return torch.inference_mode()(lambda: compiled(x))


def training(work: Work, dtype: str, parameters: list[torch.Tensor]):
    inputs, targets = samples(work, dtype)

    def steps(parameters, inputs, targets, orders, sum_of_losses):
        """A step for each row of `orders`, the numbers of its samples."""
        for chosen in orders:
            x, y = inputs.index_select(0, chosen), targets.index_select(0, chosen)
            loss_of = lambda parameters: mean_loss(work, forward(parameters, x), y)
            gradients, loss = torch.func.grad_and_value(loss_of)(parameters)
            for parameter, gradient in zip(parameters, gradients):
                parameter.sub_(gradient, alpha=LEARNING_RATE)
            sum_of_losses.add_(loss, alpha=len(chosen))

    compiled = torch.compile(steps, dynamic=False)
    samples_of_a_call = work.batch * STEPS_OF_A_CALL.get(work.name, 1)

    @torch.no_grad()
    def epoch() -> float:
        sum_of_losses = torch.zeros((), dtype=inputs.dtype)
        for part in torch.randperm(work.samples).split(samples_of_a_call):
            whole = len(part) // work.batch * work.batch
            for orders in (part[:whole].view(-1, work.batch), part[whole:].view(1, -1)):
                if orders.numel():
                    compiled(parameters, inputs, targets, orders, sum_of_losses)
        return sum_of_losses.item() / work.samples

    return epoch


if __name__ == "__main__":
    serve(f"torch {torch.__version__}", prepare)
