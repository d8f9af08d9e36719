"""The kernel's side of the drawing pad; tests/browser draws on it with a mouse."""

from unittest.mock import Mock

import numpy as np
import pytest
import torch
import traitlets
from PIL import Image, ImageDraw

import mnist_cnn as mc
from mnist_cnn.pad import SIDE

PIXELS = SIDE * SIDE


def drawing(*strokes):
    image = Image.new("L", (SIDE, SIDE))
    for stroke in strokes:
        ImageDraw.Draw(image).line(stroke, fill=255, width=6, joint="curve")
    return np.asarray(image).ravel().tolist()


SEVEN = drawing([(20, 14), (50, 14), (32, 58)])


@pytest.fixture
def pad():
    return mc.DigitPad(mc.load())


def test_a_drawing_is_read(pad):
    pad.pixels = SEVEN
    assert pad.prediction == 7
    assert len(pad.probabilities) == 10
    assert sum(pad.probabilities) == pytest.approx(1, abs=1e-4)
    assert len(pad.seen) == 784
    assert (min(pad.seen), max(pad.seen)) == (0, 255)
    # Bytes would arrive in the browser as a view that no code here reads
    sent = pad.get_state()
    assert (sent["side"], sent["pixels"], sent["seen"]) == (SIDE, SEVEN, pad.seen)
    assert {type(value) for value in sent["pixels"] + sent["seen"]} == {int}
    assert {type(value) for value in sent["probabilities"]} == {float}


@pytest.mark.parametrize("pixels", [[], [0] * PIXELS, [0, 255] + [0] * (PIXELS - 2)])
def test_nothing_to_read(pad, pixels):
    pad.pixels = SEVEN
    pad.pixels = pixels
    assert pad.prediction is None
    assert pad.probabilities == []
    assert pad.seen == [0] * 784


@pytest.mark.parametrize("pixels", [[0] * 784, [256] * PIXELS, [0.5] * PIXELS, None])
def test_other_pixels_are_refused(pad, pixels):
    with pytest.raises(traitlets.TraitError):
        pad.pixels = pixels
    assert pad.prediction is None


def test_a_ruined_model_has_no_answer(pad):
    torch.nn.init.constant_(pad.network.classifier[1].bias, float("nan"))
    pad.pixels = SEVEN
    assert pad.prediction is None
    assert pad.probabilities == []
    assert max(pad.seen) == 255


def test_what_is_refused_is_told():
    refuse = Mock(side_effect=[torch.tensor([True]), torch.tensor([False])])
    pad = mc.DigitPad(mc.load(), refuse)
    pad.pixels = SEVEN
    assert (pad.refused, pad.prediction) == (True, 7)
    pad.pixels = SEVEN[::-1]
    assert pad.refused is False
    pad.pixels = []  # nothing that could be refused
    assert pad.refused is False
    assert [call.args[0].shape for call in refuse.mock_calls] == [(1, 1, 28, 28)] * 2


def test_strokes_that_do_not_meet_yet_do_not_warn(pad):
    pad.pixels = drawing([(20, 14), (20, 58)], [(50, 14), (50, 58)])
    assert pad.prediction is not None


def test_a_drawing_after_training_is_read_with_the_new_weights(pad):
    before, sent = pad.layers, []
    pad.observe(sent.append, "layers")
    pad.pixels = SEVEN
    assert sent == []
    pad.network.classifier[1].bias.data[4] = 100  # unseen by the version counter
    pad.pixels = SEVEN[::-1]
    assert pad.prediction == 4
    assert len(sent) == 1
    assert pad.layers[:-1] == before[:-1]
    assert pad.layers[-1] != before[-1]


OTHERS = {6: torch.nn.AvgPool2d(2), 1: torch.nn.Identity()}  # by their place
OTHERS[4] = torch.nn.Conv2d(16, 16, 3, padding=1, padding_mode="reflect")


@pytest.mark.parametrize("place", OTHERS)
def test_an_exchanged_layer_leaves_the_answer_to_python(pad, place):
    assert len(pad.layers) == 9
    pad.network.features[place] = OTHERS[place]
    pad.pixels = SEVEN
    assert pad.layers == []
    assert len(pad.probabilities) == 10


def test_needs_a_model_and_not_always_a_vgg():
    assert mc.DigitPad(mc.linear_baseline()).layers == []
    with pytest.raises(ValueError, match="expected a model, got str"):
        mc.DigitPad("mnist.pt")
