"""The switches that the root conftest.py sets for ``pytest --nbval``."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from pages import ROOT

import mnist_cnn as mc

HEADER = "MNIST is not here: the notebooks run on the stand-in"


@pytest.fixture
def run(tmp_path):
    """``run(**environment)`` tests a notebook whose output is wrong: 1 + 1 is 3."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    output = nbformat.v4.new_output("execute_result", {"text/plain": "3"})
    output.execution_count = 1
    code = 'import os\nassert os.path.basename(os.getcwd()) == "notebooks"\n'
    code += 'assert get_ipython().ast_node_interactivity == "last_expr"\n1 + 1'
    cell = nbformat.v4.new_code_cell(code, execution_count=1, outputs=[output])
    kernel = {"name": "no-such-kernel", "display_name": "x", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "one.ipynb")
    shutil.copy(ROOT / "conftest.py", tmp_path)

    def pytest_nbval(**environment):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("MNIST_CNN_")}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "--nbval"],
            cwd=tmp_path,
            env=kept | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return pytest_nbval


def test_with_mnist_outputs_are_compared(run):
    root = mc.data_root().absolute()
    if not (root / "MNIST" / "raw" / "train-images-idx3-ubyte").is_file():
        pytest.skip("MNIST is not here")
    result = run(MNIST_CNN_DATA=str(root))
    assert result.returncode == 1
    assert "Cell outputs differ" in result.stdout
    assert HEADER not in result.stdout


@pytest.mark.skipif(os.name == "nt", reason="HOME is not the home on Windows")
def test_without_mnist_and_without_a_home(run, tmp_path):
    """The notebook passes on any output, and one line says why."""
    (tmp_path / "home").touch()
    home, temporary = str(tmp_path / "home"), str(tmp_path)
    result = run(HOME=home, XDG_CACHE_HOME="", TMPDIR=temporary, MNIST_CNN_OFFLINE="1")
    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout
    assert result.stdout.count(HEADER) == 1


def test_the_readers_settings_of_ipython_are_set_aside(run, tmp_path, monkeypatch):
    """By ``pytest --nbval``, and by ``make notebooks``."""
    settings = tmp_path / "profile_default" / "ipython_config.py"
    settings.parent.mkdir()
    settings.write_text('get_config().InteractiveShell.ast_node_interactivity = "all"')
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    assert run(MNIST_CNN_OFFLINE="1").returncode == 0
    tool, notebook = ROOT / "tools/notebooks.py", tmp_path / "notebooks/one.ipynb"
    subprocess.run([sys.executable, tool, notebook], check=True, timeout=120)
