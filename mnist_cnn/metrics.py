"""How good a model is: one inference loop, means over images, an interval."""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mnist_cnn.arguments import check_model, whole_number
from mnist_cnn.data import Digits, as_digits, check_images, check_pixels
from mnist_cnn.model import device_of, eval_mode

__all__ = ["Metrics", "accuracy_interval", "evaluate", "predict"]


class Metrics(NamedTuple):
    """Mean cross-entropy in nats, and the share of images classified right."""

    loss: float
    accuracy: float


def predict(model: nn.Module, images: Tensor, batch_size: int = 250) -> Tensor:
    """The logits (N, 10), on the CPU, of images (N, 1, 28, 28).

    Runs in eval mode on the model's device and leaves each layer in the mode it was
    in. ``predict(...).argmax(1)`` are the predicted digits, ``.softmax(1)`` their
    probabilities. Larger batches are slower on processors: their memory is fetched from
    the system anew each time. Raises ValueError for NaN and for images of 0 to 255,
    for which any answer would be a guess; looking takes a thousandth of the time.
    """
    check_model(model)
    check_images(images)
    check_pixels(images)
    batch_size = whole_number("batch_size", batch_size)
    device = device_of(model)
    with torch.inference_mode(), eval_mode(model):
        # split() gives one empty batch for an empty input, so cat never fails
        logits = [model(b.to(device)).cpu() for b in images.split(batch_size)]
    return torch.cat(logits)


def evaluate(model: nn.Module, digits: Digits) -> Metrics:
    """Loss and accuracy over all images, so an uneven last batch changes nothing.

    Raises ValueError for a model with fewer outputs than the digits have classes.
    """
    digits = as_digits(digits)
    logits, labels = predict(model, digits.images), digits.labels.cpu()
    if logits.ndim != 2 or logits.shape[1] <= labels.max():
        raise ValueError(
            f"expected a model that gives {labels.max() + 1} logits an image or more, "
            f"got an output of shape {tuple(logits.shape)}"
        )
    loss = F.cross_entropy(logits, labels).item()
    correct = (logits.argmax(dim=1) == labels).sum().item()
    return Metrics(loss, correct / len(labels))


def accuracy_interval(correct: int, total: int) -> tuple[float, float]:
    """The 95 % interval of an accuracy measured on ``total`` images.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927).
    """
    whole = correct == int(correct) and total == int(total)
    if not (whole and 0 <= correct <= total and total > 0):
        raise ValueError(f"expected two counts of images, got {correct} of {total}")
    z = 1.959964  # 97.5 % point of the normal distribution
    share, shrink = correct / total, 1 + z * z / total
    centre = (share + z * z / (2 * total)) / shrink
    variance = share * (1 - share) / total + z * z / (4 * total * total)
    half = z / shrink * math.sqrt(variance)
    low = 0.0 if correct == 0 else centre - half  # exactly, without rounding
    high = 1.0 if correct == total else centre + half
    return low, high
