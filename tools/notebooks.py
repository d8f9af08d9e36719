"""Run the notebooks from top to bottom and write them back, clean.

    python tools/notebooks.py [notebook ...]

Clean means: nothing in the file that differs between two runs on one machine, but
what training itself makes different. No times, no versions, no progress bars.
"""

import argparse
import os
import re
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = [*sorted(ROOT.glob("notebooks/*.ipynb")), ROOT / "docs" / "speed.ipynb"]
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
WIDGET = "application/vnd.jupyter.widget-view+json"
# What is folded in a cell with a tag: of folded code JupyterLab shows the first line,
# and running a cell shows its output
FOLDED = {
    "answer": ["outputs_hidden"],
    "hide-cell": ["source_hidden", "outputs_hidden"],
    "hide-input": ["source_hidden"],
    "remove-cell": ["source_hidden"],
}


def clean(notebook: nbformat.NotebookNode) -> None:
    """Drop what a reader does not need and a diff should not show."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat_minor = 5
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
            if output.output_type == "stream":
                output.text = last_state(output.text)
            if WIDGET in output.get("data", {}):
                del output.data[WIDGET]  # needs a live kernel; text/plain remains
        cell.outputs = [o for o in cell.outputs if o.get("text") != ""]
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict(metadata(cell.metadata.get("tags", [])))


def metadata(tags: list[str]) -> dict[str, object]:
    """All that is kept of a cell's metadata: its tags, and what follows from them."""
    folded = {part: True for tag in tags for part in FOLDED.get(tag, ())}
    kept = {"jupyter": folded, "tags": tags}
    if "hide-input" in tags:
        kept["cellView"] = "form"  # as Colab calls it
    return {name: value for name, value in kept.items() if value}


def last_state(text: str) -> str:
    """What a terminal shows in the end: a progress bar's old states are gone."""
    return re.sub(r"[^\n]*\r(?!\n)", "", text)


def execute(path: Path, timeout: int) -> None:
    """Run one notebook in a fresh kernel, in its own folder, and write it back."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        coalesce_streams=True,
        record_timing=False,
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty:
        # Nobody's settings of IPython and Jupyter, and nobody's solved exercises:
        # outputs are the same for all
        names = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "MNIST_CNN_STATE")
        folders = dict.fromkeys(names, empty)
        client.execute(env=os.environ | folders | {"PYTHONSTARTUP": ""})
    clean(notebook)
    nbformat.write(notebook, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all of them")
    parser.add_argument("--timeout", type=int, default=600, help="seconds for a cell")
    options = parser.parse_args()
    for path in options.notebooks or NOTEBOOKS:
        print(path.name, flush=True)
        execute(path, options.timeout)


if __name__ == "__main__":
    main()
