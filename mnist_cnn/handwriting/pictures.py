"""Any picture, from a file or from memory, as pixels: upright and not too many."""

import contextlib
import os
import warnings
from pathlib import Path
from typing import IO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

__all__ = ["Gray", "Source", "read_picture"]

Pixels = NDArray[np.float32]  # (height, width, 1 or 3), as Gray
Gray = NDArray[np.float32]  # (height, width), 0 is black and 1 is white, or no ink, ink
Source = Image.Image | np.ndarray | Tensor | str | os.PathLike[str] | IO[bytes]

SIDE = 800  # long side we work at; a JPEG is opened below twice this, so under 4 MP
SMALL = 70  # smaller pictures are enlarged: a stroke of one pixel has no edges
CHANNELS = (1, 2, 3, 4)  # grey or colours, with or without transparency
WHITE = (1, *(2**bits - 1 for bits in range(8, 17)))  # in a picture of so many bits
BASE64 = ("data:", "iVBORw0KGgo", "/9j/")  # a data URL; a PNG; a JPEG


def read_picture(image: Source) -> tuple[Pixels, float]:
    """Open, turn upright, reduce to at most 800 pixels a side, enlarge to 70 at least.

    Returns (height, width, 1 or 3) in [0, 1], 0 is black, and how many pixels of the
    source make one of these. What is transparent shows white paper under dark ink and
    black under light ink. Raises ValueError for what is no image, the usual errors for
    a path that is not there or may not be read.
    """
    if isinstance(image, Tensor):
        return _from_array(image.detach().cpu().numpy(), channels_first=True)
    if isinstance(image, np.ndarray):
        return _from_array(image)
    if isinstance(image, str) and image.startswith(BASE64):
        raise ValueError(
            "expected a path, got a picture as base64 text: decode it to a file, as "
            "io.BytesIO(base64.b64decode(...))"
        )
    if isinstance(image, str | os.PathLike):
        path = Path(image).expanduser()
        with path.open("rb") as file:
            return _from_file(file, path.name)
    if isinstance(image, Image.Image) or hasattr(image, "read"):
        return _from_file(image, "the file")
    raise ValueError(
        "expected a PIL image, an array, a tensor, a path or an open file, "
        f"got {type(image).__name__}"
    )


def _from_file(image: Image.Image | IO[bytes], name: str) -> tuple[Pixels, float]:
    """The picture; ValueError, with the file's name, for what Pillow cannot read."""
    try:
        if isinstance(image, Image.Image):
            return _from_pil(image, max(image.size))
        with warnings.catch_warnings():
            # A large photo is welcome: a JPEG leaves out up to 7 of 8 rows undecoded
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(image) as ours:
                side = max(ours.size)
                width, height = (max(1, n * SIDE // side) for n in ours.size)
                ours.draft(None, (width, height))
                return _from_pil(ours, side)
    except UnidentifiedImageError as e:
        why = "export or share a HEIC as JPEG, other formats as JPEG or PNG"
        raise ValueError(f"{name} cannot be read as an image: {why}") from e
    except (OSError, SyntaxError, Image.DecompressionBombError) as e:
        raise ValueError(f"{name} cannot be read as an image: {e}") from e


def _from_pil(image: Image.Image, side: int) -> tuple[Pixels, float]:
    if image.mode[0] not in "IF":  # of more than 8 bits, and no filter knows them all
        colours = "L" if image.mode in ("1", "L") else "RGB"
        image = image.convert("RGBA" if image.has_transparency_data else colours)
        image = image.reduce(-(-max(image.size) // SIDE) or 1)
    with contextlib.suppress(Exception):  # a damaged note of the camera: as it lies
        image = ImageOps.exif_transpose(image)
    return _from_array(np.asarray(image), side=side)


def _from_array(
    array: np.ndarray, *, channels_first: bool = False, side: int | None = None
) -> tuple[Pixels, float]:
    """side: the long side of the photo that it was; without it, it is one in itself."""
    shape = array.shape
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and (channels_first or array.shape[-1] not in CHANNELS):
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 2:
        array = array[..., np.newaxis]
    if array.ndim != 3 or array.shape[-1] not in CHANNELS or 0 in array.shape:
        raise ValueError(
            "expected an image of shape (height, width), with 1 to 4 channels first "
            f"or last, got {shape}"
        )
    if array.dtype.kind not in "biuf":
        raise ValueError(f"expected an image of numbers, got {array.dtype}")
    height, width, _ = array.shape
    # An array may have an image in each row; a photo is 784 wide only by chance
    many = side is None and (height, width).count(28 * 28) == 1
    if many or (min(height, width) < 8 and height * width % (28 * 28) == 0):
        raise ValueError(f"a picture of {shape} looks flattened, reshape it to 28x28")
    pixels = torch.from_numpy(array.astype(np.float32)).movedim(-1, 0)  # (C, H, W)
    step = -(-max(height, width) // SIDE)
    pixels = avg_pool2d(pixels, (min(step, height), min(step, width)), ceil_mode=True)
    if not pixels.isfinite().all() or pixels.min() < 0:
        raise ValueError("expected pixels that are neither negative, infinite nor NaN")
    # 0 to 1, 8 bits or more: the range says which; resizing may leave it by a little
    most = pixels.max().item()
    pixels = (pixels / next((n for n in WHITE if most <= n * 1.1), most)).clamp(max=1)
    if len(pixels) in (2, 4):
        pixels, alpha = pixels[:-1], pixels[-1:]
        paper = 0 if ((pixels - 0.5) * alpha).mean() > 0 else 1
        pixels = pixels * alpha + (1 - alpha) * paper
    if (times := -(-SMALL // max(height, width))) > 1:
        pixels = interpolate(pixels[None], scale_factor=times, mode="bicubic")[0]
    colours = pixels.clamp(0, 1).movedim(0, -1).contiguous().numpy()
    return colours, (side or max(height, width)) / max(colours.shape)
