"""What a class is given: own copies, notebooks without answers, a sheet that is cut."""

import io
import json
import re
import sys

import matplotlib
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
    (mine.copy(tmp_path) / "01.ipynb").write_text("my work")
    folders = [mine.copy(tmp_path, fresh=fresh) for fresh in (True, False, True)]
    texts = [(folder / "01.ipynb").read_text() for folder in folders]
    assert texts == ["as published", "my work", "as published"]


def test_what_is_handed_out_asks_the_same_and_answers_nothing():
    for path in NOTEBOOKS:
        whole = path.read_text("utf-8")
        left = json.dumps(downloads.without_answers(json.loads(whole)))
        asked = [re.findall(r"\"\*\*\d\.(?: \w+)*", text) for text in (whole, left)]
        assert asked[0] == asked[1] != []
        for answer in ("Solution</summary>", '"output_type"'):
            assert (answer in whole, answer in left) == (True, False)


@pytest.mark.filterwarnings("ignore::mnist_cnn.StandinWarning")
def test_the_code_for_teachers_reads_sheets(tmp_path, monkeypatch, capsys):
    """Filled with test digits; shaded, blurred and askew as in a photo."""
    _, test = mc.load_mnist()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # not the settings of a test before this
        sheet.draw().savefig(drawn := io.BytesIO(), dpi=150)
    page = np.asarray(Image.open(drawn).convert("L")) / 255
    for row, column in np.ndindex(sheet.ROWS, sheet.COLUMNS):
        left, top = (round(n * 150 / 25.4) - 45 for n in sheet.middle(row, column))
        image = Image.fromarray(test.images[test.labels == row][column, 0].numpy())
        ink = np.asarray(image.resize((90, 90)))
        page[top : top + 90, left : left + 90] *= 1 - 0.85 * ink
    page *= np.linspace(0.9, 0.6, page.shape[1])
    photo = Image.fromarray((255 * page).astype(np.uint8))
    (tmp_path / "sheets").mkdir()
    photo = photo.filter(ImageFilter.GaussianBlur(2))
    for tilt in (-2, 0, 2):
        photo.rotate(tilt, fillcolor=150).save(tmp_path / "sheets" / f"{tilt}.jpg")
    monkeypatch.chdir(tmp_path)
    exec((ROOT / "docs/teaching.md").read_text("utf-8").split("```")[1][7:], {})
    said = re.findall(r"(\d+) of 80 right", capsys.readouterr().out)
    least = 72 if test.source == "mnist" else 40  # which the weights have not seen
    assert [int(count) > least for count in said] == 3 * [True], said
