"""The answers to the exercises of notebook 5: photos, read by weights for MNIST."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from mnist_cnn.checkpoints import load
from mnist_cnn.data import CLASSES
from mnist_cnn.exercises.answers import (
    compare,
    expect,
    items,
    kind,
    register,
    remembered,
    tensor,
    whole,
)
from mnist_cnn.handwriting.prepare import centre, to_mnist
from mnist_cnn.metrics import predict

PHOTOS = Path(__file__).parent.parent / "photos"


def read(image: Tensor) -> tuple[int, float, Tensor]:
    """What the network makes of (1, 28, 28): the digit, how sure, all ten."""
    chances = predict(load(), image.unsqueeze(0)).softmax(dim=1)[0]
    return int(chances.argmax()), float(chances.max()), chances


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
    """An image with the box of photo 3 in its top left corner."""
    image = tensor(answer, (1, 28, 28), "an image")
    low, high = (value.item() for value in image.aminmax())
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
    """Which digit suffers most from losing its aspect ratio."""
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
        if path.stem == "page":  # no photo of one digit
            continue
        try:
            with warnings.catch_warnings():  # of the two digits of the 42
                warnings.simplefilter("ignore")
                found[path.stem] = read(to_mnist(path))[1]
        except ValueError:
            found[path.stem] = 0.0
    return found


@register("5.3")
def refused_photos(answer: object) -> None:
    """Which hard photos pass at 0.99, and how many good ones do not."""
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
