"""Figures of the series: each takes data, draws, and returns what it drew.

Functions with ``ax`` draw on it, or on a new one, and return the Axes; functions for
several panels build and return a Figure. None shows, saves or changes settings.
"""

from mnist_cnn.plots.charts import (
    class_balance,
    confusion_matrix,
    intervals,
    learning_curves,
)
from mnist_cnn.plots.diagram import architecture
from mnist_cnn.plots.images import boxes, digit_map, image_grid, sample_grid
from mnist_cnn.plots.style import BLUE, GREEN, GREY, ORANGE

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "architecture",
    "boxes",
    "class_balance",
    "confusion_matrix",
    "digit_map",
    "image_grid",
    "intervals",
    "learning_curves",
    "sample_grid",
]
