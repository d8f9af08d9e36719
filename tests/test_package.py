"""The package as a whole: its names, what importing it costs, how it is installed."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mnist_cnn as mc

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_public_names_exist():
    for name in mc.__all__:
        assert getattr(mc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        mc.nonsense  # noqa: B018


def test_public_names_have_docstrings():
    for name in mc.__all__:
        value = getattr(mc, name)
        if callable(value):
            assert value.__doc__, name


def test_import_brings_nothing_heavy():
    """What importing torch does not import anyway is left until it is used."""
    code = (
        "import sys, torch; before = set(sys.modules); import mnist_cnn; "
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"torchvision", "matplotlib", "seaborn", "sklearn", "scipy", "pandas"}
    heavy |= {"PIL", "tqdm", "anywidget", "ipywidgets", "IPython"}
    assert not heavy & set(run.stdout.split())


def test_environment_installs_the_project_and_nothing_else():
    """One list of dependencies: conda's file defers to pyproject.toml."""
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    items = re.findall(r"^\s*- (.+?):?$", text, re.MULTILINE)
    assert items[0] == "conda-forge"
    assert re.fullmatch(r"python=3\.\d+", items[1])
    assert items[2:] == ["pip", "pip", "-e ."]
    minor = int(items[1].split(".")[1])
    oldest = int(PROJECT["project"]["requires-python"].split(".")[1])
    assert minor >= oldest


def test_dependencies_have_floors_and_no_caps():
    for line in PROJECT["project"]["dependencies"]:
        assert re.fullmatch(r"[a-z-]+>=[\d.]+", line), line


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile, for an environment that is active."""
    lines = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]
    return re.sub(r"\$\(bin\)/| \$\(ARGS\)|\t", "", lines).splitlines()


def test_ci_runs_what_make_runs_and_from_the_oldest_python():
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    pythons = re.search(r'python: \["(.+)", "(.+)"\]', workflow).groups()
    assert f">={pythons[0]}" == PROJECT["project"]["requires-python"]
    newest, oldest = workflow.split("  browser:")[0].split("  oldest:")
    assert re.findall(r'python-version: "(.+)"', oldest) == [pythons[0]]
    commands = re.findall(r"- run: (.+)", newest)
    tests = [command for command in commands if " install " not in command]
    assert tests == recipe("lint") + recipe("test")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "GLOSSARY.md"])
def test_page_names_files_and_targets_that_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for path in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / path).exists(), path
    for target in re.findall(r"(?:`|^)make ([a-z.-]+)", text, re.MULTILINE):
        assert f"\n{target}:" in MAKEFILE, target


def test_pre_commit_runs_what_make_lint_runs():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"entry: (.+)", hooks)
    assert [entry for entry in entries if "ruff" in entry] == recipe("lint")


def test_citation_agrees_with_the_project():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    for key in ("version", "license"):
        assert f"\n{key}: {PROJECT['project'][key]}\n" in citation


def test_shipped_files_are_package_data():
    for source in ("mnist", "standin"):
        model = mc.load(source=source)
        assert sum(p.numel() for p in model.parameters()) == 19_610
        run = mc.load_study(f"run_{source}")
        assert run["source"] == source
        assert run["models"]["VGG"]["accuracy"] == run["test_accuracy"]
    with pytest.raises(ValueError, match=r"expected name .* got 'nonsense'"):
        mc.load_study("nonsense")


def test_shipped_run_is_the_recipe():
    config = mc.load_study("run_mnist")["config"]
    assert config == {
        "epochs": 3,
        "batch_size": 32,
        "lr": 0.001,
        "seed": 0,
        "filters": 16,
    }
    assert mc.TrainConfig(**{k: v for k, v in config.items() if k != "filters"}) == (
        mc.TrainConfig()
    )
