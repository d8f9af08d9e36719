"""What ``to_mnist`` takes: pictures of every kind and size, and what it refuses."""

import copy
import io
import os

import numpy as np
import pytest
import torch
from PIL import Image
from seven import draw_seven, is_seven

from mnist_cnn.handwriting import find_digits, to_mnist

# What goes in

MODES = ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F", "I;16", "I;16B"]


def in_mode(gray, mode):
    if mode.startswith("I;16"):
        values = np.asarray(gray).astype(">u2" if mode == "I;16B" else "<u2") * 257
        return Image.frombytes(mode, gray.size, values.tobytes())
    return gray.convert(mode, dither=Image.Dither.NONE)


@pytest.mark.parametrize("tones", [(30, 225), (225, 30)], ids=["dark", "light"])
@pytest.mark.parametrize("mode", MODES)
def test_every_mode(mode, tones):
    gray = draw_seven((160, 120), *tones)
    for size in ((160, 120), (2400, 1800)):
        image = in_mode(gray.resize(size), mode)
        result, steps = to_mnist(image, steps=True)
        assert is_seven(result)
        assert image.size == size
        assert max(steps["gray"].shape) <= 800


@pytest.mark.parametrize("colour", [20, 250], ids=["dark ink", "light ink"])
@pytest.mark.parametrize("backdrop", [0, 128, 255])
def test_transparent_paper_is_no_colour(colour, backdrop):
    ink = 255 - np.asarray(draw_seven(ink=0, paper=255))
    pixels = np.full((*ink.shape, 4), backdrop, np.uint8)
    pixels[..., :3][ink > 0] = colour
    pixels[..., 3] = ink
    assert is_seven(to_mnist(Image.fromarray(pixels)))


GRAY = np.asarray(draw_seven())
COLOUR = np.repeat(GRAY[..., np.newaxis], 3, axis=-1)
UNIT = (GRAY / 255).astype(np.float32)
ARRAYS = {
    "uint8": GRAY,
    "channel first": GRAY[np.newaxis],
    "colour": COLOUR,
    "colour first": np.moveaxis(COLOUR, -1, 0),
    "with alpha": np.dstack([COLOUR, np.full(GRAY.shape, 255, np.uint8)]),
    "float": UNIT,
    "int64": GRAY.astype(np.int64),
    "10 bits": GRAY.astype(np.uint16) << 2,
    "16 bits": GRAY.astype(np.uint16) << 8,
    "bool": GRAY > 128,
    "float that resizing made too light": 1.09 * UNIT / UNIT.max(),
    "large": GRAY.repeat(20, axis=0).repeat(20, axis=1),
    "read-only": np.broadcast_to(UNIT, (1, *UNIT.shape)),
    "tensor": torch.tensor(GRAY),
    "tensor (1, H, W)": torch.tensor(UNIT).unsqueeze(0),
    "tensor (3, H, W)": torch.tensor(COLOUR).permute(2, 0, 1),
    "tensor that wants a gradient": torch.tensor(UNIT, requires_grad=True),
    "half": torch.tensor(UNIT).half(),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_every_kind_of_array(kind):
    before = copy.deepcopy(ARRAYS[kind])
    result, steps = to_mnist(ARRAYS[kind], steps=True)
    assert is_seven(result)
    assert max(steps["gray"].shape) <= 800
    assert (before == ARRAYS[kind]).all()


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "webp", "gif", "tiff"])
def test_files_by_path_name_and_handle(tmp_path, monkeypatch, ending):
    for home in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(home, str(tmp_path))
    path = tmp_path / f"seven.{ending}"
    draw_seven().save(path)
    in_memory = io.BytesIO(path.read_bytes())
    with path.open("rb") as file:
        for source in (path, str(path), f"~/{path.name}", file, in_memory):
            assert is_seven(to_mnist(source))


# How the camera was held

TURNS = {
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", TURNS)
def test_a_turned_phone(tmp_path, orientation):
    """The box of a digit is the one in the upright photo."""
    upright = draw_seven().resize((2000, 1500))
    expected = upright.point(lambda tone: 255 * (tone < 128)).getbbox()
    exif, path = Image.Exif(), tmp_path / "turned.jpg"
    exif[0x0112] = orientation
    stored = upright.transpose(TURNS[orientation])
    stored.save(path, exif=exif, quality=95)
    with Image.open(path) as opened:
        for source in (upright, np.asarray(upright), path, opened):
            assert is_seven(to_mnist(source))
            (found,) = find_digits(source)
            assert is_seven(found.image)
            assert np.abs(np.subtract(found.box, expected)).max() <= 3
        assert opened.size == stored.size


@pytest.mark.parametrize("note", [b"", b"no TIFF"])
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of the damage
def test_a_damaged_note_of_the_camera_is_ignored(tmp_path, note):
    image = draw_seven()
    image.save(tmp_path / "photo.jpg", exif=b"Exif\0\0" + note)
    assert is_seven(to_mnist(tmp_path / "photo.jpg"))


# What cannot be read


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((0, 28)), "of shape"),
        (np.zeros(28), "of shape"),
        (np.zeros((9, 28, 28)), "of shape"),
        (np.full((28, 28), "ink"), "numbers"),
        (np.full((28, 28), np.nan), "NaN"),
        (-np.ones((28, 28)), "negative"),
        (None, "got NoneType"),
        ([[0, 1], [1, 0]], "got list"),
    ],
)
@pytest.mark.parametrize("read", [to_mnist, find_digits])
def test_what_is_no_image(image, message, read):
    with pytest.raises(ValueError, match=message):
        read(image)


FLAT = np.asarray(draw_seven().resize((28, 28))).reshape(1, 784)
FLATTENED = [FLAT, FLAT.T, torch.tensor(FLAT), Image.fromarray(FLAT)]
FLATTENED += [FLAT.reshape(112, 7)]


@pytest.mark.parametrize("image", FLATTENED, ids=range(5))
def test_a_flattened_image(image):
    with pytest.raises(ValueError, match="looks flattened, reshape it to 28x28"):
        to_mnist(image)


def test_a_photo_may_be_784_wide():
    assert is_seven(to_mnist(draw_seven((784, 500))))


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n", "cut"])
def test_an_unreadable_file(tmp_path, content):
    path = tmp_path / "photo.png"
    draw_seven().save(path)
    path.write_bytes(path.read_bytes()[:-200] if content == "cut" else content)
    for read in (to_mnist, find_digits):
        with pytest.raises(ValueError, match=r"^photo\.png cannot be read as an image"):
            read(path)
    if content == "cut":
        with pytest.raises(ValueError, match="cannot be read as an image"):
            to_mnist(Image.open(io.BytesIO(path.read_bytes())))


def test_a_path_without_a_picture(tmp_path):
    with pytest.raises(FileNotFoundError):
        to_mnist(tmp_path / "none.jpg")
    with pytest.raises(PermissionError if os.name == "nt" else IsADirectoryError):
        to_mnist(tmp_path)


def test_the_way_out_of_heic(tmp_path):
    content = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)
    (tmp_path / "IMG_1.HEIC").write_bytes(content)
    with pytest.raises(ValueError, match=r"^IMG_1\.HEIC cannot be read .*HEIC.* JPEG"):
        to_mnist(tmp_path / "IMG_1.HEIC")
    with pytest.raises(ValueError, match=r"^the file cannot be read .*HEIC.* JPEG"):
        to_mnist(io.BytesIO(content))


# Large photos
