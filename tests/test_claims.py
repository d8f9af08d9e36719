"""No number in the prose differs from what the code computes."""

import claims
import facts
import facts_mnist
import pytest
import register
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

FILES = [
    *(claims.ROOT / name for name in ("README.md", "GLOSSARY.md", "docs/home.md")),
    *sorted(claims.ROOT.glob("notebooks/*.ipynb")),
]
files = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def phrases_for(path):
    return register.SHARED | register.CLAIMS.get(path.stem, {})


@files
def test_numbers_are_those_computed(path):
    found, untold = claims.problems(claims.read(path), phrases_for(path))
    if found:
        pytest.fail("\n\n".join(found), pytrace=False)
    if untold:
        pytest.skip(f"MNIST is not here: {untold} claims not checked, all others hold")


@files
def test_a_changed_number_is_noticed(path):
    """Two more in the last digit: all are seen in a page, most in a notebook.

    There, some others are printed, too; a line in the register makes it certain.
    """
    document, phrases = claims.read(path), phrases_for(path)
    missed, total = [], 0
    for passage in document.passages:
        for number in claims.numbers(passage.text):
            if claims.states_something(passage.text, number):
                after = passage.text[number.start + len(number.text) :]
                value = number.value + 2 * 10**-number.decimals
                text = (
                    f"{passage.text[: number.start]}{value:,.{number.decimals}f}{after}"
                )
                changed = document._replace(passages=[passage._replace(text=text)])
                found, untold = claims.problems(changed, phrases)
                if untold and not found:
                    continue
                total += 1
                missed += [] if found else [f"{number.text}{after[:20]}"]
    assert total
    assert len(missed) <= (0 if path.suffix == ".md" else 0.1 * total), missed


def test_every_line_of_the_register_fits_somewhere():
    texts = {p.stem: [q.text for q in claims.read(p).passages] for p in FILES}
    everything = [text for part in texts.values() for text in part]
    for name, phrases in {**register.CLAIMS, None: register.SHARED}.items():
        for phrase in phrases:
            fits = claims.pattern(phrase).search
            assert any(map(fits, texts[name] if name else everything)), phrase


@pytest.mark.parametrize(
    ("model", "compute"),
    [("VGG", facts_mnist.vgg), ("nearest mean digit", facts_mnist.nearest_mean)],
)
def test_recorded_run_is_that_of_the_shipped_weights(model, compute):
    try:
        assert facts.recorded(model) == pytest.approx(compute())
    except claims.NeedsMnist:
        pytest.skip("MNIST is not here")


def test_recorded_run_of_long_is_that_of_the_shipped_weights():
    try:
        score = facts_mnist.moved(recipe="long")
    except claims.NeedsMnist:
        pytest.skip("MNIST is not here")
    assert facts.recorded_long()[1] == pytest.approx(score)


# The check itself

PHRASES = {"{} parameters": lambda: 19_610, "{} of {} photos": lambda: (2, 10)}


def problems_in(text, printed="accuracy 98.72%, 27 of 128", code="steps = 300"):
    output = new_output("stream", name="stdout", text=printed)
    cells = [
        new_markdown_cell("## One", id="one"),
        new_code_cell(code, outputs=[output], id="code"),
        new_markdown_cell(text, id="two"),
    ]
    return claims.problems(claims.parse("notebooks/99.ipynb", cells), PHRASES)[0]


def test_a_wrong_claim_is_named_with_both_numbers():
    (message,) = problems_in("It has 19,710 parameters.")
    for part in ("notebooks/99.ipynb", "cell two", "19,710", "19,610"):
        assert part in message
    (message,) = problems_in("It reads three of ten photos.")
    assert "claims three, ten, computed: 2, 10" in message


def test_an_unregistered_claim_is_named_with_what_to_do():
    (message,) = problems_in("It gets **98.9 %** right.")
    for part in ("notebooks/99.ipynb", "cell two", "98.9 %", "98.72 comes closest"):
        assert part in message
    assert 'tests/register_notebooks.py: "It gets {} % right."' in message
    page = claims.parse("README.md", [new_markdown_cell("It gets 98.9 % right.")])
    assert 'tests/register.py: "It gets {} % right."' in claims.problems(page, {})[0][0]


def test_the_cell_that_installs_may_hold_what_is_no_python():
    cells = [
        new_code_cell("steps = 301\n%pip install mnist-cnn", id="setup"),
        new_markdown_cell("after 301 steps", id="one"),
    ]
    assert claims.problems(claims.parse("notebooks/99.ipynb", cells), {})[0]


@pytest.mark.parametrize(
    "text",
    [
        "19,610 parameters",
        "two of ten photos",
        "98.72 %, or 98.7 %, or 99 %, or 0.987",
        "27 of the 128",
        "after 300 steps",
        "Notebook 3, step 2, a 3x3 kernel, VGG-16, Conv2d, in 2014, arXiv:1409.1556",
        "`lr=0.125`, [link](https://host/12345), ![](98.9.png)\n```python\nx = 77\n```",
        "| **Running** | under 55 seconds |",
    ],
)
def test_what_holds_or_states_nothing_passes(text):
    assert problems_in(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "98.71 %",  # not what is printed
        "98.720 %",  # more than is printed
        "98.72",  # no percent
        "98 %",
        "0.99 %",
        "28 of 128",
        "26 of 128",
        "128.0",
        "128 %",
        "301 steps",
        "300 %",
        "## Two\n\nIn another section, 27",
        "four trainings",
        "nine in ten",
        "4 mistakes",
        "| **Notes** | 55 seconds |",
        "![98.9 % of them](images/x.png)",
        '<img src="x.png" alt="98.9 % of them">',
    ],
)
def test_what_does_not_hold_is_found(text):
    assert problems_in(text)


def test_without_mnist_a_claim_is_counted_not_failed():
    def needs_mnist():
        raise claims.NeedsMnist

    document = claims.parse("README.md", [new_markdown_cell("98.72 % right")])
    assert claims.problems(document, {"{} % right": needs_mnist}) == ([], 1)


def test_the_longest_phrase_decides():
    document = claims.parse("README.md", [new_markdown_cell("all 75 images")])
    short, long = {"{} images": lambda: 75}, {"all {} images": lambda: 76}
    assert claims.problems(document, short)[0] == []
    assert len(claims.problems(document, short | long)[0]) == 1
    assert len(claims.problems(document, long | short)[0]) == 1
