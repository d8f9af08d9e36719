"""Links inside the project lead somewhere, the notebooks form a chain, text is text."""

import re
import shutil
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from markdown_it.tree import SyntaxTreeNode
from pages import MARKDOWN, MEND, NOTEBOOKS, ROOT, Page, fail_with, markdown, read

FOLDERS = (".", ".github", "benchmarks", "mnist_cnn", "tests", "tools")
# Sphinx checks those of docs, which it reads from the folder above
PAGES = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.md"))


def anchors(page: Page) -> set[str]:
    """The names that a link may have after its #.

    On GitHub, those of a page are in lower case, without punctuation, and numbered
    when repeated; JupyterLab and GitHub keep a notebook's headings but for spaces.
    """
    found, seen = set(page.names), Counter()
    for _, heading in page.headings:
        if page.path.suffix == ".ipynb":
            found.add(heading.replace(" ", "-"))
            continue
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def broken(page: Page) -> list[str]:
    """The links and pictures that are not there, and where they stand."""
    missing = []
    targets = [target for target, _ in page.links + page.images] + page.dark
    for target in targets:
        if re.match(r"\w+:", target):  # an address on the web
            continue
        file, _, anchor = target.partition("#")
        there = page.path.parent / file if file else page.path
        if not there.exists() or (anchor and anchor not in anchors(read(there))):
            missing.append(f"{page.line_of(target)}: {target} leads nowhere")
    return missing


@pytest.mark.parametrize(
    "path",
    [*PAGES, *NOTEBOOKS, MEND],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_links_lead_somewhere(path):
    fail_with(broken(read(path)), "Correct the path, or the heading after its #.")


def test_notes_of_the_page_to_draw_on_lead_to_sections():
    """Their anchors are the site's, in lower case."""
    notes = (ROOT / "mnist_cnn" / "web" / "notes.js").read_text("utf-8")
    found = re.findall(r'"(\d\d_\w+)", "([\w-]+)"', notes)
    assert len(found) > 10
    missing = []
    for name, anchor in found:
        headings = read(ROOT / "notebooks" / f"{name}.ipynb").headings
        slugs = [re.sub(r"\W+", "-", h.lower()).strip("-") for _, h in headings]
        if anchor not in slugs:
            missing.append(f"notes.js: {name}#{anchor} is no section")
    fail_with(missing, "Take the heading as it is now.")


def test_broken_links_are_found(tmp_path):
    (tmp_path / "other.md").write_text("# A `b`, c!\n\n## Twice\n\n## Twice\n")
    text = "# Here\n\n[x](other.md#a-b-c) [x](#here) `[x](no)` [x](other.md#twice-1)\n"
    bad = ["no.md", "other.md#a-b", "#there", "other.md#twice-2", "no.png"]
    text += (
        f"[x]({bad[0]}) [x]({bad[1]}) [![y]({bad[4]})]({bad[2]}) [r]\n\n[r]: {bad[3]}\n"
    )
    (tmp_path / "page.md").write_text(text)
    found = [line.split()[1] for line in broken(Page(tmp_path / "page.md"))]
    assert sorted(found) == sorted(bad)


def title(path: Path) -> str:
    return read(path).headings[0][1]


@pytest.mark.parametrize("place", range(len(NOTEBOOKS)))
def test_notebooks_form_a_chain(place):
    """Each ends with the titles of its neighbours, and with nothing else."""
    neighbours = {"Previous": place - 1, "Next": place + 1}
    links = [
        f"**{word}:** [{title(NOTEBOOKS[i])}]({NOTEBOOKS[i].name})"
        for word, i in neighbours.items()
        if 0 <= i < len(NOTEBOOKS)
    ]
    end = " ·\n".join(links)
    if not markdown(NOTEBOOKS[place]).endswith(f"\n\n{end}"):
        name = NOTEBOOKS[place].name
        fail_with([f"{name}: its last cell names other neighbours"], f"Write: {end}")


def test_readme_names_every_notebook_by_its_title():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    site = project["urls"]["Documentation"]
    pages = {path: f"{site}notebooks/{path.stem}.html" for path in NOTEBOOKS}
    expected = {(page, title(path)) for path, page in pages.items()}
    missing = sorted(expected - {*read(ROOT / "README.md").links})
    wrong = [f"README.md: no link [{text}]({to})" for to, text in missing]
    fail_with(wrong, "The table of notebooks has each by its title.")


def test_names_of_files_and_tests_exist():
    """In the README's tree, and in the table of faults."""
    tree = (ROOT / "README.md").read_text("utf-8").split("## What is where")[1]
    tree = tree.split("```")[1]
    files = map("".join, re.findall(r"^ *([\w./]+)  |\b(\w+\.(?:py|js))\b", tree, re.M))
    wrong = [
        f"README.md, What is where: there is no {name}"
        for name in files
        if not (ROOT / name).exists() and not (ROOT / "mnist_cnn" / name).exists()
    ]
    table = (ROOT / "tests" / "README.md").read_text("utf-8")
    code = "".join(p.read_text("utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    wrong += [
        f"tests/README.md: there is no {name}"
        for name in re.findall(r"\btest_\w+\b(?!\.py)", table)
        if f"def {name}(" not in code
    ]
    fail_with(wrong, "Correct the name, or remove its line.")


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "Makefile"])
def test_what_pages_tell_to_make_can_be_made(page):
    text = (ROOT / page).read_text("utf-8")
    targets = re.findall(r"(?:`|&& |^#? ?)make ([a-z.-]+)", text, re.MULTILINE)
    command = ["make", "--dry-run", "--always-make", *targets, "SLUG=a/b"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert targets
    assert done.returncode == 0, f"{page}: {done.stderr}"


def misread(text: str) -> list[str]:
    """Lines of a sentence that Markdown takes for a list, a heading or a quote."""
    lines, found = ["", *text.splitlines()], []
    for node in SyntaxTreeNode(MARKDOWN.parse(text)).walk():
        wrong = node.type in ("bullet_list", "ordered_list") and len(node.children) == 1
        if node.type in ("heading", "blockquote"):
            wrong = lines[node.map[0]] or node.markup in ("-", "=")  # the line before
        if wrong:
            found.append(lines[node.map[0] + 1])
    return found


@pytest.mark.parametrize("path", [*NOTEBOOKS, MEND, *PAGES], ids=lambda path: path.name)
def test_no_line_of_a_sentence_becomes_a_list_a_heading_or_a_quote(path):
    wrong = [f"{path.relative_to(ROOT)}: {line}" for line in misread(markdown(path))]
    fail_with(wrong, "Break the lines elsewhere: Markdown takes this one for another.")


def test_a_line_that_is_misread_is_found():
    for text in ("to\n1. So", "0\n- 1", "reads\n> 98 %", "No\n# 1", "5\n-\n3"):
        assert len(misread(f"# Title\n\n> A quote.\n\n- One\n- Two\n\n{text}")) == 1
