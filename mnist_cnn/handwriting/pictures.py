"""Any picture, from a file or from memory, as pixels: upright and not too many."""

import contextlib
import os
import warnings
from pathlib import Path
from typing import IO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn.functional import interpolate

Pixels = NDArray[np.float32]  # (height, width, 1 or 3: red, green, blue), as Gray
Gray = NDArray[np.float32]  # (height, width), 0 is black and 1 is white, or no ink, ink
Source = Image.Image | np.ndarray | Tensor | str | os.PathLike[str] | IO[bytes]

SIDE = 800  # long side that we work at, at most
SMALL = 70  # smaller pictures are enlarged: a stroke of one pixel has no edges


def read_picture(image: Source) -> tuple[Pixels, float]:
    """Open, turn upright, reduce to at most 800 pixels a side, enlarge to 70 at least.

    Returns (height, width, 1 or 3) in [0, 1], 0 is black, and how many pixels of the
    source make one of these. What is transparent shows white paper under dark ink and
    black under light ink. Raises ValueError for what is no image, the usual errors for
    a path that is not there or may not be read.
    """
    if isinstance(image, str | os.PathLike):
        path = Path(image).expanduser()
        with path.open("rb") as file:
            array, opened = open_image(file, path.name)
    elif isinstance(image, Tensor):
        array, opened = image.detach().cpu().numpy(), 1.0
    elif isinstance(image, np.ndarray):
        array, opened = image, 1.0
    elif isinstance(image, Image.Image) or hasattr(image, "read"):
        array, opened = open_image(image, "the file")
    else:
        raise ValueError(
            "expected a PIL image, an array, a tensor, a path or an open file, "
            f"got {type(image).__name__}"
        )
    pixels = channels_first(array)
    if len(pixels) in (2, 4):  # the last is how far each is no paper
        pixels, ink = pixels[:-1], pixels[-1:]
        paper = 0 if ((pixels - 0.5) * ink).mean() > 0 else 1
        pixels = pixels * ink + (1 - ink) * paper
    side = max(pixels.shape[1:])  # enlarged so many times, or reduced to just SIDE
    scale = side / min(side * -(-SMALL // side), SIDE)
    size = [max(1, round(n / scale)) for n in pixels.shape[1:]]
    pixels = interpolate(pixels[None], size, mode="bicubic", antialias=scale > 1)[0]
    return pixels.clamp(0, 1).movedim(0, -1).contiguous().numpy(), scale * opened


def open_image(image: Image.Image | IO[bytes], name: str) -> tuple[np.ndarray, float]:
    """Upright pixels, how many of the source make one; ValueError names the file."""
    try:
        with warnings.catch_warnings():  # a large photo is welcome
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = image if isinstance(image, Image.Image) else Image.open(image)
        side = max(picture.size)
        if picture is not image:
            picture.draft(None, (SIDE, SIDE))  # a JPEG leaves out most rows undecoded
        if picture.mode[0] not in "IF":  # of more than 8 bits, and grey
            colours = "L" if picture.mode in ("1", "L") else "RGB"
            colours = "RGBA" if picture.has_transparency_data else colours
            picture = picture.convert(colours)
        with contextlib.suppress(Exception):  # a damaged note of the camera: as it lies
            picture = ImageOps.exif_transpose(picture)
        return np.asarray(picture), side / max(picture.size)
    except (OSError, SyntaxError, Image.DecompressionBombError) as e:
        way_out = "export or share a HEIC as JPEG, other formats as JPEG or PNG"
        raise ValueError(f"{name} cannot be read as an image, {way_out}: {e}") from e


def channels_first(array: np.ndarray) -> Tensor:
    """(channels, height, width) float32 in [0, 1]; ValueError for what is no image."""
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 2:
        array = array[np.newaxis]
    elif array.ndim == 3 and array.shape[-1] <= 4:
        array = np.moveaxis(array, -1, 0)
    is_image = array.ndim == 3 and array.shape[0] <= 4 and 0 not in array.shape
    if not is_image or array.dtype.kind not in "biuf":
        raise ValueError(
            "expected an image of numbers of shape (height, width), with 1 to 4 "
            f"channels first or last, got {array.dtype} of shape {array.shape}"
        )
    height, width = array.shape[1:]
    if min(height, width) < 8 and height * width % (28 * 28) == 0:
        raise ValueError(f"{height} x {width} looks flattened, reshape it to 28x28")
    pixels = torch.from_numpy(array.astype(np.float32))
    if not pixels.isfinite().all() or pixels.min() < 0:
        raise ValueError("expected pixels that are neither negative, infinite nor NaN")
    # 0 to 1, 8 bits or more: the range says which; resizing may leave it by a little
    most = pixels.max().item()
    return pixels / next((white for white in (1, 255) if most <= 1.1 * white), most)


def resize(gray: Gray, side: int, how: int = Image.Resampling.BOX) -> Gray:
    """The long side gets so many pixels, and the aspect ratio stays."""
    size = [max(1, round(n * side / max(gray.shape))) for n in gray.shape[::-1]]
    return np.asarray(Image.fromarray(gray).resize(size, how))
