"""What Rust calls after each epoch."""

from __future__ import annotations

from typing import Any


class Calls:
    """Prints progress, and calls scikit-learn's callbacks."""

    def __init__(self, estimator: Any, context: Any, data: dict[str, Any]) -> None:
        self.estimator, self.context, self.data = estimator, context, data
        self.epoch: Any = None
        if context is not None:
            context.call_on_fit_task_begin(estimator=estimator, **data)
            self._begin()

    @classmethod
    def of(cls, estimator: Any, X: Any, y: Any, sample_weight: Any) -> Calls | None:
        context = None
        if hasattr(estimator, "_skl_callbacks"):
            context = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        if context is None and not estimator.verbose:
            return None
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        return cls(estimator, context, {"X": X, "y": y, "metadata": metadata})

    def _begin(self) -> None:
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def __call__(self, number: int, loss: float, score: float | None, message: str, weights: Any) -> bool:
        if self.estimator.verbose:
            print(f"Iteration {number}, loss = {loss:.8f}")
            if score is not None:
                print(f"Validation score: {score:f}")
            if message:
                print(message)
        if self.context is None:
            return False
        stops = self.epoch.call_on_fit_task_end(
            estimator=self.estimator, reconstruction_attributes=_reconstruction(weights), **self.data
        )
        self.epoch = None
        if not stops and number < self.estimator.max_iter:
            self._begin()
        return bool(stops)

    def close(self) -> None:
        """End the fit, and an epoch that did not run."""
        if self.context is None:
            return
        if self.epoch is not None:
            self.epoch.call_on_fit_task_end(estimator=self.estimator)
        self.context.call_on_fit_task_end(estimator=self.estimator, reconstruction_attributes={}, **self.data)


def _reconstruction(weights: Any) -> dict[str, Any]:
    coefs, intercepts = weights
    return {"coefs_": coefs, "intercepts_": intercepts}
