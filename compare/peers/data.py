"""Synthetic samples and first weights, the same for every Python peer; what they are changes no time."""

import numpy as np

from works import Work

#: Mean and standard deviation of uniform bytes: pixels are brought to mean 0 and standard deviation 1.
PIXEL_MEAN, PIXEL_DEVIATION = 127.5, 73.9


def numbers(dtype: str) -> type:
    """NumPy's type for `f32` or `f64`."""
    return {"f32": np.float32, "f64": np.float64}[dtype]


def samples(work: Work, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (samples, features) and targets: labels (samples) of ten classes, or values (samples, 1)."""
    if work.classifies:
        pixels, labels = pixels_as_bytes(work)
        # in place, so that the peak of memory is that of training
        inputs = pixels.astype(numbers(dtype))
        inputs -= PIXEL_MEAN
        inputs /= PIXEL_DEVIATION
        return inputs, labels
    rng = np.random.default_rng(1)
    inputs = rng.standard_normal((work.samples, work.layers[0])).astype(numbers(dtype))
    return inputs, inputs[:, :1] * inputs[:, 1:2]


def pixels_as_bytes(work: Work) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (samples, features) as they lie in MNIST's files, and labels (samples)."""
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (work.samples, work.layers[0]), dtype=np.uint8)
    return pixels, np.arange(work.samples) % 10


def one_sample(work: Work, dtype: str) -> np.ndarray:
    """An input (1, features) to predict."""
    return np.random.default_rng(1).standard_normal((1, work.layers[0])).astype(numbers(dtype))


def weights(work: Work, dtype: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """W (in, out) and b (out) of each layer, uniform between ±1/√in as PyTorch's `Linear` begins."""
    rng = np.random.default_rng(0)
    layers = []
    for inputs, outputs in zip(work.layers, work.layers[1:]):
        bound = inputs**-0.5
        w = rng.uniform(-bound, bound, (inputs, outputs)).astype(numbers(dtype))
        layers.append((w, rng.uniform(-bound, bound, outputs).astype(numbers(dtype))))
    return layers
