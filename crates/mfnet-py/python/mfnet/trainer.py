"""Whole trainings of a network: the loop of :mod:`mfnet.engine`, in Rust."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from ._epochs import Callback, arrays, watched
from .engine import Data, Loss, Network, Optimizer


class Trainer:
    """Train networks: batch after batch, epoch after epoch.

    The numbers are those of a loop of one's own with the same seed, to the last bit. ``Trainer`` of the library for
    Rust, with the same defaults.

    Parameters
    ----------
    loss
        The loss, or its name.
    optimizer
        The rule. Each fit begins without a state, and its schedule has the length of the fit.
    epochs, batch_size
        Number of epochs, and of samples in a batch; the last batch of an epoch may be smaller.
    shuffle, seed
        Whether the samples have another order in each epoch; the seed decides it, and the random numbers of layers.
    early_stopping
        Stop when the validation loss, or the metric of ``monitor``, has not improved for so many epochs.
    min_delta
        The least improvement that counts for ``early_stopping``.
    monitor
        ``"loss"``, or a metric of the validation samples: ``"accuracy"``, ``"roc-auc"``, ``"rmse"``, … as
        ``mfnet train --monitor`` has them.
    tol, n_iter_no_change
        Stop when the training loss of more than ``n_iter_no_change`` epochs in a row is not lower than the lowest one
        before by ``tol``, as scikit-learn's MLP; it needs no validation samples. Without ``tol`` it does not stop.
    average
        Average the weights: ``"ema:0.999"`` or ``"swa:0.75"``, as ``mfnet train --average`` has it.
    mixup
        Train on mixtures of two samples; the parameter of their distribution, 0 for none.

    Examples
    --------
    >>> import numpy as np, mfnet
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(300, 2))
    >>> y = (x[:, 0] > x[:, 1]).astype(int)
    >>> net = mfnet.Network(2, [16, "relu", 2])
    >>> trainer = mfnet.Trainer("cross-entropy", mfnet.Optimizer("adamw", 1e-2), epochs=20)
    >>> history = trainer.fit(net, mfnet.Data(x[:200], y[:200]), mfnet.Data(x[200:], y[200:]), progress=False)
    >>> bool(history["validation_accuracy"].max() > 0.9)
    True
    """

    def __init__(
        self,
        loss: Loss | str,
        optimizer: Optimizer,
        *,
        epochs: int = 100,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int = 0,
        early_stopping: int | None = None,
        min_delta: float = 0.0,
        monitor: str = "loss",
        tol: float | None = None,
        n_iter_no_change: int = 10,
        average: str | None = None,
        mixup: float = 0.0,
    ) -> None:
        self.loss = Loss(loss) if isinstance(loss, str) else loss
        self.optimizer = optimizer
        self._settings: dict[str, Any] = {
            "epochs": epochs,
            "batch_size": batch_size,
            "shuffle": shuffle,
            "seed": seed,
            "early_stopping": early_stopping,
            "min_delta": min_delta,
            "monitor": monitor,
            "tol": tol,
            "n_iter_no_change": n_iter_no_change,
            "average": average,
            "mixup": mixup,
        }

    def fit(
        self,
        net: Network,
        data: Data,
        validation: Data | None = None,
        *,
        callbacks: Callback | Iterable[Callback] = (),
        progress: bool | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Train a network in place.

        Parameters
        ----------
        net
            The network. With validation samples it ends with the weights of its best epoch, otherwise with the last.
        data
            The training samples.
        validation
            Samples for the loss and the metric after each epoch.
        callbacks
            Functions that are called after each epoch with its results, a dictionary: ``epoch``, ``loss``,
            ``validation_loss``, ``validation_accuracy``, ``validation_score``, ``seconds``. Then ``net`` has the
            current weights. The training ends if one returns something true.
        progress
            Whether to show the progress; by default in terminals and notebooks.

        Returns
        -------
        dict of ndarray
            For each epoch its results.

        Raises
        ------
        ValueError
            For settings or data that do not fit.
        mfnet.DivergedError
            If numbers became infinite or NaN; the network has the last good weights.
        KeyboardInterrupt
            After Ctrl-C. After this, and after an exception of a callback, the network has the weights so far.
        """
        with watched(callbacks, progress, self._settings["epochs"]) as on_epoch:
            records, error = net._core.train(
                data._core,
                None if validation is None else validation._core,
                self.loss._core,
                self.optimizer._fresh(net),
                self._settings,
                on_epoch,
            )
        if error is not None:
            raise error
        return arrays(records)
