"""Gradient descent."""

from abc import ABC, abstractmethod

import numpy as np


class Optimizer(ABC):
    def __init__(self, learning_rate=1e-3):
        self.learning_rate = learning_rate

    @abstractmethod
    def step(self, net): ...

    @staticmethod
    def clip_gradients(net, max_norm=1.0):
        for _, dw in net.weights_and_dJ_dws():
            norm = np.linalg.norm(dw)
            if norm > max_norm:
                dw *= max_norm / norm


class SGD(Optimizer):
    def step(self, net):
        for w, dw in net.weights_and_dJ_dws():
            w -= self.learning_rate * dw
