"""The learner's answers to the exercises: right, or what is wrong with them.

One function an exercise, registered under its number. It gets the answer, raises
``Wrong`` with a reason, and may return a remark where the answer is right. What is
expected is computed, from the digits and the weights that the notebooks have.
"""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable
from functools import wraps
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from mnist_cnn.checkpoints import load
from mnist_cnn.data import CLASSES, Digits, StandinWarning, latest, load_mnist
from mnist_cnn.handwriting import centre, to_mnist
from mnist_cnn.metrics import evaluate, predict
from mnist_cnn.model import VGG, NearestMean, trace
from mnist_cnn.studies import load_study

__all__ = ["check"]

Check = Callable[[object], str | None]
CHECKS: dict[str, Check] = {}
PHOTOS = Path(__file__).parent / "photos"
ROUNDED = 0.00051  # a share is right when rounded to a tenth of a percent


def check(exercise: str, answer: object) -> Verdict:
    """Say whether the answer to an exercise is right and, if not, what is wrong.

    exercise: the notebook and the number in it, such as "1.2". Call it on the last line
    of a cell. Raises ValueError, with the numbers there are, for an unknown exercise,
    and nothing for a wrong answer.
    """
    if not isinstance(exercise, str) or exercise not in CHECKS:
        raise ValueError(
            f"expected exercise to be one of {[*CHECKS]}, got {exercise!r}"
        )
    try:
        return Verdict(f"Right. {CHECKS[exercise](answer) or ''}".rstrip())
    except Wrong as reason:
        return Verdict(f"Not yet: {reason}.")


class Verdict(str):
    """A text that a notebook shows without quotes."""

    def __repr__(self) -> str:
        return str(self)


class Wrong(Exception):
    """What is wrong with an answer, worded to follow "Not yet:"."""


def register(exercise: str) -> Callable[[Check], Check]:
    """Make the function below it the check of ``exercise``."""

    def add(function: Check) -> Check:
        CHECKS[exercise] = function
        return function

    return add


def expect(condition: bool, reason: str) -> None:
    """Raise Wrong with the reason unless the condition holds."""
    if not condition:
        raise Wrong(reason)


def compare(
    value: float,
    expected: float,
    otherwise: str,
    mistakes: dict[str, float] | None = None,
    within: float = 0.0,
) -> None:
    """Raise Wrong unless ``value`` is as expected: for the mistake that leads to it.

    mistakes: what each gives. otherwise: the reason when none of them gives ``value``.
    """
    if abs(value - expected) > within:
        for reason, result in (mistakes or {}).items():
            expect(abs(value - result) > within, reason)
        raise Wrong(otherwise)


def kind(answer: object) -> str:
    """What came in place of an answer, in a few words."""
    if isinstance(answer, Tensor | np.ndarray):
        return f"{type(answer).__name__} of shape {tuple(answer.shape)}"
    if isinstance(answer, list | tuple):
        return f"a {type(answer).__name__} of {len(answer)}"
    return str(answer) if isinstance(answer, float | None) else type(answer).__name__


def number(answer: object, what: str) -> float:
    """A finite number, also from a tensor or an array that holds just one."""
    try:
        one = answer.item() if isinstance(answer, Tensor | np.ndarray) else answer
        real = isinstance(one, numbers.Real) and not isinstance(one, bool)
        value = float(one) if real else math.nan
    except (RuntimeError, ValueError, OverflowError):  # several, or far too large
        value = math.nan
    expect(math.isfinite(value), f"expected {what}, got {kind(answer)}")
    return value


def whole(answer: object, what: str) -> int:
    value = number(answer, what)
    expect(value == round(value), f"expected {what}, a whole number, got {value:g}")
    return round(value)


def share(answer: object, what: str) -> float:
    value = number(answer, what)
    reason = f"expected {what}, from 0 to 1, got {value:g}"
    expect(value <= 100, f"{reason}: that is a count, so divide by all of them")
    expect(value <= 1, f"{reason}: that is in percent, so divide by 100")
    expect(value >= 0, reason)
    return value


def items(answer: object, count: int, what: str) -> list:
    """The items of a list, a tuple, or a tensor or array of one dimension."""
    flat = isinstance(answer, Tensor | np.ndarray) and answer.ndim == 1
    fits = (flat or isinstance(answer, list | tuple)) and len(answer) == count
    expect(fits, f"expected {what}, got {kind(answer)}")
    return [*answer]


def tensor(answer: object, shape: tuple[int, ...], what: str) -> Tensor:
    """Finite numbers in ``shape``, from anything that holds as many."""
    reason = f"expected {what} of shape {shape}, got {kind(answer)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what torch thinks of the conversion
            values = torch.as_tensor(answer).detach().cpu().float().reshape(shape)
    except Exception as error:  # the answer may be anything
        raise Wrong(reason) from error
    expect(bool(values.isfinite().all()), f"{reason} with infinite or NaN values")
    return values


def digits() -> tuple[Digits, Digits]:
    """The digits of the notebook; if they are the stand-in, it has said so already."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StandinWarning)
        return load_mnist(**latest)


def remembered(function: Callable[[], object]) -> Callable[[], object]:
    """Keep what ``function`` returns, for each data set that a notebook loads."""
    kept: dict[tuple, object] = {}

    @wraps(function)
    def recall() -> object:
        key = tuple(latest.values())
        if key not in kept:
            kept[key] = function()
        return kept[key]

    return recall


# Notebook 1: the data


@remembered
def mean_ink() -> list[float]:
    train, _ = digits()
    return [train.images[train.labels == d].mean().item() for d in range(CLASSES)]


@register("1.1")
def most_and_least_ink(answer: object) -> None:
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
    train, _ = digits()
    zeros = train.images[train.labels == 0]
    mean = zeros.mean(dim=0)
    return mean, (zeros - mean).square().sum(dim=(1, 2, 3)).sqrt().sort().values


@register("1.2")
def farthest_zeros(answer: object) -> str:
    images = tensor(answer, (5, 1, 28, 28), "five images, a tensor")
    mean, known = distances_of_zeros()
    far = (images - mean).square().sum(dim=(1, 2, 3)).sqrt().sort().values
    nearest = torch.allclose(far, known[:5], atol=1e-3)
    expect(not nearest, "these are the nearest: argsort puts the smallest first")
    reason = f"one lies {far[-1]:.1f} away, farther than any 0 of the training set"
    expect(far[-1] < known[-1] + 1e-3, reason)
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
    train, test = digits()
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
    train, test = (blur(part) for part in digits())
    soft = NearestMean(train)
    return {
        name: evaluate(
            soft, Digits(test.images.roll(*move), test.labels, test.source)
        ).accuracy
        for name, move in moves.items()
    }


@register("1.3")
def accuracy_with_blur(answer: object) -> None:
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
    train, test = digits()
    some, rows = test.first(1000), train.images.flatten(1)
    parts = some.images.flatten(1).split(250)  # 60 MB of distances at a time
    nearest = torch.cat([torch.cdist(part, rows).argmin(dim=1) for part in parts])
    right = train.labels[nearest] == some.labels
    return right.float().mean().item(), evaluate(NearestMean(train), some).accuracy


@register("1.4")
def nearest_neighbour(answer: object) -> None:
    value = share(answer, "the accuracy on 1,000 test images")
    neighbour, mean = scores_of_neighbours()
    mistakes = {
        "each image has found itself: search among the training images": 1.0,
        f"{value:.1%} is the score of the nearest mean": mean,
    }
    otherwise = f"{value:.1%} is not the score on the first 1,000 test images"
    compare(value, neighbour, otherwise, mistakes, within=0.0015)


# Notebook 2: the architecture


@register("2.1")
def kernel_for_ink_below(answer: object) -> None:
    kernel = tensor(answer, (3, 3), "a kernel")
    below, right = torch.zeros(3, 3), torch.zeros(3, 3)
    below[2], right[:, 2] = 1, 1
    patches = (below, below.flip(0), right, right.flip(1), torch.ones(3, 3))
    under, above, *sides, full = ((kernel * p).sum().item() for p in patches)
    upright = max(map(abs, sides)) > 1e-4
    turn = upright and abs(under) < 1e-4
    expect(not turn, "this one still finds vertical edges: exchange rows and columns")
    reason = f"on a patch full of ink, which has no edge, it gives {full:g}, not 0"
    expect(abs(full) < 1e-4, reason)
    expect(not upright, "it answers to vertical edges, too: each column must sum to 0")
    reason = (
        f"ink below gives {under:g}, above {above:g}: the first should be above 0, the "
        "second below"
    )
    expect(under > 0 > above, reason)


@register("2.2")
def parameters_with_32_filters(answer: object) -> None:
    value = whole(answer, "the number of parameters")
    with torch.device("meta"):  # shapes only
        sizes = [p.shape for p in VGG(filters=32).parameters()]
        ours = sum(p.numel() for p in VGG().parameters())
    total = sum(size.numel() for size in sizes)
    mistakes = {
        "the biases are missing, one a filter and one a digit": (
            sum(size.numel() for size in sizes if len(size) > 1)
        ),
        "the ten biases of the linear layer are missing": total - CLASSES,
        "that is with 16 filters": ours,
        "it is more than double: a filter has twice the channels to read": 2 * ours,
        "the linear layer reads 32 x 7 x 7 features now": total - 16 * 49 * 10,
        "the first layer reads one channel, not 32": total + 32 * 31 * 9,
    }
    less = "fewer" if value > total else "more"
    otherwise = f"there are {less}. A filter has 9 weights a channel, and one bias"
    compare(value, total, otherwise, mistakes)


@register("2.3")
def side_without_padding(answer: object) -> None:
    what = "the height, which is also the width"
    pair = answer if isinstance(answer, tuple | list) else [answer, answer]
    value, width = (whole(side, what) for side in items(pair, 2, what))
    expect(value == width, f"expected {what}, got {value} and {width}")
    with torch.device("meta"):
        three = nn.Sequential(*[nn.Conv2d(1, 1, 3) for _ in range(3)])
    sides = [row.output_shape[-1] for row in trace(three)]
    mistakes = {
        "28 would be right with padding 1; here each layer loses a frame": 28,
        "that is after one layer, and there are three": sides[0],
        "each layer loses two pixels, one on either side": 28 - 3,
    }
    compare(value, sides[-1], f"{value} is not three frames less than 28", mistakes)


@register("2.4")
def halving_by_convolution(answer: object) -> str:
    expect(isinstance(answer, nn.Module), f"expected a model, got {kind(answer)}")
    pools = [n for n, m in answer.named_modules() if "Pool" in type(m).__name__]
    expect(not pools, f"there still is a pool, {' and '.join(pools)}")
    try:
        rows = trace(answer)
    except Exception as error:  # the model may be anything
        raise Wrong(why_it_fails(answer, error)) from error
    convolutions = [row for row in rows if row.kind == "Conv2d"]
    reason = f"expected eight convolutions, two of them new, got {len(convolutions)}"
    expect(len(convolutions) == 8, reason)
    shape = rows[-1].output_shape
    expect(shape == (1, CLASSES), f"expected ten logits for an image, got {shape}")
    field = convolutions[-1].receptive_field
    remark = (
        f"{sum(row.parameters for row in rows):,} parameters, "
        f"{sum(row.multiply_adds for row in rows):,} multiply-adds, and a unit at the "
        f"flatten sees {field}x{field} pixels."
    )
    linear = ("Conv2d", "Flatten", "Linear")
    bare = [
        a.name for a, b in pairwise(rows) if a.kind == "Conv2d" and b.kind in linear
    ]
    if bare:
        remark += (
            f" But no nn.ReLU follows {' and '.join(bare)}: with the layer after it, "
            "each amounts to one linear layer."
        )
    return remark


def why_it_fails(model: nn.Module, error: Exception) -> str:
    try:
        maps = trace(model.features)[-1].output_shape[1:]
    except Exception:  # it fails before the linear layer, or has other parts
        return f"no image passes through it: {str(error).partition(chr(10))[0]}"
    return (
        f"the last maps are {'x'.join(map(str, maps))}, {math.prod(maps):,} numbers, "
        "and the linear layer takes 784: each new layer has to halve the size"
    )


# Notebook 3: training


@register("3.1")
def price_of_doubt(answer: object) -> None:
    what = "three losses, at 0.5, 0.9 and 0.99"
    values = [number(item, what) for item in items(answer, 3, what)]
    chances = (0.5, 0.9, 0.99)

    def is_like(formula: Callable[[float], float]) -> bool:
        pairs = zip(values, map(formula, chances), strict=True)
        return all(abs(value - result) < 0.005 for value, result in pairs)

    expect(not is_like(math.log), "no loss is negative: a minus is missing")
    expect(not is_like(lambda p: -math.log10(p)), "ln is to base e, not to base 10")
    expect(not is_like(lambda p: -math.log2(p)), "ln is to base e, not to base 2")
    expect(not is_like(lambda p: 1 - p), "that is 1 - p, and the loss is -ln(p)")
    for p, value in zip(chances, values, strict=True):
        compare(value, -math.log(p), f"-ln({p}) is not {value:g}", within=0.005)


@register("3.2")
def first_step(answer: object) -> None:
    what = "two weights, after SGD's step and after Adam's"
    values = [number(item, what) for item in items(answer, 2, what)]
    after = {}
    for optimizer in (torch.optim.SGD, torch.optim.Adam):
        weight = torch.tensor([0.5], requires_grad=True)
        weight.grad = torch.tensor([-2.0])
        optimizer([weight], lr=0.1).step()
        after[optimizer.__name__] = weight.item()
    hints = (
        "SGD moves by the gradient itself, not by its sign",
        "that is SGD's step; Adam divides by the size of the gradient",
    )
    results = zip(values, after.items(), hints, reversed(after.values()), strict=True)
    for value, (name, result), hint, other in results:
        mistakes = {
            f"{name}: {value:g} is uphill, and a step goes down": 1 - result,
            f"{name}: {value:g} is the move, not the weight after it": result - 0.5,
            f"{name}: {hint}": other,
        }
        otherwise = (
            f"{name}: a step at a learning rate of 0.1 does not lead to {value:g}"
        )
        compare(value, result, otherwise, mistakes, within=1e-3)


@register("3.3")
def without_zero_grad(answer: object) -> str:
    what = "the list of 200 losses"
    losses = [number(item, what) for item in items(answer, 200, what)]
    nothing, mean = math.log(CLASSES), sum(losses[-20:]) / 20
    expect(
        abs(losses[0] - nothing) < 0.1,
        f"the first loss is {losses[0]:.2f}, and knowing nothing costs {nothing:.2f}: "
        "begin with a new model",
    )
    moving = max(losses) > min(losses)
    reason = "no optimizer.step(), or an optimizer made for another model"
    expect(moving, f"the loss stays the same: {reason}")
    remark = f"the last 20 losses average {mean:.2f}"
    expect(mean > 1, f"{remark}: it has learned, so zero_grad() was there")
    return f"It has hardly learned: {remark}."


@register("3.4")
def off_the_plateau(answer: object) -> str:
    what = "the list of 300 losses"
    losses = [number(item, what) for item in items(answer, 300, what)]
    mean, nothing = sum(losses[-50:]) / 50, math.log(CLASSES)
    remark = f"the last 50 losses average {mean:.2f}"
    left = mean < load_study("plateau")["threshold"]
    expect(left, f"{remark}, and {nothing:.2f} is the plateau")
    return f"It has left the plateau: {remark}."


# Notebook 4: the results, of the weights that come with the package


@remembered
def shipped_results() -> tuple[Tensor, Tensor]:
    """The logits (10000, 10) of the test images, and their labels."""
    _, test = digits()
    return predict(load(source=test.source), test.images), test.labels


@register("4.1")
def right_in_second_place(answer: object) -> None:
    value = number(answer, "how many mistakes have the right digit in second place")
    logits, labels = shipped_results()
    order = logits.argsort(dim=1, descending=True)
    first, second, *later = (order == labels[:, None]).sum(dim=0).tolist()
    wrong = second + sum(later)
    mistakes = {
        "that is their share, and the question is how many": second / wrong,
        "those are all mistakes": wrong,
        "that counts the right answers, too": first + second,
        "those are the mistakes with the right digit farther down": wrong - second,
    }
    otherwise = f"it is not {value:g} of the {wrong} mistakes of the package's weights"
    compare(value, second, otherwise, mistakes, within=1e-3)


@register("4.2")
def precision_and_recall(answer: object) -> None:
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
        compare(value, right, otherwise, swapped, ROUNDED)


@remembered
def confidence_elsewhere() -> dict[str, float]:
    """The mean confidence in 100 images of each sort unlike the training set."""
    _, test = digits()
    model, generator = load(source=test.source), torch.Generator().manual_seed(0)
    images = {
        "blank paper": torch.zeros(100, 1, 28, 28),
        "noise": torch.rand(100, 1, 28, 28, generator=generator),
        "mirrored digits": test.images[:100].flip(3),
    }
    chances = {name: predict(model, x).softmax(dim=1) for name, x in images.items()}
    return {name: p.amax(dim=1).mean().item() for name, p in chances.items()}


@register("4.3")
def confidence_in_strange_images(answer: object) -> None:
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
    train, test = digits()
    logits, labels = shipped_results()
    by_means = predict(NearestMean(train), test.images).argmax(dim=1)
    return logits.argmax(dim=1) == labels, by_means == labels


@register("4.4")
def read_by_one_alone(answer: object) -> str:
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
    _, test = digits()
    covered = test.images[test.labels == 4][0].repeat(22 * 22, 1, 1, 1)
    for i, image in enumerate(covered):
        y, x = divmod(i, 22)
        image[0, y : y + 7, x : x + 7] = 0
    answers = predict(load(source=test.source), covered).argmax(dim=1)
    return (answers != 4).sum().item()


@register("4.5")
def covered_places(answer: object) -> None:
    value = whole(answer, "how many positions change the answer")
    changed = places_that_matter()
    unchanged = {"those are the positions that change nothing": 22 * 22 - changed}
    otherwise = f"it is not {value} of the 22 x 22, with the package's weights"
    compare(value, changed, otherwise, unchanged)


# Notebook 5: photos, read by the weights trained on MNIST


def read(image: Tensor) -> tuple[int, float, Tensor]:
    """What the network makes of (1, 28, 28): the digit, how sure, all ten."""
    chances = predict(load(), image.unsqueeze(0)).softmax(dim=1)[0]
    return chances.argmax().item(), chances.max().item(), chances


@remembered
def boxes_in_the_corner() -> Tensor:
    """The boxes of the ten photos, each in the top left corner: (10, 784)."""
    corners = torch.zeros(CLASSES, 28, 28)
    for digit in range(CLASSES):
        _, steps = to_mnist(PHOTOS / f"{digit}.jpg", steps=True)
        height, width = steps["box"].shape
        corners[digit, :height, :width] = torch.from_numpy(steps["box"])
    return corners.flatten(1)


@register("5.1")
def box_in_the_corner(answer: object) -> str:
    image = tensor(answer, (1, 28, 28), "an image")
    low, high = image.aminmax()
    reason = f"expected an image with ink from 0 to 1, got {low:g} to {high:g}"
    expect(low >= 0 and 0 < high <= 1, reason)
    _, rows, columns = image.nonzero().unbind(dim=1)
    top, left, bottom = rows.min().item(), columns.min().item(), rows.max().item()
    reason = f"the ink begins in row {top} and column {left}, and the corner is 0, 0"
    expect(top == left == 0, reason)
    expect(bottom == 19, f"the box is 20 pixels tall, and this ink {bottom + 1}")
    alike = F.cosine_similarity(image.flatten(1), boxes_in_the_corner())
    closest = alike.argmax().item()
    expect(closest == 3, f"that is more like the box of photo {closest}")
    digit, chance, _ = read(image)
    return f"It is read as {digit}, with probability {chance:.2f}."


@remembered
def squared_photos() -> list[tuple[int, float, Tensor]]:
    """How each of the ten photos is read with its crop scaled to 20x20."""
    results = []
    for digit in range(CLASSES):
        _, steps = to_mnist(PHOTOS / f"{digit}.jpg", steps=True)
        crop = Image.fromarray(steps["crop"])
        square = np.array(crop.resize((20, 20), Image.Resampling.BOX))
        results.append(read(torch.from_numpy(centre(square)).unsqueeze(0)))
    return results


@register("5.2")
def worst_when_square(answer: object) -> None:
    digit = whole(answer, "a digit")
    expect(0 <= digit < CLASSES, f"expected a digit, got {digit}")
    photos = squared_photos()
    worst = min(range(CLASSES), key=lambda d: photos[d][2][d].item())
    taken, chance, _ = photos[digit]
    expect(
        digit != photos[worst][0], f"{digit} is what it is taken for, not what it is"
    )
    reason = f"the {digit} is still read as {taken}, with probability {chance:.2f}"
    expect(digit == worst, reason)


@remembered
def confidence_in_photos() -> dict[str, float]:
    """How sure the network is of each photo; 0 where there is no ink to read."""
    found = {}
    for path in sorted(PHOTOS.glob("*.jpg")):
        try:
            found[path.stem] = read(to_mnist(path))[1]
        except ValueError:
            found[path.stem] = 0.0
    return found


@register("5.3")
def refused_photos(answer: object) -> None:
    what = "a list of the hard photos that are answered, and how many good ones are not"
    answered, lost = items(answer, 2, what)
    several = isinstance(answered, list | tuple | set)
    expect(several, f"expected {what}, got {kind(answered)} for the list")
    known = confidence_in_photos()
    hard = [name for name in known if not (name.isdigit() and len(name) == 1)]
    for name in answered:
        expect(isinstance(name, str) and name in hard, f"expected names from {hard}")
        reason = f"{name} gets {known[name]:.4f}, so it is refused"
        expect(known[name] >= 0.99, reason if known[name] else f"{name}: no ink found")
    for name in hard:
        reason = f"{name} gets {known[name]:.4f}, so it is answered"
        expect(known[name] < 0.99 or name in answered, reason)
    least = min(known.keys() - hard, key=known.__getitem__)
    refused = sum(known[name] < 0.99 for name in known.keys() - hard)
    compare(
        whole(lost, "how many good photos are not answered"),
        refused,
        f"look at the {least}, with {known[least]:.4f}",
        {f"those are answered, and {refused} of ten is not": CLASSES - refused},
    )


# Notebook 6: going further


@register("6.1")
def parameters_of_batch_norm(answer: object) -> None:
    value = whole(answer, "the number of parameters that are added")
    with torch.device("meta"):  # shapes only
        model = VGG()
    channels = [m.out_channels for m in model.modules() if isinstance(m, nn.Conv2d)]
    added = 2 * sum(channels)
    mistakes = {
        "each channel gets two numbers, a scale and a shift": sum(channels),
        "that is after one convolution": 2 * channels[0],
        "the running means and variances are not trained": 2 * added,
        "that is all of them, the network's own included": (
            added + sum(p.numel() for p in model.parameters())
        ),
    }
    compare(value, added, f"{value} is not two numbers a channel", mistakes)


@register("6.3")
def seeds_needed(answer: object) -> None:
    value = whole(answer, "a number of seeds")
    expect(value >= 1, f"{value} is no number of seeds")
    spread = 100 * load_study("ablations")["rows"][0]["standard_deviation"]
    wanted = 0.02
    needed = math.ceil(2 * spread**2 / wanted**2)
    rounded = 2 * (round(100 * spread) / (100 * wanted)) ** 2
    mistakes = {
        f"{spread:.2f} is rounded: take s as it is": math.ceil(rounded - 1e-9),
        "that is for one mean; both means are uncertain": (
            math.ceil(spread**2 / wanted**2)
        ),
        "the error falls with the root of n, so square": (
            math.ceil(math.sqrt(2) * spread / wanted)
        ),
    }
    error = math.sqrt(2 / value) * spread
    otherwise = f"with {value} seeds each, the standard error is {error:.4f} points"
    otherwise += ", and fewer do" * (value > needed)
    compare(value, needed, otherwise, mistakes)
