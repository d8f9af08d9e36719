"""From a photo or a drawing of one digit to an image like those of MNIST."""

from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path
from typing import IO, Literal, overload

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from scipy import ndimage
from torch import Tensor

__all__ = ["to_mnist"]

Gray = NDArray[np.float32]  # (height, width), 0 is black and 1 is white, or no ink, ink
Source = Image.Image | np.ndarray | Tensor | str | os.PathLike[str] | IO[bytes]

SIDE = 800  # long side we work at; a JPEG is opened below twice this, so under 4 MP
PIXELS = 36_000_000  # other formats are decoded whole: A4 at 600 dpi is 35 million
HEIC = {b"ftyp" + b for b in (b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1")}
TURNS = dict(enumerate(map(Image.Transpose, (0, 3, 1, 5, 4, 6, 2)), 2))  # by EXIF's 2-8
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
    path = Path(os.fsdecode(image)) if isinstance(image, str | os.PathLike) else None
    if not (path or isinstance(image, Image.Image) or hasattr(image, "read")):
        raise ValueError(
            "expected a PIL image, an array, a tensor, a path or an open file, "
            f"got {type(image).__name__}"
        )
    name = path.name[:60] if path else "the file"
    try:
        if isinstance(image, Image.Image):
            return _from_pil(image)
        if path and path.exists() and not (path.is_file() or path.is_dir()):
            raise ValueError(f"{name} is no regular file")  # a pipe may never answer
        return _from_file(image, name)
    except Image.DecompressionBombError as e:
        raise ValueError(f"{name} has too many pixels to open safely") from e
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        raise
    except (OSError, SyntaxError) as e:
        why = getattr(e, "strerror", None) or e  # strerror: without the whole path
        if not isinstance(image, Image.Image) and _is_heic(path or image):
            why = "it is HEIC, so export or share it as JPEG or PNG (on an iPhone set "
            why += "Settings > Camera > Formats > Most Compatible)"
        raise ValueError(f"{name} cannot be read as an image: {why}") from e


def _from_file(file: str | os.PathLike[str] | IO[bytes], name: str) -> Gray:
    """Let the decoder leave out what is not needed; refuse what it cannot reduce."""
    with warnings.catch_warnings():
        # A large photo is welcome: it is reduced before it is decoded
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(file) as ours:
            if max(ours.size) > SIDE:
                ratio = SIDE / max(ours.size)  # JPEG can leave out 7 of 8 rows
                width, height = (max(1, int(n * ratio)) for n in ours.size)
                ours.draft(None, (width, height))
            pixels = ours.width * ours.height
            if isinstance(ours, Jpeg2KImageFile) and pixels > PIXELS // 2:
                ours.reduce = 2  # 3 of 4; this decoder takes twice what others take
            elif pixels > PIXELS:
                most = f"{ours.format} is read up to {PIXELS:,}: save it smaller"
                raise ValueError(f"{name} has {pixels:,} pixels, {most}, or as JPEG")
            return _from_pil(ours)


def _is_heic(file: str | os.PathLike[str] | IO[bytes]) -> bool:
    with contextlib.suppress(OSError, ValueError):
        if isinstance(file, str | os.PathLike):
            with Path(file).open("rb") as opened:
                return _is_heic(opened)
        file.seek(0)
        return file.read(12)[4:] in HEIC
    return False


def _from_pil(image: Image.Image) -> Gray:
    if 0 in image.size:
        raise ValueError(f"expected an image with pixels, got {image.size}")
    if image.mode in ("La", "LAB"):  # Pillow converts them to their plain sort only
        image = image.convert("LA") if image.mode == "La" else image.getchannel("L")
    if image.mode.startswith("I;16"):  # no filter in Pillow knows these modes
        image = image.copy()
        image.thumbnail((SIDE, SIDE), Image.Resampling.NEAREST)
    else:
        if image.mode not in ("I", "F"):
            image = image.convert("RGBA" if image.has_transparency_data else "L")
        image = image.reduce(-(-max(image.size) // SIDE))
    # Where the camera did not note how it was held, or the note is damaged: as it lies
    with contextlib.suppress(Exception):
        image = image.transpose(TURNS[image.getexif()[ExifTags.Base.Orientation]])
    return _from_array(np.asarray(image), channels_first=False)


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
    if array.dtype.kind not in "biuf":
        raise ValueError(f"expected an image of numbers, got {array.dtype}")
    step = -(-max(array.shape) // SIDE)
    pixels = array[::step, ::step].astype(np.float32)
    if not np.isfinite(pixels).all() or pixels.min() < 0:
        raise ValueError("expected pixels that are neither negative, infinite nor NaN")
    # 0 to 1, 8 bits or more: the range says which; resizing may leave it by a little
    full = next((n for n in FULL if pixels.max() <= n * 1.1), pixels.max())
    pixels = np.minimum(pixels / full, 1)
    alpha = pixels[..., -1] if pixels.shape[-1] in (2, 4) else None
    if pixels.shape[-1] > 2:  # luma, as Pillow's and every television's
        gray = pixels[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    else:
        gray = pixels[..., 0]
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
    scale = max(1, side / 200)
    edge = scale * ndimage.gaussian_gradient_magnitude(ink, scale)
    sharp = ndimage.maximum(edge, pieces, np.arange(count + 1)) >= EDGE
    sharp[0] = False
    inked = sharp[pieces]
    if not inked.any():
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
        box: tuple[slice, slice] = ndimage.find_objects(mask.astype(int))[0]
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
    radius: float = (PEN * pixel - width) / 2
    mask = np.pad(mask, int(radius) + 1)
    away: NDArray[np.float64] = ndimage.distance_transform_edt(~mask)
    return np.clip(radius + 0.5 - away, 0, 1).astype(np.float32)


def fit_box(crop: Gray) -> Gray:
    """Scale, with anti-aliasing, so that the long side is 20 pixels."""
    scale = BOX / max(crop.shape)
    height, width = (max(1, round(n * scale)) for n in crop.shape)
    image = Image.fromarray(crop).resize((width, height), Image.Resampling.BOX)
    box: Gray = np.asarray(image)
    box = np.clip(box / box.max(), 0, 1)
    return box


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
