"""The answers to the exercises of notebook 4: those of the package's weights."""

from __future__ import annotations

import torch
from torch import Tensor

from mnist_cnn.checkpoints import load
from mnist_cnn.data import load_again
from mnist_cnn.exercises.answers import (
    ROUNDED,
    compare,
    expect,
    items,
    number,
    register,
    remembered,
    share,
    whole,
)
from mnist_cnn.metrics import predict
from mnist_cnn.model import NearestMean


@remembered
def shipped_results() -> tuple[Tensor, Tensor]:
    """The logits (10000, 10) of the test images, and their labels."""
    _, test = load_again()
    return predict(load(source=test.source), test.images), test.labels


@register("4.1")
def right_in_second_place(answer: object) -> None:
    """How many mistakes have the right digit in second place."""
    value = number(answer, "how many mistakes have the right digit in second place")
    logits, labels = shipped_results()
    order = logits.argsort(dim=1, descending=True)
    first, second, *later = (order == labels[:, None]).sum(dim=0).tolist()
    wrong = second + sum(later)
    mistakes = {
        "those are all mistakes": wrong,
        "that counts the right answers, too": first + second,
        "those are the mistakes with the right digit farther down": wrong - second,
    }
    otherwise = f"it is not {value:g} of the {wrong} mistakes of the package's weights"
    for unit, whole_of in (("", 1), (" in percent", 100)):
        share_of = whole_of * second / wrong
        reason = f"that is their share{unit}, and the question is how many"
        expect(abs(value - share_of) > 0.006 * whole_of, reason)  # however rounded
    compare(value, second, otherwise, mistakes)


@register("4.2")
def precision_and_recall(answer: object) -> None:
    """Precision and recall of the digit 7."""
    what = "two shares, precision and recall"
    precision, recall = (share(item, what) for item in items(answer, 2, what))
    logits, labels = shipped_results()
    is_seven, called = labels == 7, logits.argmax(dim=1) == 7
    both = (is_seven & called).sum().item()
    found, meant = both / is_seven.sum().item(), both / called.sum().item()
    for name, value, right, other, count in (
        ("precision", precision, meant, found, "were called a 7"),
        ("recall", recall, found, meant, "are a 7"),
    ):
        swapped = {f"the {name} divides by how many {count}": other}
        otherwise = f"with the package's weights, the {name} is not {value:.2%}"
        reason = f"{value:g} may be the {name}, rounded too far: give three decimals"
        coarse = abs(value - right) > ROUNDED and value == round(right, 2)
        expect(not coarse, reason)
        compare(value, right, otherwise, swapped, ROUNDED)


@remembered
def confidence_elsewhere() -> dict[str, float]:
    """The mean confidence in images of each sort unlike the training set."""
    _, test = load_again()
    model, generator = load(source=test.source), torch.Generator().manual_seed(0)
    images = {
        "blank paper": torch.zeros(100, 1, 28, 28),
        "noise": torch.rand(2000, 1, 28, 28, generator=generator),  # the mean of many
        "mirrored digits": test.images[:100].flip(3),
    }
    chances = {name: predict(model, x).softmax(dim=1) for name, x in images.items()}
    return {name: p.amax(dim=1).mean().item() for name, p in chances.items()}


@register("4.3")
def confidence_in_strange_images(answer: object) -> None:
    """How sure the network is of images that are no digits."""
    what = "three mean confidences, for blank paper, noise and mirrored digits"
    values = [number(item, what) for item in items(answer, 3, what)]
    reason = "the softmax is missing, or it is in percent"
    expect(max(values) <= 1, f"{max(values):.2f} is no probability: {reason}")
    reason = "the ten probabilities of an image average 0.1: take the largest of them"
    expect(max(values) > 0.101, reason)
    known = confidence_elsewhere()
    for value, (name, expected) in zip(values, known.items(), strict=True):
        within = 0.06 if name == "noise" else 0.005  # other noise, other confidence
        others = {
            f"{value:.3f} is for {n}, not for {name}": v for n, v in known.items()
        }
        otherwise = f"the mean confidence for {name} is not {value:.3f}"
        compare(value, expected, otherwise, others, within)


@remembered
def images_read() -> tuple[Tensor, Tensor]:
    """Which test images the network reads, and which the mean digits do."""
    train, test = load_again()
    logits, labels = shipped_results()
    by_means = predict(NearestMean(train), test.images).argmax(dim=1)
    return logits.argmax(dim=1) == labels, by_means == labels


@register("4.4")
def read_by_one_alone(answer: object) -> str:
    """How many images only the network reads, how many only the means."""
    what = "two counts, read by the network alone and by the means alone"
    values = [whole(item, what) for item in items(answer, 2, what)]
    read = images_read()
    both = (read[0] & read[1]).sum().item()
    totals = [one.sum().item() for one in read]
    alone = [total - both for total in totals]
    swapped = values == alone[::-1]
    expect(not swapped, "the other way round: the network's count comes first")
    for name, value, right, total in zip(
        ("network", "means"), values, alone, totals, strict=True
    ):
        got = f"{value:,}, for the {name}, is"
        mistakes = {
            f"{got} how many the other reads, too": both,
            f"{got} its whole score: leave out what the other reads, too": total,
            f"{got} the count of its mistakes": len(read[0]) - total,
        }
        compare(value, right, f"{got} not the count of what it alone reads", mistakes)
    rest = len(read[0]) - sum(alone)
    return f"On the other {rest:,} images both are right, or both wrong."


@remembered
def places_that_matter() -> int:
    """How many of the positions of a blank square change the answer for the first 4."""
    _, test = load_again()
    covered = test.images[test.labels == 4][0].repeat(22 * 22, 1, 1, 1)
    for i, image in enumerate(covered):
        y, x = divmod(i, 22)
        image[0, y : y + 7, x : x + 7] = 0
    answers = predict(load(source=test.source), covered).argmax(dim=1)
    return int((answers != 4).sum())


@register("4.5")
def covered_places(answer: object) -> None:
    """At how many places a square of paper makes the 4 another digit."""
    value = whole(answer, "how many positions change the answer")
    changed = places_that_matter()
    unchanged = {"those are the positions that change nothing": 22 * 22 - changed}
    otherwise = f"it is not {value} of the 22 x 22, with the package's weights"
    compare(value, changed, otherwise, unchanged)
