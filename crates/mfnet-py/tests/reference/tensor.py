"""The array type."""

import numpy as np

Tensor = np.ndarray


def tensor(data, **kwargs):
    """A float64 array of anything NumPy takes."""
    return np.array(data, dtype=np.float64, **kwargs)
