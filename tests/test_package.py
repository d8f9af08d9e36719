"""The package as a whole: its names, what importing it costs, how it is installed."""

import ast
import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
import yaml
from pages import ROOT

import mnist_cnn as mc

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNTIME = PROJECT["project"]["dependencies"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
PYTHON = PROJECT["project"]["requires-python"]


def read_yaml(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def test_public_names_exist_and_are_documented():
    for name in mc.__all__:
        value = getattr(mc, name)
        assert not callable(value) or value.__doc__, name
        assert name in dir(mc), f"Tab does not find {name}"
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        mc.nonsense  # noqa: B018


def test_version_and_license_are_the_same_everywhere():
    project, citation = PROJECT["project"], read_yaml("CITATION.cff")
    assert mc.__version__ == citation["version"] == project["version"]
    assert citation["license"] == project["license"]


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


@pytest.mark.parametrize("source", ["mnist", "standin"])
@pytest.mark.parametrize("recipe", ["plain", "long"])
def test_shipped_weights_are_those_of_the_recorded_run(recipe, source):
    model, built = mc.load(source=source, recipe=recipe), mc.RECIPES[recipe].build()
    run, asked = mc.load_study(f"run_{recipe}_{source}"), mc.RECIPES[recipe].settings()
    assert run["source"] == source
    assert run["test_accuracy"] == run["history"]["test_accuracy"][-1]
    row = "VGG" if recipe == "plain" else f"VGG, {recipe} recipe"
    assert run["test_accuracy"] == mc.load_study("results")[source][row]["accuracy"]
    recorded = asked | run["config"]
    recorded["bfloat16"] = asked["bfloat16"]  # or not, as the processor had it
    assert recorded == asked
    shapes = [{k: v.shape for k, v in m.state_dict().items()} for m in (model, built)]
    assert shapes[0] == shapes[1]


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match=r"expected name .* got 'nonsense'"):
        mc.load_study("nonsense")
    with pytest.raises(ValueError, match=r"expected recipe .*'long', 'plain'.* 'best'"):
        mc.load(recipe="best")


# Dependencies: one list, for all ways to install


def test_dependencies_have_floors_and_no_caps():
    build = PROJECT["build-system"]["requires"]
    for line in itertools.chain(build, RUNTIME, *EXTRAS.values()):
        if line != "mnist-cnn[onnx]":  # one extra in another: the same list
            assert re.fullmatch(r"[a-z-]+>=[\d.]+", line), line


def imported(pattern: str) -> set[str]:
    """The packages of others that some files import, as they are called when installed.

    One that is not installed here keeps the name it is imported by.
    """
    folders = [
        ROOT / x for x in ("docs", "tests", "tests/browser", "tools", "benchmarks")
    ]
    ours = {path.stem for folder in folders for path in folder.glob("*.py")}
    # The extra study is not installed for the tests
    known = {"skimage": ["scikit-image"]} | packages_distributions()
    modules = set()
    for path in ROOT.glob(pattern):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(node.module.split(".")[0])
    modules -= sys.stdlib_module_names | ours | {"mnist_cnn"}
    found = (known.get(name, [name])[0] for name in modules)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in found}


def test_what_is_imported_is_declared():
    def names(*extras):
        lines = itertools.chain(RUNTIME, *(EXTRAS[extra] for extra in extras))
        return {line.split(">=")[0] for line in lines}

    assert imported("mnist_cnn/**/*.py") == names()
    assert imported("*.py") <= names("test")
    assert imported("tests/*.py") <= names("test", "onnx")
    for folder in ("tests/browser", "tools", "benchmarks"):
        assert imported(f"{folder}/*.py") <= names("test", "browser", "study"), folder


def test_conda_and_binder_install_the_project_and_nothing_else():
    local, binder = read_yaml("environment.yml"), read_yaml(".binder/environment.yml")
    python, *rest = local["dependencies"]
    assert local["channels"] == binder["channels"] == ["conda-forge"]
    assert rest == ["pip", {"pip": ["-e .[lab]"]}]
    assert binder["dependencies"] == [python, "pip", "uv"]
    minor = re.fullmatch(r"python=3\.(\d+)", python)[1]  # Binder reads this form alone
    assert int(minor) >= int(PYTHON.split(".")[1])
    script = ROOT / ".binder" / "postBuild"
    assert "--torch-backend=cpu --editable" in script.read_text("utf-8")  # no CUDA
    assert os.name == "nt" or os.access(script, os.X_OK)


# What runs in CI is what make runs


def commands(*targets: str) -> list[str]:
    """What make would run, for an environment that is active."""
    installed = [f"--old-file=.venv/{name}" for name in ("lab", "test", "site")]
    run = ["make", "--dry-run", *installed, *targets]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.replace("\\\n", "").replace(".venv/bin/", "").splitlines()
    return [" ".join(line.split()) for line in lines]


# A Python that says which it is, and that installs nothing
STAND_IN = """#!/bin/sh
case "$*" in
"-m venv --clear "*) rm -rf .venv; mkdir -p .venv/bin
    for name in python uv; do cp "$0" .venv/bin/$name; done ;;
"-m pip "* | "pip "*) echo "user $PIP_USER, elsewhere $PIP_TARGET$PIP_PREFIX." ;;
*) exec "{python}" -c "import sys; sys.version_info = (3, {minor}); $2" ;;
esac
"""


@pytest.mark.skipif(os.name == "nt" or not shutil.which("make"), reason="needs make")
def test_make_trips_over_nothing_that_was_there_before(tmp_path):
    def make(minor, target):
        python = tmp_path / f"python3.{minor}"
        python.write_text(STAND_IN.format(python=sys.executable, minor=minor))
        python.chmod(0o755)
        run = f"PIP_USER=1 PIP_TARGET=1 PIP_PREFIX=1 make -C {clone} PYTHON={python} "
        return subprocess.getoutput(run + target)

    clone = tmp_path / "clone"
    (clone / ".venv").mkdir(parents=True)  # of a try that failed
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, clone)
    old = int(PYTHON.split(".")[1])
    assert f" is 3.{old - 1}: " in make(old - 1, ".venv")
    assert "user 0, elsewhere ." in make(old, ".venv/lab")
    assert ".[" not in make(old, "-n lab")  # a learner needs nothing else
    assert ".[test]" in make(old, "-n test")
    assert " venv " in make(old + 1, ".venv/lab")
    clone = clone.rename(tmp_path / "renamed")
    assert " venv " in make(old + 1, ".venv/lab")


def steps(workflow: dict, job: str) -> list[str]:
    return [step["run"] for step in workflow["jobs"][job]["steps"] if "run" in step]


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_workflows_run_what_make_runs_and_from_the_oldest_python():
    workflow = read_yaml(".github/workflows/ci.yml")
    classifiers = "\n".join(PROJECT["project"]["classifiers"])
    minors = [int(minor) for minor in re.findall(r"Python :: 3\.(\d+)", classifiers)]
    assert minors == list(range(minors[0], minors[-1] + 1))
    oldest, newest = f"3.{minors[0]}", f"3.{minors[-1]}"
    assert f">={oldest}" == PYTHON
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == [oldest, newest]
    assert steps(workflow, "test")[-4:] == commands("test")
    assert "lowest-direct" in steps(workflow, "oldest")[1]
    hooks = read_yaml(".pre-commit-config.yaml")["repos"][0]["hooks"]
    assert [hook["entry"] for hook in hooks][:-1] == commands("lint")
    pages = read_yaml(".github/workflows/pages.yml")
    build, publish = pages["jobs"]["build"], pages["jobs"]["publish"]
    assert steps(pages, "build") == ["make site TORCH_BACKEND=cpu"]
    assert build["steps"][-1]["with"]["path"] == commands("site")[-1].split()[-1]
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
