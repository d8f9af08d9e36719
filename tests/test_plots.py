"""Every figure shows the numbers it was given, and leaves the settings alone."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import mnist_cnn as mc
from mnist_cnn import plots

HISTORY = mc.History([2.3, 0.2], [0.1, 0.9], [2.3, 0.1], [0.1, 0.95], [0.0, 9.0])


@pytest.fixture(autouse=True)
def settings_unchanged():
    before = mpl.rcParams.copy()
    yield
    assert mpl.rcParams == before
    plt.close("all")


def test_image_grid_shows_each_image_under_its_title():
    images = torch.rand(7, 1, 28, 28)
    titles = [str(i) for i in range(7)]
    (ax,) = plots.image_grid(images, titles, columns=4, size=2).axes
    assert len(ax.images) == 7
    for drawn, image in zip(ax.images, images, strict=True):
        assert np.array_equal(drawn.get_array(), image[0])
    assert [text.get_text() for text in ax.texts] == titles
    edges = np.array([drawn.get_extent() for drawn in ax.images])
    left, right, bottom, top = edges.T  # y grows downwards
    assert left.tolist() == pytest.approx([0.05, 2.05, 4.05, 6.05, 0.05, 2.05, 4.05])
    assert right - left == pytest.approx(1.9)
    assert bottom - top == pytest.approx(1.9)
    assert (top[4:] > bottom[:3] + 0.28).all()
    for text, middle, edge in zip(ax.texts, (left + right) / 2, top, strict=True):
        x, y = text.get_position()
        assert x == pytest.approx(middle)
        assert edge - 0.1 < y < edge
    assert (*ax.get_xlim(), *ax.get_ylim()) == pytest.approx((0, 8, 4.56, 0))
    assert ax.figure.get_size_inches().tolist() == pytest.approx([8, 4.56])


def test_image_grid_stretches_nothing():
    for height, width in ((4, 8), (8, 4)):
        (ax,) = plots.image_grid(torch.rand(2, height, width)).axes
        for drawn in ax.images:
            left, right, bottom, top = drawn.get_extent()
            assert (right - left) / (bottom - top) == pytest.approx(width / height)
            assert max(right - left, bottom - top) == pytest.approx(1.1)
        assert ax.get_aspect() == 1


def test_image_grid_scales():
    images = torch.tensor([[[0.0, 0.5]], [[2.0, 4.0]]])
    fixed, own = (
        plots.image_grid(images, **options).axes[0].images[1]
        for options in ({}, {"limits": None})
    )
    assert fixed.get_clim() == (0, 1)
    assert own.get_clim() == (2, 4)
    paper, ink = fixed.cmap([0.0, 1.0])
    assert paper[:3].tolist() == [0, 0, 0]
    assert ink[:3].tolist() == [1, 1, 1]


@pytest.mark.parametrize("shape", [(28, 28), (0, 1, 28, 28), (1, 16, 28, 28)])
def test_image_grid_needs_images(shape):
    with pytest.raises(ValueError, match="expected images"):
        plots.image_grid(torch.zeros(shape))


def test_image_grid_needs_a_title_an_image():
    with pytest.raises(ValueError, match="got 1 for 2"):
        plots.image_grid(torch.zeros(2, 1, 4, 4), ["one"])


def test_sample_grid_is_seeded_and_labelled(digits):
    first, same, other = (plots.sample_grid(digits, seed=s) for s in (0, 0, 1))
    pictures = [
        [drawn.get_array() for drawn in f.axes[0].images] for f in (first, same, other)
    ]
    assert len(pictures[0]) == 25
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])
    for title, picture in zip(first.axes[0].texts, pictures[0], strict=True):
        found = (digits.images[:, 0] == torch.from_numpy(picture.data)).all(-1).all(-1)
        assert title.get_text() == str(digits.labels[found].item())


@pytest.mark.parametrize("count", [0, 101])
def test_sample_grid_needs_enough_digits(digits, count):
    with pytest.raises(ValueError, match=f"expected count to be .*, got {count}"):
        plots.sample_grid(digits, count)


def test_class_balance_bars_are_counts(digits):
    ax = plots.class_balance(digits.first(95))
    heights = [bar.get_height() for bar in ax.patches]
    assert heights == [10] * 5 + [9] * 5
    assert 9.5 in [line.get_ydata()[0] for line in ax.lines]


def test_learning_curves_are_the_history():
    figure = plots.learning_curves(HISTORY)
    drawn = [line.get_ydata().tolist() for ax in figure.axes for line in ax.lines]
    assert drawn == [
        HISTORY.train_loss,
        HISTORY.test_loss,
        HISTORY.train_accuracy,
        HISTORY.test_accuracy,
    ]
    assert [text.get_text() for text in figure.axes[0].get_legend().texts] == [
        "train",
        "test",
    ]


def test_learning_curves_stretch_accuracies_close_to_one():
    losses, accuracies = plots.learning_curves(HISTORY).axes
    assert (losses.get_yscale(), accuracies.get_yscale()) == ("log", "logit")


def test_learning_curves_need_an_entry():
    with pytest.raises(ValueError, match="got an empty one"):
        plots.learning_curves(mc.History())


def test_confusion_matrix_rows_are_true_digits():
    labels = torch.tensor([4, 4, 4, 9, 1])
    predictions = torch.tensor([4, 9, 9, 9, 1])
    ax = plots.confusion_matrix(labels, predictions)
    texts = {(round(t.get_position()[1] - 0.5), round(t.get_position()[0] - 0.5)):
             t.get_text() for t in ax.texts}  # fmt: skip
    assert texts[4, 9] == "2"
    assert (9, 4) not in texts
    assert texts[4, 4] == texts[9, 9] == texts[1, 1] == "1"
    assert ax.get_ylabel() == "true digit"
    assert ax.get_xlabel() == "predicted digit"
    coloured = ax.collections[0].get_array().reshape(10, 10)
    assert coloured[4, 9] == 2
    assert coloured.count() == 1  # all others are masked


def test_confusion_matrix_without_a_mistake():
    ax = plots.confusion_matrix(torch.arange(10), torch.arange(10))
    assert [text.get_text() for text in ax.texts] == ["1"] * 10
    assert ax.collections[0].get_array().count() == 0


def test_confusion_matrix_needs_pairs():
    with pytest.raises(ValueError, match=r"got \(3,\) and \(2,\)"):
        plots.confusion_matrix(torch.zeros(3), torch.zeros(2))


@pytest.mark.parametrize("wrong", [[3, 12], [3, -2], [3.0, 2.0]])
def test_confusion_matrix_needs_digits(wrong):
    with pytest.raises(ValueError, match="expected digits from 0 to 9, got torch"):
        plots.confusion_matrix(torch.tensor([3, 3]), torch.tensor(wrong))


def test_architecture_names_every_shape():
    layers = mc.trace(mc.VGG())
    words = {text.get_text() for text in plots.architecture(layers).texts}
    for layer in layers:
        assert "x".join(map(str, layer.output_shape[1:])) in words
    assert "7,850\nparameters" in words


def test_architecture_draws_squares_to_scale_and_a_row_for_each_size():
    patches = plots.architecture(mc.trace(mc.VGG())).patches
    maps = [patch for patch in patches if patch.get_width() == patch.get_height()]
    sides = {28: 1 + 3 * 4, 14: 4 * 4, 7: 4}  # the input; then four sheets a layer
    assert {side: sum(m.get_width() == side for m in maps) for side in sides} == sides
    middles = {m.get_width(): m.get_y() + m.get_height() / 2 for m in maps}
    assert middles[28] > middles[14] > middles[7]


def test_architecture_draws_a_digit_and_its_answer(digits):
    shares = torch.eye(10)[7]
    ax = plots.architecture(
        mc.trace(mc.VGG()), image=digits.images[0], probabilities=shares
    )
    (picture,) = ax.images
    assert (picture.get_array() == digits.images[0, 0].numpy()).all()
    (bars,) = ax.containers
    lengths = [bar.get_width() for bar in bars]
    assert max(lengths) == lengths[7] > 0 == sum(lengths) - lengths[7]


def test_architecture_draws_batch_norm_with_its_convolution():
    drawn = [
        len(plots.architecture(mc.trace(mc.VGG(batch_norm=norm))).patches)
        for norm in (False, True)
    ]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("bad", [0, -1, True, 2.0], ids=str)
def test_counts_of_a_grid(digits, bad):
    with pytest.raises(ValueError, match="expected columns to be a whole number"):
        plots.image_grid(digits.images, columns=bad)
    with pytest.raises(ValueError, match="expected count to be a whole number"):
        plots.sample_grid(digits, count=bad)


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax, d: plots.class_balance(d, ax=ax),
        lambda ax, d: plots.confusion_matrix(d.labels, d.labels, ax=ax),
        lambda ax, d: plots.architecture(mc.trace(mc.VGG()), ax=ax),
    ],
    ids=["class_balance", "confusion_matrix", "architecture"],
)
def test_given_axes_are_drawn_on_and_returned(digits, draw):
    _, ax = plt.subplots()
    assert draw(ax, digits) is ax
    assert ax.has_data()
