"""From a photo or a drawing of one digit to an image like those of MNIST."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import IO, Literal, overload

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from scipy import ndimage
from torch import Tensor

__all__ = ["to_mnist"]

Gray = NDArray[np.float32]  # (height, width), 0 is black and 1 is white, or no ink, ink
Source = Image.Image | np.ndarray | Tensor | str | os.PathLike | IO[bytes]

SIDE = 800  # long side we work at; a JPEG is opened below twice this, so under 4 MP
FULL = (1, *(2**bits - 1 for bits in range(8, 17)))  # white in a picture of so many
SMALL = 100  # a picture with no side above this is a scan like MNIST, not a photo
BOX, FIELD = 20, 28  # MNIST's digits were scaled into BOX, then centred in FIELD
THIN, PEN = 2.0, 2.5  # stroke widths in BOX pixels: thin for MNIST, and a usual one
FAINT = 0.1  # what differs less than this from the paper is not ink
EDGE = 0.06  # and ink has an edge this steep somewhere, where shadow has none


@overload
def to_mnist(image: Source, *, steps: Literal[False] = False) -> Tensor: ...
@overload
def to_mnist(
    image: Source, *, steps: Literal[True]
) -> tuple[Tensor, dict[str, Gray]]: ...


def to_mnist(
    image: Source, *, steps: bool = False
) -> Tensor | tuple[Tensor, dict[str, Gray]]:
    """Prepare one handwritten digit the way those of MNIST were prepared.

    image: a PIL image, an array, a tensor, a path or an open file, of any size, light
    on dark or dark on light. steps: also return the pictures in between, by name.

    Returns (1, 28, 28) float32 in [0, 1], ink is 1. Raises ValueError where there is
    no ink to be found, or nothing that can be read as an image.
    Source: Y. LeCun, C. Cortes, C. Burges, the MNIST database of handwritten digits.
    """
    pictures: dict[str, Gray] = {}
    pictures["gray"] = gray = read_gray(image)  #             (height, width)
    pictures["ink"] = ink = find_ink(gray)  #                 (height, width)
    pictures["crop"] = crop = crop_largest(ink)  #            the digit alone
    pictures["box"] = box = fit_box(thicken(crop))  #         20 x 20 or narrower
    pictures["mnist"] = digit = centre(box)  #                (28, 28)
    result = torch.from_numpy(digit.copy()).unsqueeze(0)  #   (1, 28, 28)
    return (result, pictures) if steps else result


def read_gray(image: Source) -> Gray:
    """Open, turn upright, reduce to at most 800 pixels a side, and drop the colour.

    What is transparent shows white paper under dark ink and black under light ink.
    """
    if isinstance(image, Tensor):
        return _from_array(image.detach().cpu().numpy(), channels_first=True)
    if isinstance(image, np.ndarray):
        return _from_array(image, channels_first=False)
    opened = isinstance(image, Image.Image)
    if not (opened or isinstance(image, str | os.PathLike) or hasattr(image, "read")):
        raise ValueError(
            "expected a PIL image, an array, a tensor, a path or an open file, "
            f"got {type(image).__name__}"
        )
    try:
        if opened:
            return _from_pil(image)
        with warnings.catch_warnings():
            # A large photo is welcome: it is reduced before it is decoded
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(image) as ours:
                if max(ours.size) > SIDE:
                    # A JPEG decoder can leave out 7 of 8 rows and columns
                    ratio = SIDE / max(ours.size)
                    ours.draft(None, tuple(max(1, int(n * ratio)) for n in ours.size))
                return _from_pil(ours)
    except Image.DecompressionBombError as e:
        raise ValueError(f"{_name(image)} has too many pixels to open safely") from e
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        raise
    except (UnidentifiedImageError, OSError, SyntaxError) as e:
        raise ValueError(f"{_name(image)} cannot be read as an image: {e}") from e


def _name(image: object) -> str:
    return Path(image).name if isinstance(image, str | os.PathLike) else "the file"


def _from_pil(image: Image.Image) -> Gray:
    if 0 in image.size:
        raise ValueError(f"expected an image with pixels, got {image.size}")
    if image.mode == "La":  # Pillow converts these two to their plain sort only
        image = image.convert("LA")
    elif image.mode == "LAB":
        image = image.getchannel("L")
    if image.mode.startswith("I;16"):  # no filter in Pillow knows these modes
        image = image.copy()
        image.thumbnail((SIDE, SIDE), Image.Resampling.NEAREST)
    elif image.mode in ("I", "F"):
        image = _reduce(image)
    elif image.has_transparency_data:
        image = _reduce(image.convert("RGBA"))
    else:
        image = _reduce(image.convert("L"))
    return _from_array(np.asarray(ImageOps.exif_transpose(image)), channels_first=False)


def _reduce(image: Image.Image) -> Image.Image:
    factor = -(-max(image.size) // SIDE)
    return image.reduce(factor) if factor > 1 else image


def _from_array(array: np.ndarray, channels_first: bool) -> Gray:
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
    if not (array.dtype == bool or np.issubdtype(array.dtype, np.number)) or (
        np.iscomplexobj(array)
    ):
        raise ValueError(f"expected an image of numbers, got {array.dtype}")
    step = -(-max(array.shape) // SIDE)
    pixels = array[::step, ::step].astype(np.float32)
    if not np.isfinite(pixels).all() or pixels.min() < 0:
        raise ValueError("expected pixels that are neither negative, infinite nor NaN")
    # 0 to 1, 8 bits or more: the range says which; resizing may leave it by a little
    full = next((n for n in FULL if pixels.max() <= n * 1.1), pixels.max())
    pixels = np.minimum(pixels / full, 1)
    colour, alpha = pixels, None
    if pixels.shape[-1] in (2, 4):
        colour, alpha = pixels[..., :-1], pixels[..., -1]
    if colour.shape[-1] == 3:  # luma, as Pillow's and every television's
        gray = colour @ np.array([0.299, 0.587, 0.114], np.float32)
    else:
        gray = colour[..., 0]
    if alpha is not None and alpha.min() < 1:
        light_ink = np.average(gray, weights=alpha + 1e-6) > 0.5
        gray = gray * alpha + (1 - alpha) * (0 if light_ink else 1)
    return np.ascontiguousarray(gray, np.float32)


def find_ink(gray: Gray) -> Gray:
    """How much ink each pixel holds: light, shadow and the paper's grain removed.

    Ink is what differs from the paper around it. The paper is what remains when
    every dark place narrower than a third of the picture is filled from its sides.
    """
    side = max(gray.shape)
    gray = ndimage.gaussian_filter(gray, side / 500 if side > SMALL else 0)
    light = _is_light_on_dark(gray)
    if light:
        gray = 1 - gray
    size = max(15, side // 3)
    # An odd reflection: light that fades towards the border fades on beyond it
    wide = np.pad(gray, size, mode="reflect", reflect_type="odd")
    paper = ndimage.grey_closing(wide, size=size)[size:-size, size:-size]
    # Dark ink takes away a share of the light that the paper sends back
    ink = (paper - gray) / (1 if light else np.maximum(paper, 1e-3))
    noise = 1.4826 * np.median(np.abs(ink - np.median(ink)))  # 1.4826: to a sigma
    floor = np.median(ink) + 5 * noise
    pieces, count = ndimage.label(ink > max(floor, FAINT), structure=np.ones((3, 3)))
    if count:
        scale = max(1, side / 200)
        edge = scale * ndimage.gaussian_gradient_magnitude(ink, scale)
        sharp = ndimage.maximum(edge, pieces, np.arange(count + 1)) >= EDGE
        sharp[0] = False
        inked = sharp[pieces]
    if count == 0 or not inked.any():
        raise ValueError("found no ink: the image looks blank")
    full = np.percentile(ink[inked], 95)
    ink = np.clip((ink - floor) / (full - floor), 0, 1)
    return np.where(inked, ink, 0).astype(np.float32)


def _is_light_on_dark(gray: Gray) -> bool:
    """Ink is what strays furthest from the paper; here paper is what most pixels are.

    Most pixels near by, so that no shadow counts as ink; in a picture as small as
    those of MNIST, whose strokes are wide, most pixels of the margin.
    """
    side = max(gray.shape)
    if side > SMALL:
        gray = np.asarray(Image.fromarray(gray).reduce(-(-side // 60)))
        paper = ndimage.median_filter(gray, size=max(gray.shape) // 3)
    else:
        paper = np.median(gray[_margin(gray.shape)])
    return bool(((gray - paper) ** 3).mean() > 0)


def _margin(shape: tuple[int, int]) -> NDArray[np.bool_]:
    margin = np.ones(shape, bool)
    margin[1:-1, 1:-1] = False
    return margin


def crop_largest(ink: Gray) -> Gray:
    """Cut out the largest piece of ink with the pieces close to it, and no other.

    Pieces at the border count for a tenth: the edge of the sheet, a table, a thumb.
    """
    # In a small picture the grey edge of a stroke is a good part of it; in a large one
    # it is little, and a faint thread there may tie the digit to a shadow
    least = 0.2 if max(ink.shape) > SMALL else 0
    pieces, count = ndimage.label(ink > least, structure=np.ones((3, 3)))
    if count == 0:
        raise ValueError("found no ink: the image looks blank")
    every = np.arange(1, count + 1)
    amount = ndimage.sum_labels(ink, pieces, every)
    touches = np.isin(every, pieces[_margin(ink.shape)])
    chosen = every == every[np.argmax(amount / np.where(touches, 10, 1))]
    while True:
        mask = chosen[pieces - 1] & (pieces > 0)
        box = ndimage.find_objects(mask.astype(int))[0]
        size = max(s.stop - s.start for s in box)
        # Half a pixel of the final image is a speck, not a part of a digit
        speck = amount < 0.5 * (size / BOX) ** 2
        other = every[~chosen & ~touches & ~speck]
        if len(other) == 0:
            break
        away = ndimage.minimum(ndimage.distance_transform_edt(~mask), pieces, other)
        close = other[away <= 0.3 * size]
        if len(close) == 0:
            break
        chosen[close - 1] = True
    if size < 5:
        raise ValueError("found no ink that could be a digit, only specks")
    return np.where(mask, ink, 0)[box].astype(np.float32)


def thicken(crop: Gray) -> Gray:
    """Widen strokes that would be thin beside MNIST's once scaled to 20 pixels."""
    crop = crop / crop.max()  # a faint digit beside a darker mark is below 1
    mask, pixel = crop > 0.5, max(crop.shape) / BOX
    width = 4 * ndimage.distance_transform_edt(mask)[mask].mean() - 2
    if width >= THIN * pixel:
        return crop
    radius = (PEN * pixel - width) / 2
    mask = np.pad(mask, int(radius) + 1)
    reach = radius + 0.5 - ndimage.distance_transform_edt(~mask)
    return np.clip(reach, 0, 1).astype(np.float32)


def fit_box(crop: Gray) -> Gray:
    """Scale, with anti-aliasing, so that the long side is 20 pixels."""
    scale = BOX / max(crop.shape)
    height, width = (max(1, round(n * scale)) for n in crop.shape)
    image = Image.fromarray(crop).resize((width, height), Image.Resampling.BOX)
    box = np.asarray(image)
    return np.clip(box / box.max(), 0, 1)


def centre(box: Gray) -> Gray:
    """Place the box in 28x28 so that its centre of mass is at the centre."""
    field = np.zeros((FIELD, FIELD), np.float32)
    mass = ndimage.center_of_mass(box)
    top, left = (
        int(np.clip(round(FIELD / 2 - m), 0, FIELD - n))
        for m, n in zip(mass, box.shape, strict=True)
    )
    field[top : top + box.shape[0], left : left + box.shape[1]] = box
    return field
