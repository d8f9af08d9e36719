"""Counts, curves and mistakes: what is in the data, and what training made of it."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import ticker
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.figure import Figure

from mnist_cnn.arguments import shorten
from mnist_cnn.data import CLASSES, Digits, as_digits
from mnist_cnn.plots import style
from mnist_cnn.plots.style import BLUE, GREY, MISTAKES, ORANGE, Numbers, as_array
from mnist_cnn.training import History

LOSSES = [m * 10.0**power for power in range(-4, 7) for m in (1, 2, 5)]
ACCURACIES = [0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999]


@style.portable()
def class_balance(digits: Digits, ax: Axes | None = None) -> Axes:
    """How many images each digit has, with a line at an equal share."""
    import seaborn as sns  # here, as it takes seconds and most figures do without

    digits = as_digits(digits)
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 3), layout="constrained")
    counts = np.bincount(digits.labels.cpu(), minlength=CLASSES)
    sns.barplot(x=np.arange(len(counts)), y=counts, color=BLUE, ax=ax)
    bars = ax.containers[-1]
    assert isinstance(bars, BarContainer)
    ax.bar_label(bars, fmt="{:,.0f}", label_type="center", color="white", fontsize=9)
    ax.axhline(len(digits) / len(counts), color=ORANGE, linestyle="--", linewidth=1.5)
    ax.set(xlabel="digit", ylabel="images")
    sns.despine(ax=ax)
    return ax


@style.portable()
def learning_curves(history: History) -> Figure:
    """Loss and accuracy by epoch, for the training and the test images.

    The loss is on a logarithmic scale, the accuracy on a logistic one, so that the
    last tenths of a percent are seen beside the first step from nothing. A training
    figure is the mean over its epoch, so it stands in the middle of it.
    """
    if not isinstance(history, History) or not history.test_loss:
        raise ValueError(f"expected a History with entries, got {shorten(history)}")
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    left.set(ylabel="cross-entropy (nats)", yscale="log")
    left.yaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
    _draw_curves(left, history.train_loss, history.test_loss, LOSSES)
    right.set_yscale("logit", nonpositive="clip")
    right.set(ylabel="accuracy")
    percent = ticker.PercentFormatter(1, symbol=" %", is_latex=True)  # as it stands
    right.yaxis.set_major_formatter(percent)
    _draw_curves(right, history.train_accuracy, history.test_accuracy, ACCURACIES)
    return figure


def _draw_curves(
    ax: Axes, train: list[float], test: list[float], ticks: list[float]
) -> None:
    """Both by epoch; where they are too flat to pass two of the ticks, with others."""
    middles = [max(0, epoch - 0.5) for epoch in range(len(train))]
    ax.plot(middles, train, color=BLUE, marker="o", label="train")
    ax.plot(test, color=ORANGE, marker="s", label="test")
    ax.set_xlabel("epoch (0: untrained)")
    ax.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    ax.yaxis.set_major_locator(ticker.FixedLocator(ticks))
    ax.yaxis.set_minor_locator(ticker.NullLocator())
    low, high = ax.get_ylim()
    if sum(low <= tick <= high for tick in ticks) < 2:
        ax.yaxis.set_major_locator(ticker.MaxNLocator(4))
    ax.legend(frameon=False)
    ax.grid(alpha=0.3)


@style.portable()
def confusion_matrix(
    labels: Numbers, predictions: Numbers, ax: Axes | None = None
) -> Axes:
    """How often each true digit (row) was taken for each digit (column).

    Only mistakes are coloured: the diagonal is some hundred times larger and would
    hide them.
    """
    import seaborn as sns

    true, guessed = as_array("labels", labels), as_array("predictions", predictions)
    if true.shape != guessed.shape or true.ndim != 1 or len(true) == 0:
        raise ValueError(
            "expected labels and predictions of one shape (N,), got "
            f"{true.shape} and {guessed.shape}"
        )
    both = np.concatenate([true, guessed])
    if both.dtype.kind == "f" or both.min() < 0 or both.max() >= CLASSES:
        raise ValueError(
            f"expected digits from 0 to {CLASSES - 1}, got {both.dtype} "
            f"from {both.min()} to {both.max()}"
        )
    counts = np.zeros((CLASSES, CLASSES), int)
    np.add.at(counts, (true.astype(int), guessed.astype(int)), 1)
    mistakes = counts * ~np.eye(CLASSES, dtype=bool)
    if ax is None:
        _, ax = plt.subplots(figsize=(6.6, 5.6), layout="constrained")
    already = len(ax.texts)
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
    for text in ax.texts[already:]:
        dark = int(text.get_text()) > 0.8 * mistakes.max()
        text.set_color("white" if dark else "black")
    for digit, count in enumerate(counts.diagonal()):
        ax.text(digit + 0.5, digit + 0.5, count, ha="center", va="center")
    for edge in range(CLASSES + 1):
        ax.axhline(edge, color=GREY, linewidth=0.5, alpha=0.5)
        ax.axvline(edge, color=GREY, linewidth=0.5, alpha=0.5)
    ax.set(xlabel="predicted digit", ylabel="true digit")
    ax.tick_params(length=0, rotation=0)
    return ax


@style.portable()
def intervals(rows: dict[str, tuple[Numbers, Numbers]], ax: Axes | None = None) -> Axes:
    """By name, in percent: the two ends of an interval (or none), and marks."""
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 0.8 + len(rows) / 3), layout="constrained")
    for y, (ends, marks) in enumerate(rows.values()):
        ax.plot(100 * np.array(ends), [y] * len(ends), "|-", color=BLUE)
        ax.plot(100 * np.array(marks), [y] * len(marks), "d", color=ORANGE, mfc="none")
    ax.set(yticks=range(len(rows)), yticklabels=rows, ylim=(len(rows) - 0.4, -0.6))
    ax.set_xlabel("%")
    ax.grid(axis="x", alpha=0.3)
    return ax
