"""Where there is ink in a picture, and which pieces of it belong together."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

from mnist_cnn.handwriting.pictures import Gray

__all__ = ["BOX", "Box", "Group", "count_digits", "crop_largest", "find_groups", "find_ink", "to_gray"]

Box = tuple[int, int, int, int]  # left, top, right, bottom
Boxes = NDArray[np.int64]  # (N, 4), of the same

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # as every television's
COLOURED = 1.5
SMALL = 200
GRAIN = 6
SHARP = 0.15
NEAR = 0.3
LOCAL = 20
MOST = 500  # pieces that are looked at: a page with more is print
BOX = 20  # MNIST's digits were scaled into so many pixels a side
SPECK = 0.5 / BOX**2  # half a pixel of these is no part of a digit
AROUND = np.ones((3, 3), bool)  # a pixel and its eight neighbours


class Group(NamedTuple):
    """The pieces of one digit: their ink, and where they are."""

    crop: Gray
    box: Box


def to_gray(colours: Gray) -> Gray:
    """The picture as grey, or as red, green or blue where ink stands out more there."""
    if colours.shape[-1] < 3:
        return colours[..., 0]
    best = colours @ LUMA
    most = COLOURED * _stands_out(best)
    for view in np.moveaxis(colours, -1, 0):
        if (clear := _stands_out(view)) > most:
            best, most = view, clear
    return best


def _stands_out(view: Gray) -> float:
    """How many times steeper the edges are than the grain."""
    small = np.asarray(Image.fromarray(np.ascontiguousarray(view)).reduce(-(-max(view.shape) // 200)))
    steep = ndimage.gaussian_gradient_magnitude(small, 1)
    grain, edges = np.percentile(steep, [25, 99])
    return edges / (grain + 0.001)


def find_ink(gray: Gray, fine: float = 1) -> Gray:
    side = max(gray.shape)
    gray = ndimage.gaussian_filter(gray, side / fine / 500)
    light = _is_light_on_dark(gray)
    if light:
        gray = 1 - gray
    ink = _below_paper(gray, max(15, int(side / 3 / fine**0.5)), light)
    low, quarter = np.percentile(ink, [5, 25])
    ink = ink - quarter
    floor = GRAIN * (quarter - low) + 0.004
    scale = max(1, side / fine / 200)
    edge = ndimage.gaussian_gradient_magnitude(ink, scale)
    pieces, count = ndimage.label(ink > floor, AROUND)
    steep = ndimage.maximum(ndimage.maximum_filter(edge, 3), pieces, np.arange(count + 1))
    steep[0] = 0
    if not count:
        raise ValueError("found no ink: the image looks blank")
    keep = steep > SHARP * steep.max()
    keep[0] = False
    mask = keep[pieces]
    weight = np.where(ndimage.binary_dilation(mask, AROUND), edge, 0) ** 2
    near = side / fine / LOCAL
    half = ndimage.gaussian_filter(weight * ink, near) / (ndimage.gaussian_filter(weight, near) + 1e-12)
    strength = ink / (2 * np.maximum(half, floor / 2))
    strength = np.clip(strength, 0, 1) * mask
    return strength.astype(np.float32)


def _is_light_on_dark(gray: Gray) -> bool:
    """Ink is what strays furthest from the paper; here paper is what most pixels are.

    Most pixels near by, so that no shadow counts as ink. The border goes on beyond
    itself, as it is paper even where strokes fill the picture.
    """
    gray = np.asarray(Image.fromarray(gray).reduce(-(-max(gray.shape) // 60)))
    near = max(1, max(gray.shape) // 2)
    paper = ndimage.median_filter(gray, near, mode="nearest")
    return bool(((gray - paper) ** 3).mean() > 0)


def _below_paper(gray: Gray, size: int, light: bool) -> Gray:
    wide = np.pad(gray, size, mode="reflect", reflect_type="odd").clip(max=gray.max())
    paper = ndimage.grey_closing(wide, size=size)[size:-size, size:-size]
    return (paper - gray) / (1 if light else np.maximum(paper, 1e-3))


class Pieces(NamedTuple):
    """The connected pieces of ink. Of each: its number, ink, and box."""

    numbers: NDArray[np.int32]  # (height, width), 0 is paper
    every: NDArray[np.int64]  # 1 to the number of pieces
    amount: NDArray[np.float64]
    touches: NDArray[np.bool_]  # the border: the edge of the sheet, a table, a thumb


def find_pieces(ink: Gray) -> Pieces:
    """Number the pieces of ink. Raises ValueError where there is none."""
    numbers, count = ndimage.label(ink >= 0.5, structure=AROUND)
    if count == 0:
        raise ValueError("found no ink: the image looks blank")
    every = np.arange(1, count + 1)
    amount = ndimage.sum_labels(ink, numbers, every)
    border = numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]
    touches = np.isin(every, np.concatenate(border))
    return Pieces(numbers, every, amount, touches)


def crop_largest(ink: Gray) -> Gray:
    """Cut out the largest piece of ink with the pieces close to it, and no other."""
    numbers, every, amount, touches = find_pieces(ink)
    chosen = every == every[_main(amount, touches)]
    while True:
        mask = chosen[numbers - 1] & (numbers > 0)
        box: tuple[slice, slice] = ndimage.find_objects(mask.astype(int))[0]
        size = max(s.stop - s.start for s in box)
        other = every[~chosen & ~touches & (amount >= SPECK * size**2)]
        if len(other) == 0:
            break
        away = ndimage.minimum(ndimage.distance_transform_edt(~mask), numbers, other)
        close = other[away <= 0.3 * size]
        if len(close) == 0:
            break
        chosen[close - 1] = True
    if size < 5:
        raise ValueError("found no ink that could be a digit, only specks")
    return _cut(ink, mask, max(ink.shape)).crop


def _main(amount: NDArray[np.float64], touches: NDArray[np.bool_]) -> np.intp:
    """The largest; at the border, where a thumb may be, ink counts for a tenth."""
    return np.argmax(amount / np.where(touches, 10, 1))


def _cut(
    ink: Gray, mask: NDArray[np.bool_], side: int, left: int = 0, top: int = 0
) -> Group:
    """What the mask holds, in a small picture with the faint edge around it.

    side: the long side of the picture, of which ink may be a part, from left, top on.
    """
    y, x = ndimage.find_objects(mask.astype(int))[0]
    box = left + x.start, top + y.start, left + x.stop, top + y.stop
    if True:
        mask = ndimage.binary_dilation(mask, AROUND) & (ink > 0)
    y, x = ndimage.find_objects(mask.astype(int))[0]
    return Group(np.where(mask, ink, 0)[y, x].astype(np.float32), box)


def find_groups(ink: Gray) -> list[Group]:
    """Gather the pieces of each digit, and leave out what is no digit by its size.

    Pieces one above the other are parts of one digit where they all but meet, or where
    a small one, as the bar of a 5, makes no more of the other than a digit's height.
    """
    numbers, every, amount, touches = find_pieces(ink)
    boxes = np.array(
        [(x.start, y.start, x.stop, y.stop) for y, x in ndimage.find_objects(numbers)]
    )
    height = boxes[:, 3] - boxes[:, 1]
    # Where all that is large touches the border, the picture is cut close to it
    inside = ~touches | touches[_main(amount, touches)]
    usual = _usual(height[inside], amount[inside])
    inside |= (height >= 0.5 * usual) & (height <= 1.5 * usual)
    kept = every[inside & (amount >= SPECK * usual**2)]
    if len(kept) > MOST:
        kept = kept[np.argsort(-amount[kept - 1], kind="stable")[:MOST]]
    groups = []
    for together in _join(numbers, boxes, kept, usual):
        left, top = np.maximum(boxes[together - 1, :2].min(axis=0) - 1, 0)
        right, bottom = boxes[together - 1, 2:].max(axis=0) + 1
        window = slice(top, bottom), slice(left, right)
        mask = np.isin(numbers[window], together)
        groups.append(_cut(ink[window], mask, max(ink.shape), int(left), int(top)))
    tall = [len(group.crop) for group in groups]
    return [g for g, n in zip(groups, tall, strict=True) if n >= max(5, 0.3 * usual)]


def count_digits(ink: Gray) -> int:
    """How many groups there are of half the largest's height or more, and ink enough.

    What touches the border is not counted: it may be a thumb.
    """
    bottom, right = ink.shape
    groups = [
        (len(crop), crop.sum())
        for crop, box in find_groups(ink)
        if min(box[:2]) > 0 and box[2] < right and box[3] < bottom
    ]
    tall, much = np.max([(0, 0), *groups], axis=0)
    return sum(n >= 0.5 * tall and m >= 0.25 * much for n, m in groups)


def _usual(height: NDArray[np.int64], amount: NDArray[np.float64]) -> int:
    """The height at which half of the ink is in lower pieces, half in higher ones."""
    order = np.argsort(height)
    share = np.cumsum(amount[order])
    return int(height[order][np.searchsorted(share, share[-1] / 2)])


def _join(
    numbers: NDArray[np.int32], boxes: Boxes, kept: NDArray[np.int64], usual: int
) -> list[NDArray[np.int64]]:
    """The numbers of the pieces, those of one digit together."""
    start, stop = boxes[kept - 1, :2], boxes[kept - 1, 2:]  # (K, 2): x, y
    size = stop - start
    total = np.maximum(stop[:, None], stop) - np.minimum(start[:, None], start)
    common = size[:, None] + size - total  # (K, K, 2), negative where they are apart
    width, height = np.moveaxis(np.minimum(size[:, None], size), -1, 0)  # (K, K)
    near = (common[..., 0] >= 0.3 * width) & (-common[..., 1] <= 0.3 * total[..., 1])
    for a, b in np.argwhere(np.triu(near, 1)):
        left, top = np.minimum(start[a], start[b])
        right, bottom = np.maximum(stop[a], stop[b])
        window = numbers[top:bottom, left:right]
        away = ndimage.distance_transform_edt(window != kept[a])[window == kept[b]]
        gap = away.min() / total[a, b, 1]
        small = height[a, b] <= 0.6 * usual and gap <= 0.3
        within = common[a, b, 0] >= 0.6 * width[a, b] and gap <= 0.15
        fits = total[a, b, 1] <= 1.5 * usual and (small or within)
        near[a, b] = gap <= 0.05 or fits
    count, group = connected_components(np.triu(near, 1), directed=False)
    return [kept[group == n] for n in range(count)]
