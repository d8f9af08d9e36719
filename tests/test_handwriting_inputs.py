"""What ``to_mnist`` takes: pictures of every kind and size, and what it refuses."""

import copy
import io
import os
import struct

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile
from seven import draw_seven, is_seven

from mnist_cnn.handwriting import find_digits, pictures, to_mnist

# What goes in

MODES = ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F", "I;16", "I;16B"]


def in_mode(gray, mode):
    if mode.startswith("I;16"):
        values = np.asarray(gray).astype(">u2" if mode == "I;16B" else "<u2") * 257
        return Image.frombytes(mode, gray.size, values.tobytes())
    return gray.convert(mode, dither=Image.Dither.NONE)


TONES = pytest.mark.parametrize("tones", [(30, 225), (225, 30)], ids=["dark", "light"])


@TONES
@pytest.mark.parametrize("mode", MODES)
def test_every_mode(mode, tones):
    gray = draw_seven((160, 120), *tones)
    for size in ((160, 120), (2400, 1800)):
        image = in_mode(gray.resize(size), mode)
        result, steps = to_mnist(image, steps=True)
        assert is_seven(result)
        assert image.size == size
        assert max(steps["gray"].shape) <= 800


@TONES
@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
def test_16_bits_may_be_only_partly_used(bits, tones):
    """Cameras and microscopes write 12 bits into 16."""
    array = np.asarray(draw_seven((160, 120), *tones)).astype(np.uint16)
    assert is_seven(to_mnist(array << (bits - 8)))


@pytest.mark.parametrize("colour", [20, 250], ids=["dark ink", "light ink"])
@pytest.mark.parametrize("backdrop", [0, 128, 255])
def test_transparent_paper_is_no_colour(colour, backdrop):
    ink = 255 - np.asarray(draw_seven(ink=0, paper=255))
    pixels = np.full((*ink.shape, 4), backdrop, np.uint8)
    pixels[..., :3][ink > 0] = colour
    pixels[..., 3] = ink
    assert is_seven(to_mnist(Image.fromarray(pixels)))


def test_a_palette_may_have_a_transparent_entry(tmp_path):
    image = draw_seven(ink=0, paper=255).quantize(2, dither=Image.Dither.NONE)
    image.save(tmp_path / "seven.png", transparency=image.getpixel((0, 0)))
    assert is_seven(to_mnist(tmp_path / "seven.png"))


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
def test_files_by_path_name_and_handle(tmp_path, ending):
    path = tmp_path / f"seven.{ending}"
    draw_seven().save(path)
    assert is_seven(to_mnist(path))
    assert is_seven(to_mnist(str(path)))
    with path.open("rb") as file:
        assert is_seven(to_mnist(file))
    assert is_seven(to_mnist(io.BytesIO(path.read_bytes())))


def test_the_home_folder_has_a_short_name(tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    draw_seven().save(tmp_path / "x.jpg")
    assert is_seven(to_mnist("~/x.jpg"))
    assert len(find_digits("~/x.jpg")) == 1


@pytest.mark.parametrize("factor", [0.4, 1, 3, 9])
def test_every_size(factor):
    image = draw_seven()
    size = tuple(int(n * factor) for n in image.size)
    resized = to_mnist(image.resize(size, Image.Resampling.BICUBIC))
    assert (resized - to_mnist(image)).abs().mean() < 0.04


# How the camera was held

ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_turned_phone(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = draw_seven().resize((1600, 1200)).transpose(ORIENTATIONS[orientation])
    stored.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    assert is_seven(to_mnist(tmp_path / "turned.jpg"))
    with Image.open(tmp_path / "turned.jpg") as opened:
        assert is_seven(to_mnist(opened))
        assert opened.size == stored.size


NOTES = [b"", b"no TIFF", b"MM\0*\0\0\0\x08\0\x02\x01\x12", b"\xff" * 60]
# Orientation 6, and more before the start: Pillow cannot write this note anew
PARTLY = struct.pack("<2sHIH", b"II", 42, 8, 2)
PARTLY += struct.pack("<HHIHHHHIiI", 0x0112, 3, 1, 6, 0, 0x8769, 9, 1, -1, 0)


@pytest.mark.parametrize("note", [*NOTES, PARTLY], ids=range(5))
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of the damage
def test_a_damaged_note_of_the_camera_is_ignored(tmp_path, note):
    """What is left of it still turns."""
    image = draw_seven()
    if note is PARTLY:
        image = image.transpose(ORIENTATIONS[6])
    image.save(tmp_path / "photo.jpg", exif=b"Exif\0\0" + note)
    assert is_seven(to_mnist(tmp_path / "photo.jpg"))
    with Image.open(tmp_path / "photo.jpg") as opened:
        assert is_seven(to_mnist(opened))


# What cannot be read


@pytest.mark.parametrize("value", [0, 90, 255])
@pytest.mark.parametrize("size", [(28, 28), (300, 200), (8, 50)])
def test_a_blank_image(value, size):
    image = Image.new("L", size, value)
    if value and size == (28, 28):
        image.paste(0, (10, 10, 12, 12))  # a speck
    with pytest.raises(ValueError, match="found no ink"):
        to_mnist(image)


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
        ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUg/x", "^expected .* base64"),
    ],
)
@pytest.mark.parametrize("read", [to_mnist, find_digits])
def test_what_is_no_image(image, message, read):
    with pytest.raises(ValueError, match=message):
        read(image)


FLAT = np.asarray(draw_seven().resize((28, 28))).reshape(1, 784)
FLATTENED = [FLAT, FLAT.T, torch.tensor(FLAT), Image.fromarray(FLAT)]
FLATTENED += [FLAT.reshape(112, 7), FLAT.repeat(9, axis=0)]  # an image in each row


@pytest.mark.parametrize("image", FLATTENED, ids=range(6))
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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such pipes")
def test_a_pipe_is_never_opened(tmp_path):
    """It would wait for ever for someone to write into it."""
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match=r"pipe\.png is no regular file"):
        to_mnist(tmp_path / "pipe.png")


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_the_way_out_of_heic(tmp_path, brand):
    content = b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(100)
    (tmp_path / "IMG_1.HEIC").write_bytes(content)
    with pytest.raises(ValueError, match=r"^IMG_1\.HEIC cannot be read .*HEIC.* JPEG"):
        to_mnist(tmp_path / "IMG_1.HEIC")
    with pytest.raises(ValueError, match=r"^the file cannot be read .*HEIC.* JPEG"):
        to_mnist(io.BytesIO(content))


# Large photos


@pytest.mark.parametrize("size", [(12_000, 9_000), (3201, 2401), (1601, 1201)])
def test_no_jpeg_is_decoded_above_4_megapixels(tmp_path, monkeypatch, size):
    """The largest is as the largest phone cameras make them."""
    draw_seven().resize(size, Image.Resampling.NEAREST).save(tmp_path / "photo.jpg")
    decoded = []
    convert = Image.Image.convert

    def watch(image, *arguments, **options):
        decoded.append(image.width * image.height)
        return convert(image, *arguments, **options)

    monkeypatch.setattr(Image.Image, "convert", watch)
    assert is_seven(to_mnist(tmp_path / "photo.jpg"))
    assert len(find_digits(tmp_path / "photo.jpg")) == 1
    assert 0 < max(decoded) <= 4_000_000


def test_what_would_fill_memory_is_refused_undecoded(tmp_path, monkeypatch):
    path = tmp_path / "scan.png"
    draw_seven((200, 150)).save(path)
    monkeypatch.setattr(pictures, "PIXELS", 30_000)
    assert is_seven(to_mnist(path))
    monkeypatch.setattr(pictures, "PIXELS", 29_999)
    with Image.open(path) as opened:  # whoever opened it answers for its size
        assert is_seven(to_mnist(opened))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda *_: pytest.fail("decoded"))
    with pytest.raises(ValueError, match=r"30,000 pixels.* 29,999.* JPEG"):
        to_mnist(path)


def test_a_page_scanned_at_600_dpi_is_read():
    assert max(4960 * 7016, 5100 * 6600) < pictures.PIXELS  # A4, Letter


def test_a_picture_that_pillow_refuses(tmp_path, monkeypatch):
    path = tmp_path / "bomb.png"
    draw_seven().save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 160 * 120 // 2 - 1)
    with pytest.raises(ValueError, match=r"bomb\.png has too many pixels"):
        to_mnist(path)
