"""A network as a drawing: the maps of each layer, to scale, with shape and cost."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from mnist_cnn.data import IMAGE_SHAPE
from mnist_cnn.model import Layer
from mnist_cnn.plots import style
from mnist_cnn.plots.style import BLUE, GREEN, GREY, ORANGE, Array, Numbers, as_array

Shape = tuple[int, ...]  # (C, H, W), or (N,) after the flatten
# All lengths are in pixels of the input image; y grows upwards
SIDE = 28.0
STEP = 39.0  # from the middle of one layer to that of the next
NAMES = {"Conv2d": "conv 3x3\n+ ReLU", "MaxPool2d": "max-pool\n2x2"}
COLOURS = {"Conv2d": BLUE, "MaxPool2d": ORANGE, "Linear": GREEN}
ARROW = {"arrowstyle": "->", "color": GREY}


@style.portable()
def architecture(
    layers: Sequence[Layer],
    ax: Axes | None = None,
    image: Numbers | None = None,
    probabilities: Numbers | None = None,
) -> Axes:
    """The network as ``trace`` described it, in rows; a pool begins a new one.

    Maps are squares to scale, four sheets for any number of channels; a batch norm and
    the ReLU after a convolution are drawn with it. Labels are those of VGG's layers:
    convolutions of 3x3, each with a ReLU, and pools of 2x2.

    image: (1, 28, 28), drawn as the input. probabilities: (10,), drawn at the end.
    """
    rows: list[list[Layer]] = [[]]
    for layer in layers:
        if layer.kind == "MaxPool2d":
            rows.append([])
        if layer.kind not in ("BatchNorm2d", "ReLU"):
            rows[-1].append(layer)
    if ax is None:
        _, ax = plt.subplots(figsize=(5.4, 6.1), layout="constrained")
    x = y = right = 0.0
    height = SIDE  # of the tallest in a row
    _draw_output(ax, x, y, IMAGE_SHAPE, GREY, "\ninput")
    if image is not None:
        picture = as_array("image", image).reshape(IMAGE_SHAPE[1:])
        ax.imshow(picture, "gray", extent=(-14, 14, -14, 14), zorder=2)
    for row in rows:
        if row is not rows[0]:
            above, height = height, max(_size(r.output_shape[1:])[1] for r in row)
            x, y = -STEP, y - above / 2 - 38 - height / 2
        for layer in row:
            x += STEP
            shape, colour = layer.output_shape[1:], COLOURS.get(layer.kind, GREY)
            name = NAMES.get(layer.kind, f"\n{layer.kind.lower()}")
            cost = f"{layer.parameters:,}\nparameters" if layer.parameters else ""
            left = _draw_output(ax, x, y, shape, colour, name, cost)
            ax.annotate("", (left - 1, y), (left - 7, y), arrowprops=ARROW)
        right = max(right, x)
    if probabilities is not None:
        _draw_probabilities(ax, x + STEP, y, as_array("probabilities", probabilities))
        right = max(right, x + STEP)
    ax.set(xlim=(-20, right + 20), ylim=(y - height / 2 - 17, 27), aspect="equal")
    ax.set_axis_off()
    return ax


def _draw_output(
    ax: Axes, x: float, y: float, shape: Shape, colour: str, name: str, cost: str = ""
) -> float:
    """Maps (C, H, W), or numbers (N,), around (x, y); returns their left edge."""
    width, height = _size(shape)
    # Four sheets stand for any number of channels, the front one drawn last
    shifts = (3.6, 2.4, 1.2, 0) if len(shape) > 1 and shape[0] > 1 else (0,)
    for shift in shifts:
        corner = x - width / 2 + shift, y - height / 2 + shift
        ax.add_patch(Rectangle(corner, width, height, fc=colour, ec="white", lw=0.6))
    above, below = y + height / 2 + 4, y - height / 2 - 1.5
    ax.text(x, above, name, ha="center", va="bottom", size=12)
    sizes = "x".join(map(str, shape))
    ax.text(x, below, sizes, ha="center", va="top", size=12, weight="bold")
    ax.text(x, below - 5.4, cost, ha="center", va="top", size=10.5)
    return x - width / 2


def _size(shape: Shape) -> tuple[float, float]:
    """Width and height: of a square of maps, or of a narrow bar for numbers."""
    return (shape[-1], shape[-1]) if len(shape) > 1 else (2.8, SIDE)


def _draw_probabilities(ax: Axes, x: float, y: float, shares: Array) -> None:
    """A bar for each digit, 0 at the top, and an arrow to them."""
    middles = y + 18 - 3.6 * (np.arange(len(shares)) + 0.5)
    ax.barh(middles, 20 * shares, height=2.6, left=x - 14, color=GREEN)
    for digit, middle in enumerate(middles):
        ax.text(x - 16, middle, str(digit), ha="right", va="center", size=8)
    ax.text(x, y + 20, "softmax", ha="center", va="bottom", size=12)
    ax.annotate("", (x - 19, y), (x - 25, y), arrowprops=ARROW)
