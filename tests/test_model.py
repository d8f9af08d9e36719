"""The network: its size, its shapes, and what ``trace`` says about it."""

import pytest
import torch
from torch import nn

import mnist_cnn as mc

# The facts of the architecture, as its description on paper gives them
SHAPES = (
    [(1, 16, 28, 28)] * 6 + [(1, 16, 14, 14)] * 7 + [(1, 16, 7, 7), (1, 784), (1, 10)]
)
FIELDS = [3, 3, 5, 5, 7, 7, 8, 12, 12, 16, 16, 20, 20, 22, 22, 28]


def test_parameter_count():
    assert sum(p.numel() for p in mc.VGG().parameters()) == 19_610


@pytest.mark.parametrize(("filters", "classes"), [(1, 2), (8, 10), (32, 5)])
def test_parameter_count_for_other_sizes(filters, classes):
    on_paper = (
        (9 * filters + filters)
        + 5 * (9 * filters**2 + filters)
        + (49 * filters * classes + classes)
    )
    model = mc.VGG(filters, classes)
    assert sum(p.numel() for p in model.parameters()) == on_paper
    assert model(torch.zeros(3, 1, 28, 28)).shape == (3, classes)


def test_doubling_is_in_the_second_block():
    rows = mc.trace(mc.VGG(filters=4, double_filters=True))
    channels = [row.output_shape[1] for row in rows if row.kind == "Conv2d"]
    assert channels == [4, 4, 4, 8, 8, 8]
    assert rows[-2].output_shape == (1, 8 * 7 * 7)


def test_trace_shapes_and_fields():
    rows = mc.trace(mc.VGG())
    assert [row.output_shape for row in rows] == SHAPES
    assert [row.receptive_field for row in rows] == FIELDS
    assert sum(row.parameters for row in rows) == 19_610
    assert sum(row.multiply_adds for row in rows) == 5_088_160


def test_trace_leaves_the_model_as_it_was():
    model = mc.VGG().train()
    state = torch.get_rng_state()
    mc.trace(model)
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(m._forward_hooks for m in model.modules())


def test_field_by_lighting_one_pixel_at_a_time():
    """The receptive field, measured instead of computed."""
    features = mc.VGG(filters=1).features
    with torch.no_grad():
        for name, parameter in features.named_parameters():
            parameter.fill_(float(name.endswith("weight")))
        maps = features(torch.eye(784).reshape(784, 1, 28, 28))
    seen = (maps[:, 0, 3, 3] > 0).reshape(28, 28)
    assert seen.any(dim=0).sum() == seen.any(dim=1).sum() == 22
    assert seen.sum() == 22 * 22


def test_block_halves_and_keeps_channels_apart():
    block = nn.Sequential(*mc.vgg_block(2, 5))
    assert block(torch.zeros(1, 2, 12, 8)).shape == (1, 5, 6, 4)
    kinds = [type(layer) for layer in block]
    assert kinds == [nn.Conv2d, nn.ReLU] * 3 + [nn.MaxPool2d]


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(28, 28),
        torch.zeros(1, 28, 28),
        torch.zeros(2, 3, 28, 28),
        torch.zeros(2, 1, 32, 32),
        torch.zeros(2, 1, 28, 28, dtype=torch.uint8),
        torch.zeros(2, 1, 28, 28, dtype=torch.float64),
    ],
    ids=["no batch", "no channel", "colour", "32x32", "uint8", "float64"],
)
def test_wrong_images_are_named(images):
    with pytest.raises(ValueError, match=r"expected images .* got"):
        mc.VGG()(images)
    with pytest.raises(ValueError, match=r"expected images .* got"):
        mc.predict(mc.VGG(), images)


@pytest.mark.parametrize(
    "size",
    [
        {"filters": 0},
        {"num_classes": -1},
        {"filters": 1.5},
    ],
)
def test_wrong_sizes_are_named(size):
    name, value = next(iter(size.items()))
    with pytest.raises(ValueError, match=f"expected {name} .* got {value}"):
        mc.VGG(**size)


def test_nearest_mean_agrees_with_distances_by_hand(digits, few):
    means = torch.stack([digits.images[digits.labels == d].mean(0) for d in range(10)])
    by_hand = [
        min(range(10), key=lambda d: (image - means[d]).square().sum().item())
        for image in few.images
    ]
    model = mc.NearestMean(digits)
    assert mc.predict(model, few.images).argmax(dim=1).tolist() == by_hand


def test_nearest_mean_needs_every_digit(digits):
    with pytest.raises(ValueError, match=r"got none of \[8, 9\]"):
        mc.NearestMean(digits.first(8))
