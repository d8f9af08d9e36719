"""What a committed notebook must look like; running them is nbval's part.

Each rule yields the cells that break it, and in which way; its docstring is the cure.
"""

import ast
import base64
import copy
import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from pages import MEND, NOTEBOOKS, ROOT, fail_with
from PIL import Image

MOST_BYTES = 800_000
MOST_LINES = 20  # of code in a cell
TAGS = {"nbval-ignore-output", "hide-input", "hide-cell", "remove-cell", "answer"}
TAGS |= {"guess"}
PREDICT = re.compile(r"\*\*Predict\.\*\*")
LIST = r"((?:- .+\n)+)\n"  # each item in one line
RECALL = re.compile(
    rf'{LIST}<details class="quiz"><summary>Answer</summary>\n\n{LIST}</details>'
)
CHECK = "# For the tests: nothing to read\n"  # all that JupyterLab shows of such a cell
# What differs from machine to machine, and so must not be in an output
RESIDUE = {
    "path": r"(?<![\w.])/(home|root|tmp|Users|content|usr|opt|var)/\w",
    "address": r"0x[0-9a-f]{6,}",
    "device": r"\b(cuda|mps)(:\d)?\b",
    "progress bar": r"it/s|s/it|\d+%\||\r",
    "version": r"\b\d+\.\d+\.\d+\b",
    "time": r"\b\d+(\.\d+)? ?(seconds|ms|s)\b",
    "widget": r"Box\(|IntProgress|FloatProgress",
}
Broken = Iterator[tuple[str, str]]  # the id of a cell, and what is wrong there


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def parse(cell: NotebookNode) -> ast.Module:
    return ast.parse(TransformerManager().transform_cell(cell.source))


def pictures(cell: NotebookNode) -> list[Image.Image]:
    data = (output.get("data", {}) for output in cell.get("outputs", []))
    coded = [kinds["image/png"] for kinds in data if "image/png" in kinds]
    return [Image.open(io.BytesIO(base64.b64decode(png))) for png in coded]


def as_written_by_make(notebook: NotebookNode) -> Broken:
    """Counts 1 to N, metadata and folds are those of: make notebooks ARGS=its path."""
    from notebooks import clean

    cleaned = copy.deepcopy(notebook)
    clean(cleaned)
    nbformat.validate(notebook)
    for cell, same in zip(notebook.cells, cleaned.cells, strict=True):
        if cell != same:
            yield cell.id, "is not as make notebooks writes it"
    if notebook.metadata != cleaned.metadata:
        yield "none", f"metadata {notebook.metadata}"


def outputs(notebook: NotebookNode) -> Broken:
    """Print what is the same on every machine, without a warning."""
    for cell in code(notebook):
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                yield cell.id, "an error or a warning"
            data = output.get("data", {})
            texts = [text for kind, text in data.items() if kind.startswith("text/")]
            for text in [*texts, output.get("text", "")]:
                for what, pattern in RESIDUE.items():
                    if found := re.search(pattern, text):
                        yield cell.id, f"a {what} in an output: {found[0]!r}"


def figures(notebook: NotebookNode) -> Broken:
    """One PNG a cell, 200 to 1200 pixels wide, with no ground: ax = plots.x(...)"""
    for cell in code(notebook):
        if len(pictures(cell)) > 1 or cell.source.rstrip().endswith(";"):
            yield cell.id, "a figure twice, or a ; against it"
        # Metadata would have Jupyter put a ground behind it: see figures.mplstyle
        if any(output.get("metadata") for output in cell.outputs):
            yield cell.id, "a figure with a ground"
        if any("image/svg+xml" in output.get("data", {}) for output in cell.outputs):
            yield cell.id, "a figure as SVG"
        for picture in pictures(cell):
            width, height = picture.size
            if not (200 <= width <= 1200 and 60 <= height <= 1200):
                yield cell.id, f"a figure of {width}x{height} pixels"
            alpha = np.asarray(picture.convert("RGBA"))[..., 3]  # (height, width)
            if alpha[[0, -1]].any() or alpha[:, [0, -1]].any():
                yield cell.id, "a figure with a ground of its own"


def captions(notebook: NotebookNode) -> Broken:
    """The cell below one begins with *Figure: ...*: Jupyter shows no other words.

    Below a folded cell it may stand in a fold, too.
    """
    for cell, below in itertools.pairwise([*notebook.cells, NotebookNode(source="")]):
        words = below.source
        if "hide-cell" in tags(cell):
            words = re.sub(r"^<details><summary>.*</summary>\n\n", "", words)
        if pictures(cell) and not words.startswith("*Figure: "):
            yield cell.id, "no caption follows its figure"


def lines(notebook: NotebookNode) -> Broken:
    """At most 20 lines of code in a cell: split it, or import more."""
    for cell in code(notebook):
        count = sum(bool(line.strip()) for line in cell.source.splitlines())
        if count > MOST_LINES:
            yield cell.id, f"{count} lines"


def imports(notebook: NotebookNode) -> Broken:
    """The second code cell imports, and one more at most, what it alone needs."""
    importing = [
        cell.id
        for cell in code(notebook)
        if any(
            isinstance(node, ast.Import | ast.ImportFrom) for node in parse(cell).body
        )
    ]
    if importing[:2] != ["setup", "imports"]:
        yield importing[0], 'imports before the cells "setup" and "imports"'
    yield from ((cell, "imports, too") for cell in importing[3:])


def magics(notebook: NotebookNode) -> Broken:
    """Do it in Python: an unknown magic drops the rest of its cell without an error."""
    for cell in code(notebook):
        for found in re.findall(r"^\s*([%!]\S*)", cell.source, re.MULTILINE):
            if (cell.id, found) != ("setup", "%pip"):
                yield cell.id, found


def known_tags(notebook: NotebookNode) -> Broken:
    """See TAGS in tests/test_notebooks.py; hide-input: setup, imports, long figures.

    These begin with a comment, which is all that JupyterLab shows of them.
    """
    for cell in notebook.cells:
        yield from ((cell.id, f"the tag {tag}") for tag in {*tags(cell)} - TAGS)
        first = cell.source.partition("\n")[0]
        folded = cell.id in ("setup", "imports") or "figure: unfold it" in first
        if ("hide-input" in tags(cell)) != folded:
            yield cell.id, f"the tags {tags(cell)}"
        if "hide-input" in tags(cell) and not cell.source.startswith("# "):
            yield cell.id, "begins without a comment"


def training(notebook: NotebookNode) -> Broken:
    """Assert what must be true of what was trained, in a cell that follows."""
    cells = code(notebook)
    for i, cell in enumerate(cells):
        trains = re.search(r"\b(fit|steps|one_epoch)\(", cell.source)
        if trains and "nbval-ignore-output" in tags(cell):
            made = set(re.findall(r"(\w+)(?:\[[^]\n]*\])?(?:, \w+)* = ", cell.source))
            later = [c.source for c in cells[i + 1 :] if "assert " in c.source]
            if not made & set(re.findall(r"\w+", "\n".join(later))):
                yield cell.id, "trains, and nothing that it made is asserted later"


def checks(notebook: NotebookNode) -> Broken:
    """What only asserts has the tag remove-cell, and CHECK as its first line."""
    for cell in code(notebook):
        nodes = ast.walk(parse(cell))
        kinds = {type(node) for node in nodes if isinstance(node, ast.stmt)}
        only = kinds <= {ast.Assert, ast.If} and not cell.outputs
        if {only, "remove-cell" in tags(cell)} != {cell.source.startswith(CHECK)}:
            yield cell.id, "only asserts, or has the tag, or the first line"


def solutions(notebook: NotebookNode) -> Broken:
    """All code below Exercises draws a solution, follows one, and is a hide-cell.

    What is hidden says in a comment what it is, "# The whole table: unfold it".
    """
    exercises = False
    for above, cell in itertools.pairwise(notebook.cells):
        if headings := re.findall("^## (.+)", above.source, re.MULTILINE):
            exercises = headings[-1] == "Exercises"
        if cell.cell_type == "code":
            hidden = "hide-cell" in tags(cell)
            if (exercises and not hidden) or (hidden and cell.source[:2] != "# "):
                yield cell.id, f"the tags {tags(cell)}, or begins without a comment"
            fold = "hide-cell" in tags(above) or above.source.endswith("</details>")
            if exercises and not fold:
                yield cell.id, "follows no solution"
        elif "## Exercises" in cell.source or exercises:
            count = len(re.findall(r"^\*\*\d\. ", cell.source, re.MULTILINE))
            for tag in ("<details>", "</details>"):
                if cell.source.count(tag) != count:
                    yield cell.id, f"{count} exercises, {cell.source.count(tag)} {tag}"


def questions(notebook: NotebookNode) -> Broken:
    """The cell that answers a **Predict.** has outputs and the tag answer."""
    waiting = None
    for cell in [*notebook.cells, nbformat.v4.new_markdown_cell("**Predict.**")]:
        if "answer" in tags(cell):
            waiting = None
            if not cell.outputs:
                yield cell.id, "answers without an output"
        elif cell.cell_type == "markdown" and PREDICT.search(cell.source):
            if waiting:
                yield waiting, "asks, and no answer follows"
            waiting = cell.id


def guesses(notebook: NotebookNode) -> Broken:
    """A Predict, then guess = ..., then the answer, and a reply in a <details>."""
    above, waiting = notebook.cells[0], None
    for cell in notebook.cells:
        if "guess" in tags(cell):
            if waiting:
                yield waiting, "no folded reply follows"
            waiting = cell.id
            if not (PREDICT.search(above.source) and "guess = ..." in cell.source):
                yield cell.id, "is no guess = ... below a question"
        elif cell.cell_type == "markdown" and "<details>" in cell.source:
            waiting = None
        elif "guess" in tags(above):
            first = cell.outputs[0].get("text", "") if "answer" in tags(cell) else ""
            if not first.startswith("No guess yet\n"):
                yield cell.id, "does not begin with print(mc.guessed(guess))"
        above = cell
    if waiting:
        yield waiting, "no folded reply follows"


def recall(notebook: NotebookNode) -> Broken:
    """Five questions; of each choice is said what it overlooks, and one is Right."""
    text = "".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    questions = RECALL.findall(text)
    if {len(questions), text.count('class="quiz"')} not in ({0}, {5}):
        yield "recall", f"{len(questions)} questions in the form, not five"
    for choices, replies in questions:
        letters = [re.findall(r"^- \*\*([a-z])\.", s, re.M) for s in (choices, replies)]
        told = all(len(reply.split()) > 5 for reply in replies.splitlines())
        if letters[0] != letters[1] or replies.count(". Right.**") != 1 or not told:
            yield "recall", f"a reply is missing, or which is right: {replies}"


def opening(notebook: NotebookNode) -> Broken:
    """First what it takes and a question, then the set-up, then a figure."""
    first = notebook.cells[0].source
    rows = ("You will be able to", "Reading", "Running", "Download")
    yield from (("title", f"no {row}") for row in rows if f"**{row}**" not in first)
    if "?" not in first.split("|")[-1]:
        yield "title", "asks nothing"
    for cell in notebook.cells[1:]:
        if pictures(cell):
            break
        if cell.id not in {"setup", "imports", "load"}:
            yield cell.id, "stands before the first figure"


RULES = [as_written_by_make, outputs, figures, captions, lines, imports, magics]
RULES += [known_tags, training, checks, solutions, questions, guesses, recall, opening]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", [*NOTEBOOKS, MEND], ids=lambda path: path.stem)
def test_notebooks_keep_the_rules(path: Path, rule, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    notebook = nbformat.reads(path.read_text("utf-8"), as_version=4)
    broken = [f"{path.name}, cell {cell}: {what}" for cell, what in rule(notebook)]
    fail_with(broken, rule.__doc__)


def test_the_series_is_numbered_and_not_heavy():
    for number, path in enumerate(NOTEBOOKS, start=1):
        assert path.name.startswith(f"{number:02d}_")
        assert path.stat().st_size <= MOST_BYTES, f"{path.name}: smaller figures"
