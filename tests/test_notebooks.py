"""What a committed notebook must look like; running them is nbval's part."""

import ast
import base64
import copy
import itertools
import json
import re
import struct
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
KERNELSPEC = {
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
    "name": "python3",
}
MAX_BYTES = 400_000
MAX_LINES = 20
USUAL, ROOMY = (45, 2000), (50, 2400)  # cells and words, at most
LONG = [
    "02_architecture",
    "03_training",
    "04_results",
    "05_your_own_digits",
    "06_going_further",
]
SIZES = dict.fromkeys(LONG, ROOMY)
TAGS = {"nbval-ignore-output", "hide-input", "hide-cell", "remove-cell", "answer"}
CHECK = "# For the tests: nothing to read"  # all that JupyterLab shows of such a cell
# What differs from machine to machine, and so must not be in an output
RESIDUE = {
    "path": re.compile(r"(?<![\w.])/(home|root|tmp|Users|content|usr|opt|var)/\w"),
    "address": re.compile(r"0x[0-9a-f]{6,}"),
    "device": re.compile(r"\b(cuda|mps)(:\d)?\b"),
    "progress bar": re.compile(r"it/s|s/it|\d+%\|"),
    "carriage return": re.compile(r"\r"),
    "version": re.compile(r"\b\d+\.\d+\.\d+\b"),
    "time": re.compile(r"\b\d+(\.\d+)? ?(seconds|ms|s)\b"),
    "widget": re.compile(r"Box\(|IntProgress|FloatProgress"),
}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.reads(request.param.read_text(encoding="utf-8"), as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def streams(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            yield cell, output


def texts(output):
    data = output.get("data", {})
    yield output.get("text", "")
    yield from (v for kind, v in data.items() if kind.startswith("text/"))


def test_the_series_is_numbered():
    assert [path.name[:2] for path in NOTEBOOKS] == [
        f"{i:02d}" for i in range(1, len(NOTEBOOKS) + 1)
    ]
    assert len(NOTEBOOKS) >= 4


def test_format_and_metadata(notebook):
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata == {
        "kernelspec": KERNELSPEC,
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "jupyter"}, cell.id
        assert not cell.get("attachments"), cell.id


def test_ids_are_unique_words(notebook):
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]+", name) for name in ids)


def test_every_code_cell_was_run_in_order(notebook):
    """nbval skips a cell without a count and without output: it would test nothing."""
    cells = code_cells(notebook)
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1))
    for cell, output in streams(notebook):
        if output.output_type == "execute_result":
            assert output.execution_count == cell.execution_count


def test_outputs_hold_no_errors(notebook):
    for cell, output in streams(notebook):
        assert output.output_type != "error", cell.id
        assert output.get("name") != "stderr", cell.id


@pytest.mark.parametrize("what", RESIDUE)
def test_outputs_hold_nothing_of_the_machine(notebook, what):
    for cell, output in streams(notebook):
        for text in texts(output):
            assert not RESIDUE[what].search(text), (cell.id, text)


def test_figures_are_png_and_drawn_once(notebook):
    """A Figure as a last expression shows twice; a `;` that hides it is no way out."""
    for cell in code_cells(notebook):
        kinds = [set(output.get("data", {})) for output in cell.outputs]
        assert sum("image/png" in kind for kind in kinds) <= 1, cell.id
        assert not any("image/svg+xml" in kind for kind in kinds), cell.id
        # Or Jupyter puts a white or black ground behind it: see figures.mplstyle
        assert not any(output.get("metadata") for output in cell.outputs), cell.id
        assert not cell.source.rstrip().endswith(";"), cell.id


def test_figures_fit_a_page(notebook):
    for cell, output in streams(notebook):
        if png := output.get("data", {}).get("image/png"):
            width, height = struct.unpack(">II", base64.b64decode(png)[16:24])
            assert 200 <= width <= 1200, cell.id
            assert 60 <= height <= 1200, cell.id


def test_size(notebook, request):
    assert len(json.dumps(notebook)) <= MAX_BYTES
    most_cells, most_words = SIZES.get(request.node.callspec.id, USUAL)
    assert 20 <= len(notebook.cells) <= most_cells
    lines = {
        cell.id: len([line for line in cell.source.splitlines() if line.strip()])
        for cell in code_cells(notebook)
    }
    assert [cell for cell in lines if lines[cell] > MAX_LINES] == []
    assert 3 <= sorted(lines.values())[len(lines) // 2] <= 6
    assert 900 <= len(prose(notebook).split()) <= most_words


def test_code_parses_and_imports_stand_in_one_cell(notebook):
    """Besides what a cell brings in for itself, indented or from torchvision."""
    importing = []
    for cell in code_cells(notebook):
        tree = ast.parse(TransformerManager().transform_cell(cell.source))
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body):
            importing.append(cell.id)
    assert importing[:2] == ["setup", "imports"]
    assert len(importing) <= 3


def test_no_magics_or_shell_but_to_install(notebook):
    """An unknown magic drops the rest of its cell without an error."""
    for cell in code_cells(notebook):
        found = re.findall(r"^\s*([%!]\S*)", cell.source, re.MULTILINE)
        assert found == (["%pip"] if cell.id == "setup" else []), cell.id


def test_what_training_gave_is_checked_by_a_later_cell(notebook):
    cells = code_cells(notebook)
    for i, cell in enumerate(cells):
        tags = cell.metadata.get("tags", [])
        assert set(tags) <= TAGS, cell.id
        assert ("hide-input" in tags) == (cell.id in ("setup", "imports")), cell.id
        trains = re.search(r"\bfit\(|one_epoch\(", cell.source)
        if trains and "nbval-ignore-output" in tags:
            later = [c.source for c in cells[i + 1 :] if "assert " in c.source]
            made, checked = names(cell.source)[0], names("\n".join(later))[1]
            assert made & checked, cell.id


def test_cells_that_only_check_are_left_out_of_the_website(notebook):
    """``remove-cell`` does that; a reader of the pages cannot run them."""
    for cell in code_cells(notebook):
        tree = ast.parse(TransformerManager().transform_cell(cell.source))
        checks = all(map(only_checks, tree.body))
        tagged = "remove-cell" in cell.metadata.get("tags", [])
        assert checks == tagged, f"{cell.id}: remove-cell is for cells that only assert"
        assert not (checks and cell.outputs), cell.id
        assert cell.source.startswith(f"{CHECK}\n") == tagged, cell.id


def test_jupyterlab_folds_what_the_website_does_not_show(notebook):
    folds = {
        "remove-cell": {"source_hidden": True},
        "hide-cell": {"source_hidden": True, "outputs_hidden": True},
    }
    for cell in notebook.cells:
        folded = [folds[tag] for tag in cell.metadata.get("tags", []) if tag in folds]
        assert [cell.metadata.get("jupyter")] == (folded or [None]), cell.id


def test_pictures_of_solutions_are_folded_and_stand_below_them(notebook):
    """The code below "Exercises" is all folded, and nothing else is."""
    exercises = False
    for above, cell in itertools.pairwise(notebook.cells):
        exercises |= "## Exercises" in above.source
        if cell.cell_type == "code":
            tagged = "hide-cell" in cell.metadata.get("tags", [])
            assert tagged == exercises, cell.id
            if tagged:
                assert above.source.endswith("</details>"), cell.id
                assert re.match(r"# The picture of exercise \d: ", cell.source)


def test_folds_stay_when_a_notebook_is_run_anew(notebook, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    from notebooks import clean

    as_saved = copy.deepcopy(notebook)
    for cell in as_saved.cells:
        cell.metadata.pop("jupyter", None)  # as after a click in JupyterLab
    clean(as_saved)
    assert as_saved == notebook


def test_every_question_has_its_answer(notebook):
    """Tagged, so that the website folds it, and before the next question."""
    waiting = None
    for cell in notebook.cells:
        if "answer" in cell.metadata.get("tags", []):
            assert cell.outputs, cell.id
            waiting = None
        elif cell.cell_type == "markdown" and "**Predict:**" in cell.source:
            assert waiting is None, waiting
            waiting = cell.id
    assert waiting is None, waiting
    assert "**Predict**" not in prose(notebook).replace("marked **Predict**", "")


def only_checks(node):
    if isinstance(node, ast.If):
        return all(map(only_checks, node.body + node.orelse))
    return isinstance(node, ast.Assert)


def test_opens_with_a_picture_and_a_question(notebook):
    """Nothing but the set-up stands before the first figure."""
    ids = [cell.id for cell in notebook.cells]
    code = code_cells(notebook)
    pictures = [
        cell.id
        for cell in code
        if any("image/png" in output.get("data", {}) for output in cell.outputs)
    ]
    assert "?" in notebook.cells[0].source.split("|")[-1]
    assert set(ids[1 : ids.index(pictures[0])]) <= {"setup", "imports", "load"}


def names(code):
    """The variables that some code sets, or puts items into, and those it reads."""
    nodes = [*ast.walk(ast.parse(code))]
    filled = [n.value for n in nodes if isinstance(n, ast.Subscript) and stored(n)]
    variables = [n for n in nodes if isinstance(n, ast.Name)]
    written = {n.id for n in variables if stored(n) or n in filled}
    return written, {n.id for n in variables if not stored(n)}


def stored(node):
    return isinstance(node.ctx, ast.Store)


def test_opening_says_what_it_takes(notebook):
    opening = notebook.cells[0].source
    for row in ("You will be able to", "Reading", "Running", "Download"):
        assert f"**{row}**" in opening


def test_closing_has_exercises_with_folded_solutions(notebook):
    exercises = prose(notebook).split("## Exercises")[1]
    count = len(re.findall(r"^\*\*\d\. ", exercises, re.MULTILINE))
    assert 3 <= count <= 5
    assert exercises.count("<details>") == exercises.count("</details>") == count
    assert "## Summary" in prose(notebook) or "## What to conclude" in prose(notebook)
