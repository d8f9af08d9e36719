"""The exercises: each solution runs, and each check knows right from wrong."""

import copy
import math
import re
import runpy
import symtable
import time
import tomllib
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch

import mnist_cnn as mc
from mnist_cnn.exercises import EXPECTED, HINTS
from mnist_cnn.exercises.table import CHECKS

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
ANSWERS = tomllib.loads((ROOT / "tests" / "answers.toml").read_text("utf-8"))
RECORDER = runpy.run_path(str(ROOT / "tools" / "expected.py"))
# What a learner sees, or does not: Matplotlib reads torch's images in an old way
pytestmark = [
    pytest.mark.filterwarnings("ignore::mnist_cnn.StandinWarning"),
    pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning"),
]
CHECK = re.compile(r'`(mc\.check\("([^"]+)", .+\))`')
NEED_MNIST = {"7.2"}  # no label of the stand-in is in doubt


@pytest.fixture(scope="module", autouse=True)
def one_copy_of_the_digits():
    """For all notebooks; else they would hold a gigabyte."""
    load = cache(mc.load_mnist)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mc, "load_mnist", lambda *_: load())
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


def test_every_check_is_named_once_has_hints_and_is_tested():
    named = [name for e in exercises().values() for _, name in e.checks]
    assert named == [*CHECKS] == [*ANSWERS["wrong"]]
    assert HINTS.keys() == {*named, "all"}
    for path in NOTEBOOKS:  # none that the pattern misses
        own = [e for e in exercises().values() if e.path == path]
        assert own[0].mentions == sum(len(e.checks) for e in own)


def test_every_recorded_slip_has_a_hint():
    for number, sources in EXPECTED.items():
        for known in sources.values():
            missing = known.get("slips", {}).keys() - HINTS[number].keys()
            assert not missing, f"hints.toml lacks {missing} of {number}"


@pytest.mark.parametrize("number", exercises())
def test_solution_runs_and_passes_its_check(number):
    result = solved(number)
    before = torch.get_rng_state()
    for line, _ in exercises()[number].checks:
        start = time.perf_counter()
        verdict = eval(line, result)
        assert time.perf_counter() - start < 2
        assert (verdict.right, verdict.slip) == (True, None), verdict
    assert torch.equal(torch.get_rng_state(), before)  # later numbers do not change


@pytest.mark.parametrize("number", sorted(EXPECTED.keys() - NEED_MNIST))
def test_what_is_recorded_is_what_is_computed(number):
    digits = mc.load_mnist()
    recorded = EXPECTED[number]
    expected = recorded.get(digits[0].source) or recorded["any"]
    found = RECORDER["compute"](number, *digits)
    assert same(found, expected), f"run: python tools/expected.py {number}"


def same(found, expected):
    """Whether two of JSON's values are, floats to what processors differ by."""
    if isinstance(expected, dict):
        keys = found.keys() == expected.keys()
        return keys and all(same(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        pairs = zip(found, expected, strict=True)
        return len(found) == len(expected) and all(same(*pair) for pair in pairs)
    if isinstance(expected, float):
        return math.isclose(found, expected, abs_tol=1e-4)
    return found == expected


def test_an_answer_right_for_the_other_digits_is_right_and_told():
    answers = {source: known["right"] for source, known in EXPECTED["1.3"].items()}
    for source, answer in answers.items():
        verdict = mc.check("1.3", answer)
        assert verdict.right
        assert ("stand-in" in verdict) is (source == "standin")


def test_known_mistakes_are_named_for_either_digits():
    for known in EXPECTED["1.4"].values():
        assert mc.check("1.4", known["slips"]["mean"][0]).slip == "mean"
    right, wrong = EXPECTED["1.3"]["standin"]["right"][0], 0.123
    assert f"{wrong:.1%}" in mc.check("1.3", (right, wrong))  # the second is wrong


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
    assert "features.6 and features.13" in mc.check("2.5", bare)
    assert "ReLU" not in mc.check("2.5", answer_in("2.5", "model"))


def test_a_model_is_left_as_it_was():
    model = torch.nn.Sequential(mc.VGG(batch_norm=True), torch.nn.Dropout()).train()
    before = copy.deepcopy(model.state_dict())
    mc.check("2.4", model)
    assert all(part.training for part in model.modules())
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())


def pairs(table):
    return [(number, code) for number, codes in table.items() for code in codes]


@pytest.mark.parametrize(("number", "code"), pairs(ANSWERS["also_right"]))
def test_other_right_answers_pass(number, code):
    verdict = mc.check(number, answer_in(number, code))
    assert verdict.right, verdict


@pytest.mark.parametrize(("number", "code"), pairs(ANSWERS["wrong"]))
def test_wrong_answer_is_told_what_is_wrong(number, code):
    slip = ANSWERS["wrong"][number][code]
    verdict = mc.check(number, answer_in(number, code))
    assert (verdict.right, verdict.slip) == (False, slip), verdict


ODD = [
    *(None, "seven", "", "98,7", "nan", " -1e999 ", "9" * 300, "9" * 5_000, "{0} {a}"),
    *(True, 10**400, -1, float("nan"), object(), mc.VGG),
    *([], [None, None], [1, "two", 3], {"a": 1}),
    *(np.zeros((2, 3)), np.array(["a", "b"]), torch.zeros(5, device="meta")),
    *(torch.full((5, 1, 28, 28), torch.nan), torch.zeros(784)),
    *(torch.nn.Identity(), torch.nn.Linear(3, 4)),
]


@pytest.mark.parametrize("number", CHECKS)
def test_no_answer_raises(number):
    for answer in (*ODD, *[[item] * n for item in ODD for n in (2, 3, 5)]):
        verdict = mc.check(number, answer)
        assert not verdict.right
        assert verdict.slip in HINTS[number] | HINTS["all"]
        assert "\n" not in verdict


def test_a_tensor_that_learns_is_a_number():
    loss = torch.tensor(0.5, requires_grad=True)
    assert mc.check("3.2", [loss, loss]).slip == "other"


@pytest.mark.parametrize("exercise", ["9.9", 1.1, None, ["1.1"]])
def test_unknown_exercise(exercise):
    with pytest.raises(ValueError, match=r"one of \['1.1', '1.2', .*, got"):
        mc.check(exercise, 1)


def test_shows_without_quotes():
    verdict = mc.check("2.3", 22)
    assert isinstance(verdict, str)
    assert repr(verdict) == str(verdict) == "Right."
