"""What all checks share: how they read an answer and tell which slip was made.

An answer may be of any type; one that cannot be read is a ``Slip`` as well.
"""

import math
import numbers
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mnist_cnn.arguments import shorten
from mnist_cnn.data import CLASSES, IMAGE_SHAPE
from mnist_cnn.metrics import predict
from mnist_cnn.model import Layer, trace

Values = dict[str, Any]
# Of an answer and of what is recorded; returns what the remark on a right one shows
Check = Callable[[Any, Values], Values]

ROUNDED = 0.00051  # a share is right when rounded to a tenth of a percent
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}([, ]\d{3})+(\.\d*)?")  # and not "98,7"


class Slip(Exception):
    """What is wrong with an answer: the id of its hint, and what the hint shows.

    part: the first that is wrong, in an answer of several.
    """

    def __init__(self, name: str, part: int = 0, /, **shown: Any):
        super().__init__(name)
        self.name, self.part, self.shown = name, part, shown


def expect(condition: bool, slip: str, /, **shown: Any) -> None:
    """Raise the slip unless the condition holds."""
    if not condition:
        raise Slip(slip, **shown)


def kind(answer: Any) -> str:
    """What came in place of an answer, in a few words."""
    if isinstance(answer, str):
        return f"the text {shorten(answer)}, which is no number"
    if isinstance(answer, Tensor | np.ndarray):
        return f"{type(answer).__name__} of shape {tuple(answer.shape)}"
    if isinstance(answer, list | tuple):
        return f"a {type(answer).__name__} of {len(answer)}" if answer else "nothing"
    return str(answer) if isinstance(answer, float | None) else type(answer).__name__


def number(answer: Any) -> float:
    """A finite number, also as text ("98.7 %" is 0.987) or all that something holds."""
    many = several(answer) and len(answer) > 1
    try:
        one = answer[0] if isinstance(answer, list | tuple) and not many else answer
        one = one.item() if isinstance(one, Tensor | np.ndarray) else one
        if isinstance(one, str):
            text, percent = re.subn(r"\s*%$", "", one.strip())
            text = re.sub("[, ]", "", text) if THOUSANDS.fullmatch(text) else text
            one = float(text) / 100**percent
        real = isinstance(one, numbers.Real) and not isinstance(one, bool)
        value = float(one) if real else math.nan
    except (IndexError, RuntimeError, ValueError, OverflowError):
        value = math.nan  # none or several numbers, other text, or far too large
    expect(math.isfinite(value), "many" if many else "expected", got=kind(answer))
    return value


def whole(answer: Any) -> int:
    """A whole number."""
    value = number(answer)
    expect(value == round(value), "whole", value=value)
    return round(value)


def digit(answer: Any) -> int:
    """A whole number from 0 to 9."""
    value = whole(answer)
    expect(0 <= value < CLASSES, "digit", value=value)
    return value


def side(answer: Any) -> int:
    """The height of a map, which is also its width, or the last two of a shape."""
    answer = answer.split("x") if isinstance(answer, str) else answer
    is_shape = several(answer) and 2 <= len(answer) <= 4
    shape = [*answer] if is_shape else [answer, answer]
    *_, height, width = map(whole, shape)
    expect(height == width, "not_square", height=height, width=width)
    return height


def share(answer: Any) -> float:
    """A number from 0 to 1, and no percentage or count."""
    value = number(answer)
    expect(value <= 100, "count", value=value)
    expect(value <= 1, "percent", value=value)
    expect(value >= 0, "negative", value=value)
    return value


def several(answer: Any) -> bool:
    """Whether this is a list, a tuple, or a tensor or array of one dimension."""
    flat = isinstance(answer, Tensor | np.ndarray) and answer.ndim == 1
    return flat or isinstance(answer, list | tuple)


def items(answer: Any, count: int) -> list[Any]:
    """The items of an answer that holds ``count`` of them."""
    expect(not isinstance(answer, str), "quoted", got=kind(answer))
    expect(several(answer) and len(answer) == count, "expected", got=kind(answer))
    return [*answer]


def tensor(answer: Any, shape: tuple[int, ...]) -> Tensor:
    """Finite numbers in ``shape``, from anything that holds as many."""
    parts = answer if isinstance(answer, list | tuple) else [answer]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what torch thinks of the conversion
            found = [torch.as_tensor(part).detach().cpu().float() for part in parts]
        values = torch.stack(found).reshape(shape)
    except Exception as error:  # the answer may be anything
        raise Slip("shape", shape=shape, got=kind(answer)) from error
    expect(bool(values.isfinite().all()), "not_finite", shape=shape)
    return values


def layers(answer: Any) -> list[Layer]:
    """What an image passes in a model that gives ten logits for each."""
    if isinstance(answer, type):
        raise Slip("class", name=answer.__name__)
    expect(isinstance(answer, nn.Module), "expected", got=kind(answer))
    try:
        rows = trace(answer)
        shape = tuple(predict(answer, torch.zeros(7, *IMAGE_SHAPE)).shape)
    except Exception as error:  # the model may be anything
        slips = {"NoneType": "no_return", "mat1 and mat2": "no_flatten"}
        known = (slip for sign, slip in slips.items() if sign in str(error))
        raise Slip(next(known, "fails"), reason=error) from error
    expect(shape == (7, CLASSES), "logits", shape=shape)
    return rows


def batch(answer: Any, known: Values) -> Values:
    """A check of 32 images, whether a network of the series can read them."""
    shape, place = (32, *IMAGE_SHAPE), known.get("place", "cpu")
    fits = isinstance(answer, Tensor) and answer.shape == shape
    expect(fits, "shape", shape=shape, got=kind(answer))
    expect(answer.dtype == torch.float32, "dtype", got=answer.dtype)
    expect(answer.device.type == place, "place", got=answer.device)
    if place == "cpu":  # elsewhere there are no numbers
        most = tensor(answer, shape).max()
        expect(bool(most <= 1), "scale", most=most)
    return {}


def equal(
    read: Callable[[Any], float],
    *names: str,
    within: float | tuple[float, ...] = 0.0,
    by_value: tuple[str, ...] = (),
) -> Check:
    """A check of one number or, with a name for each, of several.

    Compares each with what is recorded as "right" and, where it is not, with what each
    of "slips" gives: "other" is none of them. within: how far off a number may be, or
    each of them; where it may be, two decimals are enough. by_value: recorded
    lists of which the hint shows the value's item.
    """

    def check(answer: Any, known: Values) -> Values:
        found = items(answer, len(names)) if names else [answer]
        values = [read(item) for item in found]
        limits = within if isinstance(within, tuple) else [within] * len(values)
        parts = [*zip(values, known["right"], limits, strict=True)]
        somewhere = [any(abs(v - r) <= most for _, r, most in parts) for v in values]
        coarse = [limit > 0 and rounded(v, right, 1) for v, right, limit in parts]
        for part, (value, right, limit) in enumerate(parts):
            slips = {name: wrong[part] for name, wrong in known["slips"].items()}
            slips = {name: wrong for name, wrong in slips.items() if wrong is not None}
            decimals = limit > 0 and value % 1 > 0 and rounded(value, right, 2)
            unclear = decimals and any(rounded(value, w, 2) for w in slips.values())
            if abs(value - right) <= limit or (decimals and not unclear):
                continue
            signs = {
                "coarse": len(parts) > 1 and all(coarse),
                **{name: abs(value - w) <= limit for name, w in slips.items()},
                "misplaced": all(somewhere),
                "other": not (unclear or coarse[part]),
            }
            slip = next((name for name, shows in signs.items() if shows), "coarse")
            shown = known | {key: known[key][value] for key in by_value}
            shown |= {"value": value, "less": "fewer" if value > right else "more"}
            name = names[part] if names else ""
            raise Slip(slip, part, **shown, name=name, order=", ".join(names))
        return {}

    return check


def rounded(value: float, exact: float, decimals: int) -> bool:
    """Whether this is the other, rounded: for one that is no whole number."""
    return exact % 1 != 0 and math.isclose(value, round(exact, decimals), abs_tol=1e-6)
