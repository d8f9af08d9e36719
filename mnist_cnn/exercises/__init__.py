"""The learner's answers to the exercises: right, or which slip was made.

A new exercise is a row of ``CHECKS`` in ``table.py``, made of what ``matchers.py``
has; its texts in ``hints.toml``, by the slip's id; and the notebook, which names the
check. What is expected is recorded in ``expected.json``, by a function in
``tools/expected.py``, and ``tests/answers.toml`` lists typed answers with their slips.
A check loads no digits and trains nothing; of a right answer it keeps that it was.
"""

import json
from pathlib import Path
from typing import Any

from mnist_cnn.exercises.desk import HINTS, Shown, guessed, hint, note, one_of, progress
from mnist_cnn.exercises.matchers import Slip
from mnist_cnn.exercises.table import CHECKS

__all__ = ["Verdict", "check", "guessed", "hint", "progress"]

EXPECTED = json.loads((Path(__file__).parent / "expected.json").read_text("utf-8"))
SOURCES = {"mnist": "MNIST", "standin": "the stand-in"}


class Verdict(Shown):
    """What a check says.

    right: whether the answer was; else slip is the id of what was wrong with it.
    """

    right: bool
    slip: str | None

    def __new__(cls, text: str, slip: str | None = None) -> "Verdict":
        verdict = super().__new__(cls, text)
        verdict.right, verdict.slip = slip is None, slip
        return verdict


def check(exercise: str, *answer: object) -> Verdict:
    """Say whether the answer to an exercise is right and, if not, what is wrong.

    exercise: the notebook and the number in it, such as "1.2". answer: of several
    parts, in brackets or not. Call it on the last line of a cell. An answer is compared
    with what MNIST gives and with what the stand-in does. Raises ValueError, with
    the numbers there are, for an unknown exercise, and nothing for a wrong answer.
    """
    exercise = one_of(exercise, CHECKS)
    whole = answer[0] if len(answer) == 1 else answer
    slips = []
    for source, known in EXPECTED.get(exercise, {"any": {}}).items():
        shown = known | {"source": SOURCES.get(source)}
        try:
            shown |= CHECKS[exercise](whole, known)
        except Slip as made:
            made.shown = shown | made.shown
            slips.append(made)
        else:
            note(exercise)
            right = "Right, for the stand-in." if source == "standin" else "Right."
            remark = worded(exercise, shown.get("remark", "right"), shown)
            return Verdict(f"{right} {remark}".rstrip())
    # Of two sources, the one that the answer is likelier from: of which it is a known
    # mistake, or right for longer, or, in images, less far away
    slip = max(
        slips, key=lambda s: (s.name != "other", s.part, -s.shown.get("away", 0))
    )
    text = worded(exercise, slip.name, slip.shown, slip.part)
    return Verdict(f"Not yet: {text}.", slip.name)


def worded(exercise: str, name: str, shown: dict[str, Any], part: int = 0) -> str:
    """The hint of that id, the exercise's own or one that all share, in one line.

    part: which of several hints, where each part of an answer has its own.
    """
    own = HINTS[exercise]
    found = own.get(name) or HINTS["all"][name]
    template = found[part] if isinstance(found, list) else found
    text: str = template.format(**{"what": own["what"]} | shown)
    return text.partition("\n")[0]
