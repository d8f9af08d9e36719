"""The rules for what is handed to a function, and how an error tells what came."""

import contextlib
import math
import operator
from typing import Any

from torch import Tensor, nn


def check_model(model: object) -> None:
    """Raise ValueError unless this is a model, built: ``VGG()`` and not ``VGG``."""
    if not isinstance(model, nn.Module):
        raise ValueError(f"expected a model, as mc.VGG(), got {shorten(model)}")


def whole_number(name: str, value: Any, least: int = 1, most: int = 2**31) -> int:
    """``value`` as an int; ValueError unless it is whole and from least to most.

    NumPy's integers and tensors of one are whole numbers; True, 3.0 and "3" are not.
    """
    number = None
    with contextlib.suppress(TypeError):
        number = None if is_truth(value) else operator.index(value)
    if number is None or not least <= number <= most:
        bound = f"at least {least}"
        if number is not None and number > most:
            bound = f"at most {most:,}"
        raise ValueError(
            f"expected {name} to be a whole number of {bound}, got {shorten(value)}"
        )
    return number


def real_number(name: str, value: Any, least: float, below: float, what: str) -> float:
    """``value`` as a float; ValueError unless it is one from least on, below a bound.

    what: the numbers that are welcome, in words. Numbers of NumPy and tensors as above.
    """
    number = math.nan
    if not isinstance(value, str) and not is_truth(value):
        with contextlib.suppress(TypeError, ValueError, RuntimeError, OverflowError):
            number = float(value)
    if not least <= number < below:
        raise ValueError(f"expected {name} to be {what}, got {shorten(value)}")
    return number


def is_truth(value: object) -> bool:
    """Whether this is True or False, of any library."""
    return isinstance(value, bool) or "bool" in str(getattr(value, "dtype", ""))


def shorten(value: object) -> str:
    """What came, for an error message: its repr, cut in the middle if it is long."""
    if isinstance(value, Tensor) and value.ndim:
        return f"{value.dtype} of shape {tuple(value.shape)} on {value.device}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:50]}...{text[-20:]}"
