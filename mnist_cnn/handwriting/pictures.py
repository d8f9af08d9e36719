"""Any picture, from a file or from memory, as pixels: upright and not too many."""

import contextlib
import os
import warnings
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import ndimage
from torch import Tensor

__all__ = ["Gray", "Picture", "Source", "read_picture"]

Gray = NDArray[np.float32]  # (height, width), 0 is black and 1 is white, or no ink, ink
Source = Image.Image | np.ndarray | Tensor | str | os.PathLike[str] | IO[bytes]

SIDE = 800  # long side we work at; a JPEG is opened below twice this, so under 4 MP
SMALL = 70  # smaller pictures are enlarged: a stroke of one pixel has no edges
PIXELS = 36_000_000  # other formats are decoded whole: A4 at 600 dpi is 35 million
HEIC = {b"ftyp" + b for b in (b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1")}
USE_JPEG = (
    "it is HEIC, so export or share it as JPEG or PNG (on an iPhone set Settings > "
    "Camera > Formats > Most Compatible)"
)
BASE64 = ("data:", "iVBORw0KGgo", "/9j/")  # a data URL; a PNG; a JPEG
DECODE = "decode it to a file, as io.BytesIO(base64.b64decode(...))"
FULL = (1, *(2**bits - 1 for bits in range(8, 17)))  # white in a picture of so many


class Picture(NamedTuple):
    """At most 800 pixels a side, and how many pixels of the source make one."""

    colours: NDArray[np.float32]  # (height, width, 1 or 3), 0 is black and 1 is white
    scale: float


def read_picture(image: Source) -> Picture:
    """Open, turn upright, reduce to at most 800 pixels a side, enlarge to 100 at least.

    What is transparent shows white paper under dark ink and black under light ink.
    Raises ValueError for what is no image, the usual errors for a path that is not
    there or may not be read.
    """
    if isinstance(image, Tensor):
        return _from_array(image.detach().cpu().numpy(), channels_first=True)
    if isinstance(image, np.ndarray):
        return _from_array(image, channels_first=False)
    if isinstance(image, str) and image.startswith(BASE64):
        raise ValueError(f"expected a path, got a picture as base64 text: {DECODE}")
    if isinstance(image, str | os.PathLike):
        path = Path(image).expanduser()
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise ValueError(f"{path.name} is no regular file")  # a pipe may never end
        with path.open("rb") as file:
            return _decode(file, path.name)
    if isinstance(image, Image.Image) or hasattr(image, "read"):
        return _decode(image, "the file")
    raise ValueError(
        "expected a PIL image, an array, a tensor, a path or an open file, "
        f"got {type(image).__name__}"
    )


def _decode(image: Image.Image | IO[bytes], name: str) -> Picture:
    """The picture; ValueError, with the file's name, for what Pillow cannot read."""
    try:
        if isinstance(image, Image.Image):
            return _from_pil(image)
        with warnings.catch_warnings():
            # A large photo is welcome: it is reduced before it is decoded
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(image) as ours:
                return _from_file(ours, name)
    except Image.DecompressionBombError as e:
        raise ValueError(f"{name} has too many pixels to open safely") from e
    except UnidentifiedImageError as e:
        why = USE_JPEG if _is_heic(image) else "Pillow knows no such format"
        raise ValueError(f"{name} cannot be read as an image: {why}") from e
    except (OSError, SyntaxError) as e:
        raise ValueError(f"{name} cannot be read as an image: {e}") from e


def _from_file(ours: Image.Image, name: str) -> Picture:
    """Let the decoder leave out what is not needed; refuse what it cannot reduce."""
    side = max(ours.size)
    if side > SIDE:  # JPEG can leave out 7 of 8 rows
        width, height = (max(1, int(n * SIDE / side)) for n in ours.size)
        ours.draft(None, (width, height))
    pixels = ours.width * ours.height
    if pixels > PIXELS:
        most = f"{ours.format} is read up to {PIXELS:,}: save it smaller"
        raise ValueError(f"{name} has {pixels:,} pixels, and {most} or as JPEG")
    drafted = side / max(ours.size)
    picture = _from_pil(ours)
    return picture._replace(scale=picture.scale * drafted)


def _is_heic(file: Any) -> bool:
    with contextlib.suppress(OSError, AttributeError):  # no file that can be rewound
        file.seek(0)
        return file.read(12)[4:] in HEIC
    return False


def _from_pil(image: Image.Image) -> Picture:
    if 0 in image.size:
        raise ValueError(f"expected an image with pixels, got {image.size}")
    side = max(image.size)
    if image.mode.startswith("I;16"):  # no filter in Pillow knows these modes
        image = image.copy()
        image.thumbnail((SIDE, SIDE), Image.Resampling.NEAREST)
    else:
        if image.mode not in ("I", "F"):
            colours = "L" if image.mode in ("1", "L") else "RGB"
            image = image.convert("RGBA" if image.has_transparency_data else colours)
        image = image.reduce(-(-side // SIDE))
    reduced = side / max(image.size)
    # Where the camera's note is damaged: as it lies. In place turns first, then writes
    # the note anew, which fails where only other parts of it are damaged
    with contextlib.suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)
    picture = _from_array(np.asarray(image), channels_first=False)
    return picture._replace(scale=picture.scale * reduced)


def _from_array(array: np.ndarray, channels_first: bool) -> Picture:
    shape = array.shape
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and (channels_first or array.shape[-1] not in (1, 2, 3, 4)):
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 2:
        array = array[..., np.newaxis]
    if array.ndim != 3 or array.shape[-1] not in (1, 2, 3, 4) or 0 in array.shape:
        raise ValueError(
            "expected an image of shape (height, width), with 1 to 4 channels first "
            f"or last, got {shape}"
        )
    if array.dtype.kind not in "biuf":
        raise ValueError(f"expected an image of numbers, got {array.dtype}")
    step = -(-max(array.shape) // SIDE)
    pixels = _mean_of_blocks(array, step)
    if not np.isfinite(pixels).all() or pixels.min() < 0:
        raise ValueError("expected pixels that are neither negative, infinite nor NaN")
    # 0 to 1, 8 bits or more: the range says which; resizing may leave it by a little
    full = next((n for n in FULL if pixels.max() <= n * 1.1), pixels.max())
    pixels = np.minimum(pixels / full, 1)
    if pixels.shape[-1] in (2, 4):
        pixels, alpha = pixels[..., :-1], pixels[..., -1:]
        weights = np.broadcast_to(alpha + 1e-6, pixels.shape)
        light_ink = np.average(pixels, weights=weights) > 0.5
        pixels = pixels * alpha + (1 - alpha) * (0 if light_ink else 1)
    times = -(-SMALL // max(pixels.shape))
    if times > 1:
        pixels = ndimage.zoom(
            pixels, (times, times, 1), mode="nearest", grid_mode=True
        ).clip(0, 1)
    return Picture(np.ascontiguousarray(pixels, np.float32), step / times)


def _mean_of_blocks(array: np.ndarray, step: int) -> NDArray[np.float32]:
    """The mean of each step x step pixels, in little more memory than it takes."""
    tall, wide = (min(step, n) for n in array.shape[:2])
    height, width = array.shape[0] // tall, array.shape[1] // wide
    total = np.zeros((height, width, array.shape[-1]), np.float32)
    for y, x in np.ndindex(tall, wide):
        total += array[y : height * tall : tall, x : width * wide : wide]
    total /= tall * wide
    return total
