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

import mnist_cnn as mc
from mnist_cnn import checks
from mnist_cnn.checks import CHECKS
from mnist_cnn.data import load_mnist

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
# What a learner sees, or does not: Matplotlib reads torch's images in an old way
pytestmark = [
    pytest.mark.filterwarnings("ignore::mnist_cnn.StandinWarning"),
    pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning"),
]
CHECK = re.compile(r'`(mc\.check\("([^"]+)", .+\))`')

# Plausible answers that are wrong, in the words of a learner whose other names are
# those of the solution, and what each must be told
WRONG = {
    "1.1": {
        "(least, most)": "the other way round",
        "(3, least)": "the 3 holds 0.1",
        "(most, 7)": "the 7 holds 0.1",
        "most": "expected two digits, with the most ink and with the least, got int",
    },
    "1.2": {
        "zeros[far.argsort()[:5]]": "these are the nearest",
        "train.images[(train.images - means[0]).square().sum((1, 2, 3)).topk(5)[1]]": (
            "farther than any 0"
        ),
        "zeros[:5]": "and five zeros lie",
        "far.argsort(descending=True)[:5]": "got Tensor of shape (5,)",
    },
    "1.3": {
        "[mc.evaluate(model, d).accuracy for d in (test, shifted)]": (
            "on centred digits is the score with no images blurred"
        ),
        "[mc.evaluate(soft, d).accuracy for d in (test, shifted)]": (
            "on centred digits is the score with only training images blurred"
        ),
        "(centred, centred)": "on moved digits is not what a blur by 3x3 gives",
        "(100 * centred, 100 * moved)": "in percent, so divide by 100",
        "(centred, mc.evaluate(soft, blurred(mc.Digits(test.images.roll(-2, 3), "
        "test.labels))).accuracy)": "the score after a move to the left, not to the",
    },
    "1.4": {
        "1.0": "search among the training images",
        "mc.evaluate(model, some).accuracy": "is the score of the nearest mean",
        "0.5": "50.0% is not the score",
        "962": "that is a count, so divide by all of them",
    },
    "2.1": {
        "kernel": "still finds vertical edges",
        "-kernel.T": "ink below gives -3, above 3: the first should be above 0",
        "kernel.T + 1": "no edge, it gives 9, not 0",
        "kernel + kernel.T": "each column must sum to 0",
        "kernel.T.flatten()[:3]": "got Tensor of shape (3,)",
    },
    "2.2": {
        "19_610": "that is with 16 filters",
        "2 * 19_610": "twice the channels",
        "on_paper - 6 * 32 - 10": "the biases are missing",
        "on_paper - 10": "the ten biases of the linear layer",
        "32 * 9 + 32 + 5 * (32 * 32 * 9 + 32) + 784 * 10 + 10": "32 x 7 x 7 features",
        "6 * (32 * 32 * 9 + 32) + 32 * 49 * 10 + 10": "the first layer reads one",
        "50_000": "there are more",
    },
    "2.3": {
        "28": "28 would be right with padding 1",
        "26": "after one layer",
        "25": "one on either side",
        "14": "14 is not three frames less than 28",
        "(22, 28)": "got 22 and 28",
    },
    "2.4": {
        "mc.VGG()": "there still is a pool, features.6 and features.13",
        "with_layers(model, kernel_size=2)": "16x26x26, 10,816 numbers",
        "mc.linear_baseline()": "expected eight convolutions, two of them new, got 0",
        "21_690": "expected a model, got int",
    },
    "3.1": {
        "[-p for p in prices]": "a minus is missing",
        "[-math.log10(p) for p in (0.5, 0.9, 0.99)]": "not to base 10",
        "[-math.log2(p) for p in (0.5, 0.9, 0.99)]": "not to base 2",
        "[0.5, 0.1, 0.01]": "that is 1 - p",
        "prices[::-1]": "-ln(0.5) is not 0.01",
        "prices[0]": "expected three losses, at 0.5, 0.9 and 0.99, got 0.69",
    },
    "3.2": {
        "(0.3, by_adam)": "SGD: 0.3 is uphill",
        "(by_sgd, 0.4)": "Adam: 0.4 is uphill",
        "(by_sgd, by_sgd)": "that is SGD's step",
        "(by_adam, by_adam)": "not by its sign",
        "(0.2, 0.1)": "the move, not the weight after it",
    },
    "3.3": {
        "losses": "zero_grad() was there",
        "[losses[0]] * 200": "no optimizer.step(), or an optimizer made for another",
        "[0.02, *broken_losses[1:]]": "begin with a new model",
        "broken_losses[-1]": "expected the list of 200 losses",
    },
    "3.4": {
        "[2.30] * 300": "2.30 is the plateau",
        "sgd_losses[:250] + [math.nan] * 50": "got nan",
    },
    "4.1": {
        "(~right).sum()": "those are all mistakes",
        "second / (~right).sum()": "how many",
        "(~right).sum() - second": "farther down",
        "second + right.sum()": "counts the right answers, too",
        "second + 1": "mistakes of the package's weights",
    },
    "4.2": {
        "(recall_7, precision_7)": "the precision divides by how many were called a 7",
        "(precision_7, right.float().mean())": "the recall is not",
        "(100 * precision_7, 100 * recall_7)": "in percent",
    },
    "4.3": {
        "[0.1, 0.1, 0.1]": "take the largest",
        "[confidences[0], 7.5, 9.1]": "the softmax is missing, or it is in percent",
        "confidences[::-1]": "is for mirrored digits, not for blank paper",
        "[0.3, *confidences[1:]]": "confidence for blank paper is not 0.300",
    },
    "4.4": {
        "(only_means, only_network)": "the network's count comes first",
        "(right.sum(), only_means)": "for the network, is its whole score",
        "(only_network, means_right.sum())": "for the means, is its whole score",
        "((right & means_right).sum(), 0)": "is how many the other reads, too",
        "((~means_right).sum(), only_means)": "not the count of what it alone reads",
        "((~right).sum(), only_means)": "is the count of its mistakes",
        "only_network": "expected two counts",
    },
    "4.5": {
        "484 - changed": "that change nothing",
        "changed + 1": "of the 22 x 22, with the package's",
    },
    "5.1": {
        "by_hand[1:]": "the ink begins in row 4 and column",
        "mc.to_mnist(photos / '3.jpg').roll(-5, 1).roll(5, 2)": "the ink begins in row",
        "box": "got ndarray of shape (20, 14)",
        "corner * 255": "with ink from 0 to 1",
        "torch.nn.functional.pad(torch.tensor(mc.to_mnist(photos / '5.jpg', steps=True)"
        "[1]['box']), (0, 13, 0, 8))": "more like the box of photo 5",
        "torch.nn.functional.pad(torch.tensor(mc.to_mnist(photos / '8.jpg', steps=True)"
        "[1]['box']), (0, 16, 0, 8))": "more like the box of photo 8",
    },
    "5.2": {
        "7": "7 is what it is taken for",
        "8": "the 8 is still read as 8",
        "[1]": "expected a digit, got a list of 1",
    },
    "5.3": {
        "(answered[:3], lost)": "empty gets 1.0000, so it is answered",
        "([*answered, '42'], lost)": "42 gets 0.88",
        "([*answered, 'yellow'], lost)": "yellow: no ink found",
        "(answered, 0)": "look at the 1, with 0.98",
        "(answered, 9)": "those are answered",
        "('heart', 1)": "got str for the list",
    },
    "6.1": {
        "96": "a scale and a shift",
        "32": "after one convolution",
        "added + 192": "are not trained",
        "19_802": "the network's own included",
        "100": "not two numbers a channel",
    },
    "6.3": {
        "math.ceil((s / 0.02) ** 2)": "both means are uncertain",
        "math.ceil(2**0.5 * s / 0.02)": "so square",
        "10_000": "the standard error is 0.0023 points, and fewer do",
        "135": "the standard error is 0.0200 points",
        "128": "0.16 is rounded",
        "0": "0 is no number of seeds",
    },
}

# Other right answers than those of the solutions
ALSO_RIGHT = {
    "1.1": ["torch.tensor([most, least])", "[float(most), float(least)]"],
    "1.2": ["five_images.flip(0).numpy()"],
    "1.3": ["(round(centred, 3), round(moved, 3))"],
    "2.1": ["[[-1, -2, -1], [0, 0, 0], [1, 2, 1]]", "kernel.T.reshape(1, 1, 3, 3) / 9"],
    "2.4": ["with_layers(model, kernel_size=3, stride=2, padding=1)"],
    "3.1": ["[0.69, 0.11, 0.01]"],
    "2.3": ["(22, 22)"],
    "5.1": [
        "torch.nn.functional.pad(torch.tensor(jagged), (0, 14, 0, 8))",
        "torch.nn.functional.pad(torch.tensor(mc.to_mnist(photos / '3.jpg', steps=True)"
        "[1]['box']), (0, 13, 0, 8))",
    ],
    "4.2": ["(round(precision_7.item(), 3), round(recall_7.item(), 3))"],
    "4.3": ["[round(c.item(), 2) for c in confidences]"],
    "4.4": ["torch.stack([only_network, only_means])"],
    "5.3": ["(set(answered), torch.tensor(lost))"],
}


@pytest.fixture(scope="module", autouse=True)
def one_copy_of_the_digits():
    """For all notebooks and checks; else they would hold a gigabyte."""
    with pytest.MonkeyPatch.context() as patch:
        load = cache(mc.load_mnist)
        patch.setattr(mc, "load_mnist", load)
        patch.setattr(checks, "load_mnist", load)
        yield
    namespace.cache_clear()
    solved.cache_clear()


def cells(path, kind):
    notebook = nbformat.read(path, as_version=4)
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


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
    bare = answer_in("2.4", "with_layers(model, kernel_size=2, stride=2)")
    assert "no nn.ReLU follows features.6 and features.13" in mc.check("2.4", bare)
    assert "nn.ReLU" not in mc.check("2.4", answer_in("2.4", "model"))


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


def test_stand_in_is_not_announced_again(monkeypatch, tmp_path):
    monkeypatch.setenv("MNIST_CNN_OFFLINE", "1")
    monkeypatch.setenv("MNIST_CNN_DATA", str(tmp_path))
    monkeypatch.setattr(checks, "load_mnist", load_mnist)
    monkeypatch.setattr(checks, "latest", {"root": None, "source": "auto"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train, _ = checks.digits()
    assert train.source == "standin"


def test_checks_use_the_digits_that_were_loaded(monkeypatch):
    monkeypatch.setattr(checks, "load_mnist", load_mnist)
    for name, value in checks.latest.items():
        monkeypatch.setitem(checks.latest, name, value)  # and back to what it was
    load_mnist(source="standin")
    assert checks.digits()[0].source == "standin"


def test_answers_are_those_of_the_digits_loaded_last(monkeypatch, digits, few):
    loaded = {"one": digits, "other": few}
    monkeypatch.setattr(checks, "latest", {"root": None, "source": "one"})
    monkeypatch.setattr(checks, "load_mnist", lambda source, **_: [loaded[source]] * 2)
    before = checks.mean_ink()
    checks.latest["source"] = "other"
    assert checks.mean_ink() != before
    checks.latest["source"] = "one"
    assert checks.mean_ink() is before


def test_shows_without_quotes():
    verdict = mc.check("2.3", 22)
    assert isinstance(verdict, str)
    assert repr(verdict) == "Right."
