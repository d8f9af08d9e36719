"""Finds the numbers that the prose states, and checks each against what it rests on.

A number in README.md, GLOSSARY.md, docs/home.md or a notebook's markdown holds when

1. a phrase of ``register.py`` or ``register_notebooks.py`` covers it, and the function
   there computes the same; or
2. in a notebook, a code cell prints it, or prints what rounds to it; or
3. in a notebook, it stands in the code as a constant.

2 and 3 reach over the whole notebook for numbers of three digits and more, as 98.7, and
over their ``##`` section for those of two; numbers up to ten are found everywhere, so
they need 1. Not looked at: code, addresses, and what ``states_something`` rules out.
"""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).parent.parent
WORDS = "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty"
VALUES = dict(zip(WORDS.split("|"), [*range(13), 20], strict=True))
WORD = rf"(?i:\b(?:{WORDS})\b)"
# No part of a name (Conv2d, VGG-16) or a longer number; the second 28 of 28x28 is one
FIGURE = (
    r"(?:(?<![\w.])(?<![A-Za-z]-)|(?<=\dx))"
    r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?!\.?\d)"
)
NUMBER = re.compile(f"{FIGURE}|{WORD}")
PERCENT = re.compile(rf"\s?%|,? (?:to|and|or) {FIGURE}\s?%")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Small numbers name digits, rows and steps, unless they count one of these
COUNTED = re.compile(
    r" (?:of (?:the )?\d|of them|points|mistakes|images|parameters|filters|channels"
    r"|epochs|seeds|runs|steps|batches|photos)\b"
)
# In words, they do so here: "two of ten", "one time in ten", "four trainings"
COUNTED_IN_WORDS = re.compile(
    rf"({WORD})(?: time| pixels| seeds)? (?:of|in)(?: the)? ({WORD})"
    rf"|({WORD}) (?:trainings|seeds|runs|epochs|passes)\b"
)
YEAR = re.compile(r"(?:19|20)\d\d")  # a result of that size is written with a comma
# Durations differ from machine to machine: nothing can compute them
DURATION = re.compile(r"\| (?:Reading|Running) \|[^|]*\|")

Value = float | tuple[float, ...] | list[float] | list[tuple[float, ...]]
Phrases = dict[str, Callable[[], Value] | None]


class NeedsMnist(Exception):
    """What a claim rests on cannot be computed without MNIST."""


class Number(NamedTuple):
    """A number in a text: where, how large, and how exact."""

    start: int
    text: str
    value: float
    decimals: int
    percent: bool

    def is_distinct(self) -> bool:
        """Whether it has three digits that tell; zeros at either end do not."""
        digits = self.text.replace(",", "").replace(".", "").lstrip("0")
        return len(digits if self.decimals else digits.rstrip("0")) >= 3

    def is_small(self) -> bool:
        return self.value <= 10 and self.decimals == 0 and not self.percent

    def states(self, value: float) -> bool:
        """Whether ``value``, in the same unit, is this as far as it is written."""
        if self.decimals == 0 and value == int(value):
            return self.value == value
        return abs(self.value - value) <= 0.5 * 10**-self.decimals + 1e-9


class Passage(NamedTuple):
    """What a reader sees of one cell within one section."""

    cell: str
    section: int
    text: str


class Document(NamedTuple):
    """The prose of a file; of a notebook, also what its code prints and holds."""

    name: str
    passages: list[Passage]
    printed: list[tuple[int, Number]]  # with the number of the section
    constants: list[tuple[int, float]]


# Reading


def read(path: Path) -> Document:
    """A page, where a section stands for a cell, or a notebook."""
    name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        return parse(name, nbformat.reads(text, as_version=4).cells)
    parts = re.split(r"^#+ (.*)", FENCE.sub("", text), flags=re.MULTILINE)[1:]
    return parse(
        name,
        [
            nbformat.from_dict({"cell_type": "markdown", "id": title, "source": source})
            for title, source in zip(parts[::2], parts[1::2], strict=True)
        ],
    )


def parse(name: str, cells: list[nbformat.NotebookNode]) -> Document:
    """Take cells apart into prose, printed numbers and constants, by section."""
    document, section = Document(name, [], [], []), 0
    for cell in cells:
        if cell.id == "setup":  # installs the package, by a command that is no Python
            continue
        if cell.cell_type == "code":
            document.printed.extend((section, n) for n in numbers(printed(cell)))
            document.constants.extend((section, c) for c in constants(cell.source))
            continue
        for part in re.split(r"^(?=## )", cell.source, flags=re.MULTILINE):
            section += part.startswith("## ")
            document.passages.append(Passage(cell.id, section, visible(part)))
            for language, code in FENCE.findall(part):
                if language == "python":
                    document.constants.extend((section, c) for c in constants(code))
    return document


def printed(cell: nbformat.NotebookNode) -> str:
    """What a code cell prints and shows as text, without the size of a figure."""
    texts = [o.get("text") or o.data.get("text/plain", "") for o in cell.outputs]
    return "\n".join(text for text in texts if not text.startswith("<Figure"))


def constants(source: str) -> Iterator[float]:
    """The numbers that stand in Python code."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield node.value


def visible(markdown: str) -> str:
    """The text on one line, without code blocks, addresses, tags and emphasis.

    In `code`, # stands for each digit, so that what is left are the prose's numbers.
    """
    text = FENCE.sub("", markdown)
    text = re.sub(r"`[^`]+`", lambda code: re.sub(r"\d", "#", code[0]), text)
    text = re.sub(r"!?\[([^\[\]]*)\]\([^)]*\)", r"\1", text)  # a picture, a link
    text = re.sub(r"\[([^\[\]]*)\]\([^)]*\)", r"\1", text)  # a link around a picture
    text = re.sub(r'<img [^<>]*alt="([^"]*)"[^<>]*>', r"\1", text)
    text = re.sub(r"<[^<>]+>|\*", "", text)
    return " ".join(text.split())


def numbers(text: str) -> Iterator[Number]:
    """All numbers, in figures and in words."""
    for match in NUMBER.finditer(text):
        written = match[0]
        if written[0].isdigit():
            value, decimals = written.replace(",", ""), len(written.partition(".")[2])
            percent = bool(PERCENT.match(text, match.end()))
            yield Number(match.start(), written, float(value), decimals, percent)
        else:
            yield Number(match.start(), written, VALUES[written.lower()], 0, False)


def states_something(text: str, number: Number) -> bool:
    """False for the names of digits and the like, years, identifiers, and durations."""
    start, end = number.start, number.start + len(number.text)
    if not number.text[0].isdigit():
        found = COUNTED_IN_WORDS.finditer(text)
        return any(start in (m.start(1), m.start(2), m.start(3)) for m in found)
    if number.is_small() and not COUNTED.match(text, end):
        return False
    if YEAR.fullmatch(number.text) or text[:start].endswith("arXiv:"):
        return False
    return not any(m.start() < start < m.end() for m in DURATION.finditer(text))


# Checking


class Verdict(NamedTuple):
    """Where a phrase fits, the numbers claimed there, and those computed."""

    start: int
    end: int
    claimed: str
    computed: str
    holds: bool | None  # None: it takes MNIST to tell
    final: bool  # False for a list: its numbers are right, but others may be


def problems(document: Document, phrases: Phrases) -> tuple[list[str], int]:
    """What is wrong with a document's numbers, and how many claims need MNIST.

    Where several phrases cover a number, the longest decides.
    """
    found, untold = [], 0
    for passage in document.passages:
        verdicts = [
            v for phrase in phrases.items() for v in judge(passage.text, *phrase)
        ]
        untold += sum(verdict.holds is None for verdict in verdicts)
        for n in numbers(passage.text):
            covering = [v for v in verdicts if v.start <= n.start < v.end]
            verdict = max(covering, key=lambda v: v.end - v.start, default=None)
            if verdict and verdict.holds is not False:
                continue
            if verdict and verdict.final:
                found.append(wrong(document, passage, verdict))
            elif states_something(passage.text, n) and not in_code(
                document, passage, n
            ):
                found.append(unregistered(document, passage, n, verdict))
    return list(dict.fromkeys(found)), untold


def judge(
    text: str, phrase: str, compute: Callable[[], Value] | None
) -> Iterator[Verdict]:
    """Every place where a phrase fits, with its numbers checked."""
    for match in pattern(phrase).finditer(text):
        value: Value = ()
        computed, holds = "", True
        if compute:
            try:
                value = result(compute)
                computed, holds = compare(match.groups(), value)
            except NeedsMnist:
                holds = None
        final = not isinstance(value, list)
        yield Verdict(*match.span(), ", ".join(match.groups()), computed, holds, final)


@cache
def result(compute: Callable[[], Value]) -> Value:
    """What a function of a register returns, computed once."""
    return compute()


def pattern(phrase: str) -> re.Pattern[str]:
    """A phrase as a regular expression; {} is a number, in figures or as a word."""
    return re.compile(f"({NUMBER.pattern})".join(map(re.escape, phrase.split("{}"))))


def compare(written: tuple[str, ...], value: Value) -> tuple[str, bool]:
    """The computed numbers as text, and whether those written are the same."""
    options = value if isinstance(value, list) else [value]
    rows = [option if isinstance(option, tuple) else (option,) for option in options]
    claims = [next(numbers(text)) for text in written]
    holds = any(
        all(n.states(v) for n, v in zip(claims, row, strict=True)) for row in rows
    )
    return " or ".join(", ".join(map(shorten, row)) for row in rows), holds


def in_code(document: Document, passage: Passage, claim: Number) -> bool:
    """Whether the code of a notebook prints the number, or has it as a constant."""
    if claim.is_small() or not document.name.endswith(".ipynb"):
        return False
    far, section = claim.is_distinct(), passage.section
    shown = (n for where, n in document.printed if far or where == section)
    fixed = (c for where, c in document.constants if far or where == section)
    return any(prints(n, claim) for n in shown) or any(sets(c, claim) for c in fixed)


def prints(shown: Number, claim: Number) -> bool:
    """Whether a printed number rounds to the claim; 82.0% and 0.820 are the same."""
    value, decimals = in_unit_of(claim, shown)
    if claim.decimals == 0 and not claim.percent:
        return value == claim.value  # a count is printed as it is
    return decimals >= claim.decimals and claim.states(value)


def in_unit_of(claim: Number, shown: Number) -> tuple[float, int]:
    """Value and decimals of ``shown``, in percent or not, as the claim is."""
    steps = 2 * (claim.percent - shown.percent)
    return shown.value * 10.0**steps, shown.decimals - steps


def sets(constant: float, claim: Number) -> bool:
    """Whether a constant in the code is the claim; 0.0 and 1.0 are too common."""
    if claim.decimals or claim.percent:
        same = abs(constant * (100 if claim.percent else 1) - claim.value) < 1e-9
        return same and constant != int(constant)
    return constant == claim.value


# Messages


def wrong(document: Document, passage: Passage, verdict: Verdict) -> str:
    """A registered claim that does not hold."""
    words = passage.text[max(0, verdict.start - 20) : verdict.end + 20]
    return (
        f'{document.name}, cell {passage.cell}: "...{words}..." claims '
        f"{verdict.claimed}, computed: {verdict.computed}"
    )


def unregistered(
    document: Document, passage: Passage, claim: Number, verdict: Verdict | None
) -> str:
    """A claim that nothing is known about, and how to change that."""
    end = claim.start + len(claim.text)
    before, after = passage.text[: claim.start], passage.text[end:]
    phrase = " ".join(before.split(" ")[-3:]) + "{}" + " ".join(after.split(" ")[:3])
    computed = verdict.computed if verdict else nearest(document, claim)
    file = "register_notebooks" if document.name.endswith(".ipynb") else "register"
    return (
        f"{document.name}, cell {passage.cell}: unregistered number {claim.text} in "
        f'"...{before[-40:]}{claim.text}{after[:30]}...", computed: {computed}. If it '
        f"is right, print it in its section, or add a line to tests/{file}.py: "
        f'"{phrase}": lambda: ...,'
    )


def nearest(document: Document, claim: Number) -> str:
    """The printed number that comes closest, in the claim's unit."""
    values = [in_unit_of(claim, shown)[0] for _, shown in document.printed]
    if not values:
        return "nothing"
    return f"{shorten(min(values, key=lambda v: abs(v - claim.value)))} comes closest"


def shorten(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{round(value, 4):,}"
