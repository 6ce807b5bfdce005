"""``MLPClassifier`` and ``MLPRegressor``: scikit-learn's estimators, trained in Rust.

Change ``from sklearn.neural_network import MLPClassifier`` into ``from mfnet.sklearn import MLPClassifier``.
Parameters, defaults and attributes are those of scikit-learn 1.9, and the same ``random_state`` gives the same initial
weights and the same batches. Parameters that only mfnet has come last, by keyword.

What differs from scikit-learn:

* Two classes have two outputs and softmax, not one output and a sigmoid. A network whose ``coefs_`` end with one output
  goes on with one.
* The log loss is computed from logits, so it has no largest value.
* Weights may not be negative.
* ``coefs_`` and ``intercepts_`` are read-only arrays. Assign new ones to change them.
* After Ctrl-C, ``fit`` keeps the weights so far and raises ``KeyboardInterrupt``.
* With ``solver="lbfgs"``, 32-bit inputs give 32-bit weights; the solver itself computes in 64 bits.
* Predictions have the type of the weights, whatever the type of the rows.
* Text as targets of ``MLPRegressor`` is a ``ValueError``.
* ``MLPClassifier`` has a ``decision_function``.
* A ``RandomState`` of another generator than MT19937 draws the seed of one.
"""

try:
    import sklearn  # noqa: F401
except ImportError as error:
    raise ImportError("mfnet.sklearn needs scikit-learn: pip install 'mfnet[sklearn]'") from error

from ._classifier import MLPClassifier
from ._regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
