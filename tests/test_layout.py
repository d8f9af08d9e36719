"""Files stay short enough to read, and the package's imports run one way."""

import ast
import graphlib
from pathlib import Path

import pytest
from pages import ROOT, fail_with

PACKAGE = ROOT / "mnist_cnn"
CORE = ("data", "model", "training", "recipes", "metrics", "checkpoints")


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


@pytest.mark.parametrize(("folder", "most"), [("mnist_cnn", 300), ("tests", 450)])
def test_no_file_is_too_long(folder, most):
    fail_with(
        [
            f"{path.relative_to(ROOT)}: {lines(path)} lines, at most {most}"
            for path in (ROOT / folder).rglob("*.py")
            if lines(path) > most
        ],
        "Shorten it, or give one of its subjects a file of its own.",
    )


def test_all_together_are_not_too_long():
    core = [PACKAGE / f"{name}.py" for name in CORE]
    sums = [
        (f"{', '.join(CORE)}, which one sitting reads", core, 1000),
        ("mnist_cnn", PACKAGE.rglob("*.py"), 3900),
        ("tests", (ROOT / "tests").rglob("*.py"), 6500),
    ]
    totals = [(what, sum(map(lines, paths)), most) for what, paths, most in sums]
    fail_with(
        [f"{what}: {n} lines, at most {most}" for what, n, most in totals if n > most],
        "What is added takes something away: find what is no longer needed.",
    )


def module_name(path: Path) -> str:
    """The dotted name that a file of the package is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, modules: set[str]) -> set[str]:
    """Those of ``modules`` that a file imports, a.b by ``from a import b`` as well."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: import it by its full name"
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= full & modules or {node.module}
    return found & modules


@pytest.fixture(scope="module")
def imports():
    paths = {module_name(path): path for path in PACKAGE.rglob("*.py")}
    return {name: imported(path, set(paths)) for name, path in paths.items()}


def test_imports_run_one_way(imports):
    assert imports["mnist_cnn"] >= {f"mnist_cnn.{name}" for name in CORE}
    try:
        graphlib.TopologicalSorter(imports).prepare()
    except graphlib.CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        fail_with([f"a circle: {circle}"], "Move what two of them need below both.")


@pytest.mark.parametrize(
    ("below", "above"),
    [
        ("mnist_cnn.sources", "mnist_cnn.data"),
        ("mnist_cnn.training", "mnist_cnn.recipes"),
    ],
)
def test_what_is_below_knows_nothing_of_what_is_above(imports, below, above):
    fail_with(
        [
            f"{name} imports {other}"
            for name in imports
            for other in imports[name]
            if name.startswith(below) and other.startswith(above)
            if not other.startswith(below)
        ],
        f"{below} does without {above}: hand it over as an argument.",
    )
