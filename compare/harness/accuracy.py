"""`compare/run accuracy`: seconds from the start of the process until a model is saved that is good enough."""

import argparse
import json
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from harness import environment, machine
from harness.environment import RESULTS, say
from harness.fits import DATA, Contestant, fit
from harness.program import Mfnet


@dataclass(frozen=True)
class Goal:
    """A score on the test rows, and how each library comes to it soonest, as far as validation rows showed."""

    data: str
    score: float
    contestants: tuple[Contestant, ...]

    def is_reached(self, score: float) -> bool:
        """Accuracy is to be large, an error small."""
        return score >= self.score if self.data == "mnist" else score <= self.score


def mfnet(hidden: str, rate: float, batch: int, epochs: int) -> Contestant:
    """mfnet with AdamW, decay 0.1 and one cycle, as it is by itself."""
    options = ("--hidden", hidden, "--learning-rate", rate, "--batch-size", batch, "--epochs", epochs, "--dtype", "f32")
    return Contestant("mfnet", "mfnet", (*options, "--weight-decay", 0.1, "--schedule", "one-cycle"))


def torch(hidden: list[int], rate: float, batch: int, epochs: int, scale: str = "standard") -> Contestant:
    """PyTorch with the same."""
    settings = {"hidden": hidden, "learning_rate": rate, "weight_decay": 0.1, "batch": batch, "epochs": epochs, "scale": scale}
    return Contestant("PyTorch", "torch", settings=settings)


def mlp(hidden: list[int], rate: float, batch: int, epochs: int, scale: str = "standard") -> Contestant:
    """scikit-learn's network."""
    settings = {"hidden": hidden, "learning_rate": rate, "weight_decay": 0.0001, "batch": batch, "epochs": epochs, "scale": scale}
    return Contestant("scikit-learn", "mlp", settings=settings)
