"""The digits as tensors: MNIST itself or, where it cannot be had, a stand-in."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

import platformdirs
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from mnist_cnn.arguments import shorten, whole_number

__all__ = [
    "CLASSES",
    "IMAGE_SHAPE",
    "Digits",
    "StandinWarning",
    "data_root",
    "load_mnist",
]

CLASSES = 10
IMAGE_SHAPE = (1, 28, 28)  # channels, height, width
SOURCES = ("auto", "mnist", "standin")


class StandinWarning(UserWarning):
    """The digits are not MNIST."""


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
        if not isinstance(labels, Tensor):
            raise ValueError(
                f"expected a tensor of labels, got {type(labels).__name__}"
            )
        if labels.dtype != torch.int64 or labels.shape != (len(images),):
            raise ValueError(
                f"expected labels as int64 of shape ({len(images)},), one an image, "
                f"got {labels.dtype} of shape {tuple(labels.shape)}"
            )
        if labels.device != images.device:
            raise ValueError(
                f"expected images and labels on one device, got {images.device} "
                f"and {labels.device}"
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
        images, labels = self.images.to(device), self.labels.to(device)
        if images is self.images:
            return self
        return Digits(images, labels, self.source)

    def first(self, count: int) -> Digits:
        """The first ``count`` digits, sharing memory with these."""
        count = whole_number("count", count)
        return Digits(self.images[:count], self.labels[:count], self.source)


def check_images(images: Tensor) -> None:
    """Raise ValueError unless ``images`` is a float32 tensor (N, 1, 28, 28)."""
    if not isinstance(images, Tensor):
        raise ValueError(f"expected a tensor of images, got {type(images).__name__}")
    if images.shape[1:] != IMAGE_SHAPE or images.dtype != torch.float32:
        raise ValueError(
            "expected images as float32 of shape (N, 1, 28, 28), "
            f"got {images.dtype} of shape {tuple(images.shape)}"
        )


def check_digits(digits: object) -> None:
    """Raise ValueError unless these are ``Digits``."""
    if not isinstance(digits, Digits):
        raise ValueError(f"expected Digits, as of load_mnist, got {shorten(digits)}")


def data_root() -> Path:
    """Where the data set lives unless told: $MNIST_CNN_DATA, or the user's cache.

    Without a usable home folder, a folder among the system's temporary files.
    """
    if folder := os.environ.get("MNIST_CNN_DATA"):
        return Path(folder).expanduser()
    cache = platformdirs.user_cache_path("mnist_cnn")
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir()) / "mnist_cnn"
    return cache


def load_mnist(
    root: str | Path | None = None, source: str = "auto"
) -> tuple[Digits, Digits]:
    """Load the 60,000 training and 10,000 test digits, downloading them once.

    root: folder that holds, or will hold, ``MNIST/raw``; ``data_root()`` if None.
    source: "mnist"; "standin", a replacement made from other handwriting; or "auto",
    MNIST if it is on disk or can be downloaded, else the stand-in and a warning.

    Every pixel is checked against known sums each time. Raises
    ``mnist_cnn.sources.mnist.Unavailable``, a RuntimeError, when "mnist" cannot be had.
    Source: Y. LeCun, C. Cortes, C. Burges, the MNIST database of handwritten digits.
    """
    from mnist_cnn.sources.mnist import Unavailable, obtain
    from mnist_cnn.sources.standin import make_standin

    if source not in SOURCES:
        raise ValueError(
            f'expected source to be "auto", "mnist" or "standin", got {source!r}'
        )
    tensors, found = None, "mnist"
    try:
        if source != "standin":
            tensors = obtain(data_root() if root is None else Path(root).expanduser())
    except Unavailable as reason:
        if source == "mnist":
            raise
        warnings.warn(
            f"{reason} Until then you work with a stand-in of the same size, made from "
            "1,797 other handwritten digits. Everything runs, but numbers and pictures "
            "differ from the text.",
            StandinWarning,
            stacklevel=2,
        )
    if tensors is None:
        tensors, found = make_standin(), "standin"
    train_images, train_labels, test_images, test_labels = tensors
    return (
        _digits(train_images, train_labels, found),
        _digits(test_images, test_labels, found),
    )


def _digits(images: Tensor, labels: Tensor, source: str) -> Digits:
    pixels = images.unsqueeze(1).float().div_(255)  #         (N, 1, 28, 28)
    return Digits(pixels, labels.long(), source)
