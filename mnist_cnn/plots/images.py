"""Images of digits, and of whatever else has rows and columns, side by side."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from mnist_cnn.arguments import whole_number
from mnist_cnn.data import Digits, as_digits
from mnist_cnn.plots import style
from mnist_cnn.plots.style import Numbers, as_array

GAP = 0.1  # inches between images
TITLE = 0.28  # inches above each image, for its title
TEN = "#3f90da #ffa90e #bd1f01 #94a4a2 #832db6 #a96b59 #e76300 #b9ac70 #717581 #92dadd"


@style.portable()
def image_grid(
    images: Numbers,
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
    pictures = as_array("images", images)
    if pictures.ndim == 4 and pictures.shape[1] == 1:
        pictures = pictures[:, 0]
    shape = pictures.shape
    if pictures.ndim != 3 or len(pictures) == 0:
        raise ValueError(f"expected images (N, 1, H, W) or (N, H, W), got {shape}")
    count, height, width = shape
    if titles is not None and len(titles) != count:
        raise ValueError(f"expected a title an image, got {len(titles)} for {count}")
    columns = min(whole_number("columns", columns), count)
    row_height = size + (TITLE if titles is not None else 0)
    right, bottom = columns * size, -(-count // columns) * row_height
    figure = plt.figure(figsize=(right, bottom))
    # One Axes for all, in inches: one for each takes eight times as long
    ax = figure.add_axes((0, 0, 1, 1))
    scale = (size - GAP) / max(height, width)
    half_height, half_width = scale * height / 2, scale * width / 2
    for i, picture in enumerate(pictures):
        x = (i % columns + 0.5) * size  # of the middle
        y = (i // columns + 1) * row_height - size / 2
        edges = (x - half_width, x + half_width, y + half_height, y - half_height)
        drawn = ax.imshow(picture, cmap, extent=edges, interpolation="nearest")
        if limits:
            drawn.set_clim(*limits)
        if titles is not None:
            ax.text(x, y - half_height - 0.04, titles[i], ha="center", fontsize=10)
    ax.set(xlim=(0, right), ylim=(bottom, 0))
    ax.set_axis_off()
    return figure


def sample_grid(digits: Digits, count: int = 25, seed: int = 0) -> Figure:
    """``count`` random digits with their labels, the same ones for the same seed."""
    digits = as_digits(digits)
    count = whole_number("count", count, most=len(digits))
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(digits), generator=generator)[:count]
    labels = [str(label) for label in digits.labels[chosen].tolist()]
    return image_grid(digits.images[chosen], labels)


@style.portable()
def digit_map(points: Numbers, labels: Numbers, ringed: Numbers, ax: Axes) -> Axes:
    """Points (N, 2), each digit named, in a colour of arXiv:2107.02270; with rings."""
    halo = [withStroke(linewidth=3, foreground="white")]
    places = as_array("points", points)
    for digit, colour in enumerate(TEN.split()):
        x, y = places[as_array("labels", labels) == digit].T
        ax.plot(x, y, "o", ms=2, mew=0, c=colour, antialiased=False)
        ax.text(np.median(x), np.median(y), str(digit), c="black", path_effects=halo)
    ax.plot(*places[as_array("ringed", ringed)].T, "o", ms=5, mfc="none", c=style.GREY)
    ax.set(xticks=[], yticks=[])
    return ax


def boxes(found: Sequence[Sequence[float]], answers: Sequence[int], ax: Axes) -> Axes:
    """What is read in each box (left, top, right, bottom), on a photo's Axes."""
    for (left, top, right, bottom), answer in zip(found, answers, strict=True):
        edge = [left, right, right, left, left], [top, top, bottom, bottom, top]
        ax.plot(*edge, color=style.ORANGE, lw=1)
        ax.text(left - 4, top - 4, str(answer), color=style.ORANGE, weight="bold")
    return ax
