"""What ``to_mnist`` makes of a drawn 7 in any light, of MNIST, and of the photos."""

import runpy
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from seven import draw_seven, is_seven

import mnist_cnn as mc
from mnist_cnn.handwriting import to_mnist

PHOTOS = Path(mc.__file__).parent / "photos"


# Tight and small pictures


@pytest.mark.parametrize("width", [10, 16], ids=["pen", "felt pen"])
@pytest.mark.parametrize("share", [0.2, 0.03, 0])
def test_cut_close_to_the_digit(share, width):
    """Where half of the pixels are ink, ink is no noise and the paper still light."""
    large = draw_seven(width=width).resize((640, 480), Image.Resampling.BICUBIC)
    left, top, right, bottom = large.point(lambda tone: tone < 128).getbbox()
    edge = round(share * (bottom - top))
    cut = large.crop((left - edge, top - edge, right + edge, bottom + edge))
    assert (to_mnist(large) - to_mnist(cut)).abs().mean() < 0.03


def small_pictures():
    """With little paper, or little of it clean: the answer, and the picture."""
    for paper in (0.8, 0.6):
        bar = np.full((280, 36), paper)  # most of its pixels are ink
        bar[8:272, 8:28] = 0.2
        yield 1, grainy(bar)
    faint = np.zeros((28, 28), np.float32)  # a stroke of one pixel on pure black
    faint[4:24, 14] = 0.31
    yield 1, faint
    squared = np.asarray(draw_seven((320, 240), at=(140, 80)).reduce(4)) / 255
    squared[28] -= 0.15  # the lines cross the digit, and are no part of it
    squared[:, 42] -= 0.15
    yield 7, grainy(squared)


def grainy(page):
    return (page + np.random.default_rng(0).normal(0, 0.02, page.shape)).clip(0, 1)


@pytest.mark.parametrize(("digit", "image"), [*small_pictures()])
def test_a_small_picture_is_read(digit, image):
    answers = mc.predict(mc.load(), to_mnist(image).unsqueeze(0))
    assert answers.argmax() == digit


@pytest.mark.parametrize(
    "light",
    [
        lambda y, x: 1 - 0.5 * ((y - 0.5) ** 2 + (x - 0.5) ** 2),  # a spot
        lambda y, x: 1 - 0.5 * (1 - x) ** 3,  # a dark side
        lambda y, x: 1 - 0.6 * y,
    ],
)
def test_uneven_light_in_a_small_picture(light):
    """Paper that is lighter here and darker there is still paper, and dark ink dark."""
    picture = draw_seven((110, 200), at=(35, 60), width=6, ink=120).reduce(3)
    gray = np.asarray(picture) / 255
    y, x = np.mgrid[0 : 1 : gray.shape[0] * 1j, 0 : 1 : gray.shape[1] * 1j]
    assert (to_mnist(gray * light(y, x)) - to_mnist(gray)).abs().mean() < 0.01


# What comes out


def test_is_prepared_as_nist_prepared():
    """20 pixels tall, aspect ratio kept, the centre of mass at pixel 14, 14."""
    whole, steps = to_mnist(draw_seven(), steps=True)
    assert (whole.shape, whole.dtype) == ((1, 28, 28), torch.float32)
    image = whole[0]
    ink = image > 0
    rows, columns = ink.any(1).nonzero(), ink.any(0).nonzero()
    assert rows.max() - rows.min() + 1 == 20
    assert 11 <= columns.max() - columns.min() + 1 <= 15
    place = torch.arange(28.0)
    assert (image.sum(1) @ place / image.sum() - 14).abs() <= 0.51
    assert (image.sum(0) @ place / image.sum() - 14).abs() <= 0.51
    assert list(steps) == ["gray", "ink", "crop", "box", "mnist"]
    assert all(picture.dtype == np.float32 for picture in steps.values())
    assert steps["gray"].shape == steps["ink"].shape == (120, 160)
    assert max(steps["box"].shape) == 20
    assert torch.equal(image, torch.from_numpy(steps["mnist"]))


# Bad light, and things beside the digit

Y, X = np.mgrid[0:240, 0:320]
LAMP = 1 - 0.5 * X / 320 - 0.2 * Y / 240
SHADOW = np.where(X + Y < 300, 0.55, 1.0)  # its edge crosses the digit
NOISE = np.random.default_rng(0).normal(0, 0.04, X.shape)


@pytest.mark.parametrize(
    ("light", "noise"),
    [(LAMP, 0), (SHADOW, 0), (LAMP * SHADOW, 0), (1, NOISE)],
    ids=["lamp", "shadow", "both", "noise"],
)
def test_bad_light(light, noise):
    gray = np.asarray(draw_seven((320, 240), at=(140, 80))) / 255
    assert is_seven(to_mnist((gray * light + noise).clip(0, 1)))


PEN, FAINT = {"ink": 30, "paper": 225}, {"ink": 170, "paper": 230}


@pytest.mark.parametrize(
    ("tones", "fill", "beside"),
    [
        (PEN, 40, [(260, 180, 320, 240)]),  # at the border, with more ink
        (PEN, 40, [(155, 170, 156, 171)]),  # close to it
        (PEN, 40, [(0, 0, 14, 240), (270, 20, 276, 26), (30, 218, 60, 221)]),
        (FAINT, 0, [(40, 150, 50, 160)]),
    ],
    ids=["thumb", "speck", "table, spot, dash", "darker mark"],
)
def test_what_is_not_the_digit_is_left_out(tones, fill, beside):
    image = draw_seven((320, 240), at=(140, 80), **tones)
    for box in beside:
        ImageDraw.Draw(image).rectangle(box, fill=fill)
    assert is_seven(to_mnist(image))


def test_the_parts_of_a_broken_digit_stay_together():
    image = draw_seven()
    ImageDraw.Draw(image).rectangle((70, 38, 110, 42), fill=225)  # cuts the stem
    rows = (to_mnist(image)[0] > 0).any(dim=1).nonzero()
    assert rows.max() - rows.min() + 1 >= 19


def test_thin_strokes_are_widened_to_those_of_mnist():
    thin, usual = (to_mnist(draw_seven(width=w)) for w in (1, 10))
    assert 0.5 < (thin > 0.5).sum() / (usual > 0.5).sum() < 1.6


# What it does to MNIST itself


@pytest.mark.parametrize("inverted", [False, True])
def test_mnist_stays_as_it_is(inverted):
    """At most 0.3 points are lost on the 10,000; a subset may lose two images more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mc.StandinWarning)
        _, test = mc.load_mnist()
    if test.source != "mnist":
        pytest.skip("MNIST is not here, and what is promised is promised of MNIST")
    test, model = test.take(slice(None, None, 17)), mc.load()
    images = 1 - test.images if inverted else test.images
    read = torch.stack([to_mnist(image) for image in images])
    before = mc.evaluate(model, test).accuracy
    after = mc.evaluate(model, mc.Digits(read, test.labels, "mnist")).accuracy
    assert before - after <= 0.003 + 2 / len(test)


# The photos of notebook 7


def test_the_photos_are_read():
    """Without a warning of several digits: it would be an error here."""
    model = mc.load()
    images = torch.stack([to_mnist(PHOTOS / f"{digit}.jpg") for digit in range(10)])
    assert mc.predict(model, images).argmax(dim=1).tolist() == list(range(10))


def test_the_photos_are_what_the_script_draws(tmp_path):
    script = runpy.run_path(Path(__file__).parent.parent / "tools" / "photos.py")
    names = {photo.name for photo in script["PHOTOGRAPHED"]}
    assert {path.stem for path in PHOTOS.glob("*.jpg")} == names
    assert sum(path.stat().st_size for path in PHOTOS.glob("*")) < 200_000
    for photo in script["PHOTOGRAPHED"]:
        drawn = script["save"](photo, tmp_path)
        with Image.open(drawn) as new, Image.open(PHOTOS / drawn.name) as old:
            assert new.getexif() == old.getexif()
            difference = np.subtract(new, old, dtype=np.float32)
            assert np.abs(difference).mean() < 3  # libraries may round otherwise
