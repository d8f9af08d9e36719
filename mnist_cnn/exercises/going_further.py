"""The answers to the exercises of notebook 6: going further."""

from __future__ import annotations

import math

import torch
from torch import nn

from mnist_cnn.exercises.answers import compare, expect, register, whole
from mnist_cnn.model import VGG
from mnist_cnn.studies import load_study


@register("6.1")
def parameters_of_batch_norm(answer: object) -> None:
    """How many parameters batch norm adds to the VGG."""
    value = whole(answer, "how many numbers the batch norms learn")
    with torch.device("meta"):  # shapes only
        model = VGG()
    channels = [m.out_channels for m in model.modules() if isinstance(m, nn.Conv2d)]
    added = 2 * sum(channels)
    mistakes = {
        "that is by how much the network grows, as biases go: each channel gets two "
        "numbers, a scale and a shift": sum(channels),
        "that is after one convolution": 2 * channels[0],
        "the running means and variances are not trained": 2 * added,
        "that is all of them, the network's own included": (
            added + sum(p.numel() for p in model.parameters())
        ),
    }
    compare(value, added, f"{value} is not two numbers a channel", mistakes)


@register("6.3")
def seeds_needed(answer: object) -> None:
    """How many seeds bring the standard error to 0.02 points."""
    value = whole(answer, "a number of seeds")
    expect(value >= 1, f"{value} is no number of seeds")
    spread = 100 * load_study("ablations")["rows"][0]["standard_deviation"]
    wanted = 0.02
    needed = math.ceil(2 * spread**2 / wanted**2)
    rounded = 2 * (round(100 * spread) / (100 * wanted)) ** 2
    mistakes = {
        "s is a share there: in points it is 100 times that": (
            math.ceil(2 * (spread / 100) ** 2 / wanted**2)
        ),
        f"{spread:.2f} is rounded: take s as it is": math.ceil(rounded - 1e-9),
        "that is for one mean; both means are uncertain": (
            math.ceil(spread**2 / wanted**2)
        ),
        "the error falls with the root of n, so square": (
            math.ceil(math.sqrt(2) * spread / wanted)
        ),
    }
    error = math.sqrt(2 / value) * spread
    otherwise = f"with n = {value}, the standard error is {error:.5f} points"
    otherwise += ", and fewer do" * (value > needed)
    compare(value, needed, otherwise, mistakes)
