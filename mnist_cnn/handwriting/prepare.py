"""From a photo or a drawing of digits to images like those of MNIST."""

import warnings
from typing import Literal, NamedTuple, overload

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from mnist_cnn.handwriting.ink import BOX, Box, Group, find_groups, find_ink, to_gray
from mnist_cnn.handwriting.pictures import Gray, Source, read_picture, resize

FIELD = 28  # pixels a side of MNIST's images
THIN = 1.4  # a stroke's width in BOX pixels: 995 of 1,000 digits have more. 931, 913
PEN = 2.5  # the usual one (at the end of a line, as in ink.py). 930, 922
SHEET = 4  # times smaller a digit is on a sheet than on a photo of it. 36, 36
FINE = 100  # pixels a side at least to measure a stroke
Steps = dict[str, Gray]  # the pictures in between, by name


class FoundDigit(NamedTuple):
    """One digit of a sheet: as the network reads it, and where it stands."""

    image: Tensor  # (1, 28, 28), as from to_mnist
    box: Box  # left, top, right, bottom in the upright photo
    row: int  # 0 is the uppermost


@overload
def to_mnist(image: Source, *, steps: Literal[False] = False) -> Tensor: ...
@overload
def to_mnist(image: Source, *, steps: Literal[True]) -> tuple[Tensor, Steps]: ...


def to_mnist(image: Source, *, steps: bool = False) -> Tensor | tuple[Tensor, Steps]:
    """Prepare one handwritten digit the way those of MNIST were prepared.

    image: a PIL image, an array, a tensor, a path or an open file, of any size, light
    on dark or dark on light. steps: also return the pictures in between, by name.

    Returns (1, 28, 28) float32 in [0, 1], ink is 1. Raises ValueError where there is
    no ink to be found, nothing that can be read as an image, or what seems flattened;
    warns where there seem to be several digits. Of 563 pictures by 66 people the plain
    weights then read 556, those of ``load(recipe="long")`` 560.
    Source: Y. LeCun, C. Cortes, C. Burges, the MNIST database of handwritten digits.
    """
    colours, scale = read_picture(image)
    gray = to_gray(colours)  #                   (height, width)
    ink = find_ink(gray)  #                      (height, width)
    pixel = round(1 / scale) or 1  #             of the picture as it came
    crop, _ = find_groups(ink, pixel, alone=True)[0]  # the digit alone
    box = fit_box(thicken(crop))  #              20 x 20 or narrower
    digit = centre(box)  #                       (28, 28)
    already = max(gray.shape) * scale <= FIELD  # prepared: one digit, whatever it holds
    several = sum(2 * len(other) > len(crop) for other, _ in find_groups(ink, pixel))
    if not already and several > 1:
        what = f"this looks like {several} digits, read as one: see find_digits"
        warnings.warn(what, stacklevel=2)
    result = torch.from_numpy(digit.copy()).unsqueeze(0)  # (1, 28, 28)
    pictures = {"gray": gray, "ink": ink, "crop": crop, "box": box, "mnist": digit}
    return (result, pictures) if steps else result


def find_digits(image: Source) -> list[FoundDigit]:
    """Every digit on a sheet, in reading order: row by row, each from the left.

    image: as ``to_mnist`` takes it. Digits that touch count as one; letters and marks
    of a digit's size are returned, too. An empty sheet has no digits. Raises ValueError
    for what cannot be read as an image. Of the 65 digits on eight sheets the plain
    weights misread 3, those of ``load(recipe="long")`` none: they have seen moved ones.
    """
    colours, scale = read_picture(image)
    try:
        ink = find_ink(to_gray(colours), fine=SHEET)
        rows = in_rows(find_groups(ink, round(1 / scale) or 1))
    except ValueError:
        return []
    found = []
    for row, groups in enumerate(rows):
        for crop, box in groups:
            left, top, right, bottom = (round(scale * side) for side in box)
            digit = torch.from_numpy(centre(fit_box(thicken(crop)))).unsqueeze(0)
            found.append(FoundDigit(digit, (left, top, right, bottom), row))
    return found


def in_rows(groups: list[Group]) -> list[list[Group]]:
    """Rows from the top, each from the left; a row may climb, as in a tilted photo."""
    rows: list[list[Group]] = []
    for group in sorted(groups, key=lambda group: group[1]):
        row = next((row for row in rows if are_beside(row[-1][1], group[1])), [])
        if not row:
            rows.append(row)
        row.append(group)
    return sorted(rows, key=lambda row: np.mean([box[1] + box[3] for _, box in row]))


def are_beside(one: Box, other: Box) -> bool:
    """Whether the lower one is at the other's height, for two fifths of its own."""
    common = min(one[3], other[3]) - max(one[1], other[1])
    return common >= 0.4 * min(one[3] - one[1], other[3] - other[1])


def thicken(crop: Gray) -> Gray:
    """Widen strokes that would be thin beside MNIST's once scaled to 20 pixels."""
    fine = resize(crop, max(FINE, *crop.shape), Image.Resampling.BICUBIC)
    pixel = max(fine.shape) / BOX
    mask = fine > 0.5
    width = 4 * ndimage.distance_transform_edt(mask)[mask].mean() - 2
    if width >= THIN * pixel:
        return crop
    radius: float = (PEN * pixel - width) / 2
    away = ndimage.distance_transform_edt(~np.pad(mask, int(radius) + 1))
    return np.asarray(np.clip(radius + 0.5 - away, 0, 1), np.float32)


def fit_box(crop: Gray) -> Gray:
    """Scale, with anti-aliasing, so that the long side is 20 pixels."""
    box = resize(crop, BOX)
    return np.asarray(box / box.max(), np.float32)


def centre(box: Gray) -> Gray:
    """Place the box in 28x28 so that its centre of mass is at the centre."""
    room = FIELD - np.array(box.shape)  # above and left of it at most
    before = (FIELD / 2 - np.array(ndimage.center_of_mass(box))).round().clip(0, room)
    return np.pad(box, np.stack([before, room - before], axis=1).astype(int))
