"""Draw the photos of notebook 05: digits in pen, pencil and chalk, badly lit.

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
BLACK, BLUE, GRAPHITE, RED, CHALK = (
    (28, 27, 30),
    (38, 52, 128),
    (112, 110, 108),
    (178, 44, 40),
    (226, 228, 220),
)
SHARP = 4  # drawn this many times larger, then reduced

# Strokes of a glyph: points (x, y) in a unit square, y downwards; two points are a line
GLYPHS = {
    "0": [
        [(0.58, 0.04), (0.3, 0.1), (0.14, 0.46), (0.24, 0.86), (0.52, 0.97)]
        + [(0.8, 0.78), (0.86, 0.4), (0.74, 0.12), (0.5, 0.05)]
    ],
    "1": [[(0.42, 0.22), (0.5, 0.12), (0.58, 0.02)], [(0.58, 0.02), (0.47, 0.98)]],
    "2": [
        [(0.18, 0.26), (0.34, 0.05), (0.64, 0.06), (0.75, 0.3), (0.52, 0.62)]
        + [(0.17, 0.95)],
        [(0.17, 0.95), (0.5, 0.9), (0.88, 0.96)],
    ],
    "3": [
        [(0.2, 0.12), (0.48, 0.02), (0.76, 0.18), (0.64, 0.4), (0.42, 0.47)],
        [(0.42, 0.47), (0.74, 0.54), (0.8, 0.8), (0.5, 0.98), (0.16, 0.86)],
    ],
    "4": [
        [(0.3, 0.06), (0.16, 0.4), (0.14, 0.56)],
        [(0.14, 0.56), (0.5, 0.55), (0.84, 0.5)],
        [(0.66, 0.1), (0.61, 0.5), (0.56, 0.98)],
    ],
    "5": [
        [(0.28, 0.08), (0.25, 0.28), (0.22, 0.45)],
        [(0.22, 0.45), (0.52, 0.38), (0.78, 0.58), (0.68, 0.88), (0.4, 0.98)]
        + [(0.14, 0.87)],
        [(0.36, 0.05), (0.56, 0.05), (0.82, 0.0)],
    ],
    "6": [
        [(0.66, 0.02), (0.36, 0.24), (0.18, 0.6), (0.3, 0.94), (0.62, 0.95)]
        + [(0.77, 0.72), (0.56, 0.54), (0.3, 0.64), (0.22, 0.78)]
    ],
    "7": [
        [(0.14, 0.09), (0.46, 0.1), (0.82, 0.05)],
        [(0.82, 0.05), (0.6, 0.42), (0.42, 0.98)],
    ],
    "7 crossed": [
        [(0.14, 0.09), (0.46, 0.1), (0.82, 0.05)],
        [(0.82, 0.05), (0.6, 0.42), (0.42, 0.98)],
        [(0.32, 0.53), (0.56, 0.51), (0.8, 0.46)],
    ],
    "8": [
        [(0.72, 0.16), (0.46, 0.02), (0.24, 0.2), (0.44, 0.44), (0.72, 0.66)]
        + [(0.66, 0.93), (0.4, 0.98), (0.22, 0.8), (0.4, 0.55), (0.66, 0.34)]
        + [(0.72, 0.16)]
    ],
    "9": [
        [(0.74, 0.22), (0.5, 0.04), (0.24, 0.22), (0.34, 0.46), (0.6, 0.43)]
        + [(0.74, 0.22)],
        [(0.74, 0.22), (0.7, 0.6), (0.58, 0.98)],
    ],
    "slash": [[(0.86, 0.1), (0.5, 0.5), (0.12, 0.92)]],
    "heart": [
        [(0.5, 0.3), (0.36, 0.08), (0.12, 0.12), (0.08, 0.4), (0.28, 0.68)]
        + [(0.5, 0.95)],
        [(0.5, 0.95), (0.74, 0.66), (0.93, 0.38), (0.86, 0.1), (0.64, 0.08)]
        + [(0.5, 0.3)],
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
    Photo("heart", (("heart", 110, 60, 180),), 11, RED),
]


def points_along(stroke: list[tuple[float, float]], count: int) -> np.ndarray:
    """A smooth curve through the points of a stroke, (count, 2)."""
    x, y = np.array(stroke).T
    knots, _ = splprep([x, y], s=0, k=min(3, len(stroke) - 1))
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


def draw_light(photo: Photo, rng: np.random.Generator) -> np.ndarray:
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
    scene *= draw_light(photo, rng)[..., np.newaxis]
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
