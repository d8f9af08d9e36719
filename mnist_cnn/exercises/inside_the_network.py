"""The answers to the exercises of notebook 7: those of the package's weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mnist_cnn.checkpoints import load
from mnist_cnn.data import Digits, load_again
from mnist_cnn.exercises.answers import (
    compare,
    expect,
    register,
    remembered,
    share,
    whole,
)
from mnist_cnn.metrics import evaluate, predict
from mnist_cnn.model import VGG
from mnist_cnn.neighbours import features

KNOWN, SOME, FEW = 20_000, 2_000, 500  # images: those of the notebook, of 7.3


def needed(points: Tensor) -> int:
    """How many principal components of (N, D) hold 90 % of the variance."""
    variance = torch.linalg.svdvals(points - points.mean(dim=0)).square()
    return int((variance.cumsum(dim=0) < 0.9 * variance.sum()).sum()) + 1


@remembered
def components_needed() -> tuple[int, int]:
    """Those of the features and of the pixels of the first 2,000 test images."""
    _, test = load_again()
    images, model = test.images[:SOME], load(source=test.source)
    body = nn.Sequential(model.features, nn.Flatten())
    return needed(predict(body, images)), needed(images.flatten(1))


@register("7.1")
def components_for_most_of_the_variance(answer: object) -> None:
    """How many components hold 90 % of the variance of the features."""
    value = whole(answer, "a number of components")
    of_features, of_pixels = components_needed()
    mistakes = {
        "that many hold a little less: it takes one more": of_features - 1,
        "that is for the pixels": of_pixels,
    }
    otherwise = f"it does not take {value} components to hold 90 % for the first time"
    compare(value, of_features, otherwise, mistakes)


@remembered
def known_features() -> tuple[Tensor, Tensor]:
    """The features (20000, 784) of the known images, of length 1, and their labels."""
    train, _ = load_again()
    known = train.first(KNOWN)
    return features(load(source=known.source), known.images), known.labels


@register("7.2")
def label_in_doubt(answer: object) -> str:
    """A known image whose five nearest others agree on another label."""
    place = whole(answer, "the position of a known image")
    reason = f"expected a position among the known images, below {KNOWN:,}, got {place}"
    expect(0 <= place < KNOWN, reason)
    known, labels = known_features()
    similarities = known @ known[place]  # (20000,)
    similarities[place] = -1  # itself
    near, label = labels[similarities.topk(5).indices].tolist(), int(labels[place])
    told = f"the nearest others of image {place} are {near}, and its label is {label}"
    expect(label not in near and len(set(near)) == 1, told)
    return f"It is labelled {label}, and all five call it a {near[0]}."


def slope(model: VGG, images: Tensor, labels: Tensor) -> Tensor:
    """The gradient of each image's loss by its pixels: (N, 1, 28, 28)."""
    pixels = images.clone().requires_grad_()
    loss = F.cross_entropy(model(pixels), labels, reduction="sum")
    return torch.autograd.grad(loss, pixels)[0]


def push(images: Tensor, direction: Tensor, size: float) -> Tensor:
    """The images, each pixel moved by ``size`` along the direction's sign."""
    return (images + size * direction.sign()).clamp(0, 1)


@remembered
def pushed_in_steps() -> tuple[float, float]:
    """What ten steps of 0.01 leave, and what one of 0.1 does."""
    _, test = load_again()
    few, model = test.first(FEW), load(source=test.source)
    moved = few.images
    for _ in range(10):
        moved = push(moved, slope(model, moved, few.labels), 0.01)
    once = push(few.images, slope(model, few.images, few.labels), 0.1)
    steps, step = (
        evaluate(model, Digits(images, few.labels, few.source)).accuracy
        for images in (moved, once)
    )
    return steps, step


@register("7.3")
def ten_small_steps(answer: object) -> str:
    """The accuracy that ten steps leave, each with a new gradient."""
    what = "the accuracy on the first 500"
    value = share(answer, what)
    steps, step = pushed_in_steps()
    reason = "that is one step of 0.1, or ten along one gradient: take a new one each"
    otherwise = f"ten steps of 0.01 do not leave {value:.3f}"
    compare(value, steps, otherwise, {reason: step}, within=0.015)
    return f"One step of the same length leaves {step:.1%}."
