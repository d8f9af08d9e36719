"""The kernel's side of the drawing pad; tests/browser draws on it with a mouse."""

import subprocess
import sys

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


def test_a_ruined_model_has_no_answer():
    model = mc.load()
    torch.nn.init.constant_(model.classifier[1].bias, float("nan"))
    pad = mc.DigitPad(model)
    pad.pixels = SEVEN
    assert pad.prediction is None
    assert pad.probabilities == []
    assert max(pad.seen) == 255


def test_what_is_refused_is_told():
    asked = []

    def odd_ones(images):
        asked.append(images.shape)
        return torch.tensor([len(asked) == 1])

    pad = mc.DigitPad(mc.load(), refuse=odd_ones)
    pad.pixels = SEVEN
    assert pad.refused is True
    assert pad.prediction == 7
    pad.pixels = SEVEN[::-1]
    assert pad.refused is False
    assert asked == [(1, 1, 28, 28)] * 2
    pad.pixels = []
    assert pad.refused is False
    assert len(asked) == 2


def test_strokes_that_do_not_meet_yet_do_not_warn(pad):
    pad.pixels = drawing([(20, 14), (20, 58)], [(50, 14), (50, 58)])
    assert pad.prediction is not None


def test_the_browser_gets_the_layers_of_a_vgg(pad):
    kinds = [layer["kind"] for layer in pad.layers]
    assert kinds == [*["conv"] * 3, "pool", *["conv"] * 3, "pool", "linear"]
    assert mc.DigitPad(mc.linear_baseline()).layers == []
    other = mc.VGG()
    other.features = other.classifier = torch.nn.Identity()
    assert mc.DigitPad(other).layers == []


def in_place(model):
    with torch.no_grad():
        model.classifier[1].bias[4] = 100


def by_hand(model):
    for p in model.classifier.parameters():
        p.data -= 0.1 * torch.ones_like(p)  # unseen by the version counter


@pytest.mark.parametrize("step", [in_place, by_hand])
def test_a_drawing_after_training_is_read_with_the_new_weights(step):
    model = mc.load()
    pad = mc.DigitPad(model)
    before, sent = pad.layers, []
    pad.observe(sent.append, "layers")
    pad.pixels = SEVEN
    assert sent == []
    step(model)
    pad.pixels = []
    assert len(sent) == 1
    assert pad.layers[:-1] == before[:-1]
    assert pad.layers[-1] != before[-1]


@pytest.mark.parametrize(
    ("part", "place", "layer"),
    [
        ("features", 6, torch.nn.AvgPool2d(2)),
        ("features", 1, torch.nn.Identity()),
        ("features", 4, torch.nn.Conv2d(16, 16, 3, padding=1, padding_mode="reflect")),
        ("classifier", 1, torch.nn.Sequential(torch.nn.Linear(784, 10))),
    ],
    ids=["pool", "no ReLU", "other padding", "nested"],
)
def test_an_exchanged_layer_leaves_the_answer_to_python(part, place, layer):
    model = mc.load()
    pad = mc.DigitPad(model)
    assert pad.layers
    model.get_submodule(part)[place] = layer
    pad.pixels = SEVEN
    assert pad.layers == []
    assert len(pad.probabilities) == 10


def test_the_model_keeps_its_mode():
    model = mc.load().train()
    mc.DigitPad(model).pixels = SEVEN
    assert model.training


def test_needs_a_model():
    with pytest.raises(ValueError, match="expected a model, got str"):
        mc.DigitPad("mnist.pt")


def test_text_is_the_same_on_every_run(pad):
    assert repr(pad) == repr(mc.DigitPad(mc.load()))
    assert "0x" not in repr(pad)
    assert "\n" not in repr(pad)


def test_the_page_gets_only_what_json_can_hold(pad):
    """Bytes would arrive in the browser as a view that no code here reads."""
    pad.pixels = SEVEN
    state = {name: pad.get_state()[name] for name in ("side", "pixels", "seen")}
    assert state == {"side": SIDE, "pixels": SEVEN, "seen": pad.seen}
    assert all(type(value) is int for value in state["pixels"] + state["seen"])
    assert all(type(value) is float for value in pad.get_state()["probabilities"])


def test_its_page_comes_with_the_package(pad):
    assert "export default { render }" in str(pad._esm)
    assert ".digit-pad" in str(pad._css)


def test_is_imported_only_when_used():
    """Training needs no widgets, and no SciPy to be imported."""
    code = (
        "import sys, mnist_cnn; "
        "assert not {'anywidget', 'ipywidgets', 'PIL.ImageOps'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
