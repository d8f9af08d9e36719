"""What lies on a learner's desk: guesses, hints, and which exercises are solved.

Solved exercises are kept, one empty file for each, which nothing can damage.
"""

import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from platformdirs import user_state_path

from mnist_cnn.exercises.table import CHECKS
from mnist_cnn.files import write_whole

HINTS, QUESTIONS = (
    tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text("utf-8"))
    for name in ("hints", "questions")
)
solved: set[str] = set()  # in this kernel
given: Counter[str] = Counter()  # how many hints of each exercise


class Shown(str):
    """A text that a notebook shows without quotes."""

    def __repr__(self) -> str:
        return str(self)


def guessed(guess: object) -> str:
    """The first line of an outcome: all that JupyterLab shows of a collapsed one."""
    return "No guess yet" if guess is ... else f"You guessed {guess}"


def hint(exercise: str) -> Shown:
    """A hint to an exercise, such as "1.2"; call it again for one that says more."""
    exercise = one_of(exercise, HINTS.keys() - {"all"})
    hints = HINTS[exercise]["hints"]
    number = given[exercise] = min(given[exercise] + 1, len(hints))
    return Shown(f"Hint {number} of {len(hints)}: {hints[number - 1]}")


def one_of(exercise: object, known: Iterable[str]) -> str:
    """The number of an exercise, with quotes or without."""
    name = str(exercise).strip()
    if name not in known:
        start = name.partition(".")[0] + "."
        here = ", ".join(sorted(n for n in known if n.startswith(start))) or "1.1"
        why = "has no check" if name in HINTS else "does not exist"
        raise ValueError(f"exercise {exercise!r} {why}; try {here}")
    return name


def folder() -> Path:
    """Where solved exercises are kept: the user's, or what MNIST_CNN_STATE names."""
    own = os.environ.get("MNIST_CNN_STATE")
    return Path(own) if own else user_state_path("mnist_cnn", appauthor=False)


def note(*right: str) -> bool:
    """Write down what is solved, now or before; False where that cannot be."""
    solved.update(right)
    try:
        folder().mkdir(parents=True, exist_ok=True)
        for exercise in solved:
            (folder() / exercise).touch()
        return os.access(folder(), os.W_OK)
    except OSError:
        return False


def progress() -> Shown:
    """Which exercises are solved, of those that have a check."""
    kept = note()
    done = {n for n in CHECKS if n in solved or (kept and (folder() / n).exists())}
    lines = [f"Solved: {len(done)} of {len(CHECKS)} exercises that have a check."]
    for _, numbers in groupby(CHECKS, key=lambda number: number.split(".")[0]):
        lines.append("   ".join(f"{n} {'✓' if n in done else '·'}" for n in numbers))
    where = "Kept in {}" if kept else "Kept until the kernel stops: no writing to {}"
    return Shown("\n".join([*lines, where.format(folder())]))


def questions(answers: str = "", path: str | Path | None = None) -> Shown:
    """Twelve questions on the whole series; with twelve letters, what each reveals.

    path: where to keep the answers instead, as before.json, and only to count them.
    """
    letters = re.findall("[a-c]", answers.lower())
    if answers and len(letters) != len(QUESTIONS):
        raise ValueError(f"expected {len(QUESTIONS)} letters, a to c, got {answers!r}")
    chosen = dict(zip(QUESTIONS, letters, strict=False))
    right = [name for name in chosen if chosen[name] == QUESTIONS[name]["right"]]
    parts = [f"{len(right)} of {len(QUESTIONS)} are right."] if answers else []
    if path and answers:
        kept = {"when": Path(path).stem, "answers": chosen, "right": right}
        write_whole(path, json.dumps(kept).encode())
        return Shown(parts[0])
    for number, (name, asked) in enumerate(QUESTIONS.items(), start=1):
        texts = asked["reveals" if answers else "choices"].items()
        said = [f"{key}. {text}" for key, text in texts if chosen.get(name, key) == key]
        parts.append("\n   ".join([f"{number}. {asked['question']}", *said]))
    return Shown("\n\n".join(parts))
