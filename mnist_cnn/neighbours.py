"""Which training images are most like an image, to a network."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mnist_cnn.arguments import whole_number
from mnist_cnn.data import Digits, as_digits
from mnist_cnn.metrics import predict
from mnist_cnn.model import VGG

__all__ = ["Neighbours"]


class Neighbours:
    """The training images, by the numbers that the last layer of a network gets.

    Computes these features of ``train`` once, which takes long, and keeps them, and a
    copy of the network's layers: train it further, and make another ``Neighbours``.
    Raises ValueError for what is no ``VGG`` or no ``Digits``.
    Source: Y. Sun, Y. Ming, X. Zhu, Y. Li, arXiv:2204.06507.
    """

    def __init__(self, model: VGG, train: Digits):
        if not isinstance(model, VGG):
            raise ValueError(f"expected a VGG, got {type(model).__name__}")
        self.body = nn.Sequential(copy.deepcopy(model.features), nn.Flatten())
        self.known = self.features(as_digits(train).images)  # (M, F)

    def features(self, images: Tensor) -> Tensor:
        """Those of images (N, 1, 28, 28), scaled to length 1: (N, F)."""
        return F.normalize(predict(self.body, images))

    def find(self, images: Tensor, k: int = 5) -> tuple[Tensor, Tensor]:
        """The k training images most like each of ``images``, (N, 1, 28, 28).

        Returns similarities (N, k), the cosines between the features, at most 1 and
        falling, and indices (N, k) into ``train``.
        """
        k = whole_number("k", k)
        if k > len(self.known):
            raise ValueError(f"expected k of at most {len(self.known)}, got {k}")
        # In parts, or 10,000 x 60,000 similarities would take 2.4 GB
        parts = self.features(images).split(250)
        best = [(part @ self.known.T).topk(k) for part in parts]
        similarities, indices = (torch.cat(both) for both in zip(*best, strict=True))
        return similarities.clamp(max=1), indices  # rounding may lead beyond
