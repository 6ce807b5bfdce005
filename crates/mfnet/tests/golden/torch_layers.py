"""Writes torch_layers.json: what PyTorch makes of networks with each of mfnet's layers in float64, for tests/layers.rs.

    python torch_layers.py        # needs torch; the versions that made the file stand in its "made_by"

Each case is trained for 50 steps: 25 epochs of two batches of 6 samples, in their order. Here a sample is a row. Dropout
draws its mask as mfnet does, which is written out below; everything else is PyTorch's own.
"""

import json
import pathlib
import platform

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

SEED, EPOCHS, BATCH, SAMPLES = 7, 25, 6, 12
M64 = (1 << 64) - 1


def split_mix(x):
    """SplitMix64 (Steele, Lea, Flood 2014)."""
    x = (x + 0x9E3779B97F4A7C15) & M64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & M64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & M64
    return x ^ (x >> 31)


def philox(key, high, low):
    """Philox4x32-10 (Salmon et al. 2011): four words for two numbers."""
    x = [low & 0xFFFFFFFF, low >> 32, high & 0xFFFFFFFF, high >> 32]
    key = [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        a, b = x[0] * 0xD2511F53, x[2] * 0xCD9E8D57
        x = [(b >> 32) ^ x[1] ^ key[0], b & 0xFFFFFFFF, (a >> 32) ^ x[3] ^ key[1], a & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return x


class Place:
    """Where a training is, from which random numbers follow."""

    epoch, step = 1, 1


def mask(p, layer, shape):
    """1 where a unit stays: a unit's number of 16 bits is no less than p of 65536."""
    key = 0
    for number in (SEED, Place.epoch, Place.step, layer, 5):
        key = split_mix(key ^ number)
    keep = torch.zeros(shape)
    for sample in range(shape[0]):
        for unit in range(shape[1]):
            block, within = divmod(unit, 64)
            word, rest = divmod(within, 16)
            half, counter = divmod(rest, 8)
            number = philox(key, sample, 8 * block + counter)[word] >> 16 * half & 0xFFFF
            keep[sample, unit] = number >= round(p * 65536)
    return keep


class Dropout(nn.Module):
    def __init__(self, p, layer):
        super().__init__()
        self.p, self.layer = p, layer

    def forward(self, x):
        return x * mask(self.p, self.layer, x.shape) / (1 - self.p) if self.training else x


class AlphaDropout(nn.Module):
    """torch.nn.functional.alpha_dropout, written out."""

    def __init__(self, p, layer):
        super().__init__()
        self.p, self.layer = p, layer

    def forward(self, x):
        if not self.training:
            return x
        alpha, keep = -1.7580993408473766, mask(self.p, self.layer, x.shape)
        a = ((1 - self.p) * (1 + self.p * alpha**2)) ** -0.5
        return a * (x * keep + alpha * (1 - keep)) - a * alpha * self.p


class Scale(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(features))

    def forward(self, x):
        return self.weight * x


class Embedding(nn.Module):
    """nn.Embedding of the level that is 1, and no vector where none is."""

    def __init__(self, first, levels, size):
        super().__init__()
        self.first, self.end, self.weight = first, first + levels, nn.Parameter(torch.randn(size, levels))

    def forward(self, x):
        one_hot = x[:, self.first : self.end]
        vectors = nn.functional.embedding(one_hot.argmax(1), self.weight.T) * one_hot.sum(1, keepdim=True)
        return torch.cat([x[:, : self.first], vectors, x[:, self.end :]], 1)


class Parametric(nn.Module):
    def __init__(self, features, f):
        super().__init__()
        self.weight, self.f = nn.Parameter(torch.ones(features)), f

    def forward(self, z):
        return z + self.weight * (self.f(z) - z)


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.f = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.f(x)


ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU, "silu": nn.SiLU, "selu": nn.SELU}


class Builder:
    """Modules for the layers of a recipe."""

    def __init__(self, features):
        self.features, self.leaf, self.leaves = features, 0, []

    def module(self, spec):
        kind, features = spec["kind"], self.features
        if kind == "residual":
            return Residual(*[self.module(layer) for layer in spec["layers"]])
        self.leaves.append(self.leaf_module(spec, features))
        return self.leaves[-1]

    def leaf_module(self, spec, features):
        kind, leaf = spec["kind"], self.leaf
        self.leaf += 1
        if kind == "linear":
            self.features = spec["outputs"]
            return nn.Linear(features, spec["outputs"])
        if kind == "embedding":
            self.features += spec["size"] - spec["levels"]
            return Embedding(spec["first"], spec["levels"], spec["size"])
        makers = {
            "activation": lambda: ACTIVATIONS[spec["function"]](),
            "dropout": lambda: Dropout(spec["p"], leaf),
            "alpha-dropout": lambda: AlphaDropout(spec["p"], leaf),
            "batch-norm": lambda: nn.BatchNorm1d(features, eps=spec.get("epsilon", 1e-5), momentum=spec.get("momentum", 0.1)),
            "layer-norm": lambda: nn.LayerNorm(features, eps=spec.get("epsilon", 1e-5)),
            "scale": lambda: Scale(features),
            "parametric": lambda: Parametric(features, ACTIVATIONS[spec["function"]]()),
            "prelu": lambda: nn.PReLU(features, init=spec.get("slope", 0.25)),
        }
        return makers[kind]()


def linear(outputs):
    return {"kind": "linear", "outputs": outputs}


def activation(function):
    return {"kind": "activation", "function": function}


def hidden(*after):
    return [linear(6), *after, linear(3)]


RELU, TANH = activation("relu"), activation("tanh")
CASES = {
    "batch norm": hidden({"kind": "batch-norm"}, RELU),
    "batch norm of other numbers": hidden(TANH, {"kind": "batch-norm", "epsilon": 0.01, "momentum": 0.3}),
    "batch norm first and last": [{"kind": "batch-norm"}, linear(3), {"kind": "batch-norm"}],
    "layer norm": hidden({"kind": "layer-norm"}, TANH),
    "layer norm first, of more than a panel": [{"kind": "layer-norm", "epsilon": 1e-3}, linear(70), RELU, {"kind": "layer-norm"}, linear(3)],
    "dropout after relu": hidden(RELU, {"kind": "dropout", "p": 0.3}),
    "dropout after tanh, first and last": [{"kind": "dropout", "p": 0.1}, *hidden(TANH, {"kind": "dropout", "p": 0.5}), {"kind": "dropout", "p": 0.2}],
    "dropout of more than a panel": [linear(70), RELU, {"kind": "dropout", "p": 0.25}, linear(3)],
    "dropout after gelu": hidden(activation("gelu"), {"kind": "dropout", "p": 0.3}),
    "dropout after silu and relu in a residual": [
        linear(6),
        {"kind": "residual", "layers": [activation("silu"), linear(6), activation("silu"), {"kind": "dropout", "p": 0.2}]},
        {"kind": "residual", "layers": [linear(6), RELU, {"kind": "dropout", "p": 0.2}]},
        linear(3),
        RELU,
        {"kind": "dropout", "p": 0.1},
    ],
    "alpha dropout": hidden(TANH, {"kind": "alpha-dropout", "p": 0.2}),
    "alpha dropout after selu": hidden(activation("selu"), {"kind": "alpha-dropout", "p": 0.1}),
    "activations in a row, then dropout": [linear(6), RELU, TANH, activation("gelu"), {"kind": "dropout", "p": 0.2}, linear(3), TANH, RELU],
    "relu after a residual": [
        linear(6),
        {"kind": "residual", "layers": [TANH, linear(6)]},
        RELU,
        {"kind": "residual", "layers": [linear(6), RELU]},
        activation("silu"),
        {"kind": "dropout", "p": 0.2},
        linear(3),
    ],
    "layer norm, gelu and dropout": hidden({"kind": "layer-norm"}, activation("gelu"), {"kind": "dropout", "p": 0.3}),
    "scale": [{"kind": "scale"}, *hidden({"kind": "scale"}, TANH)],
    "prelu": hidden({"kind": "prelu"}),
    "prelu from another slope, first": [{"kind": "prelu", "slope": -0.5}, linear(3)],
    "parametric relu": hidden({"kind": "parametric", "function": "relu"}),
    "parametric gelu, first and wide": [{"kind": "parametric", "function": "gelu"}, linear(70), {"kind": "parametric", "function": "silu"}, linear(3)],
    "embedding": [{"kind": "embedding", "first": 1, "levels": 3, "size": 2}, *hidden(TANH)],
    "groups, embedding": [
        {"kind": "embedding", "first": 1, "levels": 3, "size": 2},
        *hidden({"kind": "layer-norm"}, {"kind": "prelu"}, {"kind": "residual", "layers": [TANH, linear(6)]}),
    ],
    "residual": hidden({"kind": "residual", "layers": [linear(6), RELU, linear(6)]}),
    "residual of everything": [
        {"kind": "scale"},
        linear(6),
        {"kind": "residual", "layers": [{"kind": "batch-norm"}, RELU, {"kind": "dropout", "p": 0.2}, linear(6)]},
        {"kind": "residual", "layers": [{"kind": "layer-norm"}, {"kind": "prelu"}]},
        linear(3),
    ],
}


GROUPS = [
    {"layer": 0, "rate": 0.5},
    {"kind": "biases", "rate": 2.0, "decay": 1.0},
    {"kind": "scales", "decay": 0.5},
    {"layer": 5, "kind": "weights", "decay": 3.0},
    {"kind": "embeddings", "rate": 0.25},
]


def kind_of(module, name):
    if name == "bias":
        return "biases"
    return {nn.Linear: "weights", Embedding: "embeddings"}.get(type(module), "scales")


def optimizer(settings, leaves):
    """A group for each parameter. Without groups of mfnet's, biases, norms, scales and slopes have no decay."""
    groups = []
    for layer, module in enumerate(leaves):
        for name, parameter in module.named_parameters(recurse=False):
            kind = kind_of(module, name)
            rate, decay = settings["learning_rate"], 0.0 if kind in ("biases", "scales") else 1.0
            for group in settings["groups"]:
                if group.get("layer", layer) == layer and group.get("kind", kind) == kind:
                    rate, decay = rate * group.get("rate", 1.0), group.get("decay", decay)
            groups.append({"params": [parameter], "lr": rate, "weight_decay": settings["weight_decay"] * decay})
    if settings["rule"] == "sgd":
        return torch.optim.SGD(groups, lr=settings["learning_rate"], momentum=0.9)
    return torch.optim.AdamW(groups, lr=settings["learning_rate"])


def state(net):
    return {name: tensor.tolist() for name, tensor in net.state_dict().items()}


def case(name, layers):
    torch.manual_seed(len(name))
    builder = Builder(5)
    net = nn.Sequential(*[builder.module(layer) for layer in layers])
    x, y = torch.randn(SAMPLES, 5), torch.randn(SAMPLES, 3)
    if "embedding" in name:
        # two samples have no level
        x[:, 1:4] = torch.eye(4)[torch.arange(SAMPLES) % 4][:, :3]
    settings = {"rule": "sgd", "learning_rate": 0.02, "weight_decay": 0.01}
    # a bias before a batch norm has no gradient but rounding, of which AdamW makes whole steps
    if len(name) % 2 and "batch norm" not in name:
        settings = {"rule": "adamw", "learning_rate": 0.01, "weight_decay": 0.1}
    settings["groups"] = GROUPS if name.startswith("groups") else []
    moves, before, losses = optimizer(settings, builder.leaves), state(net), []
    net.train()
    for Place.epoch in range(1, EPOCHS + 1):
        of_epoch = []
        for Place.step, (x_part, y_part) in enumerate(zip(x.split(BATCH), y.split(BATCH)), 1):
            loss = nn.functional.mse_loss(net(x_part), y_part)
            moves.zero_grad()
            loss.backward()
            moves.step()
            of_epoch.append(loss.item())
        losses.append(sum(of_epoch) / len(of_epoch))
    net.eval()
    return {"name": name, "layers": layers, "x": x.tolist(), "y": y.tolist(), "optimizer": settings, "before": before,
            "losses": losses, "after": state(net), "predicted": net(x).tolist()}


made_by = f"Python {platform.python_version()}, PyTorch {torch.__version__}"
golden = {"made_by": made_by, "seed": SEED, "batch": BATCH, "cases": [case(*item) for item in CASES.items()]}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, indent=1) + "\n")
