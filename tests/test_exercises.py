"""The exercises: each solution runs, and each check knows right from wrong."""

import copy
import re
import symtable
import warnings
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from answers import ALSO_RIGHT, WRONG

import mnist_cnn as mc
from mnist_cnn import data
from mnist_cnn.data import last_source, load_again, load_mnist
from mnist_cnn.exercises.answers import CHECKS, remembered
from mnist_cnn.exercises.data_exploration import mean_ink

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
# What a learner sees, or does not: Matplotlib reads torch's images in an old way
pytestmark = [
    pytest.mark.filterwarnings("ignore::mnist_cnn.StandinWarning"),
    pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning"),
]
CHECK = re.compile(r'`(mc\.check\("([^"]+)", .+\))`')
NEED_MNIST = {"7.2"}  # no label of the stand-in is in doubt


@pytest.fixture(scope="module", autouse=True)
def one_copy_of_the_digits():
    """For all notebooks and checks; else they would hold a gigabyte."""
    load = cache(load_mnist)
    with pytest.MonkeyPatch.context() as patch:
        for module in (mc, data):  # of the notebooks, and of load_again for the checks
            patch.setattr(module, "load_mnist", lambda *_: load())
        yield
    namespace.cache_clear()
    solved.cache_clear()


def cells(path, kind):
    """What the cells of a kind hold, but for the setup: only IPython can read that."""
    found = nbformat.read(path, as_version=4).cells
    return [c.source for c in found if c.cell_type == kind and c.id != "setup"]


@cache
def exercises():
    """By number, such as "1.2": the heading, the check, the solution's code."""
    found = {}
    for path in NOTEBOOKS:
        text = "\n".join(cells(path, "markdown")).split("## Exercises")[1]
        _, *parts = re.split(r"^\*\*(\d)\. ", text, flags=re.MULTILINE)
        for number, part in zip(parts[::2], parts[1::2], strict=True):
            question, *solutions = part.split("<details>")
            found[f"{int(path.name[:2])}.{number}"] = SimpleNamespace(
                path=path,
                heading=question.partition("**")[0],
                checks=CHECK.findall(question),
                mentions=text.count("mc.check("),
                solutions=solutions,
                code=re.findall(r"```python\n(.+?)```", part, re.DOTALL),
            )
    return found


def names(code):
    """The global names that code defines, and those it uses."""
    top = symtable.symtable(code, "cell", "exec")
    defined = {s.get_name() for s in top.get_symbols() if s.is_assigned()}
    defined |= {s.get_name() for s in top.get_symbols() if s.is_imported()}
    used = {s.get_name() for s in top.get_symbols() if s.is_referenced()}
    inner = top.get_children()
    for table in inner:  # grows meanwhile
        used |= {s.get_name() for s in table.get_symbols() if s.is_global()}
        inner.extend(table.get_children())
    return defined, used


@cache
def namespace(path):
    """What a notebook defines for its solutions.

    Only the cells they build on are run: all cells of all notebooks take minutes, of
    which training the CNN is the most, and ``pytest --nbval`` runs them anyhow.
    """
    wanted, needed = set(), []
    for exercise in exercises().values():
        if exercise.path == path:
            defined, used = names("\n".join(exercise.code))
            wanted |= used - defined
    for cell in reversed(cells(path, "code")):
        defined, used = names(cell)
        if defined & wanted:
            needed.insert(0, cell)
            wanted = wanted - defined | used
    result = {}
    for cell in needed:
        exec(cell, result)
        plt.close("all")
    return result


@cache
def solved(number):
    """The notebook's names after one solution, without those of the others."""
    exercise = exercises()[number]
    result = copy.copy(namespace(exercise.path))
    if number in NEED_MNIST and result["test"].source != "mnist":
        pytest.skip("the stand-in has no such image")
    for code in exercise.code:
        exec(code, result)
        plt.close("all")
    return result


def test_three_to_five_from_warm_up_to_open():
    for path in NOTEBOOKS:
        own = [e for e in exercises().values() if e.path == path]
        assert 3 <= len(own) <= 5
        assert own[0].heading.startswith("Warm-up")
        assert own[-1].heading.startswith("Open")


def test_each_has_one_solution_and_at_most_one_check():
    for number, exercise in exercises().items():
        assert len(exercise.solutions) == 1, number
        assert "<summary>Solution</summary>" in exercise.solutions[0]
        assert [name for _, name in exercise.checks] in ([], [number]), number


def test_each_check_is_in_the_file_of_its_notebook():
    for number, function in CHECKS.items():
        module = function.__module__.rpartition(".")[2]
        assert exercises()[number].path.stem == f"0{number[0]}_{module}"


def test_every_check_is_named_once_and_tested():
    named = [name for e in exercises().values() for _, name in e.checks]
    assert named == list(CHECKS) == list(WRONG)
    for path in NOTEBOOKS:  # none that the pattern misses
        own = [e for e in exercises().values() if e.path == path]
        assert own[0].mentions == sum(len(e.checks) for e in own)


@pytest.mark.parametrize("number", exercises())
def test_solution_runs_and_passes_its_check(number):
    result = solved(number)
    before = torch.get_rng_state()
    for line, _ in exercises()[number].checks:
        assert eval(line, result).startswith("Right."), eval(line, result)
    assert torch.equal(torch.get_rng_state(), before)  # later numbers do not change


def with_layers(model, **settings):
    """The model with other convolutions in the places of the pools."""
    model = copy.deepcopy(model)
    for i in (6, 13):
        model.features[i] = torch.nn.Conv2d(16, 16, **settings)
    return model


def answer_in(number, code):
    """What a learner's code gives after the solution."""
    return eval(code, solved(number) | {"with_layers": with_layers})


def test_a_convolution_without_relu_is_named():
    bare = answer_in("2.5", "with_layers(model, kernel_size=2, stride=2)")
    assert "no nn.ReLU follows features.6 and features.13" in mc.check("2.5", bare)
    assert "nn.ReLU" not in mc.check("2.5", answer_in("2.5", "model"))


def pairs(table):
    return [(number, code) for number, codes in table.items() for code in codes]


@pytest.mark.parametrize(("number", "code"), pairs(ALSO_RIGHT))
def test_other_right_answers_pass(number, code):
    verdict = mc.check(number, answer_in(number, code))
    assert verdict.startswith("Right."), verdict


@pytest.mark.parametrize(("number", "code"), pairs(WRONG))
def test_wrong_answer_is_told_what_is_wrong(number, code):
    verdict = mc.check(number, answer_in(number, code))
    assert re.fullmatch(r"Not yet: .*[\w)%]\.", verdict)
    assert WRONG[number][code] in verdict


ODD = [
    None,
    "seven",
    "",
    "98,7",
    "nan",
    " -1e999 ",
    "9" * 300,
    "9" * 5_000,
    True,
    10**400,
    -1,
    float("nan"),
    [],
    [None, None],
    [1, "two", 3],
    {"a": 1},
    object(),
    np.zeros((2, 3)),
    np.array(["a", "b"]),
    torch.zeros(5, device="meta"),
    torch.full((5, 1, 28, 28), torch.nan),
    torch.zeros(784),
    torch.nn.Identity(),
    torch.nn.Linear(3, 4),
    mc.VGG,
]


@pytest.mark.parametrize("number", CHECKS)
def test_no_answer_raises(number):
    for answer in (*ODD, *[[item] * 2 for item in ODD], *[[item] * 3 for item in ODD]):
        assert mc.check(number, answer).startswith("Not yet: ")


def test_a_tensor_that_learns_is_a_number():
    loss = torch.tensor(0.5, requires_grad=True)
    assert "SGD: a step" in mc.check("3.2", [loss, loss])


@pytest.mark.parametrize("exercise", ["9.9", 1.1, None, ["1.1"]])
def test_unknown_exercise(exercise):
    with pytest.raises(ValueError, match=r"one of \['1.1', '1.2', .*, got"):
        mc.check(exercise, 1)


@pytest.fixture
def loaded(monkeypatch):
    """What was loaded last, for a test to change: nothing so far."""
    state = {"root": None, "source": "auto"}
    monkeypatch.setattr(data, "_last", state)
    monkeypatch.setattr(data, "load_mnist", load_mnist)  # that of the package again
    return state


def test_stand_in_is_not_announced_again(monkeypatch, tmp_path, loaded):
    monkeypatch.setenv("MNIST_CNN_OFFLINE", "1")
    monkeypatch.setenv("MNIST_CNN_DATA", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train, _ = load_again()
    assert train.source == last_source() == "standin"


def test_checks_use_the_digits_that_were_loaded(loaded):
    load_mnist(source="standin")
    assert load_again()[0].source == "standin"


def test_answers_are_those_of_the_digits_loaded_last(monkeypatch, loaded, digits, few):
    sets = {"one": digits, "other": few}
    monkeypatch.setattr(data, "load_mnist", lambda _, source: [sets[source]] * 2)
    loaded["source"] = "one"
    before = mean_ink()
    loaded["source"] = "other"
    assert mean_ink() != before
    loaded["source"] = "one"
    assert mean_ink() is before


def test_answers_are_kept_when_the_check_is_the_first_to_load(loaded):
    calls = []

    @remembered
    def answer():
        calls.append(last_source())
        loaded["source"] = "mnist"  # as loading does

    answer()
    answer()
    assert calls == ["auto"]


def test_shows_without_quotes():
    verdict = mc.check("2.3", 22)
    assert isinstance(verdict, str)
    assert repr(verdict) == "Right."
