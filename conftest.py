"""How ``pytest --nbval`` runs the notebooks, with MNIST and without."""

import os
import tempfile
from pathlib import Path

import pytest

CELL_SECONDS = 600  # training: a minute on two free cores, ten beside another
header = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Set nbval's switches, and fetch MNIST once, before any notebook does."""
    keep_no_progress(config)
    option = config.option
    if not (getattr(option, "nbval", False) or getattr(option, "nbval_lax", False)):
        return
    if option.nbval_kernel_name is None:
        option.nbval_current_env = True
    option.nbval_cell_timeout = min(option.nbval_cell_timeout, CELL_SECONDS)
    set_settings_aside(config)
    if not mnist_is_here():
        option.nbval_lax = True
        config.stash[header] = (
            "MNIST is not here: the notebooks run on the stand-in, "
            "and their outputs are not compared"
        )


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say so when outputs are not compared."""
    return [config.stash[header]] if header in config.stash else []


def mnist_is_here() -> bool:
    """Whether MNIST is on disk or can be put there; the kernels then do as we did."""
    from mnist_cnn import data_root
    from mnist_cnn.sources import mnist

    root = data_root().absolute()  # notebooks run in other folders
    os.environ["MNIST_CNN_DATA"] = str(root)
    try:
        mnist.obtain(root)
    except mnist.Unavailable:
        os.environ["MNIST_CNN_OFFLINE"] = "1"
        return False
    return True


def keep_no_progress(config: pytest.Config) -> None:
    """An empty folder for solved exercises: nobody's are seen, and none are added."""
    folder = tempfile.TemporaryDirectory(prefix="state-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ["MNIST_CNN_STATE"] = folder.name


def set_settings_aside(config: pytest.Config) -> None:
    """Run the kernels without anyone's settings, and where the home is unusable."""
    folder = tempfile.TemporaryDirectory(prefix="home-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ |= dict.fromkeys(("IPYTHONDIR", "JUPYTER_CONFIG_DIR"), folder.name)
    os.environ.pop("PYTHONSTARTUP", None)  # which IPython reads as well
    home = Path.home()
    if not (home.is_dir() and os.access(home, os.W_OK)):
        for name in ("JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
            os.environ.setdefault(name, folder.name)
