"""Files stay short enough to read, and the package's imports run one way."""

import ast
import importlib.util
from collections.abc import Iterable
from pathlib import Path

import pytest

import mnist_cnn

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mnist_cnn"
LONGEST = {"tests": 450, "mnist_cnn": 300}  # lines


@pytest.mark.parametrize("folder", LONGEST)
def test_no_file_is_too_long(folder):
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in (ROOT / folder).rglob("*.py")
    }
    assert lengths
    assert {p: n for p, n in lengths.items() if n > LONGEST[folder]} == {}


# What imports what


def module_name(path: Path) -> str:
    """The dotted name that a file of the package is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read_imports(modules: dict[str, Path]) -> dict[str, set[str]]:
    """Which of these modules each of them imports.

    What ``mnist_cnn`` loads when first used, by the names in a table, counts as well.
    """
    imports = {
        name: imported(path.read_text("utf-8"), package_of(name, path), modules)
        for name, path in modules.items()
    }
    imports["mnist_cnn"] |= set(mnist_cnn.LAZY.values())
    return imports


def package_of(name: str, path: Path) -> str:
    """Where relative imports start: for ``__init__``, that is the package itself."""
    return name if path.name == "__init__.py" else name.rpartition(".")[0]


def imported(source: str, package: str, modules: Iterable[str]) -> set[str]:
    """Those of ``modules`` that code in ``package`` imports, in functions as well.

    ``from a import b`` is an import of a.b if that is a module, else of a; an import of
    a.b is none of a.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            base = importlib.util.resolve_name(name, package) if node.level else name
            inner = {alias.name: f"{base}.{alias.name}" for alias in node.names}
            found |= {full if full in modules else base for full in inner.values()}
        elif is_import_by_name(node):
            found.add(node.args[0].value)
    return found & set(modules)


def is_import_by_name(node: ast.AST) -> bool:
    """Whether this is ``import_module("...")``, with the name written out."""
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("import_module")
        and isinstance(node.args[0], ast.Constant)
    )


def find_cycle(graph: dict[str, set[str]]) -> list[str]:
    """The nodes of a way back to where it began, depth first; empty if there is none.

    The first node is also the last.
    """
    done: set[str] = set()  # no way from here leads into a circle

    def visit(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node not in done:
            for following in sorted(graph.get(node, ())):
                if cycle := visit(following, [*way, node]):
                    return cycle
            done.add(node)
        return []

    cycles = (visit(node, []) for node in sorted(graph))
    return next(filter(None, cycles), [])


@pytest.fixture(scope="module")
def imports():
    return read_imports({module_name(path): path for path in PACKAGE.rglob("*.py")})


def test_no_circle_of_imports(imports):
    cycle = find_cycle(imports)
    assert not cycle, f"a circle of imports: {' -> '.join(cycle)}"


def test_sources_know_nothing_of_the_rest(imports):
    sources = {name for name in imports if name.startswith("mnist_cnn.sources")}
    assert "mnist_cnn.sources.mnist" in sources
    below = {"mnist_cnn.files"}
    beyond = {name: imports[name] - sources - below for name in sources}
    assert not any(beyond.values()), beyond


# The check itself


@pytest.mark.parametrize(
    ("graph", "cycle"),
    [
        ({}, []),
        ({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}, []),
        ({"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"b"}}, ["b", "d", "b"]),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}}, ["a", "b", "c", "a"]),
        ({"a": {"a"}}, ["a", "a"]),
    ],
)
def test_a_circle_is_found(graph, cycle):
    assert find_cycle(graph) == cycle


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import p", {"p"}),
        ("import p.a as short", {"p.a"}),
        ("from p import a, name", {"p", "p.a"}),
        ("from p.a import name", {"p.a"}),
        ("from . import a", {"p.a"}),
        ("from .a import name", {"p.a"}),
        ("def f():\n    from p import a", {"p.a"}),
        ("importlib.import_module('p.a')", {"p.a"}),
        ("import os, torch.nn\nfrom pathlib import Path", set()),
    ],
)
def test_every_import_is_found(source, found):
    assert imported(source, "p", ["p", "p.a", "p.b"]) == found
