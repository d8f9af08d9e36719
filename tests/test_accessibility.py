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
from PIL import Image

from mnist_cnn import plots

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURES = sorted((ROOT / "images").glob("*.svg"))
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
MARKDOWN_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)[^)]*\)")
PALETTE = {name: getattr(plots, name) for name in ("BLUE", "ORANGE", "GREEN", "GREY")}


def cells(path: Path) -> list[nbformat.NotebookNode]:
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4).cells


def prose(path: Path) -> str:
    """The markdown of a page or a notebook, without code."""
    if path.suffix == ".ipynb":
        found = (cell.source for cell in cells(path) if cell.cell_type == "markdown")
        return FENCE.sub("", "\n\n".join(found))
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def png(cell: nbformat.NotebookNode) -> Image.Image | None:
    """The figure among the outputs of a cell."""
    for output in cell.get("outputs", []):
        if data := output.get("data", {}).get("image/png"):
            return Image.open(io.BytesIO(base64.b64decode(data)))
    return None


pages = pytest.mark.parametrize(
    "path", [README, *NOTEBOOKS], ids=lambda path: path.stem
)
notebooks = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


# Words for pictures


def poor_alternatives(text: str) -> list[str]:
    """The pictures whose alternative text says too little; a badge needs few words."""
    images = MARKDOWN_IMAGE.findall(text)
    for tag in re.findall(r"<img\b[^>]*>", text):
        given = (re.search(rf'\b{key}="([^"]*)"', tag) for key in ("alt", "src"))
        images.append(tuple(match[1] if match else "" for match in given))
    return [
        target
        for words, target in images
        if len(words.split()) < (1 if re.search("badge|shields", target) else 8)
    ]


@pages
def test_every_picture_has_an_alternative_text(path):
    assert poor_alternatives(prose(path)) == []


def test_poor_alternatives_are_found():
    text = (
        "![](a.png) ![Figure 1](b.png) ![](https://c/badge.svg) <img src='d.png'> "
        '<img src="e.png" alt=""> ![Two panels by epoch: the loss falls, accuracy '
        "rises.](f.png) ![Open in Colab](https://g/badge.svg)"
    )
    assert poor_alternatives(text) == [
        "a.png",
        "b.png",
        "https://c/badge.svg",
        "",
        "e.png",
    ]


def uncaptioned(found: list[nbformat.NotebookNode]) -> list[str]:
    """The figures whose caption does not follow at once."""
    return [
        cell.id
        for cell, below in itertools.pairwise([*found, nbformat.v4.new_raw_cell()])
        if png(cell) and not below.source.startswith("*Figure: ")
    ]


@notebooks
def test_every_figure_has_a_caption(path):
    """JupyterLab does not show the alternative text of a figure."""
    assert any(map(png, cells(path)))
    assert uncaptioned(cells(path)) == []


def test_every_picture_of_the_readme_has_a_caption():
    blocks = re.split(r"\n\n+", prose(README))
    pictures = [i for i, block in enumerate(blocks) if "images/" in block]
    assert len(pictures) == 5
    for i in pictures:
        assert re.fullmatch(r"\*[^*].*[^*]\*", blocks[i + 1], re.DOTALL), blocks[i]


def test_missing_captions_are_found():
    picture = io.BytesIO()
    Image.new("RGB", (2, 2)).save(picture, "png")
    data = {"image/png": base64.b64encode(picture.getvalue()).decode()}
    output = nbformat.v4.new_output("display_data", data)
    figure = nbformat.v4.new_code_cell("ax = 1", outputs=[output], id="figure")
    check = nbformat.v4.new_code_cell("assert ax")
    text = nbformat.v4.new_markdown_cell("You see that *Figure: no caption")
    caption = nbformat.v4.new_markdown_cell("*Figure: what is seen.*")
    assert uncaptioned([figure, caption, check, text]) == []
    for wrong in ([figure], [figure, text, caption], [figure, check, caption]):
        assert uncaptioned(wrong) == ["figure"]


# Headings


def in_order(text: str) -> bool:
    """Whether one title comes first, and no level is left out."""
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
    steps = itertools.pairwise(levels)
    return (
        levels[:1] == [1] and levels.count(1) == 1 and all(b - a < 2 for a, b in steps)
    )


@pages
def test_headings_are_in_order(path):
    assert in_order(prose(path))


@pytest.mark.parametrize("text", ["", "## A", "# A\n## B\n# C", "# A\n### B"])
def test_headings_out_of_order_are_found(text):
    assert in_order("# A\n## B\n### C\n## D")
    assert not in_order(text)


# Colours: one palette, told apart by all

WHITE = "#FFFFFF"
# What the three kinds of colour blindness make of linear RGB. Source: G. Machado, M.
# Oliveira, L. Fernandes, IEEE Transactions on Visualization and Computer Graphics 15
# (2009), severity 1.0.
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# Linear sRGB to CIE XYZ, its white at D65 (IEC 61966-2-1)
TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)
APART = 15.0  # of CIE76's Delta E, of which about 2 is just noticeable side by side


def linear(colour: str) -> np.ndarray:
    """Linear RGB in [0, 1] of a colour as #RRGGBB."""
    coded = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB."""
    x, y, z = TO_XYZ @ rgb.clip(0, 1) / TO_XYZ.sum(axis=1)
    fx, fy, fz = (
        np.cbrt(t) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z)
    )
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


def difference(one: str, other: str, vision: str) -> float:
    """Delta E (CIE76) between two colours as they are seen."""
    seen = (lab(np.array(VISION[vision]) @ linear(colour)) for colour in (one, other))
    return float(np.linalg.norm(next(seen) - next(seen)))


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio, from 1 to 21."""
    low, high = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def test_measures_agree_with_published_values():
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)
    assert lab(linear("#FF0000")) == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    assert lab(linear("#0000FF")) == pytest.approx([32.30, 79.19, -107.86], abs=0.05)


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("pair", [*itertools.combinations(PALETTE, 2)], ids="-".join)
def test_colours_are_told_apart(pair, vision):
    assert difference(*(PALETTE[name] for name in pair), vision) >= APART


def test_colours_that_look_alike_are_found():
    assert difference("#808000", "#C04000", "normal") > APART
    assert difference("#808000", "#C04000", "deuteranopia") < APART


@pytest.mark.parametrize("name", PALETTE)
def test_lines_stand_out_from_white(name):
    assert contrast(PALETTE[name], WHITE) >= 3  # WCAG 2.2, 1.4.11, graphical objects


@pytest.mark.parametrize("ink", [plots.GREY, plots.BLUE])
def test_small_text_can_be_read(ink):
    """GREY is written on white, and white on BLUE bars."""
    assert contrast(ink, WHITE) >= 4.5  # WCAG 2.2, 1.4.3


def foreign_colours(source: str) -> list[str]:
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
    assert foreign_colours("ax.plot(x, color='tab:red', lw=2)") == ["tab:red"]
    assert foreign_colours((ROOT / "mnist_cnn" / "plots.py").read_text("utf-8")) == []
    for path in NOTEBOOKS:
        for cell in cells(path):
            if cell.cell_type == "code" and cell.id != "setup":
                assert foreign_colours(cell.source) == [], cell.id


# The dark theme: figures have no ground of their own, and greys in between

STYLE = mpl.rc_params_from_file(
    ROOT / "mnist_cnn" / "figures.mplstyle", use_default_template=False
)
DARK = "#111111"  # of JupyterLab; the website's is a little lighter


def has_a_ground(image: Image.Image) -> bool:
    """Whether some colour lies behind the figure: along an edge of it, at least."""
    alpha = np.asarray(image.convert("RGBA"))[..., 3]  # (height, width)
    edges = (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1])
    return any(edge.any() for edge in edges)


@notebooks
def test_figures_are_no_slabs(path):
    for cell in cells(path):
        image = png(cell)
        assert image is None or not has_a_ground(image), cell.id


@pytest.mark.parametrize("colour", [(255, 255, 255, 255), (17, 17, 17, 128)])
def test_slabs_are_found(colour):
    assert has_a_ground(Image.new("RGBA", (4, 4), colour))
    assert has_a_ground(Image.new("RGB", (4, 4)))
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert not has_a_ground(clear)
    clear.paste((255, 255, 255, 255), (0, 0, 1, 4))
    assert has_a_ground(clear)


@pytest.mark.parametrize("ground", [WHITE, DARK])
def test_words_in_figures_can_be_read(ground):
    """No grey has more than 4.3 on both; WCAG asks for 4.5, and 3 for large letters."""
    inks = {STYLE[name] for name in STYLE if re.search(r"(?<!face)color$", name)}
    assert len(inks) == 2
    for ink in inks:
        assert contrast(ink, ground) >= 3.9
    for name in PALETTE:
        assert contrast(PALETTE[name], ground) >= 3


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_pictures_of_the_readme_suit_both_themes(path):
    text = path.read_text("utf-8")
    ink, other = "#1f2328", "#e6edf3"
    if path.stem.endswith("-dark"):
        ink, other = other, ink
    assert ink in text
    assert other not in text
    ground = re.search(r'<g id="patch_1">.*?style="([^"]*)"', text, re.DOTALL)[1]
    assert "fill: none" in ground
    light, dark = (
        re.sub("(-dark)?[.]svg", end, path.name) for end in (".svg", "-dark.svg")
    )
    assert (
        f'<source media="(prefers-color-scheme: dark)" srcset="images/{dark}">\n'
        f'  <img src="images/{light}"' in README.read_text("utf-8")
    )
