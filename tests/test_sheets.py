"""``find_digits``: where the digits of a sheet are, in which order, and which parts."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from seven import draw_seven

import mnist_cnn as mc

PHOTOS = Path(mc.__file__).parent / "photos"
STROKES = {  # corners in a box that is 0.6 wide and 1 tall
    1: [[(0.3, 0), (0.25, 1)]],
    3: [[(0, 0), (0.5, 0), (0.25, 0.4), (0.55, 0.6), (0.45, 0.95), (0, 1)]],
    4: [[(0.4, 0), (0, 0.7), (0.6, 0.7)], [(0.42, 0.1), (0.42, 1)]],
    6: [[(0.4, 0), (0.05, 0.8), (0.2, 1), (0.5, 0.95), (0.5, 0.65), (0.1, 0.7)]],
    7: [[(0, 0), (0.6, 0), (0.2, 1)]],
}


def draw_digit(digit, tall, share=0.1):
    """(height, width) in [0, 1], cut to its ink; share: of the height, the pen's."""
    fine, pen = 4, max(1, share * tall)  # drawn so many times larger, then reduced
    image = Image.new("L", (fine * int(tall + 4 * pen), fine * int(tall + 4 * pen)))
    for stroke in STROKES[digit]:
        corners = [
            tuple(fine * (tall * side + 2 * pen) for side in at) for at in stroke
        ]
        ImageDraw.Draw(image).line(corners, 255, int(pen * fine), joint="curve")
    image = image.reduce(fine)
    box = image.point(lambda tone: 255 * (tone > 127)).getbbox()
    return np.asarray(image.crop(box)) / 255


def paste(page, ink, left, top, dark=0.8):
    """Write on the page, in place; returns the box."""
    height, width = ink.shape
    page[top : top + height, left : left + width] *= 1 - dark * ink
    return left, top, left + width, top + height


def photo_of(page, noise=0.01):
    grain = np.random.default_rng(0).normal(0, noise, page.shape)
    return Image.fromarray((255 * (page + grain).clip(0, 1)).astype(np.uint8))


def read(found):
    digits = torch.stack([digit.image for digit in found])
    answers = mc.predict(mc.load(), digits).argmax(dim=1).tolist()
    rows = [[] for _ in range(found[-1].row + 1)]
    for digit, answer in zip(found, answers, strict=True):
        rows[digit.row].append(answer)
    return rows


# Where


@settings(max_examples=60)
@given(
    digit=st.sampled_from(sorted(STROKES)),
    tall=st.integers(20, 400),
    share=st.floats(0.07, 0.15),
    size=st.tuples(st.integers(500, 1600), st.integers(500, 1600)),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    paper=st.floats(0.6, 1),
    dark=st.floats(0.5, 0.9),
)
def test_a_digit_is_found_anywhere(digit, tall, share, size, place, paper, dark):
    """In any size from 20 to 400 pixels, off the border, with its box within 3."""
    ink = draw_digit(digit, tall, share)
    page = np.full(size, paper)
    top, left = (2 + int(place[i] * (size[i] - ink.shape[i] - 4)) for i in (0, 1))
    box = paste(page, ink, left, top, dark)
    (found,) = mc.find_digits(photo_of(page))
    assert np.abs(np.subtract(found.box, box)).max() <= 3
    assert found.row == 0
    assert (found.image.shape, found.image.dtype) == ((1, 28, 28), torch.float32)


ROWS = [[7, 1, 4, 3, 1], [3, 7], [4, 4, 7, 1]]


@pytest.mark.parametrize(("tilt", "down"), [(-4, 230), (0, 230), (4, 230), (0, 150)])
def test_reading_order(tilt, down):
    """Rows from the top, each from the left, also in a tilted photo or close by."""
    page = np.full((900, 1200), 0.87)
    for row, digits in enumerate(ROWS):
        for place, digit in enumerate(digits):
            top = 150 + down * row + 10 * (-1) ** place  # every other one is lower
            paste(page, draw_digit(digit, 120), 150 + 200 * place, top)
    photo = photo_of(page).rotate(tilt, Image.Resampling.BICUBIC, fillcolor=222)
    assert read(mc.find_digits(photo)) == ROWS


# What belongs together


def test_a_broken_digit_stays_one():
    page = draw_seven((480, 320), at=(100, 60)).resize((960, 640))
    draw = ImageDraw.Draw(page)
    draw.rectangle((200, 200, 330, 212), fill=225)  # cuts the stem
    for left in (500, 700):  # a 5, its bar above and apart
        draw.arc((left, 250, left + 110, 400), 200, 150, fill=30, width=14)
        draw.line((left + 10, 225, left + 14, 280), fill=30, width=14)
        draw.line((left + 20, 190, left + 120, 190), fill=30, width=14)
    assert len(mc.find_digits(page)) == 3


@pytest.mark.parametrize("below", [5, 15, 25, 35])
def test_a_rule_under_a_row_is_no_digit(below):
    page = np.full((300, 500), 0.9)
    row = [(digit, draw_digit(digit, 100)) for digit in (4, 7, 3)]  # 110 with the pen
    for place, (_, ink) in enumerate(row):
        bottom = paste(page, ink, 60 + 130 * place, 80)[-1]
    page[bottom + below : bottom + below + 5, 30:470] *= 0.3
    page[:, :20] *= 0.3  # a table
    page[20:26, 300:340] *= 0.3  # a dash
    page[20:24, 200:204] *= 0.3  # a spot
    assert read(mc.find_digits(photo_of(page))) == [[4, 7, 3]]


def test_a_fraction_is_two_digits():
    page = np.full((420, 300), 0.9)
    bottom = paste(page, draw_digit(3, 110), 120, 50)[-1]
    page[bottom + 20 : bottom + 26, 90:220] *= 0.3
    paste(page, draw_digit(4, 110), 120, bottom + 46)
    assert read(mc.find_digits(photo_of(page))) == [[3], [4]]


@pytest.mark.parametrize(("contrast", "more"), [(1, 0), (0.06, 0), (0.06, 0.9)])
def test_an_underlined_digit_of_any_contrast(contrast, more):
    """Only what is no clearer than the paper's own grain is not seen."""
    page = np.full((300, 300), 0.9)
    bottom = paste(page, draw_digit(6, 110), 110, 80)[-1]
    page[bottom + 15 : bottom + 21, 80:220] *= 0.3
    page += np.random.default_rng(0).normal(0, 0.01, page.shape)
    image = mc.to_mnist((contrast * page + more).clip(0, 1))
    assert mc.predict(mc.load(), image[None]).argmax() == 6


def test_bad_light_on_a_sheet():
    """Lit from one side, with a hard shadow across it, on squared paper."""
    page = np.full((600, 800), 0.9)
    for place, digit in enumerate((4, 7, 3, 7, 4)):
        paste(page, draw_digit(digit, 110), 90 + 140 * place, 120 + 60 * place)
    page[10::40] *= 0.85
    page[:, 10::40] *= 0.85
    y, x = np.mgrid[0:1:600j, 0:1:800j]
    page *= (1 - 0.4 * x - 0.2 * y) * np.where(x + 0.5 * y < 0.7, 0.6, 1)
    assert [len(row) for row in read(mc.find_digits(photo_of(page)))] == [5]


# Sheets of all kinds


def empty_paper(squares=False):
    """Grainy, and lit from one side."""
    page = np.full((400, 400), 0.75) * np.linspace(1, 0.7, 400)
    if squares:
        page[::33] *= 0.8
        page[:, ::33] *= 0.8
    return photo_of(page, noise=0.015)


EMPTY = {
    "white": Image.new("L", (300, 200), 255),
    "grey": Image.new("L", (28, 28), 90),
    "a speck": np.pad(np.zeros((2, 2)), 13, constant_values=1.0),
    "huge and black": np.zeros((3000, 4000), np.uint8),
    "one pixel": Image.new("L", (1, 1), 255),
    "one row": np.full((1, 900), 255, np.uint8),
    "transparent": np.zeros((300, 300, 4), np.uint8),
    "grain": photo_of(np.full((600, 800), 0.5), noise=0.1),
    "paper, small": empty_paper().resize((64, 64)),
    "squared paper, small": empty_paper(squares=True).resize((64, 64)),
}
LINED = {  # lines of squares, or the edge of a table, may count as marks on a sheet
    "squared paper": empty_paper(squares=True),
    "paper on a table": PHOTOS / "empty.jpg",
}


@pytest.mark.parametrize("kind", [*EMPTY, *LINED])
def test_empty_paper_has_no_digits(kind):
    with pytest.raises(ValueError, match=r"found no ink|looks flattened"):
        mc.to_mnist({**EMPTY, **LINED}[kind])
    assert kind in LINED or mc.find_digits(EMPTY[kind]) == []


def test_a_page_of_print_ends():
    """Thousands of pieces, of which the largest 500 are looked at."""
    page = Image.new("L", (800, 800), 240)
    draw = ImageDraw.Draw(page)
    for top in range(10, 790, 10):
        for left in range(10, 790, 8):
            draw.rectangle((left, top, left + 4, top + 6), outline=20)
    assert len(mc.find_digits(page)) <= 500


def test_the_page_of_notebook_5():
    found = mc.find_digits(PHOTOS / "page.jpg")
    assert max(digit.box[2] for digit in found) < 625  # a dark corner is none
    rows = read(found)
    assert rows[:2] == [[3, 1, 4, 1, 5, 9], [2, 6, 5, 3, 5, 8]]
    assert rows[2][:2] + rows[2][4:] == [9, 7, 3, 2]  # between them an M and a heart
    assert len(rows[2]) == 6


def test_to_mnist_warns_of_several_digits():
    with pytest.warns(UserWarning, match="2 digits.* find_digits"):
        mc.to_mnist(PHOTOS / "42.jpg")
