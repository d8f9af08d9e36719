"""The digits as tensors: MNIST itself or, where it cannot be had, a stand-in."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Subset, TensorDataset

from mnist_cnn.arguments import shorten, whole_number
from mnist_cnn.sources.mnist import Unavailable, data_root, obtain
from mnist_cnn.sources.standin import make_standin

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
BRIGHT = 50  # without negative pixels, images with brighter ones are of 0 to 255
SOURCES = ("auto", "mnist", "standin")


class StandinWarning(UserWarning):
    """The digits are not MNIST."""


class Digits(TensorDataset):
    """Images of digits with their labels, held in memory.

    images: (N, 1, 28, 28) float32. Those of ``load_mnist`` lie in [0, 1], ink is 1 and
    paper is 0; other scales, as of normalised images, are welcome, 0 to 255 is not.
    labels: (N,) int64, from 0 on.
    source: "mnist", "standin" for the offline replacement, or "own".

    ``digits[i]`` is ``(image, label)``. Raises ValueError for any other shape or
    dtype, for pixels that are not finite, and for an empty set.
    """

    def __init__(self, images: Tensor, labels: Tensor, source: str = "own"):
        check_images(images)
        if len(images) == 0:
            raise ValueError("expected at least one image, got an empty set")
        check_pixels(images)
        if (
            not isinstance(labels, Tensor)
            or (labels.dtype, labels.device) != (torch.int64, images.device)
            or labels.shape != (len(images),)
        ):
            raise ValueError(
                f"expected labels as int64 of shape ({len(images)},), one an image, "
                f"on {images.device}, got {shorten(labels)}"
            )
        if labels.min() < 0:
            raise ValueError(f"expected labels from 0 on, got {labels.min().item()}")
        super().__init__(images, labels)
        self.images, self.labels, self.source = images, labels, source

    def __repr__(self) -> str:
        return f"Digits({len(self):,} images of 1x28x28, source={self.source!r})"

    def to(self, device: torch.device | str) -> "Digits":
        """The same digits on another device; self where they are there already."""
        images, labels = self.images.to(device), self.labels.to(device)
        if images is self.images:
            return self
        return Digits(images, labels, self.source)

    def first(self, count: int) -> "Digits":
        """The first ``count`` digits, sharing memory with these."""
        return self.take(slice(whole_number("count", count)))

    def take(self, index: Tensor | np.ndarray | Sequence[int] | slice) -> "Digits":
        """Those at some positions, in that order: ``digits.take(digits.labels == 3)``.

        index: a tensor, an array or a list, of positions or of True and False; or a
        slice, which shares memory with these. IndexError where there is no such image.
        """
        if not isinstance(index, slice):
            index = index.cpu().numpy() if isinstance(index, Tensor) else index
            places = np.asarray(np.arange(len(self))[index])
            if places.ndim != 1:
                raise ValueError(f"expected a row of positions, got {shorten(index)}")
            index = torch.from_numpy(places).to(self.images.device)
        return Digits(self.images[index], self.labels[index], self.source)


def check_images(images: Tensor) -> None:
    """Raise ValueError unless ``images`` is a float32 tensor (N, 1, 28, 28)."""
    good = isinstance(images, Tensor) and images.dtype == torch.float32
    if not (good and images.shape[1:] == IMAGE_SHAPE):
        raise ValueError(
            f"expected images as float32 of shape (N, 1, 28, 28), got {shorten(images)}"
        )


def check_pixels(images: Tensor) -> None:
    """Raise ValueError for NaN, infinity, and what looks like 0 to 255."""
    if images.numel() == 0:
        return
    low, high = (end.item() for end in images.aminmax())  # both NaN if one pixel is
    finite = math.isfinite(low + high)
    if not finite or (low >= 0 and high > BRIGHT):
        cure = ": divide by 255" if finite else ""
        raise ValueError(f"expected pixels in [0, 1], got {low:g} to {high:g}{cure}")


def as_digits(digits: object) -> Digits:
    """``Digits`` as they are; a ``Subset``, as ``random_split`` gives, as Digits."""
    if isinstance(digits, Subset):
        return as_digits(digits.dataset).take(digits.indices)
    if not isinstance(digits, Digits):
        raise ValueError(f"expected Digits, as of load_mnist, got {shorten(digits)}")
    return digits


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
    return _digits(tensors[:2], found), _digits(tensors[2:], found)


def _digits(tensors: list[Tensor], source: str) -> Digits:
    images, labels = tensors
    pixels = images.unsqueeze(1).float().div_(255)  #         (N, 1, 28, 28)
    return Digits(pixels, labels.long(), source)
