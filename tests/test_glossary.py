"""The glossary: in order, and linked from where the series first uses each term."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
GLOSSARY = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
# GitHub makes lower-case anchors of headings, JupyterLab keeps capitals: those need one
HEADING = re.compile(r'^## (?:<a id="([a-z-]+)"></a>)?(.+)$', re.MULTILINE)
LINK = re.compile(r"\[([^\[\]]+)\]\(\.\./GLOSSARY\.md#([^)]+)\)")
HEADINGS = HEADING.findall(GLOSSARY)
TERMS = {name.lower().replace(" ", "-"): name for _, name in HEADINGS}


def markdown() -> str:
    """All text of the series, in order."""
    notebooks = [nbformat.read(path, as_version=4) for path in NOTEBOOKS]
    return "\n\n".join(
        cell.source
        for notebook in notebooks
        for cell in notebook.cells
        if cell.cell_type == "markdown"
    )


def running_text() -> str:
    """The same without exercises, code, headings and tables, which link to nothing."""
    text = re.sub(r"^## Exercises.*?(?=^# \d|\Z)", "", markdown(), flags=re.M | re.S)
    text = re.sub(r"`[^`]*`", "", text)
    return re.sub(r"^[#|].*", "", text, flags=re.MULTILINE)


def test_terms_are_in_order_and_have_their_anchors():
    names = [name for _, name in HEADINGS]
    assert len(TERMS) == len(names) > 50
    assert names == sorted(names, key=str.lower)
    for anchor, name in HEADINGS:
        assert TERMS.get(anchor) == (None if name.islower() else name)


def test_letters_lead_to_the_first_of_their_terms():
    first = {}
    for anchor in TERMS:
        first.setdefault(anchor[0].upper(), anchor)
    row = re.findall(r"\[([A-Z])\]\(#([a-z-]+)\)", GLOSSARY)
    assert row == [*first.items()]


@pytest.mark.parametrize("anchor", TERMS)
def test_term_is_linked_where_it_first_appears_and_only_there(anchor):
    text = running_text()
    (link,) = (m for m in LINK.finditer(text) if m[2] == anchor)
    before = LINK.sub(r"\1", text[: link.start()])
    name = re.escape(TERMS[anchor]).replace(r"\ ", r"\s+")
    earlier = re.search(rf".*\b{name}s?\b.*", before, re.IGNORECASE)
    assert not earlier, earlier[0]


def test_links_to_the_glossary_resolve():
    links = [anchor for _, anchor in LINK.findall(markdown())]
    assert set(links) == set(TERMS)
    assert len(links) == markdown().count("GLOSSARY.md")


def test_each_entry_leads_to_the_notebook_that_explains_it():
    for entry in GLOSSARY.split("\n## ")[1:]:
        number, path = re.search(r"\[Notebook (\d)\]\((.+)\)\s*$", entry).groups()
        assert ROOT / path in NOTEBOOKS, entry
        assert path.startswith(f"notebooks/0{number}_"), entry
