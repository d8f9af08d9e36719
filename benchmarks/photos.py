"""MNIST's training digits turned into photos, to choose and to judge ``to_mnist`` by.

    python benchmarks/photos.py [--each 640] [--few 120]
    pip install -e ".[study]"   # first: Otsu's and Sauvola's thresholds, pens

Sixteen kinds of trouble, half for choosing constants, half for reporting. Nothing is
photographed: paper, pen, light and camera are drawn from named factors and a seed, with
digits that the shipped networks were trained on, so that what is misread is mostly the
preparation's fault. Of each kind ``to_mnist`` reads ``each``, and ``few`` are prepared
in other ways, too: by a library's threshold, with a constant halved or doubled (kinds
for choosing; of the numbers within formulas for the first batch alone), with one step
left out (kinds for reporting). Sheets of twelve digits are for what ``find_digits``
adds. A JSON line a kind, way and batch of 40; what is recorded is not repeated, and a
run may be stopped. The sums go to mnist_cnn/studies/photos.json, and a picture
of each kind for reporting to mnist_cnn/photos/troubles.webp.
"""

import argparse
import inspect
import io
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from unittest import mock

import numpy as np
import records
import torch
from PIL import Image, ImageOps
from scipy import ndimage
from skimage import filters, morphology

import mnist_cnn as mc
from mnist_cnn.handwriting import ink, pictures, prepare
from mnist_cnn.handwriting.pictures import read_picture

HERE = Path(__file__).parent
LINES = HERE / "results" / "photos.jsonl"
PACKAGE = HERE.parent / "mnist_cnn"
SUMMARY = PACKAGE / "studies" / "photos.json"
TROUBLES = PACKAGE / "photos" / "troubles.webp"  # one of each kind for reporting
CONTRASTS = [0, 0.12, 0.25, 0.5, 1]  # borders of the bands that are reported
BATCH = 40  # pictures a line
FINE = 12  # times 28: the digit is drawn so large, then reduced to its size


@dataclass(frozen=True)
class Photo:
    """The factors of one picture; tones are from 0, black, to 1, lengths in pixels."""

    side: int = 300
    aspect: float = 1.0  # width by height
    margin: float = 0.5  # around the digit, of its long side, at least
    contrast: float = 0.6  # between paper and ink, in the channel where it is largest
    paper: float = 0.9
    hues: tuple[float, float, float] = (1, 1, 1)  # of the contrast, for each channel
    light_ink: bool = False
    lamp: float = 0.0  # of the light is missing at the far side
    shadow: float = 0.0  # of the light is missing behind an edge
    grain: float = 0.05  # of the contrast: each pixel's own
    fibre: float = 0.03  # of the contrast: of some pixels together
    blur: float = 0.01  # of the digit's long side
    quality: int = 90  # of the JPEG
    lines: str = ""  # "rules", "squares", "underlined" or "frame"
    line: float = 0.4  # contrast of these, of the ink's
    pen: float = 0.0  # width, of the digit's long side; 0: as it was written
    seed: int = 0


def span(rng: np.random.Generator, low: float, high: float) -> float:
    """From low to high, as often in each octave."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def usual(rng: np.random.Generator) -> Photo:
    """A picture without any trouble in particular."""
    light_ink, contrast = bool(rng.random() < 0.2), rng.uniform(0.35, 0.85)
    room = rng.uniform(0, 0.98 - contrast)  # paper is light, or dark under chalk
    return Photo(
        side=round(span(rng, 80, 400)),
        aspect=span(rng, 0.7, 1.4),
        margin=span(rng, 0.1, 1.5),
        contrast=contrast,
        paper=0.01 + room if light_ink else 0.99 - room * 0.5,
        light_ink=light_ink,
        lamp=rng.uniform(0, 0.3),
        grain=span(rng, 0.005, 0.06),
        fibre=span(rng, 0.005, 0.03),
        blur=span(rng, 0.003, 0.02),
        quality=int(rng.integers(60, 96)),
        pen=0.0 if rng.random() < 0.5 else span(rng, 0.04, 0.14),
        seed=int(rng.integers(2**31)),
    )


def faint(rng: np.random.Generator, photo: Photo, *, light_ink: bool) -> Photo:
    contrast = span(rng, 0.06, 0.25)
    low, high = (0.02, 0.6) if light_ink else (0.5, 0.98)
    return replace(
        photo,
        contrast=contrast,
        paper=rng.uniform(low, high),
        light_ink=light_ink,
        grain=min(photo.grain, 0.006 / contrast),  # of a usual camera
        lamp=0.3 * photo.lamp,
        quality=95,
    )


def tinted(rng: np.random.Generator, photo: Photo, hues: list) -> Photo:
    contrast = rng.uniform(0.3, 0.8)
    hue = tuple(hues[rng.integers(len(hues))])
    both = min(hue) < 0
    paper = 0.5 if both else rng.uniform(contrast, 1)
    contrast = min(contrast, 0.45) if both else contrast
    return replace(photo, hues=hue, contrast=contrast, paper=paper, light_ink=False)


def with_lines(rng: np.random.Generator, photo: Photo, *what: str) -> Photo:
    lines = what[rng.integers(len(what))]
    strong = lines in ("underlined", "frame")
    return replace(
        photo,
        lines=lines,
        line=1.0 if strong else rng.uniform(0.15, 0.6),
        side=max(photo.side, 120),
        margin=max(photo.margin, 0.3),
        light_ink=False,
        paper=max(photo.paper, photo.contrast),
    )


def sized(rng: np.random.Generator, photo: Photo, side: tuple, margin: tuple) -> Photo:
    return replace(
        photo,
        side=round(span(rng, *side)),
        margin=span(rng, *margin),
        blur=0.01,
        pen=max(photo.pen, 0.06) if photo.pen else 0.0,
    )


GREEN_ON_RED = [(1, -0.51, 0), (-0.6, 0.3, 0.02), (1, -0.3, -1.0)]  # of about one grey
PALE_HUES = [(0.02, 0.06, 1), (0.1, 0.35, 0), (0.04, 0.45, 0.04), (0.7, 0.1, 0.1)]
KINDS: dict[str, Callable[[np.random.Generator, Photo], Photo]] = {
    # for choosing                      and for reporting, a pair a line
    "faint, dark": lambda r, p: faint(r, p, light_ink=False),
    "faint, light": lambda r, p: faint(r, p, light_ink=True),
    "yellow on white": lambda r, p: tinted(r, p, PALE_HUES),
    "green on red": lambda r, p: tinted(r, p, GREEN_ON_RED),
    "lamp": lambda r, p: replace(p, lamp=r.uniform(0.4, 0.8)),
    "shadow": lambda r, p: replace(p, shadow=r.uniform(0.2, 0.6)),
    "squares": lambda r, p: with_lines(r, p, "squares"),
    "rules, underlined, frame": lambda r, p: with_lines(
        r, p, "rules", "underlined", "frame"
    ),
    "28 pixels": lambda r, p: sized(r, p, (28, 28), (0.03, 0.5)),
    "20 to 64 pixels": lambda r, p: sized(r, p, (20, 64), (0.03, 0.5)),
    "hair": lambda r, p: replace(p, pen=span(r, 0.012, 0.03), side=max(p.side, 200)),
    "brush": lambda r, p: replace(p, pen=span(r, 0.12, 0.18), margin=p.margin / 3),
    "grain": lambda r, p: replace(p, grain=span(r, 0.1, 0.25), fibre=0.05),
    "JPEG, blur": lambda r, p: replace(
        p, quality=int(r.integers(8, 40)), blur=span(r, 0.02, 0.05)
    ),
    "cut close": lambda r, p: replace(p, margin=span(r, 0.03, 0.1)),
    "large, far": lambda r, p: replace(
        p, side=round(span(r, 900, 2000)), margin=span(r, 1.5, 4)
    ),
}
CHOOSE, REPORT = [*KINDS][::2], [*KINDS][1::2]


def draw_pen(image: torch.Tensor, pen: float) -> np.ndarray:
    """The digit cut to its ink and large, with a pen so wide or its own."""
    large = ndimage.zoom(np.pad(image[0].numpy(), 3), FINE, order=3)
    large = large.clip(0, 1)
    mask = large > 0.5
    if pen:
        spine = morphology.skeletonize(mask)
        y, x = np.nonzero(spine)
        size = max(np.ptp(y), np.ptp(x)) + 1
        away = ndimage.distance_transform_edt(~spine)
        large = np.clip(pen * size / 2 + 0.5 - away, 0, 1)
        mask = large > 0.5
    box = ndimage.find_objects(mask.astype(int))[0]
    return large[box].astype(np.float32)


def place(photo: Photo, rng: np.random.Generator, digit: np.ndarray):
    """How much ink covers each pixel, and the digit's box: left, top, right, bottom."""
    width = min(photo.side, round(photo.side * photo.aspect))
    height = min(photo.side, round(photo.side / photo.aspect))
    tall, wide = digit.shape
    edge = photo.margin * max(tall, wide)
    scale = min(height / (tall + 2 * edge), width / (wide + 2 * edge))
    size = max(1, round(wide * scale)), max(1, round(tall * scale))
    small = Image.fromarray(digit).resize(size, Image.Resampling.BOX)
    if photo.margin < 0.6:  # cut around the digit, as one would
        width = min(width, round((wide + 2 * edge) * scale))
        height = min(height, round((tall + 2 * edge) * scale))
    rooms = (width - size[0], height - size[1])
    keep = [min(room // 2, int(edge * scale)) for room in rooms]
    left, top = (
        int(rng.integers(k, room - k + 1)) for k, room in zip(keep, rooms, strict=True)
    )
    alpha = np.zeros((height, width), np.float32)
    alpha[top : top + size[1], left : left + size[0]] = small
    return alpha, (left, top, left + size[0], top + size[1])


def draw_lines(photo: Photo, rng: np.random.Generator, shape, box) -> np.ndarray:
    """Printed or drawn lines, (height, width) in [0, 1]."""
    lines, (left, top, right, bottom) = np.zeros(shape, np.float32), box
    size = max(right - left, bottom - top)
    thick = max(1, round(0.012 * size))
    if photo.lines in ("squares", "rules"):
        step = max(6, round(size * rng.uniform(0.2, 0.45)))
        if photo.lines == "rules":
            step = round(size * rng.uniform(0.5, 1.2))
        start = int(rng.integers(step))
        for i in range(thick):
            lines[start + i :: step] = 1
            if photo.lines == "squares":
                lines[:, start + i :: step] = 1
    wide = max(2, round(0.06 * size))
    if photo.lines == "underlined":
        y = bottom + round(rng.uniform(0.06, 0.25) * size)
        over = round(rng.uniform(0.1, 0.4) * size)
        lines[y : y + wide, max(0, left - over) : right + over] = 1
    if photo.lines == "frame":
        gap = round(rng.uniform(0.1, 0.25) * size) + wide
        y0, y1, x0, x1 = top - gap, bottom + gap, left - gap, right + gap
        for rows, columns in (
            ((y0, y0 + wide), (0, shape[1])),
            ((y1 - wide, y1), (0, shape[1])),
            ((0, shape[0]), (x0, x0 + wide)),
            ((0, shape[0]), (x1 - wide, x1)),
        ):
            lines[slice(*np.maximum(rows, 0)), slice(*np.maximum(columns, 0))] = 1
    return lines


def take(photo: Photo, drawn: np.ndarray) -> bytes:
    """The photo of what is drawn, as the camera or the phone stores it."""
    rng = np.random.default_rng(photo.seed)
    alpha, box = place(photo, rng, drawn)
    height, width = alpha.shape
    long = max(box[2] - box[0], box[3] - box[1])
    lines = photo.line * draw_lines(photo, rng, alpha.shape, box)
    alpha = np.maximum(alpha * (1 - lines) + lines, alpha) if photo.lines else alpha
    alpha = ndimage.gaussian_filter(alpha, photo.blur * long)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    angle = rng.uniform(0, 2 * np.pi)
    along = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    light = 1 - photo.lamp * (along + 0.5).clip(0, 1)
    light *= 1 - photo.shadow / (1 + np.exp(-60 * (along - rng.uniform(-0.3, 0.3))))
    sign = 1 if photo.light_ink else -1
    change = sign * photo.contrast * np.asarray(photo.hues)
    fibre = ndimage.gaussian_filter(rng.normal(size=alpha.shape), 2) * 7
    grain = rng.normal(size=(height, width, 3)) + rng.normal(size=(height, width, 1))
    scene = (photo.paper + alpha[..., None] * change) * light[..., None]
    scene += photo.contrast * (
        0.7 * photo.grain * grain + photo.fibre * fibre[..., None]
    )
    picture = Image.fromarray((255 * scene.clip(0, 1) + 0.5).astype(np.uint8))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=photo.quality, subsampling=0)
    return file.getvalue()


def photos_of(kind: str, pictures: range, train: mc.Digits):
    """Pictures of one kind: factors, JPEG, label; each is the same on every call."""
    for i in pictures:
        rng = np.random.default_rng([list(KINDS).index(kind), i])
        index = int(rng.integers(len(train)))
        photo = KINDS[kind](rng, usual(rng))
        drawn = draw_pen(train.images[index], photo.pen)
        yield photo, take(photo, drawn), int(train.labels[index])


def sheets_of(count: int, train: mc.Digits):
    """Three rows of four digits, as JPEG, and what they say, a slash after each row."""
    for i in range(count):
        rng = np.random.default_rng([len(KINDS), i])
        photo = replace(usual(rng), side=1600, margin=0.1, blur=0.002)
        page, text = np.zeros((3 * 150, 4 * 150), np.float32), ""
        for row, column in np.ndindex(3, 4):
            index = int(rng.integers(len(train)))
            drawn = draw_pen(train.images[index], photo.pen)
            scale = rng.uniform(80, 120) / max(drawn.shape)
            tall, wide = (max(1, round(n * scale)) for n in drawn.shape)
            small = Image.fromarray(drawn).resize((wide, tall), Image.Resampling.BOX)
            away = rng.integers(-10, 11, size=2)  # from the middle of its cell
            top = 150 * row + (150 - tall) // 2 + int(away[0])
            left = 150 * column + (150 - wide) // 2 + int(away[1])
            page[top : top + tall, left : left + wide] = small
            text += str(int(train.labels[index])) + "/" * (column == 3)
        yield take(photo, page), text


# Ways to prepare


def naive(gray: np.ndarray) -> np.ndarray:
    """Shrunk to 28x28, turned so that the border is dark, and nothing else."""
    small = np.asarray(Image.fromarray(gray).resize((28, 28), Image.Resampling.BOX))
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    return 1 - small if np.median(edge) > 0.5 else small


def by_threshold(gray: np.ndarray, find: Callable) -> np.ndarray:
    """Ink by a library's threshold, then cut out, scaled and centred as by to_mnist."""
    ink_is_light = find(gray).astype(np.float32)
    light = ink_is_light.mean() < 0.5  # there is more paper than ink
    black_white = ink_is_light if light else 1 - ink_is_light
    crop, _ = ink.find_groups(black_white, alone=True)[0]
    return prepare.centre(prepare.fit_box(prepare.thicken(crop)))


def library(find: Callable) -> Callable:
    return lambda file: by_threshold(ink.to_gray(read_picture(file)[0]), find)


def sauvola(gray: np.ndarray) -> np.ndarray:
    """With a window of a third of the picture, odd, and the library's own k.

    It expects dark ink on light paper, so others are turned round first.
    """
    gray = 1 - gray if np.median(gray) < 0.5 else gray
    return gray > filters.threshold_sauvola(gray, max(gray.shape) // 6 * 2 + 1)


WAYS: dict[str, Callable] = {
    "to_mnist": lambda file: mc.to_mnist(file)[0].numpy(),
    "naive": lambda file: naive(read_picture(file)[0] @ ink.LUMA),
    "Otsu": library(lambda gray: gray > filters.threshold_otsu(gray)),
    "Sauvola": library(sauvola),
}
WAYS["all steps"] = WAYS["to_mnist"]  # again, on as few as the other ways
# One step left out at a time: what stands in the step's place
WITHOUT: dict[str, tuple[object, str, Callable]] = {
    "colour": (prepare, "to_gray", lambda c: c @ ink.LUMA),
    "paper": (ink, "darker_than_paper", lambda gray, _: np.median(gray) - gray),
    "grain": (ink, "GRAIN", 0.0),
    "lines": (ink, "remove_lines", lambda dark: dark),
    "edges": (
        ink,
        "full_ink",
        lambda dark, grain, *_: np.clip(dark / dark.max(), 0, 1) * (dark > grain),
    ),
    "largest": (prepare, "find_groups", lambda dark, *_, **__: [(dark, ())]),
    "thicken": (prepare, "thicken", lambda crop: crop),
    "averages": (prepare, "fit_box", lambda crop: jagged(crop)),
    "centre": (prepare, "centre", lambda box: in_the_middle(box)),
}


# A constant that is another: half of it, or twice as much
CONSTANTS = {
    f"{name} {value:.3g}": (module, name, value)
    for module, names in (
        (ink, ("CLEARER", "GRAIN", "CUT", "SPECK", "NEAR", "LEAST")),
        (prepare, ("THIN", "PEN")),
    )
    for name in names
    for value in (getattr(module, name) / 2, getattr(module, name) * 2)
}
CONSTANTS["RIM 0.25"] = (ink, "RIM", 0.25)
CONSTANTS["RIM 0.75"] = (ink, "RIM", 0.75)


def rewritten(function: Callable, old: str, new: str) -> Callable:
    """The same function with another number in a formula."""
    source, scope = inspect.getsource(function), dict(function.__globals__)
    assert source.count(old) == 1, f"{old!r} is not once in {function.__name__}"
    exec(source.replace(old, new), scope)
    return scope[function.__name__]


# The numbers within formulas, halved and doubled, on the first batch alone
FORMULAS: dict[str, tuple[object, str, object]] = {
    f"{function.__name__}: {old} is {new}": (
        module,
        function.__name__,
        rewritten(function, old, new),
    )
    for module, function, old, *others in (
        (prepare, ink.find_ink, "fine / 500", "fine / 1000", "fine / 250"),
        (prepare, ink.find_ink, "max(15,", "max(7,", "max(30,"),
        (prepare, ink.find_ink, "side / 3", "side / 6", "side / 1.5"),
        (prepare, ink.find_ink, "[5, 25]", "[2.5, 12.5]", "[10, 50]"),
        (prepare, ink.find_ink, "0.004", "0.002", "0.008"),
        (prepare, ink.find_ink, "fine / 200", "fine / 400", "fine / 100"),
        (ink, ink.is_light_on_dark, "gray, 60", "gray, 30", "gray, 120"),
        (ink, ink.remove_lines, "// 40", "// 80", "// 20"),
        (ink, ink.remove_lines, "// 10", "// 20", "// 5"),
        (ink, ink.remove_lines, "full, 0.5", "full, 0.25", "full, 1"),
        (ink, ink.full_ink, "** 1.5", "** 0.75", "** 3"),
        (ink, ink.clearness, "gray, 200", "gray, 100", "gray, 400"),
        (ink, ink.clearness, "0.001", "0.0005", "0.002"),
        (prepare, ink.find_groups, "0.25 *", "0.125 *", "0.5 *"),
        (prepare, ink.find_groups, "0.3 *", "0.15 *", "0.6 *"),
        (ink, ink.keep_pieces, "touched, 10", "touched, 5", "touched, 20"),
        (ink, ink.keep_pieces, "4 * height", "2 * height", "8 * height"),
        (ink, ink.keep_pieces, "0.9 *", "0.45 *", "1.8 *"),
    )
    for new in others
}
FORMULAS |= {
    f"{name} {value}": (module, name, value)
    for module, name, values in (
        (pictures, "SIDE", (400, 1600)),
        (pictures, "SMALL", (35, 140)),
        (prepare, "FINE", (50, 200)),
    )
    for value in values
}


# And on sheets
SHEETS: dict[str, tuple[object, str, float]] = {
    f"{name} {value:g}": (module, name, value)
    for module, name in ((ink, "ABOVE"), (ink, "ASIDE"), (prepare, "SHEET"))
    for value in (getattr(module, name) / 2, getattr(module, name) * 2)
}
SHEETS["as it is"] = (ink, "ABOVE", ink.ABOVE)


def jagged(crop: np.ndarray) -> np.ndarray:
    """Of every few pixels one is taken, and the others are dropped."""
    size = [max(1, round(n * prepare.BOX / max(crop.shape))) for n in crop.shape]
    box = Image.fromarray(crop).resize(size[::-1], Image.Resampling.NEAREST)
    return np.asarray(box) / np.max(box)


def in_the_middle(box: np.ndarray) -> np.ndarray:
    """In 28x28, by the middle of the box in place of the centre of mass."""
    before = [(28 - side) // 2 for side in box.shape]
    sides = zip(before, box.shape, strict=True)
    return np.pad(box, [(start, 28 - start - side) for start, side in sides])


def prepared(way: str, file: io.BytesIO) -> np.ndarray:
    """28x28; all paper where it is refused."""
    try:
        if way in WAYS:
            return WAYS[way](file)
        other = {f"without {step}": patch for step, patch in WITHOUT.items()}
        module, name, instead = {**CONSTANTS, **FORMULAS, **other}[way]
        with mock.patch.object(module, name, instead):
            return WAYS["to_mnist"](file)
    except ValueError:
        return np.zeros((28, 28), np.float32)


def run(kind: str, way: str, taken: list, models: dict) -> dict:
    """How many of one kind are read, by each network, and by contrast."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of several digits
        images = [prepared(way, io.BytesIO(jpeg)) for _, jpeg, _ in taken]
    batch = torch.from_numpy(np.stack(images).astype(np.float32)).unsqueeze(1)
    labels = torch.tensor([label for *_, label in taken])
    blank = batch.amax((1, 2, 3)) == 0
    row = {"kind": kind, "way": way, "pictures": len(taken)}
    row["refused"] = int(blank.sum())
    for name, model in models.items():
        right = (mc.predict(model, batch).argmax(1) == labels) & ~blank
        row[name] = int(right.sum())
        row[f"{name} by contrast"] = [
            [len(band), sum(band)]
            for low, high in pairwise(CONTRASTS)
            for band in [
                [
                    bool(yes)
                    for (photo, *_), yes in zip(taken, right, strict=True)
                    if low <= photo.contrast < high
                ]
            ]
        ]
    return row


def run_sheets(way: str, sheets: list, models: dict) -> dict:
    """How many are read without a mistake; refused: not cut into four, four, four."""
    module, name, value = SHEETS[way]
    row = {"kind": "sheets", "way": way, "pictures": len(sheets), "refused": 0}
    row |= dict.fromkeys(models, 0)
    for jpeg, text in sheets:
        with mock.patch.object(module, name, value):
            found = mc.find_digits(io.BytesIO(jpeg))
        row["refused"] += [digit.row for digit in found] != 4 * [0] + 4 * [1] + 4 * [2]
        for recipe, model in models.items():
            read = ""
            if len(found) == 12:
                images = torch.stack([digit.image for digit in found])
                answers = mc.predict(model, images).argmax(dim=1).tolist()
                read = "".join(
                    f"{answer}{'/' * (place % 4 == 3)}"
                    for place, answer in enumerate(answers)
                )
            row[recipe] += read == text
    return row


def draw_troubles(train: mc.Digits, side: int = 112) -> None:
    """The first picture of each kind for reporting, side by side, for notebook 7."""
    strip = Image.new("RGBA", (side * len(REPORT), side))
    for column, kind in enumerate(REPORT):
        _, file, _ = next(photos_of(kind, range(1), train))
        picture = Image.open(io.BytesIO(file))
        small = max(picture.size) < side - 8
        how = Image.Resampling.NEAREST if small else Image.Resampling.BOX
        picture = ImageOps.contain(picture, (side - 8, side - 8), how)
        strip.paste(picture, (column * side + (side - picture.width) // 2, 4))
    strip.save(TROUBLES, quality=80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", type=int, default=640, help="pictures of a kind")
    parser.add_argument("--few", type=int, default=120, help="of these in all ways")
    args = parser.parse_args()
    train, _ = mc.load_mnist(source="mnist")
    models = {recipe: mc.load(recipe=recipe) for recipe in ("plain", "long")}
    for start in range(0, args.each, BATCH):
        for kind in KINDS:
            ways = ways_of(kind) if start < args.few else ["to_mnist"]
            ways += [*FORMULAS] if kind in CHOOSE and start == 0 else []
            known = {(r["kind"], r["way"], r["start"]) for r in records.read(LINES)}
            todo = [way for way in ways if (kind, way, start) not in known]
            pictures = range(start, start + BATCH)
            taken = list(photos_of(kind, pictures, train)) if todo else []
            for way in todo:
                row = run(kind, way, taken, models)
                records.append(LINES, {"start": start, **row})
        summarise()
    draw_troubles(train)
    sheets = list(sheets_of(BATCH, train))
    for way in SHEETS:
        known = {(r["kind"], r["way"]) for r in records.read(LINES)}
        if ("sheets", way) not in known:
            row = run_sheets(way, sheets, models)
            records.append(LINES, {"start": 0, **row})
            summarise()


def ways_of(kind: str) -> list[str]:
    """All constants, and the step that is for this kind; or all steps."""
    own = {"grain": "grain", "squares": "lines", "hair": "thicken"}
    if kind in CHOOSE:
        return [*WAYS, *CONSTANTS, *(f"without {own[k]}" for k in own if k == kind)]
    return [*WAYS, *(f"without {step}" for step in WITHOUT)]


def summarise() -> None:
    """Add up the batches of each kind and way."""
    rows: dict[tuple[str, str], dict] = {}
    as_it_is = dict.fromkeys(("pictures", "plain", "long"), 0)  # of what formulas read
    for line in records.read(LINES):
        start, key = line.pop("start"), (line.pop("kind"), line.pop("way"))
        if start == 0 and key[0] in CHOOSE and key[1] == "to_mnist":
            as_it_is = {name: known + line[name] for name, known in as_it_is.items()}
        known = rows.setdefault(key, {"kind": key[0], "way": key[1]})
        for name, value in line.items():
            known[name] = (np.asarray(value) + known.get(name, 0)).tolist()
    formulas = {"as it is": as_it_is}
    for kind, way in [key for key in rows if key[1] in FORMULAS]:
        row, known = rows.pop((kind, way)), formulas.get(way, {})
        formulas[way] = {name: known.get(name, 0) + row[name] for name in as_it_is}
    read = [row["pictures"] for row in rows.values() if row["way"] == "to_mnist"]
    summary = {
        "command": "python benchmarks/photos.py",
        "pictures": sum(read),
        "contrasts": CONTRASTS,
        "choose": CHOOSE,
        "report": REPORT,
        "formulas": formulas,
        "rows": list(rows.values()),
    }
    SUMMARY.write_text(json.dumps(summary) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
