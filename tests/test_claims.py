"""Numbers in the prose are those of outputs, of code, or of recorded results.

A number of three digits or more, or with a % sign, stands in an output or in the code
of its own ``##`` section, as committed: nothing is computed here. It may also be

- a size of the series (``SIZES`` of ``register.py``), or covered by a phrase there;
- part of a line that computes it on paper, "16 x 9 + 1 = 145", which is evaluated;
- said in round words: "about 60 %".

98.7 % holds where 98.73 % or 0.9873 is printed. Years, names, durations, what stands in
`code` and in addresses are no claims.
"""

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from pages import MEND, NOTEBOOKS, ROOT
from register import PHRASES, SIZES

import mnist_cnn as mc
from mnist_cnn.sources.mnist import Unavailable

PAGES = [ROOT / name for name in ("README.md", "GLOSSARY.md", "docs/home.md")]
PROSE = [*PAGES, *NOTEBOOKS, MEND, ROOT / "docs" / "speed.ipynb"]
STUDIES = sorted(ROOT.glob("mnist_cnn/studies/*.json"))

# No part of a name (Conv2d, VGG-16) or a longer number; the second 28 of 28x28 is one
FIGURE = (
    r"(?:(?<![\w.])(?<![A-Za-z]-)|(?<=\dx))"
    r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:e-?\d+)?(?!\.?\d)"
)
NUMBER = re.compile(FIGURE)
PERCENT = re.compile(rf"\s?%|,? (?:to|and|or) {FIGURE}\s?%")
LEFT = rf"√{FIGURE}|\(*{FIGURE}(?:(?: (?://|[-+x\xd7/\u2212]) |x)\(*{FIGURE}\)*)+"
PAPER = re.compile(rf"({LEFT}) (?:=|is) (?:about )?({FIGURE})")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NO_CLAIMS = re.compile(
    r"\b(?:19|20)\d\d\b(?!,\d)|arXiv:[\d.]+|95 % interval|100 %"
    r"|\| (?:Reading|Running) \|[^|]*|\d+ min \| \d+ s"
)


class Number(NamedTuple):
    """A number in a text: where, how large, and whether in percent."""

    start: int
    text: str
    value: Decimal
    percent: bool

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def is_claim(self) -> bool:
        return self.percent or sum(map(str.isdigit, self.text)) >= 3

    def is_round(self) -> bool:
        """One digit beside zeros, or a 5 behind it: 60, 2,000, 0.5, 15."""
        digits = self.text.replace(",", "").replace(".", "").strip("0")
        return len(digits) == 1 or (len(digits) == 2 and digits[1] == "5")

    def states(self, value: Decimal | float) -> bool:
        """Whether ``value`` is this, as far as it is written; a count is exact."""
        value, unit = Decimal(value), self.value.as_tuple().exponent
        if unit == 0 and not self.percent:
            return value == self.value
        known = value.as_tuple().exponent <= unit or value == self.value
        return known and 2 * abs(value - self.value) <= Decimal(10) ** unit


class Passage(NamedTuple):
    """The prose of one cell in one section, and all numbers of that section's code."""

    place: str
    text: str
    shown: list[Number]


def numbers(text: str) -> Iterator[Number]:
    for match in NUMBER.finditer(text):
        value, percent = match[0].replace(",", ""), PERCENT.match(text, match.end())
        yield Number(match.start(), match[0], Decimal(value), bool(percent))


def visible(markdown: str) -> str:
    """The text on one line, without code, addresses, tags and emphasis."""
    text = re.sub(r"`[^`]+`", "`code`", FENCE.sub("", markdown))
    text = re.sub(r"!?\[([^\[\]]*)\]\([^)]*\)", r"\1", text)  # a picture, a link
    text = re.sub(r"\[([^\[\]]*)\]\([^)]*\)", r"\1", text)  # a link around a picture
    text = re.sub(r'<img [^<>]*alt="([^"]*)"[^<>]*>', r"\1", text)
    return " ".join(re.sub(r"<[^<>]+>|\*", "", text).split())


def passages(path: Path) -> list[Passage]:
    """A page by its headings, or a notebook by its cells."""
    name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        return take_apart(name, nbformat.reads(text, as_version=4).cells)
    parts = re.split(r"^#+ (.*)", FENCE.sub("", text), flags=re.MULTILINE)[1:]
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [Passage(f"{name}, {title}", visible(part), []) for title, part in pairs]


def take_apart(name: str, cells: list[nbformat.NotebookNode]) -> list[Passage]:
    """Prose cell by cell; cells of a section share one list of what its code shows."""
    found, shown = [], []
    for cell in cells:
        if cell.cell_type == "code":
            outputs = (o.get("text") or o.data.get("text/plain") for o in cell.outputs)
            shown.extend(numbers(re.sub(r"(?<=\d)_(?=\d)", "", cell.source)))
            for text in outputs:
                shown.extend(numbers(re.sub("<Figure.*", "", text)))
            continue
        for part in re.split(r"^(?=## )", cell.source, flags=re.MULTILINE):
            shown = [] if part.startswith("## ") else shown
            found.append(Passage(f"{name}, cell {cell.id}", visible(part), shown))
            shown.extend(n for _, code in FENCE.findall(part) for n in numbers(code))
    return found


def problems(passage: Passage) -> Iterator[str]:
    """What is wrong with a passage, each in two lines: where and what, and the cure."""
    held = [m.span() for m in NO_CLAIMS.finditer(passage.text)]
    for match in PAPER.finditer(passage.text):
        (claim,), result = numbers(match[2]), on_paper(match[1])
        held.append(match.span())
        if not claim.states(result):
            yield f'{passage.place}: "{match[0]}", computed: {result:g}\nCorrect it.'
    for phrase, values in PHRASES.items():
        for match in pattern(phrase).finditer(passage.text):
            held.append(match.span())
            places = [start for start, _ in match.regs[1:]]
            claims = [n for n in numbers(passage.text) if n.start in places]
            pairs = zip(claims, values, strict=True)
            if not all(n.states(round(value, 9)) for n, value in pairs):
                known = [round(value, 4) for value in values]
                yield (
                    f'{passage.place}: "{match[0]}", recorded: {known}\n'
                    "Correct the text, or its phrase in tests/register.py."
                )
    for n in numbers(passage.text):
        if n.is_claim() and not (
            any(start <= n.start < end for start, end in held)
            or any(n.states(round(size, 9)) for size in SIZES)
            or (n.is_round() and passage.text[: n.start].lower().endswith("about "))
            or any(shows(other, n) for other in passage.shown)
        ):
            around = passage.text[max(0, n.start - 40) : n.end + 20]
            yield (
                f'{passage.place}: {n.text} in "...{around}..." stands in no output or '
                "code of its section.\nPrint it there, say it in round words (about "
                "60 %), or add a phrase to tests/register.py."
            )


def on_paper(left: str) -> float:
    """What the left side of a worked line gives."""
    left = left.replace(",", "").replace("\u2212", "-")
    if left.startswith("√"):
        return math.sqrt(float(left[1:]))
    left = left[left.count("(") - left.count(")") :]  # those around the whole line
    return eval(re.sub("[x\xd7]", "*", left))  # numbers and signs alone, by PAPER


def pattern(phrase: str) -> re.Pattern[str]:
    """A phrase as a regular expression; {} is a number."""
    return re.compile(f"({FIGURE})".join(map(re.escape, phrase.split("{}"))))


def shows(printed: Number, claim: Number) -> bool:
    """Whether a number of the code is the claim; 82.0 % and 0.820 are the same."""
    if not claim.percent or printed.percent:
        return claim.states(printed.value)
    fraction = "." in printed.text  # else any 5 of the code would be 5 %
    return fraction and any(claim.states(k * printed.value) for k in (1, 100))


@pytest.mark.parametrize("path", PROSE, ids=lambda path: path.stem)
def test_numbers_stand_in_their_section(path):
    found = [problem for passage in passages(path) for problem in problems(passage)]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_every_phrase_fits_somewhere_and_they_are_few():
    texts = [passage.text for path in PROSE for passage in passages(path)]
    unused = [p for p in PHRASES if not any(map(pattern(p).search, texts))]
    if unused:
        pytest.fail(
            f"tests/register.py: {unused} fit no text.\nWrite them (a row of results: "
            "into the table of README.md), or take them out of there.",
            pytrace=False,
        )
    assert len(PHRASES) <= 50


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("It reads 98.7 %, or 98.73 %, of 9,873; 7 of them", True),
        ("It reads 98.8 %", False),
        ("It reads 98.734 %", False),  # more digits than were printed
        ("1,230 steps of 0.05, so 5 %", True),
        ("1,231 steps", False),
        ("\n## Next\nIt reads 98.7 %", False),  # another section
        ("about 60 %, not about 61 %", False),
        ("16 x (16 x 9) + 16 = 2,320, and √450 is about 21.2", True),
        ("16 x 9 + 1 = 154", False),
        ("In 2014, VGG-19 took `512` ([arXiv:1409.1556](a.org/4096))", True),
    ],
)
def test_what_holds(text, holds):
    output = new_output("stream", text="right: 0.9873 of 9,873\n")
    code = new_code_cell("steps, rate = 1_230, 0.05", outputs=[output])
    found = take_apart("x.ipynb", [code, new_markdown_cell(text)])
    assert holds == (not [p for passage in found for p in problems(passage)])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("page", ["README.md", "docs/teaching.md"])
def test_pages_have_the_times_of_the_notebook(path, page):
    rows = re.findall(
        r"\*\*(?:Reading|Running)\*\* \|\D*(\d+)", path.read_text("utf-8")
    )
    (line,) = (
        line
        for line in (ROOT / page).read_text("utf-8").splitlines()
        if " s |" in line and f"/notebooks/{path.stem}." in line
    )
    assert "| {} min | {} s |".format(*rows) in line


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_says_how_it_was_made(path):
    program, script, *_ = mc.load_study(path.stem)["command"].split()
    assert (program, script) == ("make", "weights") or (ROOT / script).is_file()


def test_recorded_results_are_those_of_the_shipped_weights():
    try:
        train, test = mc.load_mnist(source="mnist")
    except Unavailable:
        pytest.skip("MNIST is not here")
    models = {
        "nearest mean digit": mc.NearestMean(train),
        "VGG": mc.load(),
        "VGG, long recipe": mc.load(recipe="long"),
    }
    for name, model in models.items():
        row = mc.load_study("results")["mnist"][name]
        accuracy = mc.evaluate(model, test).accuracy
        ends = mc.accuracy_interval(round(accuracy * len(test)), len(test))
        recorded = row["accuracy"], *row["interval"]
        assert recorded == pytest.approx((accuracy, *ends)), name
