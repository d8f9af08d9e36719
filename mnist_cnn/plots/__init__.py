"""Figures of the series: each takes data, draws, and returns what it drew.

Functions with ``ax`` draw on it, or on a new one, and return the Axes; functions for
several panels build and return a Figure. None shows, saves or changes settings.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import (
    FixedLocator,
    MaxNLocator,
    NullLocator,
    PercentFormatter,
    StrMethodFormatter,
)
from torch import Tensor

from mnist_cnn.arguments import whole_number
from mnist_cnn.data import CLASSES, Digits
from mnist_cnn.model import Layer
from mnist_cnn.training import History

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "architecture",
    "class_balance",
    "confusion_matrix",
    "image_grid",
    "learning_curves",
    "sample_grid",
]

# Okabe and Ito's colours, told apart by colour-blind readers (jfly.uni-koeln.de/color)
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
# Few to many, by hue: neither end vanishes on a white page or on a dark one
MISTAKES = LinearSegmentedColormap.from_list("mistakes", ["#A9C9E0", "#B34700"])
GAP = 0.1  # inches between images
STAGE = 39.0  # from one layer's output to the next in a drawing, in the image's pixels


def image_grid(
    images: Tensor,
    titles: Sequence[str] | None = None,
    columns: int = 5,
    size: float = 1.2,
    cmap: str = "gray",
    limits: tuple[float, float] | None = (0.0, 1.0),
) -> Figure:
    """Images (N, 1, H, W) or (N, H, W) in rows of ``columns``, each with a title.

    size: inches a side. limits: the values drawn darkest and brightest; None scales
    each image by itself.
    """
    one_channel = images.ndim == 3 or (images.ndim == 4 and images.shape[1] == 1)
    if not one_channel or len(images) == 0:
        raise ValueError(
            f"expected images (N, 1, H, W) or (N, H, W), got {tuple(images.shape)}"
        )
    if titles is not None and len(titles) != len(images):
        raise ValueError(
            f"expected a title an image, got {len(titles)} for {len(images)}"
        )
    columns = whole_number("columns", columns)
    room = 0.28 if titles is not None else 0.0  # inches above each image
    width, height = columns * size, -(-len(images) // columns) * (size + room)
    figure = plt.figure(figsize=(width, height))
    # One Axes for all, in inches: one for each takes eight times as long
    ax = figure.add_axes((0, 0, 1, 1))
    pictures = images.detach().cpu().reshape(-1, *images.shape[-2:]).numpy()
    scale = (size - GAP) / max(images.shape[-2:])
    half_height, half_width = (scale * side / 2 for side in images.shape[-2:])
    for i, picture in enumerate(pictures):
        x = (i % columns + 0.5) * size  # of the middle
        y = (i // columns + 1) * (size + room) - size / 2
        edges = (x - half_width, x + half_width, y + half_height, y - half_height)
        drawn = ax.imshow(picture, cmap, extent=edges, interpolation="nearest")
        if limits:
            drawn.set_clim(*limits)
        if titles is not None:
            ax.text(x, y - half_height - 0.04, titles[i], ha="center", fontsize=10)
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.set_axis_off()
    return figure


def sample_grid(digits: Digits, count: int = 25, seed: int = 0) -> Figure:
    """``count`` random digits with their labels, the same ones for the same seed."""
    count = whole_number("count", count, most=len(digits))
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(digits), generator=generator)[:count]
    labels = [str(label) for label in digits.labels[chosen].tolist()]
    return image_grid(digits.images[chosen], labels)


def class_balance(digits: Digits, ax: Axes | None = None) -> Axes:
    """How many images each digit has, with a line at an equal share."""
    import seaborn as sns  # here, as it takes seconds and most figures do without

    if ax is None:
        _, ax = plt.subplots(figsize=(7, 3), layout="constrained")
    counts = torch.bincount(digits.labels.cpu(), minlength=CLASSES).numpy()
    sns.barplot(x=np.arange(CLASSES), y=counts, color=BLUE, ax=ax)
    bars = ax.containers[-1]
    assert isinstance(bars, BarContainer)
    ax.bar_label(bars, fmt="{:,.0f}", label_type="center", color="white", fontsize=9)
    ax.axhline(len(digits) / CLASSES, color=ORANGE, linestyle="--", linewidth=1.5)
    ax.set(xlabel="digit", ylabel="images")
    sns.despine(ax=ax)
    return ax


def learning_curves(history: History) -> Figure:
    """Loss and accuracy by epoch, for the training and the test images.

    The loss is on a logarithmic scale, the accuracy on a logistic one, so that the
    last tenths of a percent are seen beside the first step from nothing.
    """
    if not history.test_loss:
        raise ValueError("expected a history of at least one entry, got an empty one")
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    epochs = range(len(history.test_loss))
    for ax, name in zip(axes, ("loss", "accuracy"), strict=True):
        for part, colour, marker in (("train", BLUE, "o"), ("test", ORANGE, "s")):
            values = getattr(history, f"{part}_{name}")
            ax.plot(epochs, values, color=colour, marker=marker, label=part)
        ax.set_xlabel("epoch (0: untrained)")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend(frameon=False)
    axes[0].set(ylabel="cross-entropy (nats)", yscale="log")
    axes[1].set(ylabel="accuracy")
    axes[1].set_yscale("logit", nonpositive="clip")
    for ax, ticks, form in (
        (axes[0], (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2), StrMethodFormatter("{x:g}")),
        (
            axes[1],
            (0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999),
            PercentFormatter(1, symbol=" %"),
        ),
    ):
        ax.yaxis.set_major_locator(FixedLocator(ticks))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(form)
        ax.grid(alpha=0.3)
    return figure


def confusion_matrix(
    labels: Tensor, predictions: Tensor, ax: Axes | None = None
) -> Axes:
    """How often each true digit (row) was taken for each digit (column).

    Only mistakes are coloured: the diagonal is some hundred times larger and would
    hide them.
    """
    import seaborn as sns

    if labels.shape != predictions.shape or labels.ndim != 1:
        raise ValueError(
            "expected labels and predictions of one shape (N,), got "
            f"{tuple(labels.shape)} and {tuple(predictions.shape)}"
        )
    for digits in (labels, predictions):
        whole = not (digits.is_floating_point() or digits.is_complex())
        if not (whole and ((digits >= 0) & (digits < CLASSES)).all()):
            raise ValueError(
                f"expected digits from 0 to {CLASSES - 1}, got {digits.dtype} "
                f"from {digits.min().item()} to {digits.max().item()}"
            )
    if ax is None:
        _, ax = plt.subplots(figsize=(6.6, 5.6), layout="constrained")
    pairs = labels.cpu() * CLASSES + predictions.cpu()
    counts = torch.bincount(pairs, minlength=CLASSES**2).numpy()
    counts = counts.reshape(CLASSES, CLASSES)
    mistakes = counts * ~np.eye(CLASSES, dtype=bool)
    sns.heatmap(
        mistakes,
        mask=mistakes == 0,
        annot=True,
        fmt="d",
        vmin=0,
        vmax=max(1, mistakes.max()),
        cmap=MISTAKES,
        square=True,
        cbar_kws={"label": "images taken for another digit", "shrink": 0.8},
        ax=ax,
    )
    for text in ax.texts:
        text.set_color(
            "white" if int(text.get_text()) > 0.8 * mistakes.max() else "black"
        )
    for digit, count in enumerate(counts.diagonal()):
        middle = digit + 0.5
        ax.text(middle, middle, count, ha="center", va="center")
    for edge in range(CLASSES + 1):
        ax.axhline(edge, color=GREY, linewidth=0.5, alpha=0.5)
        ax.axvline(edge, color=GREY, linewidth=0.5, alpha=0.5)
    ax.set(xlabel="predicted digit", ylabel="true digit")
    ax.tick_params(length=0, rotation=0)
    return ax


def architecture(
    layers: Sequence[Layer],
    ax: Axes | None = None,
    image: Tensor | None = None,
    probabilities: Tensor | None = None,
) -> Axes:
    """The network as ``trace`` described it, in rows; a pool begins a new one.

    Maps are squares to scale, four sheets for any number of channels; a batch norm and
    the ReLU after a convolution are drawn with it. Labels are those of VGG's layers:
    convolutions of 3x3, each with a ReLU, and pools of 2x2.

    image: (1, 28, 28), drawn as the input. probabilities: (10,), drawn at the end.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(5.4, 6.1), layout="constrained")
    names = {"Conv2d": "conv 3x3\n+ ReLU", "MaxPool2d": "max-pool\n2x2"}
    colours = {"Conv2d": BLUE, "MaxPool2d": ORANGE, "Linear": GREEN}
    rows: list[list[Layer]] = [[]]
    for layer in layers:
        if layer.kind == "MaxPool2d":
            rows.append([])
        if layer.kind not in ("BatchNorm2d", "ReLU"):
            rows[-1].append(layer)
    x, y, height, widest = 0.0, 0.0, 28.0, 0.0
    _stage(ax, x, y, (1, 28, 28), GREY, ("\ninput", ""), image)
    for row in rows:
        shapes = [layer.output_shape[1:] for layer in row]
        if row is not rows[0]:
            x, above = -STAGE, height
            height = max(float(s[-1]) if len(s) > 1 else 28.0 for s in shapes)
            y -= above / 2 + 38 + height / 2
        for layer, shape in zip(row, shapes, strict=True):
            x += STAGE
            cost = f"{layer.parameters:,}\nparameters" if layer.parameters else ""
            words = names.get(layer.kind, f"\n{layer.kind.lower()}"), cost
            left = _stage(ax, x, y, shape, colours.get(layer.kind, GREY), words)
            _arrow(ax, left, y)
        widest = max(widest, x)
    if probabilities is not None:
        shares = probabilities.detach().cpu().numpy()
        places = y + 18 - 3.6 * (np.arange(len(shares)) + 0.5)
        ax.barh(places, 20 * shares, 2.6, left=x + STAGE - 14, color=GREEN)
        for digit, place in enumerate(places):
            ax.text(x + STAGE - 16, place, str(digit), ha="right", va="center", size=8)
        ax.text(x + STAGE, y + 20, "softmax", ha="center", va="bottom", size=12)
        _arrow(ax, x + STAGE - 18, y)
        widest = max(widest, x + STAGE)
    ax.set(xlim=(-20, widest + 20), ylim=(y - height / 2 - 17, 27), aspect="equal")
    ax.set_axis_off()
    return ax


def _arrow(ax: Axes, x: float, y: float) -> None:
    """An arrow that ends just before ``x``."""
    arrow = {"arrowstyle": "->", "color": GREY}
    ax.annotate("", (x - 1, y), (x - 7, y), arrowprops=arrow)


def _stage(
    ax: Axes,
    x: float,
    y: float,
    shape: tuple[int, ...],
    colour: str,
    words: tuple[str, str],
    image: Tensor | None = None,
) -> float:
    """Draw one layer's output, with its name, shape and cost; returns its left edge."""
    side = float(shape[-1]) if len(shape) > 1 else 28.0
    width = side if len(shape) > 1 else 2.8
    # Four sheets stand for any number of channels, the front one drawn last
    sheets = 4 if len(shape) > 1 and shape[0] > 1 else 1
    for shift in [1.2 * i for i in range(sheets)][::-1]:
        corner = (x - width / 2 + shift, y - side / 2 + shift)
        sheet = Rectangle(corner, width, side, fc=colour, ec="white", lw=0.6)
        ax.add_patch(sheet)
    if image is not None:
        edges = (x - 14, x + 14, y - 14, y + 14)
        ax.imshow(image[0].detach().cpu().numpy(), "gray", extent=edges, zorder=2)
    name, cost = words
    below = y - side / 2 - 1.5
    ax.text(x, y + side / 2 + 4, name, ha="center", va="bottom", size=12)
    text = "x".join(map(str, shape))
    ax.text(x, below, text, ha="center", va="top", size=12, weight="bold")
    ax.text(x, below - 5.4, cost, ha="center", va="top", size=10.5)
    return x - width / 2
