"""Draw the photos of notebook 07: digits in pen, pencil and chalk, badly lit.

    python tools/photos.py [folder]

No camera was used. Each digit is a few strokes given by hand below, drawn on grainy
paper with uneven light, shadows and sensor noise, and saved as a small JPEG. The same
numbers are drawn on every run; the bytes may differ between versions of Pillow.
"""

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage
from scipy.interpolate import splev, splprep

PHOTOS = Path(__file__).parent.parent / "mnist_cnn" / "photos"
WHITE, CREAM, SLATE = (236, 234, 228), (233, 222, 196), (52, 66, 60)
BLACK, BLUE, GRAPHITE, RED, YELLOW, CHALK = (
    (28, 27, 30),
    (38, 52, 128),
    (112, 110, 108),
    (178, 44, 40),
    (240, 220, 60),
    (226, 228, 220),
)
SHARP = 4  # drawn this many times larger, then reduced

# Strokes of a glyph: points "x y" in hundredths of its height, y downwards
GLYPHS = {
    "0": [
        "58 4, 30 10, 14 46, 24 86, 52 97, 80 78, 86 40, 74 12, 50 5",
    ],
    "1": [
        "42 22, 50 12, 58 2",
        "58 2, 47 98",
    ],
    "2": [
        "18 26, 34 5, 64 6, 75 30, 52 62, 17 95",
        "17 95, 50 90, 88 96",
    ],
    "3": [
        "20 12, 48 2, 76 18, 64 40, 42 47",
        "42 47, 74 54, 80 80, 50 98, 16 86",
    ],
    "4": [
        "30 6, 16 40, 14 56",
        "14 56, 50 55, 84 50",
        "66 10, 61 50, 56 98",
    ],
    "5": [
        "28 8, 25 28, 22 45",
        "22 45, 52 38, 78 58, 68 88, 40 98, 14 87",
        "36 5, 56 5, 82 0",
    ],
    "6": [
        "66 2, 36 24, 18 60, 30 94, 62 95, 77 72, 56 54, 30 64, 22 78",
    ],
    "7": [
        "14 9, 46 10, 82 5",
        "82 5, 60 42, 42 98",
    ],
    "7 crossed": [
        "14 9, 46 10, 82 5",
        "82 5, 60 42, 42 98",
        "32 53, 56 51, 80 46",
    ],
    "8": [
        "72 16, 46 2, 24 20, 44 44, 72 66, 66 93, 40 98, 22 80, 40 55, 66 34, 72 16",
    ],
    "9": [
        "74 22, 50 4, 24 22, 34 46, 60 43, 74 22",
        "74 22, 70 60, 58 98",
    ],
    "slash": [
        "86 10, 50 50, 12 92",
    ],
    "M": [
        "12 98, 16 50, 20 4",
        "20 4, 36 36, 50 62",
        "50 62, 66 34, 80 4",
        "80 4, 84 50, 88 98",
    ],
    "heart": [
        "50 30, 36 8, 12 12, 8 40, 28 68, 50 95",
        "50 95, 74 66, 93 38, 86 10, 64 8, 50 30",
    ],
}


@dataclass
class Photo:
    """What one photo shows, and how badly it is taken; lengths in pixels."""

    name: str
    glyphs: tuple[tuple[str, int, int, int], ...]  # glyph, left, top, height
    pen: float = 9.0
    ink: tuple[int, int, int] = BLACK
    paper: tuple[int, int, int] = WHITE
    size: tuple[int, int] = (400, 300)
    light: tuple[float, float] = (0.25, 0.15)  # how much darker the right and bottom
    shadow: tuple[float, float, float] | None = None  # angle, place, depth
    grain: float = 0.012
    tilt: float = 0.0  # of the writing, in degrees
    squares: int = 0  # of squared paper
    table: int = 0  # width of the strip of table at the left
    sideways: bool = False  # stored turned, with an EXIF note to turn it back
    seed: int = field(default=0)


def written(*rows: str) -> tuple[tuple[str, int, int, int], ...]:
    """Rows of glyphs, h is a heart, as by hand: neither in line nor of one size."""
    rng = np.random.default_rng(0)
    found = []
    for line, row in enumerate(rows):
        for place, glyph in enumerate(row):
            left, top, tall = rng.integers(-8, 9, 3).tolist()
            at = 40 + 100 * place + left, 50 + 140 * line + top, 80 + tall
            found.append(("heart" if glyph == "h" else glyph, *at))
    return tuple(found)


PHOTOGRAPHED = [
    Photo("0", (("0", 90, 50, 170),), 12, BLUE, CREAM, tilt=8),
    Photo("1", (("1", 170, 70, 150),), 11, light=(-0.3, 0.2)),
    Photo("2", (("2", 120, 60, 180),), 13, CHALK, SLATE, light=(0.3, -0.2), grain=0.03),
    Photo("3", (("3", 200, 95, 165),), 10, light=(0.45, 0.25), grain=0.018),
    Photo("4", (("4", 60, 120, 90),), 3, BLUE, light=(0.2, -0.3)),
    Photo("5", (("5", 140, 50, 190),), 7, GRAPHITE, CREAM, light=(0.2, 0.2)),
    Photo("6", (("6", 150, 60, 160),), 14, RED, sideways=True),
    Photo("7", (("7 crossed", 170, 70, 170),), 9, BLUE, shadow=(35, 0.1, 0.4)),
    Photo("8", (("8", 130, 50, 190),), 10, shadow=(-60, -0.1, 0.5)),
    Photo("9", (("9", 210, 60, 180),), 12, light=(-0.2, 0.3), table=70),
    Photo("42", (("4", 100, 90, 130), ("2", 215, 85, 130)), 9),
    Photo("squared", (("5", 140, 60, 180),), 9, BLUE, squares=28),
    Photo("slashed", (("0", 120, 60, 180), ("slash", 120, 60, 180)), 11),
    Photo("yellow", (("3", 130, 60, 180),), 12, YELLOW),
    Photo("empty", (), light=(-0.1, 0.1), grain=0.006, table=40),
    Photo("heart", (("heart", 110, 60, 180),), 11, RED),
    Photo("page", written("314159", "265358", "97Mh32"), 6, BLUE, size=(640, 480)),
]


def points_along(stroke: str, count: int) -> np.ndarray:
    """A smooth curve through the points of a stroke, (count, 2)."""
    points = [point.split() for point in stroke.split(", ")]
    x, y = np.array(points, float).T / 100
    knots, _ = splprep([x, y], s=0, k=min(3, len(points) - 1))
    return np.stack(splev(np.linspace(0, 1, count), knots), axis=1)


def draw_ink(photo: Photo, rng: np.random.Generator) -> np.ndarray:
    """How much ink covers each pixel, (height, width) in [0, 1]."""
    width, height = photo.size
    image = Image.new("L", (width * SHARP, height * SHARP))
    draw = ImageDraw.Draw(image)
    for glyph, left, top, tall in photo.glyphs:
        for stroke in GLYPHS[glyph]:
            line = points_along(stroke, 400)
            # a hand is not steady, and presses more in the middle of a stroke
            shake = ndimage.gaussian_filter1d(rng.normal(size=line.shape), 40, axis=0)
            line = line + 0.06 * shake
            press = 0.8 + 0.3 * np.sin(np.linspace(0.2, 2.6, 400))
            press = press + 0.4 * ndimage.gaussian_filter1d(rng.normal(size=400), 15)
            for (x, y), p in zip(line, press, strict=True):
                cx, cy = (left + x * tall) * SHARP, (top + y * tall) * SHARP
                r = photo.pen * SHARP * p / 2
                draw.ellipse((cx - r, cy - r, cx + r, cy + r), fill=255)
    image = image.rotate(photo.tilt, Image.Resampling.BICUBIC)
    ink = np.asarray(image.resize(photo.size, Image.Resampling.BOX)) / 255
    tooth = ndimage.gaussian_filter(rng.normal(size=ink.shape), 0.8)
    rough = 0.5 if photo.ink in (GRAPHITE, CHALK) else 0.12  # dry ink skips hollows
    return ink * np.clip(0.95 - rough * np.abs(tooth), 0, 1)


def draw_light(photo: Photo) -> np.ndarray:
    """How brightly each pixel is lit, (height, width): lamp, shadow, soft edges."""
    width, height = photo.size
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    right, bottom = photo.light
    light = 1 - right * x - bottom * y - 0.25 * ((x - 0.5) ** 2 + (y - 0.4) ** 2)
    if photo.shadow:
        angle, place, depth = photo.shadow
        a = np.radians(angle)
        side = (x - 0.5) * np.cos(a) + (y - 0.37) * np.sin(a) - place
        light *= 1 - depth / (1 + np.exp(-side * 60))
    return light / light.max() * 0.97


def take(photo: Photo) -> Image.Image:
    """The photo as a camera would store it."""
    rng = np.random.default_rng([photo.seed, *photo.name.encode()])
    width, height = photo.size
    paper = np.broadcast_to(np.array(photo.paper, float), (height, width, 3)).copy()
    fibres = sum(
        ndimage.gaussian_filter(rng.normal(size=(height, width)), s) * s
        for s in (1, 3, 9)
    )
    paper *= 1 + photo.grain * fibres[..., np.newaxis]
    if photo.squares:
        lines = np.zeros((height, width))
        lines[photo.squares // 2 :: photo.squares] = 1
        lines[:, photo.squares // 2 :: photo.squares] = 1
        lines = ndimage.gaussian_filter(lines, 0.7)[..., np.newaxis]
        paper = paper * (1 - 0.8 * lines) + np.array([96, 140, 190]) * 0.8 * lines
    ink = draw_ink(photo, rng)[..., np.newaxis]
    scene = paper * (1 - ink) + np.array(photo.ink, float) * ink
    if photo.table:
        edge = photo.table + 0.06 * np.arange(height)[:, np.newaxis]
        on_table = (np.arange(width) < edge)[..., np.newaxis]
        grain = ndimage.gaussian_filter(rng.normal(size=(height, width)), (6, 0.6))
        wood = np.array([92, 62, 40]) * (1 + 0.5 * grain[..., np.newaxis])
        scene = np.where(on_table, wood, scene)
    scene *= draw_light(photo)[..., np.newaxis]
    scene += rng.normal(size=scene.shape) * 2.5  # the sensor
    image = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(0.7))


def save(photo: Photo, folder: Path) -> Path:
    """Write one photo as a JPEG."""
    image, exif = take(photo), Image.Exif()
    if photo.sideways:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = 6  # orientation: turn a quarter clockwise to see it upright
    path = folder / f"{photo.name}.jpg"
    image.save(path, quality=72, optimize=True, exif=exif)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=PHOTOS)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for photo in PHOTOGRAPHED:
        path = save(photo, folder)
        print(f"{path.name:12} {path.stat().st_size / 1000:5.1f} kB")


if __name__ == "__main__":
    main()
