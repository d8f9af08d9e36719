"""The answers to the exercises of notebook 1: looking at the data."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from mnist_cnn.data import CLASSES, IMAGE_SHAPE, Digits, load_again
from mnist_cnn.exercises.answers import (
    ROUNDED,
    Wrong,
    compare,
    expect,
    items,
    register,
    remembered,
    share,
    tensor,
    whole,
)
from mnist_cnn.metrics import evaluate
from mnist_cnn.model import NearestMean


@remembered
def mean_ink() -> list[float]:
    """How much ink a pixel of each digit holds on average, 0 to 9."""
    train, _ = load_again()
    return [train.images[train.labels == d].mean().item() for d in range(CLASSES)]


@register("1.1")
def most_and_least_ink(answer: object) -> None:
    """Which digit holds the most ink, and which the least."""
    what = "two digits, with the most ink and with the least"
    most, least = (whole(item, what) for item in items(answer, 2, what))
    expect({most, least} <= {*range(CLASSES)}, f"expected {what}, got {most}, {least}")
    ink = mean_ink()
    first, last = ink.index(max(ink)), ink.index(min(ink))
    swapped = (most, least) == (last, first)
    expect(not swapped, "the other way round: the digit with the most comes first")
    for digit, right, more in ((most, first, "more"), (least, last, "less")):
        reason = f"the {digit} holds {ink[digit]:.3f} of full ink a pixel on average"
        expect(digit == right, f"{reason}, and another digit holds {more}")


@remembered
def distances_of_zeros() -> tuple[Tensor, Tensor]:
    """The mean 0, and how far from it each 0 of the training set lies, sorted."""
    train, _ = load_again()
    zeros = train.images[train.labels == 0]
    mean = zeros.mean(dim=0)
    return mean, (zeros - mean).square().sum(dim=(1, 2, 3)).sqrt().sort().values


def positions(answer: object) -> bool:
    """Whether these are five whole numbers, as ``argsort`` gives."""
    try:
        what = "a position"
        return all(whole(item, what) >= 0 for item in items(answer, 5, what))
    except Wrong:
        return False


def five_images(answer: object) -> Tensor:
    """The images (5, 1, 28, 28), from one tensor or from a list of five."""
    if isinstance(answer, list | tuple) and len(answer) == 5:
        what = "five images, each"
        return torch.stack([tensor(image, IMAGE_SHAPE, what) for image in answer])
    return tensor(answer, (5, *IMAGE_SHAPE), "five images, a tensor")


@register("1.2")
def farthest_zeros(answer: object) -> str:
    """The five zeros of the training set farthest from the mean 0."""
    expect(not positions(answer), "those are positions: pass the five images at them")
    images = five_images(answer)
    mean, known = distances_of_zeros()
    far = (images - mean).square().sum(dim=(1, 2, 3)).sqrt().sort().values
    nearest = torch.allclose(far, known[:5], atol=1e-3)
    expect(not nearest, "these are the nearest: argsort puts the smallest first")
    reason = f"one lies {far[-1]:.1f} away, farther than any 0 of the training set"
    expect(bool(far[-1] < known[-1] + 1e-3), reason)
    reason = (
        f"one lies only {far[0]:.1f} away, and five zeros lie {known[-5]:.1f} or more"
    )
    expect(torch.allclose(far, known[-5:], atol=1e-3), reason)
    return f"They lie {far[0]:.1f} to {far[-1]:.1f} from the mean 0."


def blur(digits: Digits) -> Digits:
    """Each pixel averaged with its neighbours."""
    images = F.avg_pool2d(digits.images, kernel_size=3, stride=1, padding=1)
    return Digits(images, digits.labels, digits.source)


@remembered
def scores_with_blur() -> list[dict[str, float]]:
    """Accuracy on centred digits and on moved ones, by what was blurred."""
    train, test = load_again()
    moved = Digits(test.images.roll(2, dims=3), test.labels, test.source)
    sharp, soft = NearestMean(train), NearestMean(blur(train))
    return [
        {
            "all": evaluate(soft, blur(images)).accuracy,
            "no": evaluate(sharp, images).accuracy,
            "only training": evaluate(soft, images).accuracy,
            "only test": evaluate(sharp, blur(images)).accuracy,
        }
        for images in (test, moved)
    ]


@remembered
def scores_of_other_moves() -> dict[str, float]:
    """Accuracy with blur on digits moved otherwise than to the right."""
    moves = {"to the left": (-2, 3), "downwards": (2, 2), "upwards": (-2, 2)}
    train, test = (blur(part) for part in load_again())
    soft = NearestMean(train)
    return {
        name: evaluate(
            soft, Digits(test.images.roll(*move), test.labels, test.source)
        ).accuracy
        for name, move in moves.items()
    }


@register("1.3")
def accuracy_with_blur(answer: object) -> None:
    """How many digits the means read once all images are blurred."""
    what = "two accuracies, on centred and on moved digits"
    values = [share(item, what) for item in items(answer, 2, what)]
    for name, value, scores in zip(
        ("centred", "moved"), values, scores_with_blur(), strict=True
    ):
        got = f"{value:.1%} on {name} digits is"
        mistakes = {
            f"{got} the score with {blurred} images blurred": score
            for blurred, score in scores.items()
        }
        if name == "moved":
            mistakes |= {
                f"{got} the score after a move {way}, not to the right": score
                for way, score in scores_of_other_moves().items()
            }
        otherwise = f"{got} not what a blur by 3x3 gives"
        compare(value, scores["all"], otherwise, mistakes, ROUNDED)


@remembered
def scores_of_neighbours() -> tuple[float, float]:
    """Accuracy on 1,000 test images of the nearest image and of the nearest mean."""
    train, test = load_again()
    some, rows = test.first(1000), train.images.flatten(1)
    parts = some.images.flatten(1).split(250)  # 60 MB of distances at a time
    nearest = torch.cat([torch.cdist(part, rows).argmin(dim=1) for part in parts])
    right = train.labels[nearest] == some.labels
    return right.float().mean().item(), evaluate(NearestMean(train), some).accuracy


@register("1.4")
def nearest_neighbour(answer: object) -> None:
    """How many of 1,000 digits the nearest training image reads."""
    value = share(answer, "the accuracy on 1,000 test images")
    neighbour, mean = scores_of_neighbours()
    mistakes = {
        "each image has found itself: search among the training images": 1.0,
        f"{value:.1%} is the score of the nearest mean": mean,
    }
    otherwise = f"{value:.1%} is not the score on the first 1,000 test images"
    compare(value, neighbour, otherwise, mistakes, within=0.0015)
