"""Where there is ink in a picture, and which pieces of it belong together."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

from mnist_cnn.handwriting.pictures import Gray

__all__ = ["BOX", "Box", "Group", "count_digits", "crop_largest", "find_groups"]
__all__ += ["find_ink", "to_gray"]

Box = tuple[int, int, int, int]  # left, top, right, bottom
Boxes = NDArray[np.int64]  # (K, 4)

# studies/photos.json has a half and the double of each, as "GRAIN 3". Of 160 pictures
# 154 are read as it is, 137 with GRAIN 12, 148 with CUT 0.7; the rest may be luck
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # as every television's
CLEARER = 1.5  # times as clear as in grey: a colour to look through
GRAIN = 6.0  # times the paper's own spread: what is darker is no grain
PALE = 0.3  # of the usual contrast of an edge: what is paler is no ink
CUT = 0.35  # of full ink: what is paler ties no pieces together
RIM = 0.5  # of full ink: where a digit ends, half way to the paper
MOST = 500  # pieces that are looked at: a page with more is print
BOX = 20  # MNIST's digits were scaled into so many pixels a side
SPECK = 0.5 / BOX**2  # half a pixel of these is no part of a digit
NEAR = 0.3  # of a digit's size: what is farther away is no part of it
AROUND = np.ones((3, 3), bool)  # a pixel and its eight neighbours
BLANK = "found no ink: the image looks blank"
MANY = "found no ink that could be one digit, only specks or many: see find_digits"


class Group(NamedTuple):
    """The pieces of one digit: their ink, and where they are."""

    crop: Gray
    box: Box


def to_gray(colours: NDArray[np.float32]) -> Gray:
    """The picture in grey, or in red, green or blue where ink is far clearer there."""
    if colours.shape[-1] == 1:
        return colours[..., 0]
    grays = [colours @ LUMA, *np.moveaxis(colours, -1, 0)]
    clear = [_clearness(gray) for gray in grays]
    best: Gray = grays[int(np.argmax([CLEARER * clear[0], *clear[1:]]))]
    return best


def _clearness(gray: Gray) -> float:
    """How many times steeper the edges are than the grain."""
    steep = ndimage.gaussian_gradient_magnitude(_reduce(gray, 200), 1)
    grain, edge = np.percentile(steep, [25, 99])
    return float(edge / (grain + 0.001))


def _reduce(gray: Gray, side: int) -> Gray:
    """With at most so many pixels a side."""
    image = Image.fromarray(np.ascontiguousarray(gray))
    return np.asarray(image.reduce(-(-max(gray.shape) // side)))


def find_ink(gray: Gray, fine: float = 1) -> Gray:
    """How much ink each pixel holds: light, shadow and the paper's grain removed.

    fine: how many times smaller than one that fills the picture a digit may be; its
    strokes are narrower, and the light is followed closer.
    """
    side = max(gray.shape)
    gray = ndimage.gaussian_filter(gray, side / fine / 500)
    ink = _darker_than_paper(gray, max(15, int(side / 3 / fine**0.5)))
    # The lightest quarter is surely paper, and its spread is that of the grain
    low, quarter = np.percentile(ink, [5, 25])
    grain = float(GRAIN * (quarter - low) + 0.004)
    ink = _remove_lines(ink - quarter)
    return _full_ink(ink, grain, max(1, side / fine / 200))


def _darker_than_paper(gray: Gray, size: int) -> Gray:
    """The share of the light that ink takes away; chalk adds some to that of the board.

    The paper is what remains when all that is dark and narrow is filled from its sides.
    """
    light = _is_light_on_dark(gray)
    gray = 1 - gray if light else gray
    # An odd reflection: light that fades towards the border fades on beyond it. Not
    # lighter than any pixel, as it would be where a stroke is close to the border
    wide = np.pad(gray, size, mode="reflect", reflect_type="odd").clip(max=gray.max())
    paper = ndimage.grey_closing(wide, size=size)[size:-size, size:-size]
    ink: Gray = (paper - gray) / (1 if light else np.maximum(paper, 1e-3))
    return ink


def _is_light_on_dark(gray: Gray) -> bool:
    """Ink is what strays furthest from the paper; here paper is what most pixels are.

    Most pixels near by, so that no shadow counts as ink. The border goes on beyond
    itself, as it is paper even where strokes fill the picture.
    """
    gray = _reduce(gray, 60)
    near = max(1, max(gray.shape) // 2)
    paper = gray
    for size in ((near, 1), (1, near)):  # one after the other: a tenth of the time
        paper = ndimage.median_filter(paper, size, mode="nearest")
    return bool(((gray - paper) ** 3).mean() > 0)


def _remove_lines(ink: Gray) -> Gray:
    """Take out what runs from one border to the other, as ruled and squared paper."""
    near, full = max(ink.shape) // 40 + 1, ink.max() + 1e-6
    lines = []
    for axis in (0, 1):
        wide = ndimage.maximum_filter1d(ink, near, axis=1 - axis)  # it may be askew
        wide = ndimage.uniform_filter1d(wide, near, axis=axis)  # and have gaps
        line = wide.min(axis=axis, keepdims=True)
        line -= ndimage.grey_opening(line, max(ink.shape) // 10 + 1)  # that is wide
        lines.append(line.clip(0, full))
    across, down = lines
    line = across + down - across * down / full
    clean: Gray = (ink - line) / np.maximum(1 - line / full, 0.5)  # ink stays full
    return ink if clean.max() < full / 2 else clean  # a 1 may reach both borders


def _full_ink(ink: Gray, grain: float, scale: float) -> Gray:
    """Scale ink so that its edges, half way between ink and paper, are at 0.5.

    Source: J. Kittler, J. Illingworth, J. Föglein, Threshold selection based on a
    simple image statistic (1985): the mean over pixels, weighted by their steepness.
    Its power 1 would count shadows, 2 little but the darkest mark.
    """
    steep = ndimage.gaussian_gradient_magnitude(ink, scale)
    steep *= ndimage.binary_dilation(ink > grain, AROUND)
    if not steep.any():
        raise ValueError(BLANK)
    weight = steep**1.5
    half = np.average(ink, weights=weight)
    full: Gray = np.clip(ink / (2 * half), 0, 1).astype(np.float32) * (ink > grain)
    # Shadow has no steep edge anywhere
    pieces, count = ndimage.label(full >= CUT, AROUND)
    edge = np.zeros(count + 1)
    np.maximum.at(edge, pieces, steep)
    edge[0] = np.inf  # what is tied to no piece
    full *= (edge >= PALE * np.average(steep, weights=weight))[pieces]
    return full


def find_pieces(ink: Gray) -> tuple[NDArray[np.int32], Boxes, Gray, float]:
    """Number the connected pieces of ink, but for specks, lines and what is cut off.

    Returns the number, from 1, at each pixel (height, width), 0 is paper; of the K
    pieces, that with the most ink first, the boxes (K, 4) and the ink (K,); and a
    digit's usual height. Raises ValueError where there is no ink.
    """
    numbers, count = ndimage.label(ink >= CUT, AROUND)
    if count == 0:
        raise ValueError(BLANK)
    every = np.arange(1, count + 1)
    found = ndimage.find_objects(numbers)
    boxes = np.array([(x.start, y.start, x.stop, y.stop) for y, x in found])
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    # What is at the border counts for a tenth: a thumb, a table, the edge of the sheet
    border = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    outside = np.isin(every, border)
    amount = ndimage.sum_labels(ink, numbers, every) / np.where(outside, 10, 1)
    low = width > 4 * height
    usual = np.average(height, weights=np.where(low, 1e-6, 1) * amount**2)
    line = low & (width >= 0.9 * usual)  # it underlines
    # Where the largest is at the border, the picture is cut close to the digits
    outside &= not outside[np.argmax(np.where(line, 0, amount))]
    amount[line | outside | (amount < SPECK * usual**2)] = 0
    order = np.argsort(-amount, kind="stable")[: np.count_nonzero(amount)][:MOST]
    if len(order) == 0:
        raise ValueError(BLANK)
    new = np.zeros(count + 1, np.int32)
    new[order + 1] = every[: len(order)]
    return new[numbers], boxes[order], amount[order], float(usual)


def find_groups(ink: Gray, pixel: int = 1, *, alone: bool = False) -> list[Group]:
    """Gather the pieces of each digit, that of the largest piece first.

    alone: what is close side by side belongs together, too. What is small is left out.
    """
    numbers, boxes, amount, usual = find_pieces(ink)
    if alone and amount[0] < 0.25 * amount.sum():
        raise ValueError(MANY)
    digit = np.concatenate([[0], _join(boxes, usual, alone)])  # of each piece
    groups = _cut_out(ink, digit[numbers], pixel)
    least = max(5 * pixel, 0.3 * usual)
    return [group for group in groups if group.box[3] - group.box[1] >= least]


def _join(boxes: Boxes, usual: float, alone: bool) -> NDArray[np.int32]:
    """For each piece the number, from 1, of the digit it is a part of.

    alone: whatever is close. Else digits stand side by side: pieces one above the other
    are parts of one where they all but meet, or where a small one, as the bar of a 5,
    makes no more of the other than a digit's height.
    """
    start, stop = boxes[:, :2], boxes[:, 2:]  # (K, 2): x, y
    size = stop - start
    total = np.maximum(stop[:, None], stop) - np.minimum(start[:, None], start)
    common = size[:, None] + size - total  # (K, K, 2), negative where they are apart
    gaps = np.maximum(-common, 0)
    if alone:
        near = np.hypot(*np.moveaxis(gaps, -1, 0)) <= NEAR * usual
    else:
        width, height = np.moveaxis(np.minimum(size[:, None], size), -1, 0)  # (K, K)
        tall = np.maximum(usual, np.maximum(size[:, None, 1], size[:, 1]))
        near = (common[..., 0] >= 0.5 * width) & (total[..., 1] <= 1.5 * tall)
        near &= gaps[..., 1] <= np.where(height <= 0.6 * usual, NEAR, NEAR / 2) * usual
    group: NDArray[np.int32] = connected_components(near, directed=False)[1]
    return group + 1


def _cut_out(ink: Gray, numbers: NDArray[np.int32], pixel: int) -> list[Group]:
    """Each numbered digit, up to the rim of its ink, and its box in the picture."""
    groups = []
    for number, (y, x) in enumerate(ndimage.find_objects(numbers), 1):
        box = x.start, y.start, x.stop, y.stop
        y, x = (slice(max(0, n.start - pixel), n.stop + pixel) for n in (y, x))
        mask = ndimage.binary_dilation(numbers[y, x] == number, AROUND, pixel)
        crop = np.where(mask, ink[y, x], 0)
        crop /= crop.max()  # a faint digit beside a darker mark is below 1
        y, x = ndimage.find_objects((crop >= RIM).astype(int))[0]
        groups.append(Group(crop[y, x], box))
    return groups


def crop_largest(ink: Gray, pixel: int = 1) -> Gray:
    """Cut out the largest piece of ink with the pieces close to it, and no other."""
    groups = find_groups(ink, pixel, alone=True)
    if not groups:
        raise ValueError(MANY)
    return groups[0].crop


def count_digits(ink: Gray) -> int:
    """How many groups there are of half the tallest's height, and with ink enough."""
    groups = [(len(crop), crop.sum()) for crop, _ in find_groups(ink)]
    tall, much = np.max([(0, 0), *groups], axis=0)
    return sum(n >= 0.5 * tall and m >= 0.25 * much for n, m in groups)
