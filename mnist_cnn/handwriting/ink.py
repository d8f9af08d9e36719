"""Where there is ink in a picture, and which pieces of it make a digit."""

import numpy as np
from scipy import ndimage

from mnist_cnn.handwriting.pictures import Gray, Pixels, resize

Box = tuple[int, int, int, int]  # left, top, right, bottom
Group = tuple[Gray, Box]  # the ink of one digit, and where it is

# At the end of a line: how many of 960 drawn pictures the plain weights read with half
# the value and with the double (with RIM 0.25 and 0.75). As it is, they read 934, and a
# difference of eight may be luck. studies/photos.json has the numbers in formulas, too
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # as every television's
CLEARER = 1.5  # times as clear as in grey: a colour to look through. 931, 931
GRAIN = 5.0  # times the paper's own spread: what is darker is no grain. 935, 865
CUT = 0.35  # of full ink: what is paler ties no pieces together. 933, 766
RIM = 0.5  # of full ink: where a digit ends, half way to the paper. 935, 929
LEAST = 6  # pixels of the picture as it came: what is lower is no digit. 934, 931
BOX = 20  # MNIST's digits were scaled into so many pixels a side
SPECK = 0.5 / BOX**2  # half a pixel of these is no part of a digit. 934, 934
NEAR = 0.3  # of a digit's height: what is farther away is no part of it. 930, 936
ABOVE = 0.12  # the same on a sheet, of which ``long`` reads 36 of 40 whole. 36, 35
ASIDE = 6  # times closer it has to be on a sheet to what stands beside it. 37, 36
MOST = 500  # digits of a sheet: a page with more is print
AROUND = np.ones((3, 3), bool)  # a pixel and its eight neighbours
BLANK = "found no ink: the image looks blank"
MANY = "found no ink that could be one digit, only specks or many: see find_digits"


def to_gray(colours: Pixels) -> Gray:
    """The picture in grey, or in red, green or blue where ink is far clearer there."""
    if colours.shape[-1] == 1:
        return colours[..., 0]
    grays: list[Gray] = [colours @ LUMA, *np.moveaxis(colours, -1, 0)]
    clear = [clearness(gray) for gray in grays]
    return grays[int(np.argmax([CLEARER * clear[0], *clear[1:]]))]


def clearness(gray: Gray) -> float:
    """How many times steeper the edges are than the grain."""
    steep = ndimage.gaussian_gradient_magnitude(resize(gray, 200), 1)
    grain, edge = np.percentile(steep, [25, 99])
    return float(edge / (grain + 0.001))


def find_ink(gray: Gray, fine: float = 1) -> Gray:
    """How much ink each pixel holds: light, lines and the paper's grain removed.

    fine: how many times smaller than one that fills the picture a digit may be; its
    strokes are narrower, and the light is followed closer.
    """
    side = max(gray.shape)
    gray = ndimage.gaussian_filter(gray, side / fine / 500)
    gray = 1 - gray if is_light_on_dark(gray) else gray
    ink = darker_than_paper(gray, max(15, int(side / 3 / fine**0.5)))
    # The lightest quarter is surely paper, and its spread is that of the grain
    low, quarter = np.percentile(ink, [5, 25])
    grain = float(GRAIN * (quarter - low) + 0.004)
    ink = remove_lines(ink - quarter)
    return full_ink(ink, grain, max(1, side / fine / 200))


def darker_than_paper(gray: Gray, size: int) -> Gray:
    """The share of the light that ink takes away; dark strokes, filled, are paper."""
    # An odd reflection: light that fades towards the border fades on beyond it. Not
    # lighter than any pixel, as it would be where a stroke is close to the border
    wide = np.pad(gray, size, mode="reflect", reflect_type="odd").clip(max=gray.max())
    paper = ndimage.grey_closing(wide, size=size)[size:-size, size:-size]
    return np.asarray((paper - gray) / np.maximum(paper, 1e-3), np.float32)


def is_light_on_dark(gray: Gray) -> bool:
    """Ink is what strays furthest from the paper, which most pixels near by are."""
    # The border goes on beyond itself: it is paper even where strokes fill the picture
    gray = resize(gray, 60)
    across = ndimage.median_filter(gray, (1, 30), mode="nearest")
    paper = ndimage.median_filter(across, (30, 1), mode="nearest")
    return bool(((gray - paper) ** 3).mean() > 0)


def remove_lines(ink: Gray) -> Gray:
    """Take out what runs from one border to the other, as ruled and squared paper."""
    near, full = max(ink.shape) // 40 + 1, ink.max() + 1e-6
    for axis in (0, 1):
        wide = ndimage.maximum_filter1d(ink, near, axis=1 - axis)  # it may be askew
        wide = ndimage.uniform_filter1d(wide, near, axis=axis)  # and have gaps
        line = wide.min(axis=axis, keepdims=True)
        line -= ndimage.grey_opening(line, max(ink.shape) // 10 + 1)  # that is wide
        line = line.clip(0, full)
        ink = (ink - line) / np.maximum(1 - line / full, 0.5)  # what is full stays so
    return ink


def full_ink(ink: Gray, grain: float, scale: float) -> Gray:
    """Scale ink so that its edges, half way between ink and paper, are at 0.5.

    Source: J. Kittler, J. Illingworth, J. Föglein, Threshold selection based on a
    simple image statistic (1985): the mean over pixels, weighted by their steepness.
    Its power 1 would count shadows, 2 little but the darkest mark.
    """
    steep = ndimage.gaussian_gradient_magnitude(ink, scale) ** 1.5
    mask = ink > grain
    if not steep[mask].any():
        raise ValueError(BLANK)
    half = np.average(ink[mask], weights=steep[mask])
    return np.asarray(np.clip(ink / (2 * half), 0, 1) * mask, np.float32)


def find_groups(ink: Gray, pixel: int = 1, *, alone: bool = False) -> list[Group]:
    """Cut out each digit, the largest first; what is small is left out.

    pixel: side of one of the picture as it came. alone: what is close side by side
    belongs together, too, where digits of a sheet stand. Raises ValueError where there
    is no ink, or none that could be one digit alone.
    """
    ink, amount, usual = keep_pieces(ink, pixel)
    # All within half the gap of some ink: these areas meet where pieces are near
    gap, aside = (NEAR, 1) if alone else (ABOVE, ASIDE)
    away = ndimage.distance_transform_edt(ink == 0, sampling=(1, aside))
    numbers = ndimage.label(away <= gap * usual / 2, AROUND)[0] * (ink > 0)
    groups = []
    for number, (y, x) in enumerate(ndimage.find_objects(numbers), 1):
        crop = np.where(numbers[y, x] == number, ink[y, x], 0)
        crop /= crop.max()  # a faint digit beside a darker mark is below 1
        down, along = ndimage.find_objects((crop >= RIM).astype(int))[0]
        if down.stop - down.start >= max(LEAST * pixel, 0.3 * usual):
            left, top = x.start + along.start, y.start + down.start
            box = (left, top, x.start + along.stop, y.start + down.stop)
            groups.append((crop[down, along], box))
    if alone and (not groups or amount.max() < 0.25 * amount.sum()):
        raise ValueError(MANY)
    return sorted(groups, key=lambda group: -group[0].sum())[:MOST]


def keep_pieces(ink: Gray, pixel: int) -> tuple[Gray, np.ndarray, float]:
    """Leave out the connected pieces that are specks or lines, or are cut off.

    Returns the other ink (height, width), the ink of each piece, 0 where it is left
    out, and a digit's usual height. Raises ValueError where there is no ink.
    """
    numbers, count = ndimage.label(ink >= CUT, AROUND)
    if count == 0:
        raise ValueError(BLANK)
    found = ndimage.find_objects(numbers)
    boxes = np.array([(x.start, y.start, x.stop, y.stop) for y, x in found])
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    # What is at the border counts for a tenth: a thumb, a table, the edge of the sheet
    touched = (boxes == [0, 0, ink.shape[1], ink.shape[0]]).sum(axis=1)  # of 4 borders
    amount = np.bincount(numbers.flat, ink.flat)[1:] / np.where(touched, 10, 1)
    low = width > 4 * height
    usual = np.average(height, weights=np.where(low, 1e-6, 1) * amount**2)
    line = low & (width >= 0.9 * usual)  # it underlines
    # Where the largest is at the border, the picture is cut close to the digits, but
    # what is at three borders is always a table
    cut_close = touched[np.argmax(np.where(line, 0, amount))] > 0
    outside = touched == 3 if cut_close else touched > 0
    amount[line | outside | (amount < SPECK * usual**2)] = 0
    if not amount.any():
        raise ValueError(BLANK)
    kept = np.concatenate([[False], amount > 0])[numbers]
    with_rim = ndimage.binary_dilation(kept, AROUND, pixel)
    return np.where(with_rim, ink, 0), amount, float(usual)
