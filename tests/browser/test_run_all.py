"""The notebooks in a real JupyterLab: Run All, no error, every figure drawn."""

import json
from pathlib import Path

import pytest
from pages import MEND, NOTEBOOKS

OUTPUTS = """() => jupyterapp.shell.currentWidget.content.model.sharedModel.cells
  .filter((cell) => cell.cell_type === 'code')
  .map((cell) => ({id: cell.id, count: cell.execution_count,
                   outputs: cell.getOutputs()}))"""


@pytest.mark.parametrize("notebook", [*NOTEBOOKS, MEND], ids=lambda path: path.stem)
def test_runs_without_an_error(notebook, run_all):
    check_all_ran(run_all(notebook.name), notebook)


def check_all_ran(page, notebook: Path) -> None:
    cells = page.evaluate(OUTPUTS)
    committed = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    committed = [cell for cell in committed if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in cells] == [cell["id"] for cell in committed]
    errors = [
        (cell["id"], output.get("evalue", output.get("text")))
        for cell in cells
        for output in cell["outputs"]
        if output["output_type"] == "error" or is_warning(output)
    ]
    assert errors == []
    # The counts restart at 1 where the kernel is new and nothing was skipped
    assert [cell["count"] for cell in cells] == list(range(1, len(cells) + 1))
    # Metadata would have JupyterLab put a ground behind a figure: see figures.mplstyle
    assert not any(output.get("metadata") for c in cells for output in c["outputs"])
    assert draw_all(page) == count_figures(cells) == count_figures(committed)


def is_warning(output: dict) -> bool:
    """Whether this is on stderr, and not the news that the stand-in is used."""
    return output.get("name") == "stderr" and "StandinWarning" not in output["text"]


def count_figures(cells: list[dict]) -> int:
    outputs = (output for cell in cells for output in cell["outputs"])
    return sum("image/png" in output.get("data", {}) for output in outputs)


def draw_all(page) -> int:
    """Scroll to every cell, as it is drawn only then; count the figures with pixels."""
    page.evaluate("jupyterapp.commands.execute('notebook:show-all-cell-outputs')")
    total = page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length")
    drawn = 0
    for i in range(total):
        page.evaluate(
            "i => jupyterapp.shell.currentWidget.content.scrollToItem(i, 'start')", i
        )
        cell = page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{i}"]')
        cell.wait_for(state="attached")
        for image in cell.locator(".jp-OutputArea img").all():
            image.wait_for(state="visible")
            page.wait_for_function(
                "img => img.complete && img.naturalWidth > 0",
                arg=image.element_handle(),
            )
            drawn += 1
    return drawn
