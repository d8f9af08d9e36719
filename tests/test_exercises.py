"""The exercises: each solution runs, and each check knows right from wrong."""

import copy
import json
import os
import re
import runpy
import subprocess
import symtable
import sys
import time
import tomllib
from functools import cache
from types import SimpleNamespace

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from pages import MEND, NOTEBOOKS, ROOT, fail_with, markdown

import mnist_cnn as mc
from mnist_cnn.exercises import EXPECTED, HINTS
from mnist_cnn.exercises.desk import QUESTIONS
from mnist_cnn.exercises.table import CHECKS

ANSWERS = tomllib.loads((ROOT / "tests" / "answers.toml").read_text("utf-8"))
RECORDER = runpy.run_path(str(ROOT / "tools" / "expected.py"))
# What a learner sees, or does not: Matplotlib reads torch's images in an old way
pytestmark = [
    pytest.mark.filterwarnings("ignore::mnist_cnn.StandinWarning"),
    pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning"),
]
CHECK = re.compile(r'`(mc\.check\("([^"]+)", .+\))`')
NEED_MNIST = {"11.2"}  # no label of the stand-in is in doubt


@pytest.fixture(scope="module", autouse=True)
def one_copy_of_the_digits():
    """For all notebooks; else they would hold a gigabyte."""
    load = cache(mc.load_mnist)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mc, "load_mnist", lambda *_: load())
        yield
    namespace.cache_clear()
    solved.cache_clear()


@cache
def exercises():
    """By number, such as "1.2": the heading, the check, the solution's code."""
    found = {}
    for path in (*NOTEBOOKS, MEND):  # of which the last is nothing but exercises
        text = markdown(path).split("## Exercises")[-1]
        if path != MEND:  # notebook 11 goes on below its exercises
            text = re.split("^## ", text, flags=re.MULTILINE)[0]
        own = "mend" if path == MEND else int(path.name[:2])
        _, *parts = re.split(r"^(?:\*\*|## )(\d)\. ", text, flags=re.MULTILINE)
        for number, part in zip(parts[::2], parts[1::2], strict=True):
            question, *solutions = part.split("<details>")
            found[f"{own}.{number}"] = SimpleNamespace(
                path=path,
                heading=question.partition("**")[0],
                checks=CHECK.findall(question),
                solutions=solutions,
                code=re.findall(r"```python\n(.+?)```", part, re.DOTALL),
            )
    return found


def names(code):
    """The global names that code defines, and those it uses."""
    top = symtable.symtable(code, "cell", "exec")
    symbols, inner = top.get_symbols(), top.get_children()
    defined = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
    used = {s.get_name() for s in symbols if s.is_referenced()}
    for table in inner:  # grows meanwhile
        used |= {s.get_name() for s in table.get_symbols() if s.is_global()}
        inner.extend(table.get_children())
    return defined, used


def code_cells(path):
    """The code of a notebook, but for the setup: only IPython can read that."""
    found = nbformat.read(path, as_version=4).cells
    return [c.source for c in found if c.cell_type == "code" and c.id != "setup"]


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
    for cell in reversed(code_cells(path)):
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


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_lead_from_warm_up_to_open(path):
    own = {n: e for n, e in exercises().items() if e.path == path}
    first, *_, last = own.values()
    assert first.heading.startswith("Warm-up")
    assert last.heading.startswith("Open")
    for number, exercise in own.items():
        (solution,) = exercise.solutions
        assert "<summary>Solution</summary>" in solution
        assert [name for _, name in exercise.checks] in ([], [number])


def test_every_check_is_named_has_hints_and_is_tested():
    hints = [n for n in exercises() if len(HINTS.get(n, {}).get("hints", ())) < 2]
    fail_with([f"hints.toml: too few hints for {n}" for n in hints], "Two or more.")
    named = [name for e in exercises().values() for _, name in e.checks]
    typed = ANSWERS["wrong"].keys()
    places = {
        "table.py": CHECKS.keys(),
        "hints.toml": {n for n, texts in HINTS.items() if texts.keys() != {"hints"}},
        "answers.toml": typed,
    }
    wrong = [
        f"{file}: lacks {lacking}, or has what no notebook names"
        for file, entries in places.items()
        if (lacking := {*named} ^ (entries - {"all"}))
    ]
    slips = [
        (n, known.get("slips", {})) for n, s in EXPECTED.items() for known in s.values()
    ]
    for number, known in slips:
        missing = known.keys() - HINTS.get(number, {}).keys()
        wrong += [f"hints.toml: lacks {missing} of {number}"] * bool(missing)
    fail_with(wrong, "mnist_cnn/exercises/__init__.py says what an exercise needs.")


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
    assert found == nearly(expected), f"run: python tools/expected.py {number}"


def nearly(value):
    """One of JSON's values, with floats to what processors differ by."""
    if isinstance(value, dict):
        return {name: nearly(item) for name, item in value.items()}
    if isinstance(value, list):
        return [nearly(item) for item in value]
    return pytest.approx(value, abs=1e-4) if isinstance(value, float) else value


@pytest.mark.parametrize("source", ["mnist", "standin"])
def test_either_digits_give_the_right_answer(source):
    right = mc.check("1.3", EXPECTED["1.3"][source]["right"])
    assert right.right
    assert ("stand-in" in right) is (source == "standin")
    known_mistake = EXPECTED["1.4"][source]["slips"]["mean"][0]
    assert mc.check("1.4", known_mistake).slip == "mean"


def test_the_part_that_is_wrong_is_named():
    right, wrong = EXPECTED["1.3"]["standin"]["right"][0], 0.123
    assert f"{wrong:.1%}" in mc.check("1.3", (right, wrong))


def without_clear(loop):
    """The same loop, where zero_grad does nothing."""

    def forgetful(*batch):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch.optim.Adam, "zero_grad", lambda self: None)
            return loop(*batch)

    return forgetful


def with_layers(model, **settings):
    """The model with other convolutions in the places of the pools."""
    model = copy.deepcopy(model)
    for i in (6, 13):
        model.features[i] = torch.nn.Conv2d(16, 16, **settings)
    return model


def answer_in(number, code):
    """What a learner's code gives after the solution."""
    helpers = {"with_layers": with_layers, "without_clear": without_clear}
    return eval(code, solved(number) | helpers)


def test_a_convolution_without_relu_is_named():
    bare = answer_in("3.3", "with_layers(model, kernel_size=2, stride=2)")
    assert "features.6 and features.13" in mc.check("3.3", bare)
    assert "ReLU" not in mc.check("3.3", answer_in("3.3", "model"))


def test_a_model_is_left_as_it_was():
    model = torch.nn.Sequential(mc.VGG(batch_norm=True), torch.nn.Dropout()).train()
    before = copy.deepcopy(model.state_dict())
    mc.check("3.2", model)
    assert all(part.training for part in model.modules())
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())


def typed_answers():
    """Number, code and slip of each; no slip where it is right."""
    for number, codes in ANSWERS["wrong"].items():
        yield from ((number, code, slip) for code, slip in codes.items())
    for number, codes in ANSWERS["also_right"].items():
        yield from ((number, code, None) for code in codes)


@pytest.mark.parametrize(("number", "code", "slip"), [*typed_answers()])
def test_answers_are_judged(number, code, slip):
    verdict = mc.check(number, answer_in(number, code))
    assert (verdict.right, verdict.slip) == (slip is None, slip), verdict


ODD = [
    *(None, "seven", "", "98,7", "nan", " -1e999 ", "9" * 5_000, True, 10**400, -1),
    *(float("nan"), mc.VGG, [], [None, None], [1, "two", 3], {"a": 1}, "62250 in all"),
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
        assert len(verdict) < 400
        assert "62,250" not in verdict  # the answer to 2.2


@pytest.mark.parametrize("exercise", ["9.9", "10.2", None, ["1.1"], ""])
def test_unknown_exercise(exercise):
    there = "has no check; try 10.1, 10.3" if exercise == "10.2" else "does not exist"
    with pytest.raises(ValueError, match=there):
        mc.check(exercise, 1)


def test_forgotten_brackets_and_quotes_do_no_harm():
    right = EXPECTED["1.1"]["mnist"]["right"]
    for verdict in (mc.check("1.1", *right), mc.check(1.1, right)):
        assert verdict.right, verdict
    assert "got nothing" in mc.check("1.1")


def test_hints_go_from_the_first_to_the_last_and_stay_there():
    count = len(HINTS["3.2"]["hints"])
    said = [mc.hint("3.2") for _ in range(count + 1)]
    assert [text[: text.index(":")] for text in said[:-1]] == [
        f"Hint {i} of {count}" for i in range(1, count + 1)
    ]
    assert said[-1] == said[-2]
    assert mc.hint(6.2).startswith("Hint 1")  # an exercise without a check


@pytest.mark.parametrize("writable", [True, False])
def test_progress_is_kept_or_says_that_it_is_not(writable, tmp_path):
    """From one kernel to the next, where the folder can be written."""
    folder = tmp_path / "place" / "state"
    (tmp_path / "place").mkdir() if writable else (tmp_path / "place").touch()
    settings = {"MNIST_CNN_STATE": str(folder), "PYTHONIOENCODING": "utf-8"}
    told = ""
    for solution in ("'4.2', 0.7, 0.6", "'2.2', 22"):
        code = f"import mnist_cnn as mc; mc.check({solution}); print(mc.progress())"
        told = subprocess.check_output(
            [sys.executable, "-c", code], env=os.environ | settings, encoding="utf-8"
        )
    assert "2.2 ✓" in told
    assert ("4.2 ✓" in told) is writable
    assert ("Kept until the kernel stops" in told) is not writable


def test_questions_have_one_right_choice_and_say_what_each_reveals():
    for name, asked in QUESTIONS.items():
        assert asked["choices"].keys() == asked["reveals"].keys() == {*"abc"}, name
        right = [k for k, told in asked["reveals"].items() if told[:7] == "Right. "]
        assert right == [asked["right"]], name


def test_questions_are_asked_counted_explained_and_kept(tmp_path):
    letters = [asked["right"] for asked in QUESTIONS.values()]
    wrong = ["b" if letters[0] == "a" else "a", *letters[1:]]
    assert all(asked["question"] in mc.questions() for asked in QUESTIONS.values())
    assert mc.questions(" ".join(letters)).count(". Right. ") == 12
    told = mc.questions("".join(wrong))
    assert next(iter(QUESTIONS.values()))["reveals"][wrong[0]] in told
    assert mc.questions("".join(wrong), tmp_path / "before.json")[:8] == "11 of 12"
    kept = json.loads((tmp_path / "before.json").read_text("utf-8"))
    assert (kept["when"], kept["right"]) == ("before", [*QUESTIONS][1:])
    assert kept["answers"] == dict(zip(QUESTIONS, wrong, strict=True))
    with pytest.raises(ValueError, match="12 letters"):
        mc.questions("abc")


def test_shows_without_quotes():
    verdict = mc.check("2.2", 22)
    assert repr(verdict) == str(verdict) == "Right."
