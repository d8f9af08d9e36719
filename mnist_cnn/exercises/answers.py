"""What all checks share: how they read an answer and say what is wrong with it.

A check is one function an exercise, registered under its number. It gets the answer,
raises ``Wrong`` with a reason, and may return a remark where the answer is right. What
is expected is computed, from the digits and the weights that the notebooks have.
"""

from __future__ import annotations

import math
import numbers
import re
import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeGuard, TypeVar

import numpy as np
import torch
from torch import Tensor

from mnist_cnn.data import last_source

Check = Callable[[object], str | None]
Several = list[Any] | tuple[Any, ...] | Tensor | np.ndarray
T = TypeVar("T")

CHECKS: dict[str, Check] = {}  # by exercise, such as "1.2"
ROUNDED = 0.00051  # a share is right when rounded to a tenth of a percent
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")  # and not "98,7"


class Verdict(str):
    """A text that a notebook shows without quotes."""

    def __repr__(self) -> str:
        return str(self)


class Wrong(Exception):
    """What is wrong with an answer, worded to follow "Not yet:"."""


def register(exercise: str) -> Callable[[Check], Check]:
    """Make the function below it the check of ``exercise``."""

    def add(function: Check) -> Check:
        CHECKS[exercise] = function
        return function

    return add


def remembered(function: Callable[[], T]) -> Callable[[], T]:
    """Keep what ``function`` returns, for each data set that a notebook loads."""
    kept: dict[str, T] = {}

    @wraps(function)
    def recall() -> T:
        if last_source() not in kept:
            result = function()
            kept[last_source()] = result  # "auto" until the function has loaded some
        return kept[last_source()]

    return recall


def expect(condition: bool, reason: str) -> None:
    """Raise Wrong with the reason unless the condition holds."""
    if not condition:
        raise Wrong(reason)


def compare(
    value: float,
    expected: float,
    otherwise: str,
    mistakes: Mapping[str, float] | None = None,
    within: float = 0.0,
) -> None:
    """Raise Wrong unless ``value`` is as expected: for the mistake that leads to it.

    mistakes: what each gives. otherwise: the reason when none of them gives ``value``.
    """
    if abs(value - expected) > within:
        for reason, result in (mistakes or {}).items():
            expect(abs(value - result) > within, reason)
        raise Wrong(otherwise)


def kind(answer: object) -> str:
    """What came in place of an answer, in a few words."""
    if isinstance(answer, Tensor | np.ndarray):
        return f"{type(answer).__name__} of shape {tuple(answer.shape)}"
    if isinstance(answer, list | tuple):
        return f"a {type(answer).__name__} of {len(answer)}"
    return str(answer) if isinstance(answer, float | None) else type(answer).__name__


def number(answer: object, what: str) -> float:
    """A finite number, also as text, or from a tensor or an array that holds just one.

    Raises Wrong, with what was expected in words, for anything else.
    """
    try:
        one = answer.item() if isinstance(answer, Tensor | np.ndarray) else answer
        value = as_float(one)
    except (RuntimeError, ValueError, OverflowError):
        value = math.nan  # several numbers, other text, or far too large
    no_number = 'text that is no number (as "62,250" or "98.7" would be)'
    got = no_number if isinstance(answer, str) else kind(answer)
    expect(math.isfinite(value), f"expected {what}, got {got}")
    return value


def as_float(one: object) -> float:
    """A number, or the text of one, as a float; NaN for what is neither.

    Raises ValueError for other text and OverflowError for a number too large.
    """
    if isinstance(one, str):
        text = one.strip()
        return float(text.replace(",", "") if THOUSANDS.fullmatch(text) else text)
    if isinstance(one, numbers.Real) and not isinstance(one, bool):
        return float(one)
    return math.nan


def whole(answer: object, what: str) -> int:
    """A whole number; Wrong for any other."""
    value = number(answer, what)
    expect(value == round(value), f"expected {what}, a whole number, got {value:g}")
    return round(value)


def share(answer: object, what: str) -> float:
    """A number from 0 to 1; Wrong for any other, as for a percentage or a count."""
    value = number(answer, what)
    reason = f"expected {what}, from 0 to 1, got {value:g}"
    expect(value <= 100, f"{reason}: that is a count, so divide by all of them")
    expect(value <= 1, f"{reason}: that is in percent, so divide by 100")
    expect(value >= 0, reason)
    return value


def several(answer: object) -> TypeGuard[Several]:
    """Whether this is a list, a tuple, or a tensor or array of one dimension."""
    flat = isinstance(answer, Tensor | np.ndarray) and answer.ndim == 1
    return flat or isinstance(answer, list | tuple)


def items(answer: object, count: int, what: str) -> list[Any]:
    """The items of an answer that holds several; Wrong unless they are ``count``."""
    if not several(answer) or len(answer) != count:
        raise Wrong(f"expected {what}, got {kind(answer)}")
    return [*answer]


def tensor(answer: object, shape: tuple[int, ...], what: str) -> Tensor:
    """Finite numbers in ``shape``, from anything that holds as many."""
    reason = f"expected {what} of shape {shape}, got {kind(answer)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what torch thinks of the conversion
            values = torch.as_tensor(answer).detach().cpu().float().reshape(shape)
    except Exception as error:  # the answer may be anything
        raise Wrong(reason) from error
    expect(bool(values.isfinite().all()), f"{reason} with infinite or NaN values")
    return values
