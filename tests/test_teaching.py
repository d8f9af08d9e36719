"""What a class is given: own copies, notebooks without answers, a sheet that is cut."""

import io
import json
import re
import sys

import numpy as np
import pytest
from pages import NOTEBOOKS, ROOT
from PIL import Image, ImageFilter

import mnist_cnn as mc

sys.path += [str(ROOT / "tools"), str(ROOT / "docs")]
import downloads
import mine
import sheet


def test_a_readers_copy_is_never_overwritten(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01.ipynb").write_text("as published")
    own = mine.copy(tmp_path) / "01.ipynb"
    own.write_text("my work")
    fresh = [mine.copy(tmp_path, fresh=True) / "01.ipynb" for _ in range(2)]
    assert mine.copy(tmp_path) == own.parent
    assert own.read_text() == "my work"
    assert [path.read_text() for path in {*fresh}] == 2 * ["as published"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_handed_out_asks_the_same_and_answers_nothing(path):
    whole = json.loads(path.read_text("utf-8"))
    left = downloads.without_answers(whole)
    assert not any(cell.get("outputs") for cell in left["cells"])
    texts = ["\n".join("".join(c["source"]) for c in n["cells"]) for n in (whole, left)]
    asked = [re.findall(r"(?m)^\*\*\d\. .*", text) for text in texts]
    assert asked[0] == asked[1] != []
    assert ["Solution</summary>" in text for text in texts] == [True, False]


def photo_of_sheet(test, rng):
    """The sheet, filled with test digits, as in a photo: shaded, askew, blurred."""
    sheet.draw().savefig(drawn := io.BytesIO(), dpi=150)
    page = np.asarray(Image.open(drawn).convert("L")) / 255
    for place in range(sheet.ROWS * sheet.COLUMNS):
        row, column = divmod(place, sheet.COLUMNS)
        side = int(rng.uniform(12, 19) * 150 / 25.4)  # in pixels
        digit = test.images[rng.choice(np.flatnonzero(test.labels == row)), 0]
        ink = np.asarray(Image.fromarray(digit.numpy()).resize((side, side)))
        middle = np.add((column, row), 0.5) * sheet.CELL + (sheet.LEFT, sheet.TOP)
        left, top = (middle * 150 / 25.4 - side / 2).astype(int)
        page[top : top + side, left : left + side] *= 1 - 0.85 * ink
    page *= np.linspace(0.9, 0.6, page.shape[1])
    photo = Image.fromarray((255 * page).astype(np.uint8))
    photo = photo.rotate(rng.uniform(-2, 2), Image.Resampling.BICUBIC, fillcolor=150)
    return photo.filter(ImageFilter.GaussianBlur(2))


@pytest.mark.filterwarnings("ignore::mnist_cnn.StandinWarning")
def test_the_code_for_teachers_reads_sheets(tmp_path, monkeypatch, capsys):
    """And it names one that has a digit too few."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheets").mkdir()
    rng, (_, test) = np.random.default_rng(0), mc.load_mnist()
    photos = [photo_of_sheet(test, rng) for _ in range(3)]
    photos[2].paste(200, (150, 220, 270, 320))
    for name, photo in enumerate(photos):
        photo.save(tmp_path / "sheets" / f"{name}.jpg")
    page = (ROOT / "docs" / "teaching.md").read_text("utf-8")
    exec(re.findall(r"```python\n(.*?)```", page, re.S)[0], {})
    said = capsys.readouterr().out.splitlines()
    assert "not eight in each" in said[2]
    least = 72 if test.source == "mnist" else 40  # which the weights have not seen
    assert all(int(line.split()[1]) > least for line in said[:2]), said
