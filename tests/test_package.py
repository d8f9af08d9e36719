"""The package as a whole: its names, what importing it costs, how it is installed."""

import ast
import itertools
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import mnist_cnn as mc

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOW = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
RUNTIME = PROJECT["project"]["dependencies"]
EXTRAS = PROJECT["project"]["optional-dependencies"]


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


def test_version_is_the_project_s():
    assert mc.__version__ == PROJECT["project"]["version"]


def items(path: str) -> list[str]:
    """The entries of a file for conda, channel first."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return re.findall(r"^\s*- (.+?):?$", text, re.MULTILINE)


def test_environments_install_the_project_and_nothing_else():
    """One list of dependencies: conda's and Binder's defer to pyproject.toml."""
    channel, python, *rest = items("environment.yml")
    assert channel == "conda-forge"
    assert re.fullmatch(r"python=3\.\d+", python)
    assert rest == ["pip", "pip", "-e .[lab,test]"]
    minor = int(python.split(".")[1])
    oldest = int(PROJECT["project"]["requires-python"].split(".")[1])
    assert minor >= oldest
    assert items(".binder/environment.yml") == [channel, python, "pip", "uv"]


def test_binder_installs_no_cuda():
    script = ROOT / ".binder" / "postBuild"
    first, *_, last = script.read_text(encoding="utf-8").splitlines()
    assert first.startswith("#!")
    assert last == 'uv pip install --system --torch-backend=cpu --editable ".[lab]"'
    assert os.name == "nt" or os.access(script, os.X_OK)


def test_all_install_what_the_tests_need():
    for text, count in ((MAKEFILE, 1), (WORKFLOW, 2)):
        assert text.count('--editable ".[lab,test]"') == count
        assert "--editable .\n" not in text


def test_dependencies_have_floors_and_no_caps():
    build = PROJECT["build-system"]["requires"]
    for line in itertools.chain(build, RUNTIME, *EXTRAS.values()):
        if line != "mnist-cnn[onnx]":  # one extra in another: the same list
            assert re.fullmatch(r"[a-z-]+>=[\d.]+", line), line


def imported(pattern: str) -> set[str]:
    """The packages of others that some files import, as they are called when installed.

    One that is not installed here keeps the name it is imported by.
    """
    own = ("tests", "tests/browser", "tools", "benchmarks")
    folders = (ROOT / name for name in own)
    ours = {path.stem for folder in folders for path in folder.glob("*.py")}
    known, modules = packages_distributions(), set()
    for path in ROOT.glob(pattern):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(node.module.split(".")[0])
    modules -= sys.stdlib_module_names | ours | {"mnist_cnn"}
    found = (known.get(name, [name])[0] for name in modules)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


def names(dependencies: Iterable[str]) -> set[str]:
    return {line.split(">=")[0] for line in dependencies}


def test_the_package_depends_on_what_it_imports():
    assert imported("mnist_cnn/**/*.py") == names(RUNTIME)


@pytest.mark.parametrize(
    ("pattern", "extras"),
    [
        ("*.py", ["test"]),
        ("tests/*.py", ["test", "onnx"]),
        ("tests/browser/*.py", ["test", "browser"]),
        ("tools/*.py", ["test", "browser"]),
        ("benchmarks/*.py", ["test", "browser"]),
    ],
)
def test_the_rest_has_what_it_imports(pattern, extras):
    declared = names(RUNTIME).union(*(names(EXTRAS[extra]) for extra in extras))
    assert imported(pattern) <= declared


def recipe(target: str) -> list[str]:
    """The commands of a target of the Makefile, for an environment that is active."""
    lines = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]
    return re.sub(r"\$\(bin\)/| \$\(ARGS\)|\t", "", lines).splitlines()


def test_ci_runs_what_make_runs_and_from_the_oldest_python():
    pythons = re.search(r'python: \["(.+)", "(.+)"\]', WORKFLOW).groups()
    assert f">={pythons[0]}" == PROJECT["project"]["requires-python"]
    named = re.findall(r"Python :: (3\.\d+)", str(PROJECT["project"]["classifiers"]))
    minors = [int(version.split(".")[1]) for version in named]
    assert (named[0], named[-1]) == pythons
    assert minors == list(range(minors[0], minors[-1] + 1))
    newest, oldest = WORKFLOW.split("  browser:")[0].split("  oldest:")
    assert re.findall(r'python-version: "(.+)"', oldest) == [pythons[0]]
    commands = re.findall(r"- run: (.+)", newest)
    tests = [command for command in commands if " install " not in command]
    assert tests == recipe("lint") + recipe("test")


def test_the_website_is_built_as_make_does_and_published():
    """By a job that may publish and runs no code of the project."""
    path = ROOT / ".github" / "workflows" / "pages.yml"
    pages = path.read_text(encoding="utf-8")
    build, publish = pages.split("  publish:\n")
    assert re.findall(r"- run: (.+)", pages) == ["make site TORCH_BACKEND=cpu"]
    assert re.findall(r"path: (.+)", build) == recipe("site")[-1].split()[-1:]
    assert "permissions:\n  contents: read\n" in build
    assert "write" not in build
    assert re.findall(r"([a-z-]+): write", publish) == ["pages", "id-token"]
    versions = set(re.findall(r"uses: (actions/(?:checkout|setup-python)@v\d+)", build))
    assert len(versions) == 2
    assert all(f"uses: {version}\n" in WORKFLOW for version in versions)


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
    assert [entry for entry in entries if "pytest" not in entry] == recipe("lint")


def test_citation_agrees_with_the_project():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    for key in ("version", "license"):
        assert f"\n{key}: {PROJECT['project'][key]}\n" in citation


@pytest.mark.parametrize("source", ["mnist", "standin"])
@pytest.mark.parametrize("recipe", ["plain", "long"])
def test_shipped_weights_are_those_of_the_recorded_run(recipe, source):
    model = mc.load(source=source, recipe=recipe)
    run = mc.load_study(f"run_{recipe}_{source}")
    assert run["source"] == source
    assert run["test_accuracy"] == run["history"]["test_accuracy"][-1]
    row = "VGG" if recipe == "plain" else f"VGG, {recipe} recipe"
    assert run["test_accuracy"] == mc.load_study("results")[source][row]["accuracy"]
    asked, built = mc.RECIPES[recipe], mc.RECIPES[recipe].build()
    recorded = asked.settings() | run["config"]
    recorded["bfloat16"] = asked.config.bfloat16  # or not, as the processor had it
    assert recorded == asked.settings()
    shapes = [{k: v.shape for k, v in m.state_dict().items()} for m in (model, built)]
    assert shapes[0] == shapes[1]


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match=r"expected name .* got 'nonsense'"):
        mc.load_study("nonsense")
    with pytest.raises(ValueError, match=r"expected recipe .*'long', 'plain'.* 'best'"):
        mc.load(recipe="best")
