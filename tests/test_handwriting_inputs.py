"""What ``to_mnist`` takes: pictures of every kind and size, and what it refuses."""

import copy
import io
import os
import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile, features
from seven import draw_seven, is_seven

from mnist_cnn.handwriting import pictures
from mnist_cnn.handwriting import find_digits, to_mnist

MAX_PIXELS = 4_000_000


# What goes in


MODES = ["1", "L", "P", "LA", "PA", "RGB", "RGBA", "I", "F", "I;16", "I;16B"]
MODES += ["CMYK", "YCbCr", "La", "RGBa", "RGBX", "HSV"]


def in_mode(gray, mode):
    if mode.startswith("I;16"):
        values = np.asarray(gray).astype(">u2" if mode == "I;16B" else "<u2") * 257
        return Image.frombytes(mode, gray.size, values.tobytes())
    if mode in ("La", "RGBa"):
        return gray.convert(mode.upper()).convert(mode)
    if mode == "PA":
        return gray.convert("P").convert("PA")
    if mode == "HSV":
        return gray.convert("RGB").convert("HSV")
    return gray.convert(mode, dither=Image.Dither.NONE)


@pytest.mark.parametrize("light", [False, True], ids=["dark ink", "light ink"])
@pytest.mark.parametrize("mode", MODES)
def test_every_mode(mode, light):
    gray = draw_seven(ink=225, paper=30) if light else draw_seven()
    assert is_seven(to_mnist(in_mode(gray, mode)))


@pytest.mark.parametrize("tones", [(30, 225), (225, 30)], ids=["dark", "light"])
@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
def test_16_bits_may_be_only_partly_used(bits, tones):
    """Cameras and microscopes write 12 bits into 16."""
    array = np.asarray(draw_seven((160, 120), *tones)).astype(np.uint16)
    assert is_seven(to_mnist(array << (bits - 8)))


@pytest.mark.parametrize("top", [0.9, 1.0, 1.01, 1.09])
def test_light_ink_that_resizing_made_too_light(top):
    array = np.asarray(draw_seven(ink=255, paper=30)) / 255
    assert is_seven(to_mnist(array * top))


@pytest.mark.parametrize("light", [False, True], ids=["dark ink", "light ink"])
@pytest.mark.parametrize("backdrop", [0, 128, 255])
def test_transparent_paper_is_no_colour(light, backdrop):
    ink = 255 - np.asarray(draw_seven(ink=0, paper=255))
    pixels = np.full((*ink.shape, 4), backdrop, np.uint8)
    pixels[..., :3][ink > 0] = 250 if light else 20
    pixels[..., 3] = ink
    assert is_seven(to_mnist(Image.fromarray(pixels)))


def test_a_palette_may_have_a_transparent_entry(tmp_path):
    image = draw_seven(ink=0, paper=255).quantize(2, dither=Image.Dither.NONE)
    paper = image.getpixel((0, 0))
    image.save(tmp_path / "seven.png", transparency=paper)
    assert is_seven(to_mnist(tmp_path / "seven.png"))


def arrays():
    gray = np.asarray(draw_seven())
    colour = np.repeat(gray[..., np.newaxis], 3, axis=-1)
    unit = (gray / 255).astype(np.float32)
    yield "uint8", gray
    yield "channel last", gray[..., np.newaxis]
    yield "channel first", gray[np.newaxis]
    yield "colour", colour
    yield "colour first", np.moveaxis(colour, -1, 0)
    yield "with alpha", np.dstack([colour, np.full(gray.shape, 255, np.uint8)])
    yield "float", unit
    yield "double to 255", gray.astype(np.float64)
    yield "int64", gray.astype(np.int64)
    yield "bool", gray > 128
    yield "uint8 of 0 and 1", (gray > 128).astype(np.uint8)
    yield "float, a little too large", 1.000001 * unit
    yield "not contiguous", np.asfortranarray(gray)[:, ::1]
    yield "read-only", np.broadcast_to(unit, (1, *unit.shape))
    yield "tensor", torch.tensor(gray)
    yield "tensor (1, H, W)", torch.tensor(unit).unsqueeze(0)
    yield "tensor (3, H, W)", torch.tensor(colour).permute(2, 0, 1)
    yield "tensor that wants a gradient", torch.tensor(unit, requires_grad=True)
    yield "half", torch.tensor(unit).half()


ARRAYS = dict(arrays())


@pytest.mark.parametrize("kind", ARRAYS)
def test_every_kind_of_array(kind):
    before = copy.deepcopy(ARRAYS[kind])
    assert is_seven(to_mnist(ARRAYS[kind]))
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


@pytest.mark.parametrize("factor", [0.4, 1, 3, 9])
def test_every_size(factor):
    image = draw_seven()
    size = tuple(int(n * factor) for n in image.size)
    resized = to_mnist(image.resize(size, Image.Resampling.BICUBIC))
    assert (resized - to_mnist(image)).abs().mean() < 0.04


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
    stored = draw_seven().transpose(ORIENTATIONS[orientation])
    stored.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    assert is_seven(to_mnist(tmp_path / "turned.jpg"))
    with Image.open(tmp_path / "turned.jpg") as opened:
        assert is_seven(to_mnist(opened))


NOTES = [b"", b"no TIFF", b"II*\0", b"MM\0*\0\0\0\x08\0\x02\x01\x12", b"\xff" * 60]


@pytest.mark.parametrize("note", NOTES, ids=range(len(NOTES)))
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of the damage
def test_a_damaged_note_of_the_camera_is_ignored(tmp_path, note):
    draw_seven().save(tmp_path / "photo.jpg", exif=b"Exif\0\0" + note)
    assert is_seven(to_mnist(tmp_path / "photo.jpg"))
    with Image.open(tmp_path / "photo.jpg") as opened:
        assert is_seven(to_mnist(opened))


def test_a_note_that_is_only_partly_damaged_still_turns(tmp_path):
    """Pillow reads this orientation, but cannot write the note again without it."""
    note = struct.pack("<2sHIH", b"II", 42, 8, 2)
    note += struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)  # orientation 6
    note += struct.pack("<HHIiI", 0x8769, 9, 1, -1, 0)  # more of it before its start
    stored = draw_seven().transpose(ORIENTATIONS[6])
    stored.save(tmp_path / "turned.jpg", exif=b"Exif\0\0" + note)
    assert is_seven(to_mnist(tmp_path / "turned.jpg"))


# What cannot be read


@pytest.mark.parametrize("value", [0, 90, 255])
@pytest.mark.parametrize("size", [(28, 28), (300, 200), (1, 1), (1, 50)])
def test_a_blank_image(value, size):
    with pytest.raises(ValueError, match="found no ink"):
        to_mnist(Image.new("L", size, value))


def test_a_blank_sheet_with_grain_and_a_lamp():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:300, 0:400] / 400
    for lean in (0, 0.3, 0.5):
        paper = 0.9 - lean * x - 0.1 * y + rng.normal(0, 0.015, x.shape)
        with pytest.raises(ValueError, match="found no ink"):
            to_mnist(paper.clip(0, 1))


def test_a_speck():
    image = np.full((28, 28), 255, np.uint8)
    image[10:12, 10:12] = 0
    with pytest.raises(ValueError, match="found no ink"):
        to_mnist(image)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((0, 28)), "of shape"),
        (np.zeros(28), "of shape"),
        (np.zeros((2, 2, 2, 2)), "of shape"),
        (np.zeros((9, 28, 28)), "of shape"),
        (np.zeros((28, 28), complex), "numbers"),
        (np.full((28, 28), "ink"), "numbers"),
        (np.full((28, 28), np.nan), "NaN"),
        (np.full((28, 28), np.inf), "infinite"),
        (-np.ones((28, 28)), "negative"),
        (None, "got NoneType"),
        ([[0, 1], [1, 0]], "got list"),
        (7, "got int"),
    ],
)
def test_what_is_no_image(image, message):
    with pytest.raises(ValueError, match=message):
        to_mnist(image)


@pytest.mark.parametrize(
    "content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n", "half"]
)
def test_an_unreadable_file(tmp_path, content):
    path = tmp_path / "photo.png"
    if content == "half":
        draw_seven().resize((800, 600)).save(path)
        content = path.read_bytes()[:600]
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"photo\.png cannot be read as an image"):
        to_mnist(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        to_mnist(tmp_path / "none.jpg")


def test_a_folder_is_a_folder(tmp_path):
    with pytest.raises(PermissionError if os.name == "nt" else IsADirectoryError):
        to_mnist(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such pipes")
def test_a_pipe_is_never_opened(tmp_path, monkeypatch):
    """It would wait for ever for someone to write into it."""
    monkeypatch.setattr(Image, "open", lambda *_: pytest.fail("opened"))
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match=r"pipe\.png is no regular file"):
        to_mnist(tmp_path / "pipe.png")


@pytest.mark.skipif(os.name == "nt", reason="there it is a file that is missing")
@pytest.mark.parametrize("name", ["digit" * 60, "digit" * 60 + "/7.png"])
def test_a_name_too_long_for_a_file(name):
    message = r"^(digit|7\.png).*File name too long"
    with pytest.raises(ValueError, match=message) as info:
        to_mnist(name)
    assert len(str(info.value)) < 150


@pytest.mark.parametrize("brand", [b"heic", b"heix", b"hevc", b"mif1"])
def test_the_way_out_of_heic(tmp_path, brand):
    content = b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(100)
    (tmp_path / "IMG_1.HEIC").write_bytes(content)
    way_out = r"JPEG or PNG .*iPhone.* Settings > Camera > Formats > Most Compatible"
    with pytest.raises(ValueError, match=r"^IMG_1\.HEIC cannot be read .*" + way_out):
        to_mnist(tmp_path / "IMG_1.HEIC")
    with pytest.raises(ValueError, match=r"^the file cannot be read .*" + way_out):
        to_mnist(io.BytesIO(content))


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=0, max_size=300), st.integers(1, 40))
def test_any_pixels_give_an_image_or_a_value_error(data, width):
    height = max(1, len(data) // width)
    pixels = np.frombuffer(data.ljust(width * height, b"\0")[: width * height], "u1")
    try:
        image = to_mnist(pixels.reshape(height, width))
    except ValueError:
        return
    assert image.shape == (1, 28, 28)
    assert 0 <= image.min() <= image.max() <= 1
    assert torch.isfinite(image).all()


# Large photos


@pytest.fixture(scope="module")
def large_photo(tmp_path_factory):
    """12,000 x 9,000 pixels, as the largest phone cameras make them."""
    path = tmp_path_factory.mktemp("large") / "large.jpg"
    draw_seven().resize((12_000, 9_000), Image.Resampling.NEAREST).save(path)
    return path


def test_a_large_photo_is_reduced_on_opening(large_photo, monkeypatch):
    """Neither decoded nor kept larger than 4 megapixels."""
    decoded, arrays = [], []
    load, from_array = ImageFile.ImageFile.load, pictures._from_array

    def spy_load(image):
        result = load(image)
        decoded.append(image.width * image.height)
        return result

    def spy_array(array, channels_first):
        arrays.append(array.size)
        return from_array(array, channels_first)

    monkeypatch.setattr(ImageFile.ImageFile, "load", spy_load)
    monkeypatch.setattr(pictures, "_from_array", spy_array)
    image, steps = to_mnist(large_photo, steps=True)
    assert is_seven(image)
    assert len(find_digits(large_photo)) == 1
    assert 0 < max(decoded) <= MAX_PIXELS
    assert 0 < max(arrays) <= MAX_PIXELS
    assert max(picture.size for picture in steps.values()) <= MAX_PIXELS


@pytest.mark.parametrize("size", [(8191, 6143), (3201, 2401), (1601, 1201)])
def test_no_jpeg_is_decoded_above_4_megapixels(tmp_path, monkeypatch, size):
    path = tmp_path / "photo.jpg"
    draw_seven().resize(size).save(path)
    decoded = []
    convert = Image.Image.convert

    def watch(image, *arguments, **options):
        decoded.append(image.width * image.height)
        return convert(image, *arguments, **options)

    monkeypatch.setattr(Image.Image, "convert", watch)
    assert is_seven(to_mnist(path))
    assert 0 < max(decoded) <= MAX_PIXELS


def test_an_open_image_keeps_its_size(tmp_path):
    draw_seven().resize((3000, 2000)).save(tmp_path / "photo.jpg")
    with Image.open(tmp_path / "photo.jpg") as opened:
        assert is_seven(to_mnist(opened))
        assert opened.size == (3000, 2000)


def test_an_open_image_cut_short_is_a_value_error(tmp_path):
    draw_seven().save(tmp_path / "whole.png")
    part = (tmp_path / "whole.png").read_bytes()[:-200]
    with pytest.raises(ValueError, match="cannot be read as an image"):
        to_mnist(Image.open(io.BytesIO(part)))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "I;16", "I", "F"])
def test_large_pictures_of_other_modes(mode):
    image = in_mode(draw_seven().resize((2400, 1800)), mode)
    result, steps = to_mnist(image, steps=True)
    assert is_seven(result)
    assert image.size == (2400, 1800)
    assert max(picture.size for picture in steps.values()) <= MAX_PIXELS


def test_a_large_array_is_reduced():
    array = np.asarray(draw_seven()).repeat(20, axis=0).repeat(20, axis=1)
    result, steps = to_mnist(array, steps=True)
    assert is_seven(result)
    assert max(steps["gray"].shape) <= 800


@pytest.mark.parametrize("ending", ["png", "webp", "tiff", "bmp", "gif"])
def test_what_would_fill_memory_is_refused_undecoded(tmp_path, monkeypatch, ending):
    path = tmp_path / f"scan.{ending}"
    draw_seven((200, 150)).save(path)
    monkeypatch.setattr(pictures, "PIXELS", 30_000)
    assert is_seven(to_mnist(path))
    monkeypatch.setattr(pictures, "PIXELS", 29_999)
    with Image.open(path) as opened:  # whoever opened it answers for its size
        assert is_seven(to_mnist(opened))
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda *_: pytest.fail("decoded"))
    message = rf"scan\.{ending} has 30,000 pixels.* 29,999: save it smaller, or as JPEG"
    with pytest.raises(ValueError, match=message):
        to_mnist(path)


def test_a_page_scanned_at_600_dpi_is_read():
    assert pictures.PIXELS > 4960 * 7016  # A4
    assert pictures.PIXELS > 5100 * 6600  # Letter


@pytest.mark.skipif(not features.check("jpg_2000"), reason="Pillow has no JPEG 2000")
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_large_jpeg_2000_is_reduced_on_opening(tmp_path, monkeypatch, mode):
    path = tmp_path / "scan.jp2"
    draw_seven().resize((1600, 1200)).convert(mode).save(path)
    decoded = []
    load = ImageFile.ImageFile.load

    def watch(image):
        result = load(image)
        decoded.append(image.size)
        return result

    monkeypatch.setattr(ImageFile.ImageFile, "load", watch)
    for most, size in ((2 * 1600 * 1200, (1600, 1200)), (1600 * 1200, (400, 300))):
        monkeypatch.setattr(pictures, "PIXELS", most)
        decoded.clear()
        assert is_seven(to_mnist(path))
        assert {*decoded} == {size}


def test_a_bomb_is_a_value_error(tmp_path, monkeypatch):
    path = tmp_path / "bomb.png"
    draw_seven().save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 160 * 120 // 2 - 1)
    with pytest.raises(ValueError, match=r"bomb\.png has too many pixels"):
        to_mnist(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 160 * 120 - 1)  # only a warning
    assert is_seven(to_mnist(path))
