"""Words for pictures, headings, colours that all can tell apart, and the dark theme."""

import itertools
import re

import matplotlib as mpl
import numpy as np
import pytest
from pages import MEND, NOTEBOOKS, ROOT, fail_with, read

from mnist_cnn import plots

README = ROOT / "README.md"
PALETTE = (plots.BLUE, plots.ORANGE, plots.GREEN)

pages = pytest.mark.parametrize(
    "path", [README, *NOTEBOOKS, MEND], ids=lambda path: path.stem
)


# Words for pictures, and headings


@pages
def test_every_picture_has_an_alternative_text(path):
    fail_with(
        [
            f"{read(path).line_of(address)}: {address} has no words: {words!r}"
            for address, words in read(path).images
            if len(words.split()) < (1 if re.search("badge|open-in", address) else 8)
        ],
        "Say in its alternative text what is seen, for those who do not see it.",
    )


@pages
def test_headings_are_in_order(path):
    """One title, first, and no level left out."""
    levels = [level for level, _ in read(path).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before < 2 for before, after in itertools.pairwise(levels))


# Colours: one palette, told apart by all

WHITE, DARK = "#FFFFFF", "#111111"  # the grounds of JupyterLab's themes
# Okabe and Ito's, chosen so that people with any kind of colour vision tell them apart:
# https://jfly.uni-koeln.de/color/
SAFE = {"#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio, from 1 to 21, of two colours."""
    coded = np.array([mpl.colors.to_rgb(colour) for colour in (one, other)])  # (2, 3)
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (light + 0.05) / (dark + 0.05)


def test_the_palette_is_told_apart_by_all():
    assert set(PALETTE) <= SAFE
    assert len(set(PALETTE)) == len(PALETTE)


def test_colours_stand_out():
    """WCAG 2.2: 3 for graphics (1.4.11) on both grounds, 4.5 for small text (1.4.3).

    GREY is written on white, and white on BLUE bars. What figures write with is a grey
    for both grounds; none has more than 4.3 on both, and large letters need 3.
    """
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)  # as published
    for colour, ground in itertools.product([*PALETTE, plots.GREY], (WHITE, DARK)):
        assert contrast(colour, ground) >= 3, (colour, ground)
    assert min(contrast(ink, WHITE) for ink in (plots.GREY, plots.BLUE)) >= 4.5
    path = ROOT / "mnist_cnn" / "figures.mplstyle"
    style = mpl.rc_params_from_file(path, use_default_template=False)
    inks = {style[name] for name in style if re.search(r"(?<!face)color$", name)}
    for ink, ground in itertools.product(inks, (WHITE, DARK)):
        assert contrast(ink, ground) >= 3.9, (ink, ground)


# A colour by its name; in a notebook, quotes follow a backslash
NAMED = re.compile(r'\b(?:\w*color|c|ec|fc|cmap|palette)=\\?"([^"\\]+)')
# Greys, and colour maps from light to dark, or diverging and safe by ColorBrewer
FREE = {"black", "white", "gray", "viridis", "PuOr"}


def test_figures_use_the_palette():
    assert NAMED.findall('ax.plot(x, color="tab:red", c=\\"r\\")') == ["tab:red", "r"]
    paths = [*NOTEBOOKS, MEND, *(ROOT / "mnist_cnn" / "plots").rglob("*.py")]
    fail_with(
        [
            f"{path.relative_to(ROOT)}: the colour {colour!r}"
            for path in paths
            for colour in NAMED.findall(path.read_text("utf-8"))
            if colour not in FREE
        ],
        "Take plots.BLUE, ORANGE, GREEN or GREY, which all can tell apart.",
    )


@pytest.mark.parametrize(
    "path", sorted((ROOT / "images").glob("*.svg")), ids=lambda path: path.stem
)
def test_pictures_of_the_readme_suit_both_themes(path):
    """Each has a twin for the dark theme, and none a ground of its own."""
    text = path.read_text("utf-8")
    ink, other = "#1f2328", "#e6edf3"  # of GitHub's themes
    if path.stem.endswith("-dark"):
        ink, other = other, ink
    assert ink in text
    assert other not in text
    ground = re.search(r'<g id="patch_1">.*?style="([^"]*)"', text, re.DOTALL)[1]
    assert "fill: none" in ground
    light = path.stem.removesuffix("-dark")
    assert (
        f'<source media="(prefers-color-scheme: dark)" srcset="images/{light}-dark.svg'
        f'">\n  <img src="images/{light}.svg"' in README.read_text("utf-8")
    )
