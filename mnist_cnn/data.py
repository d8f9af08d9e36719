"""MNIST as two tensors: download, verify, and serve the digits."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

__all__ = ["CLASSES", "IMAGE_SHAPE", "Digits", "data_root", "load_mnist"]

CLASSES = 10
IMAGE_SHAPE = (1, 28, 28)  # channels, height, width


class Digits(TensorDataset):
    """Images of digits with their labels, held in memory.

    images: (N, 1, 28, 28) float32 in [0, 1], ink is 1 and paper is 0.
    labels: (N,) int64, 0 to 9.
    source: "mnist", or "standin" for the offline replacement.

    ``digits[i]`` is ``(image, label)``. Raises ValueError for any other shape,
    dtype or range, and for an empty set.
    """

    def __init__(self, images: Tensor, labels: Tensor, source: str = "mnist"):
        check_images(images)
        if len(images) == 0:
            raise ValueError("expected at least one image, got an empty set")
        if labels.dtype != torch.int64 or labels.shape != (len(images),):
            raise ValueError(
                f"expected labels as int64 of shape ({len(images)},), one an image, "
                f"got {labels.dtype} of shape {tuple(labels.shape)}"
            )
        if labels.min() < 0 or labels.max() >= CLASSES:
            raise ValueError(
                f"expected labels 0 to {CLASSES - 1}, "
                f"got {labels.min().item()} to {labels.max().item()}"
            )
        if not (images.min() >= 0 and images.max() <= 1):  # also false for NaN
            raise ValueError(
                "expected pixels in [0, 1], got "
                f"{images.min().item():g} to {images.max().item():g}"
            )
        super().__init__(images, labels)
        self.images, self.labels, self.source = images, labels, source

    def __repr__(self) -> str:
        return f"Digits({len(self):,} images of 1x28x28, source={self.source!r})"

    def to(self, device: torch.device | str) -> Digits:
        """The same digits on another device; self where they are there already."""
        if self.images.device == torch.device(device):
            return self
        return Digits(self.images.to(device), self.labels.to(device), self.source)

    def first(self, count: int) -> Digits:
        """The first ``count`` digits, sharing memory with these."""
        return Digits(self.images[:count], self.labels[:count], self.source)


def check_images(images: Tensor) -> None:
    """Raise ValueError unless ``images`` is a float tensor (N, 1, 28, 28)."""
    if not isinstance(images, Tensor):
        raise ValueError(f"expected a tensor of images, got {type(images).__name__}")
    if images.shape[1:] != IMAGE_SHAPE or not images.is_floating_point():
        raise ValueError(
            "expected images as floats of shape (N, 1, 28, 28), "
            f"got {images.dtype} of shape {tuple(images.shape)}"
        )


def data_root() -> Path:
    """Where the data set lives unless told: $MNIST_CNN_DATA, or the user's cache."""
    if folder := os.environ.get("MNIST_CNN_DATA"):
        return Path(folder).expanduser()
    return platformdirs.user_cache_path("mnist_cnn")


def load_mnist(
    root: str | Path | None = None, source: str = "auto"
) -> tuple[Digits, Digits]:
    """Load the 60,000 training and 10,000 test digits, downloading them once.

    root: folder that holds, or will hold, ``MNIST/raw``; ``data_root()`` if None.
    source: "auto" or "mnist".

    Source: Y. LeCun, C. Cortes, C. Burges, the MNIST database of handwritten digits.
    """
    from torchvision.datasets import MNIST

    if source not in ("auto", "mnist"):
        raise ValueError(f'expected source "auto" or "mnist", got {source!r}')
    folder = Path(root) if root is not None else data_root()

    def read(train: bool) -> Digits:
        raw = MNIST(folder, train=train, download=True)
        images = raw.data.unsqueeze(1).float() / 255  # (N, 1, 28, 28)
        return Digits(images, raw.targets, "mnist")

    return read(train=True), read(train=False)
