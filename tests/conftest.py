"""Small data that every test may use; nothing here needs MNIST."""

import matplotlib
import pytest
import torch
from hypothesis import settings

import mnist_cnn as mc

matplotlib.use("agg")
settings.register_profile("small", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("small")


def make_digits(count: int, seed: int = 0) -> mc.Digits:
    """Ten easy patterns, one a class, with some noise: learned in a few steps."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % mc.CLASSES
    images = 0.2 * torch.rand(count, 1, 28, 28, generator=generator)
    for i, label in enumerate(labels.tolist()):
        images[i, 0, 2 * label + 4 : 2 * label + 7, 4:24] += 0.8
    return mc.Digits(images, labels, "mnist")


@pytest.fixture(scope="session")
def digits() -> mc.Digits:
    """100 images; 100 is no multiple of 32, so the last batch is uneven."""
    return make_digits(100)


@pytest.fixture(scope="session")
def few() -> mc.Digits:
    """40 other images of the same kind."""
    return make_digits(40, seed=1)
