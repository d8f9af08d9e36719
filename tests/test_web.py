"""What the browser gets: layers and scripts. tests/browser runs them there."""

import base64
import json
import re

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import mnist_cnn as mc
from mnist_cnn.web import FOLDER, bundle, layers


def values(text):
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), "<f4").copy())


def run(found, images):
    """The layers in PyTorch, from nothing but what the browser gets."""
    out = images
    for layer in found:
        if layer["kind"] == "pool":
            out = F.max_pool2d(out, 2)
            continue
        weight, bias = values(layer["weight"]), values(layer["bias"])
        if layer["kind"] == "conv":
            weight = weight.reshape(len(bias), -1, 3, 3)
            out = F.conv2d(out, weight, bias, padding=1).relu()
        else:
            out = F.linear(out.flatten(1), weight.reshape(len(bias), -1), bias)
    return out


@pytest.mark.parametrize(
    "model",
    [
        mc.load(),
        mc.load(recipe="long"),
        mc.VGG(filters=3, num_classes=7),
        mc.VGG(filters=2, batch_norm=True, double_filters=True).train(),
    ],
    ids=["plain", "long", "narrow", "trained on"],
)
def test_layers_are_those_of_the_model(model):
    mode = model.training
    found = layers(model)
    images = torch.rand(5, 1, 28, 28)
    assert model.training is mode
    expected = mc.predict(model, images)
    assert (run(found, images) - expected).abs().max() < 1e-4
    assert json.loads(json.dumps(found)) == found
    names = [layer["name"] for layer in found]
    assert names == [
        *("conv 1", "conv 2", "conv 3", "pool 1"),
        *("conv 4", "conv 5", "conv 6", "pool 2", "linear"),
    ]


def no_vgg():
    changed = mc.VGG()
    changed.features[6] = torch.nn.AvgPool2d(2)
    return changed


class Squared(mc.VGG):
    def forward(self, images):
        return super().forward(images**2)


@pytest.mark.parametrize("model", [mc.linear_baseline(), no_vgg(), Squared()])
def test_other_models_are_refused(model):
    with pytest.raises(ValueError, match=r"expected a VGG|weights|holds"):
        layers(model)


def test_scripts_make_one():
    script = bundle(FOLDER / "pad.js")
    assert not re.search(r"^import |^export (?!default)", script, re.MULTILINE)
    names = re.findall(r"^(?:const|let|function\*?) (\w+)", script, re.MULTILINE)
    assert len(names) > 30
    assert sorted(names) == sorted(set(names))
    parts = {path.stem for path in FOLDER.glob("*.js")}
    assert parts == {"surface", "answer", "network", "prepare", "layers", "pad"}
