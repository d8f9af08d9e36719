"""The colours of the figures, and the arrays they are drawn from."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray
from torch import Tensor

from mnist_cnn.arguments import shorten

# Okabe and Ito's colours, told apart by colour-blind readers (jfly.uni-koeln.de/color)
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
# Few to many, by hue: neither end vanishes on a white page or on a dark one
MISTAKES = LinearSegmentedColormap.from_list("mistakes", ["#A9C9E0", "#B34700"])

Array = NDArray[Any]
Numbers = Tensor | Array | Sequence[Any]


def as_array(name: str, value: Numbers) -> Array:
    """The numbers of a tensor on any device, of an array, or of a list of these."""
    if isinstance(value, Tensor):
        value = value.detach().cpu().numpy()
    elif isinstance(value, list | tuple):
        parts = [as_array(name, v) if isinstance(v, Tensor) else v for v in value]
        value = np.array(parts)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        raise ValueError(
            f"expected {name} as an array of numbers, got {shorten(value)}"
        )
    return value


@contextlib.contextmanager
def portable() -> Iterator[None]:
    """Draw images upright and texts without TeX, whatever the reader's settings."""
    settings: Any = mpl.rcParams
    theirs = settings["image.origin"], settings["text.usetex"]
    settings.update({"image.origin": "upper", "text.usetex": False})
    try:
        yield
    finally:  # rc_context would also undo what a notebook sets with its first figure
        settings["image.origin"], settings["text.usetex"] = theirs
