"""Words for pictures, headings, colours that all can tell apart, and the dark theme."""

import ast
import base64
import io
import itertools
import re
from pathlib import Path

import matplotlib as mpl
import nbformat
import numpy as np
import pytest
from pages import NOTEBOOKS, ROOT, fail_with, read
from PIL import Image

from mnist_cnn import plots

README = ROOT / "README.md"
PICTURES = sorted((ROOT / "images").glob("*.svg"))
PALETTE = {name: getattr(plots, name) for name in ("BLUE", "ORANGE", "GREEN", "GREY")}

pages = pytest.mark.parametrize(
    "path", [README, *NOTEBOOKS], ids=lambda path: path.stem
)
notebooks = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path) -> list[nbformat.NotebookNode]:
    return nbformat.reads(path.read_text("utf-8"), as_version=4).cells


def figure(cell: nbformat.NotebookNode) -> Image.Image | None:
    """The figure among the outputs of a cell."""
    for output in cell.get("outputs", []):
        if data := output.get("data", {}).get("image/png"):
            return Image.open(io.BytesIO(base64.b64decode(data)))
    return None


# Words for pictures, and headings


@pages
def test_every_picture_has_an_alternative_text(path):
    fail_with(
        [
            f"{read(path).line_of(address)}: {address} has no words: {words!r}"
            for address, words in read(path).images
            if len(words.split()) < (1 if "badge" in address else 8)
        ],
        "Say in its alternative text what is seen, for those who do not see it.",
    )


@notebooks
def test_every_figure_has_a_caption(path):
    """JupyterLab does not show the alternative text of a figure."""
    following = [*cells(path)[1:], nbformat.v4.new_raw_cell()]
    fail_with(
        [
            f"{path.name}, cell {cell.id}: no caption follows its figure"
            for cell, below in zip(cells(path), following, strict=True)
            if figure(cell) and not below.source.startswith("*Figure: ")
        ],
        "The next cell begins with *Figure: what is seen.*",
    )


def test_every_picture_of_the_readme_has_a_caption():
    pairs = itertools.pairwise(re.split(r"\n\n+", README.read_text("utf-8")))
    fail_with(
        [
            f"README.md: no caption follows {picture}"
            for picture, below in pairs
            if picture.startswith("<picture>")
            if not re.fullmatch(r"\*[^*].*[^*]\*", below, re.DOTALL)
        ],
        "The next paragraph is *what is seen.*",
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
    """WCAG's contrast ratio, from 1 to 21, of two colours as #RRGGBB."""
    lights = []
    for colour in (one, other):
        coded = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(
            coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4
        )
        lights.append(float(linear @ [0.2126, 0.7152, 0.0722]))
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_the_palette_is_told_apart_by_all():
    colours = [PALETTE[name] for name in PALETTE if name != "GREY"]
    assert set(colours) <= SAFE
    assert len(set(colours)) == len(colours)


def test_colours_stand_out():
    """WCAG 2.2: 3 for graphics (1.4.11) on both grounds, 4.5 for small text (1.4.3).

    GREY is written on white, and white on BLUE bars. What figures write with is a grey
    for both grounds; none has more than 4.3 on both, and large letters need 3.
    """
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)  # as published
    for colour, ground in itertools.product(PALETTE.values(), (WHITE, DARK)):
        assert contrast(colour, ground) >= 3, (colour, ground)
    assert min(contrast(ink, WHITE) for ink in (plots.GREY, plots.BLUE)) >= 4.5
    path = ROOT / "mnist_cnn" / "figures.mplstyle"
    style = mpl.rc_params_from_file(path, use_default_template=False)
    inks = {style[name] for name in style if re.search(r"(?<!face)color$", name)}
    for ink, ground in itertools.product(inks, (WHITE, DARK)):
        assert contrast(ink, ground) >= 3.9, (ink, ground)


def colours_of_others(source: str) -> list[str]:
    """Colours given by name, which are not those of the palette, and no greys.

    The colour maps: from light to dark, or diverging and safe by ColorBrewer.
    """
    free = {"black", "white", "gray", "viridis", "PuOr"}
    named = r"(?:\w*color|c|ec|fc|cmap|palette)"
    return [
        keyword.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if re.fullmatch(named, keyword.arg or "")
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value not in free
    ]


def test_figures_use_the_palette():
    assert colours_of_others("ax.plot(x, color='tab:red', lw=2)") == ["tab:red"]
    sources = {
        f"{path.name}, cell {cell.id}": cell.source
        for path in NOTEBOOKS
        for cell in cells(path)
        if cell.cell_type == "code" and cell.id != "setup"
    }
    for path in (ROOT / "mnist_cnn" / "plots").rglob("*.py"):
        sources[f"mnist_cnn/plots/{path.name}"] = path.read_text("utf-8")
    fail_with(
        [
            f"{where}: the colour {colour!r}"
            for where, source in sources.items()
            for colour in colours_of_others(source)
        ],
        "Take plots.BLUE, ORANGE, GREEN or GREY, which all can tell apart.",
    )


# The dark theme: figures have no ground of their own


@notebooks
def test_figures_are_no_slabs(path):
    for cell in cells(path):
        if image := figure(cell):
            alpha = np.asarray(image.convert("RGBA"))[..., 3]  # (height, width)
            edges = (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1])
            assert not any(edge.any() for edge in edges), f"{cell.id} has a ground"


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_pictures_of_the_readme_suit_both_themes(path):
    text = path.read_text("utf-8")
    ink, other = "#1f2328", "#e6edf3"  # of GitHub's themes
    if path.stem.endswith("-dark"):
        ink, other = other, ink
    assert ink in text
    assert other not in text
    ground = re.search(r'<g id="patch_1">.*?style="([^"]*)"', text, re.DOTALL)[1]
    assert "fill: none" in ground
    light, dark = (
        path.stem.removesuffix("-dark") + end for end in (".svg", "-dark.svg")
    )
    assert (
        f'<source media="(prefers-color-scheme: dark)" srcset="images/{dark}">\n'
        f'  <img src="images/{light}"' in README.read_text("utf-8")
    )
