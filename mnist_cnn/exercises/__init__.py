"""The learner's answers to the exercises: right, or what is wrong with them.

One file a notebook, with its exercises' checks, and ``answers.py`` with what they
share: a new check touches the file of its notebook and no other.
"""

from __future__ import annotations

# isort: off
# Each registers its checks, so in the order of the notebooks
from mnist_cnn.exercises import (  # noqa: F401
    data_exploration,
    architecture,
    training,
    results,
    your_own_digits,
    going_further,
    inside_the_network,
)

# isort: on
from mnist_cnn.exercises.answers import CHECKS, Verdict, Wrong

__all__ = ["check"]


def check(exercise: str, answer: object) -> Verdict:
    """Say whether the answer to an exercise is right and, if not, what is wrong.

    exercise: the notebook and the number in it, such as "1.2". Call it on the last line
    of a cell. Raises ValueError, with the numbers there are, for an unknown exercise,
    and nothing for a wrong answer.
    """
    if not isinstance(exercise, str) or exercise not in CHECKS:
        raise ValueError(
            f"expected exercise to be one of {[*CHECKS]}, got {exercise!r}"
        )
    try:
        return Verdict(f"Right. {CHECKS[exercise](answer) or ''}".rstrip())
    except Wrong as reason:
        return Verdict(f"Not yet: {reason}.")
