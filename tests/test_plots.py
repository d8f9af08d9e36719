"""Every figure shows the numbers it was given, and leaves the settings alone."""

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import mnist_cnn as mc
from mnist_cnn import plots

LAYERS = mc.trace(mc.VGG())


@pytest.fixture(autouse=True)
def settings_unchanged():
    before = mpl.rcParams.copy()
    yield
    assert mpl.rcParams == before
    plt.close("all")


# Images


def test_image_grid_shows_each_image_under_its_title():
    images = torch.rand(7, 1, 28, 28)
    titles = [str(i) for i in range(7)]
    (ax,) = plots.image_grid(images, titles, columns=4, size=2).axes
    for drawn, image in zip(ax.images, images, strict=True):
        assert np.array_equal(drawn.get_array(), image[0])
    assert [text.get_text() for text in ax.texts] == titles
    edges = np.array([drawn.get_extent() for drawn in ax.images])
    left, right, bottom, top = edges.T  # in inches, y grows downwards
    assert left.tolist() == pytest.approx([0.05, 2.05, 4.05, 6.05, 0.05, 2.05, 4.05])
    assert (top[4:] > bottom[:3] + 0.28).all()
    x, y = np.array([text.get_position() for text in ax.texts]).T
    assert x == pytest.approx((left + right) / 2)
    assert ((top - 0.1 < y) & (y < top)).all()
    assert (*ax.get_xlim(), *ax.get_ylim()) == pytest.approx((0, 8, 4.56, 0))
    assert ax.figure.get_size_inches().tolist() == pytest.approx([8, 4.56])


@pytest.mark.parametrize(("height", "width"), [(4, 8), (8, 4)])
def test_image_grid_stretches_nothing_and_is_as_wide_as_its_images(height, width):
    figure = plots.image_grid(torch.rand(3, height, width), size=2)
    assert figure.get_size_inches().tolist() == [6, 2]
    left, right, bottom, top = figure.axes[0].images[0].get_extent()
    assert (right - left) / (bottom - top) == pytest.approx(width / height)
    assert max(right - left, bottom - top) == pytest.approx(1.9)
    assert figure.axes[0].get_aspect() == 1


def test_points_and_boxes_are_drawn_in_their_place():
    points = torch.rand(40, 2)
    ax = plots.digit_map(points, torch.arange(40) % 10, points[:, 0] > 0.5, plt.gca())
    *digits, rings = ax.lines
    assert digits[3].get_ydata().tolist() == points[3::10, 1].tolist()
    assert rings.get_xdata().tolist() == points[points[:, 0] > 0.5, 0].tolist()
    ax = plots.boxes([(10, 20, 30, 60)], [7], plt.figure().gca())
    assert [*ax.lines[0].get_bbox().extents] == [10, 20, 30, 60]
    assert ax.texts[0].get_text() == "7"


def test_image_grid_scales():
    images = torch.tensor([[[0.0, 0.5]], [[2.0, 4.0]]])
    fixed = plots.image_grid(images).axes[0].images[1]
    own = plots.image_grid(images, limits=None).axes[0].images[1]
    assert fixed.get_clim() == (0, 1)
    assert own.get_clim() == (2, 4)
    assert fixed.cmap([0.0, 1.0])[:, :3].tolist() == [[0, 0, 0], [1, 1, 1]]


def test_sample_grid_is_seeded_and_labelled(digits):
    drawn = [plots.sample_grid(digits, seed=seed).axes[0] for seed in (0, 0, 1)]
    first, same, other = ([im.get_array() for im in ax.images] for ax in drawn)
    assert len(first) == 25
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)
    for title, picture in zip(drawn[0].texts, first, strict=True):
        found = (digits.images[:, 0] == torch.from_numpy(picture.data)).all(-1).all(-1)
        assert title.get_text() == str(digits.labels[found].item())


# Counts, curves and mistakes


def test_class_balance_bars_are_counts(digits):
    ax = plots.class_balance(digits.first(95))
    assert [bar.get_height() for bar in ax.patches] == [10] * 5 + [9] * 5
    assert 9.5 in [line.get_ydata()[0] for line in ax.lines]


def test_learning_curves_are_the_history():
    history = mc.History(
        [2.3, 0.2, 0.1], [0.1, 0.9, 0.95], [2.3, 0.1, 0.1], [0.1, 0.95, 0.96], [0.0] * 3
    )
    losses, accuracies = plots.learning_curves(history).axes
    drawn = [line.get_ydata().tolist() for line in (*losses.lines, *accuracies.lines)]
    assert drawn[:2] == [history.train_loss, history.test_loss]
    assert drawn[2:] == [history.train_accuracy, history.test_accuracy]
    # A mean over an epoch lies in its middle
    places = [line.get_xdata().tolist() for line in losses.lines]
    assert places == [[0, 0.5, 1.5], [0, 1, 2]]
    assert [t.get_text() for t in losses.get_legend().texts] == ["train", "test"]
    assert (losses.get_yscale(), accuracies.get_yscale()) == ("log", "logit")
    assert {0.1, 0.2, 0.5, 1, 2} <= set(losses.get_yticks())


@pytest.mark.parametrize("kind", [torch.tensor, np.array, np.uint8, list])
def test_confusion_matrix_rows_are_true_digits(kind):
    ax = plots.confusion_matrix(kind([4, 4, 4, 9, 1]), kind([4, 9, 9, 9, 1]))
    texts = {tuple(np.floor(t.get_position())): t.get_text() for t in ax.texts}
    right = {(d, d): "1" if d in (1, 4, 9) else "0" for d in range(10)}
    assert texts == right | {(9, 4): "2"}  # x, y
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("true digit", "predicted digit")
    coloured = ax.collections[0].get_array().reshape(10, 10)
    assert coloured[4, 9] == 2
    assert coloured.count() == 1  # all others are masked


def test_intervals_and_marks_stand_beside_their_name_in_percent():
    ax = plots.intervals({"one": ((0.5, 0.7), [0.6]), "many": ((), [0.1, 0.2])})
    drawn = [[*zip(*line.get_data(), strict=True)] for line in ax.lines]
    assert drawn == [[(50, 0), (70, 0)], [(60, 0)], [], [(10, 1), (20, 1)]]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["one", "many"]


# The network


@pytest.mark.parametrize("batch_norm", [False, True])
def test_architecture_draws_squares_to_scale_and_a_row_for_each_size(batch_norm):
    """A batch norm is drawn with its convolution."""
    layers = mc.trace(mc.VGG(batch_norm=batch_norm))
    ax = plots.architecture(layers)
    words = {text.get_text() for text in ax.texts}
    assert {"x".join(map(str, layer.output_shape[1:])) for layer in layers} <= words
    assert "7,850\nparameters" in words
    maps = [patch for patch in ax.patches if patch.get_width() == patch.get_height()]
    sides = {28: 1 + 3 * 4, 14: 4 * 4, 7: 4}  # the input; then four sheets a layer
    assert {side: sum(m.get_width() == side for m in maps) for side in sides} == sides
    middles = {m.get_width(): m.get_y() + m.get_height() / 2 for m in maps}
    assert middles[28] > middles[14] > middles[7]


@pytest.mark.parametrize("kind", [torch.tensor, np.array, list])
def test_architecture_draws_a_digit_and_its_answer(digits, kind):
    image = kind(digits.images[0].tolist())
    shares = kind([0.0] * 7 + [1.0] + [0.0] * 2)
    ax = plots.architecture(LAYERS, image=image, probabilities=shares)
    (picture,) = ax.images
    assert np.allclose(picture.get_array(), digits.images[0, 0])
    (bars,) = ax.containers
    lengths = [bar.get_width() for bar in bars]
    assert max(lengths) == lengths[7] > 0 == sum(lengths) - lengths[7]


# What all have in common


LABELS, IMAGES = torch.tensor([3, 3]), torch.zeros(2, 1, 28, 28)
DIGITS = mc.Digits(IMAGES, LABELS)


@pytest.mark.parametrize(
    ("draw", "arguments", "message"),
    [
        (plots.image_grid, (torch.zeros(28, 28),), r"images .* got \(28, 28\)"),
        (plots.image_grid, (torch.zeros(0, 1, 28, 28),), "images .* got"),
        (plots.image_grid, (torch.zeros(1, 16, 28, 28),), "images .* got"),
        (plots.image_grid, ("7.png",), "images as an array of numbers, got '7.png'"),
        (plots.image_grid, (IMAGES, ["one"]), "got 1 for 2"),
        (plots.image_grid, (IMAGES, None, 2.0), "columns to be a whole number"),
        (plots.sample_grid, (LABELS,), "Digits.* got torch.int64"),
        (plots.sample_grid, (DIGITS, 3), "count to be .*, got 3"),
        (plots.class_balance, (LABELS,), "Digits.* got torch.int64"),
        (plots.confusion_matrix, (torch.zeros(3), LABELS), r"got \(3,\) and \(2,\)"),
        (plots.confusion_matrix, ([], []), r"got \(0,\)"),
        (plots.confusion_matrix, (LABELS, [3, 12]), "0 to 9, got int64 from 3 to 12"),
        (plots.confusion_matrix, (LABELS, [3.0, 2.0]), "got float64"),
        (plots.learning_curves, (mc.History(),), "a History with entries, got"),
        (plots.learning_curves, ([2.3, 0.2],), "a History with entries, got"),
    ],
)
def test_what_cannot_be_drawn_is_told(draw, arguments, message):
    with pytest.raises(ValueError, match=f"expected .*{message}"):
        draw(*arguments)


@pytest.mark.parametrize(
    ("draw", "arguments"),
    [
        (plots.class_balance, (DIGITS,)),
        (plots.confusion_matrix, (LABELS, LABELS + 1)),
        (plots.architecture, (LAYERS,)),
    ],
)
def test_given_axes_are_drawn_on_and_keep_what_they_have(draw, arguments):
    _, ax = plt.subplots()
    note = ax.text(0.5, 0.5, "note", color="red")
    (line,) = ax.plot([1, 2], color="green")
    assert draw(*arguments, ax=ax) is ax
    assert note in ax.texts
    assert line in ax.lines
    assert (note.get_text(), note.get_color()) == ("note", "red")


def draw_as_cells_do(digits):
    with plt.style.context("mnist_cnn.figures"):
        figure = plt.figure()
        figure.add_subplot().imshow(digits.images[1, 0].numpy())
        figure.canvas.draw()
    return figure


DRAWINGS = {
    "grid": plots.sample_grid,
    "network": lambda d: plots.architecture(LAYERS, None, d.images[1]).figure,
    "counts": lambda d: plots.class_balance(d).figure,
    "mistakes": lambda d: plots.confusion_matrix(d.labels, d.labels.flip(0)).figure,
    "curves": lambda d: plots.learning_curves(mc.History(*[[0.2, 0.1]] * 5)),
    "a cell's": draw_as_cells_do,
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_readers_settings_turn_no_image_and_need_no_tex(name, digits, monkeypatch):
    monkeypatch.setenv("PATH", "")  # there is no TeX to be found
    pictures = []
    for settings in ({}, {"text.usetex": True, "image.origin": "lower"}):
        with mpl.rc_context(settings), io.BytesIO() as file:
            DRAWINGS[name](digits).savefig(file, format="png")
            pictures.append(file.getvalue())
    assert pictures[0] == pictures[1]
