"""The data type of everything: a NumPy array of 64-bit numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

#: The array type, for annotations.
Tensor = np.ndarray


def tensor(data: ArrayLike, **keywords: Any) -> Tensor:
    """Make a ``float64`` array.

    Parameters
    ----------
    data
        Numbers in any form that NumPy takes, of any shape.
    **keywords
        As of :func:`numpy.array`.
    """
    return np.array(data, dtype=np.float64, **keywords)
