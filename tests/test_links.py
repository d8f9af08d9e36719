"""Every internal link leads somewhere, and the notebooks form a chain."""

import itertools
import json
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LEFT_OUT = re.compile(r"\.|venv$|build$|dist$|node_modules$|runs$")  # folders
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(map(LEFT_OUT.match, path.relative_to(ROOT).parent.parts))
)
TARGETS = re.compile(
    r"\]\(\s*<?([^()\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)"  # [text](target "title")
    r"|(?:href|src)=\"([^\"]+)\"|^\[[^\]]+\]:\s*(\S+)",  # HTML; [reference]: target
    re.MULTILINE,
)


def markdown(path: Path) -> str:
    """The text of a page, or of a notebook's markdown, without code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        chosen = (cell for cell in cells if cell["cell_type"] == "markdown")
        text = "\n\n".join("".join(cell["source"]) for cell in chosen)
    text = re.sub(r"^(```|~~~).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", lambda code: code[0].replace("](", ""), text)


def targets(path: Path) -> list[str]:
    """What a file links to inside the project."""
    found = ("".join(groups) for groups in TARGETS.findall(markdown(path)))
    return [target for target in found if not re.match(r"\w+:", target)]


def anchors(path: Path) -> set[str]:
    """The names that a link may have after its #.

    On GitHub, those of a page are in lower case, without punctuation, and numbered
    when repeated; JupyterLab and GitHub keep a notebook's headings but for spaces.
    """
    text, found, seen = markdown(path), set(), Counter()
    for heading in re.findall(r"^#+ +(.*?)[ #]*$", text, re.MULTILINE):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)|[*`]", r"\1", heading)
        if path.suffix == ".ipynb":
            found.add(heading.replace(" ", "-"))
            continue
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))


def broken(path: Path) -> list[str]:
    """The targets that are not there."""
    missing = []
    for target in targets(path):
        file, _, anchor = target.partition("#")
        there = path.parent / file if file else path
        if not there.exists() or (anchor and anchor not in anchors(there)):
            missing.append(target)
    return missing


@pytest.mark.parametrize(
    "path", PAGES + NOTEBOOKS, ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_links_lead_somewhere(path):
    assert broken(path) == []


def test_broken_links_are_found(tmp_path):
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# A `b`, c!\n\n## Twice\n\n## Twice\n")
    good = "(other.md) [x](other.md#a-b-c) [x](#here) [x](other.md#twice-1)"
    page.write_text(f"# Here\n\n[x]{good} [x](https://host/a) `[x](no)`\n")
    assert broken(page) == []
    bad = ["no.md", "other.md#a-b", "#there", "other.md#twice-2", "no.png"]
    page.write_text(
        f"[x]({bad[0]}) [x]({bad[1]}) [![y]({bad[4]})]({bad[2]})\n\n[r]: {bad[3]}\n"
    )
    assert sorted(broken(page)) == sorted(bad)


def title(path: Path) -> str:
    return re.match(r"# (.*)", markdown(path))[1]


def test_notebooks_form_a_chain():
    """Each ends with the titles of its neighbours, and with nothing else."""
    chain = [None, *NOTEBOOKS, None]
    for before, path, after in zip(chain, chain[1:], chain[2:], strict=False):
        links = [
            f"**{name}:** [{title(other)}]({other.name})"
            for name, other in (("Previous", before), ("Next", after))
            if other
        ]
        assert markdown(path).endswith(" ·\n".join(links)), path.name
        assert markdown(path).count(":** [") == len(links), path.name


def test_readme_names_every_notebook_by_its_title():
    text = markdown(ROOT / "README.md")
    for path in NOTEBOOKS:
        assert f"[{title(path)}](notebooks/{path.name})" in text


def test_readme_shows_what_is_where():
    tree = (ROOT / "README.md").read_text("utf-8").split("## What is where")[1]
    lines = tree.split("```")[1].strip().splitlines()
    names = re.findall(r"^ *([\w./]+)  |\b(\w+\.(?:py|js))\b", "\n".join(lines), re.M)
    for name in filter(None, itertools.chain(*names)):
        assert (ROOT / name).exists() or (ROOT / "mnist_cnn" / name).exists(), name


def test_tests_that_are_named_exist():
    table = (ROOT / "tests" / "README.md").read_text("utf-8")
    code = "".join(p.read_text("utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    for name in re.findall(r"\btest_\w+\b(?!\.py)", table):
        assert f"def {name}(" in code, name
