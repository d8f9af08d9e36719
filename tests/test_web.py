"""What the browser gets: layers and scripts. tests/browser runs them there."""

import base64
import json
import re
import runpy
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from pages import ROOT
from PIL import Image
from torch.nn import functional as F

import mnist_cnn as mc
from mnist_cnn.web import bundle, fill, layers


def run(found, images):
    """The layers in PyTorch, from nothing but what the browser gets."""
    out = images
    for layer in found:
        if layer["kind"] == "pool":
            out = F.max_pool2d(out, 2)
            continue
        weight, bias = (
            torch.from_numpy(np.frombuffer(base64.b64decode(layer[name]), "<f4").copy())
            for name in ("weight", "bias")
        )
        if layer["kind"] == "conv":
            weight = weight.reshape(len(bias), -1, 3, 3)
            out = F.conv2d(out, weight, bias, padding=1).relu()
        else:
            out = F.linear(out.flatten(1), weight.reshape(len(bias), -1), bias)
    return out


TRAINED_ON = mc.VGG(filters=2, batch_norm=True, double_filters=True).train()
MODELS = [mc.load(), mc.load(recipe="long"), mc.VGG(3, num_classes=7), TRAINED_ON]


@pytest.mark.parametrize("model", MODELS, ids=["plain", "long", "narrow", "trained on"])
def test_layers_are_those_of_the_model(model):
    mode = model.training
    found = json.loads(json.dumps(layers(model)))
    images = torch.rand(5, 1, 28, 28)
    assert model.training is mode
    expected = mc.predict(model, images)
    assert (run(found, images) - expected).abs().max() < 1e-4
    names = "conv 1, conv 2, conv 3, pool 1, conv 4, conv 5, conv 6, pool 2, linear"
    assert [layer["name"] for layer in found] == names.split(", ")


AVERAGING = mc.VGG()
AVERAGING.features[6] = torch.nn.AvgPool2d(2)
MINE = type("Mine", (mc.VGG,), {})()  # may do anything in its forward


@pytest.mark.parametrize("model", [*MODELS[:2], MODELS[3]])
def test_a_page_has_the_model_that_was_handed_in(model, tmp_path):
    mc.export_page(torch.nn.DataParallel(model), tmp_path / "new" / "mine.html")
    page = (tmp_path / "new" / "mine.html").read_text("utf-8")
    data = json.loads(re.search(r'"application/json">(.*)</script>', page)[1])
    (mine,) = data["networks"].values()
    assert mine["layers"] == layers(model)
    digits = np.frombuffer(base64.b64decode(data["digits"]), np.uint8)
    images = torch.from_numpy(digits / np.float32(255)).reshape(10, 1, 28, 28)
    with torch.no_grad():
        expected = model.features[:-1].eval()(images).max().item()
    assert mine["layers"][-3]["most"] == pytest.approx(expected, abs=1e-4)
    assert not re.search('href="(?!https:)', page)  # nothing stands beside it


@pytest.mark.parametrize("model", [mc.linear_baseline(), AVERAGING, MINE, MODELS[2], 3])
def test_no_page_for_another_model(model, tmp_path):
    with pytest.raises(ValueError, match="no other model than a VGG: expected"):
        mc.export_page(model, tmp_path / "mine.html")
    assert not any(tmp_path.iterdir())


DOCS = ROOT / "docs"
sys.path.append(str(DOCS))  # as its settings do
LIVE = runpy.run_path(str(DOCS / "live.py"))
TYPICAL = runpy.run_path(str(ROOT / "tools" / "typical.py"))


SCRIPTS = "mnist_cnn/web/pad mnist_cnn/web/draw docs/home docs/train/train"


@pytest.mark.parametrize("path", SCRIPTS.split())
def test_scripts_make_one(path):
    script = bundle(ROOT / f"{path}.js")
    assert not re.search(r"^import |^export (?!default)", script, re.MULTILINE)
    names = re.findall(r"^(?:const|let|function\*?) (\w+)", script, re.MULTILINE)
    assert len(names) > 30
    assert sorted(names) == sorted(set(names))
    whole = f"() => {{ {script.replace('export default', 'return')} }}"
    if node := shutil.which("node"):
        subprocess.run(
            [node, "--check", "-"], input=f"({whole})", text=True, check=True
        )


def test_a_page_is_filled_in_one_pass():
    """What comes in may have braces itself, as scripts do."""
    page = fill("{script} {data} {other}", {"script": "${data}", "data": "1"})
    assert page == "${data} 1 {other}"


@pytest.mark.parametrize("recipe", ["plain", "long"])
def test_of_real_digits_one_in_fifty_is_doubted(recipe):
    train, _ = mc.load_mnist()
    if train.source == "mnist":  # as the weights of the page
        model, images = mc.load(recipe=recipe), train.images[50_000:55_000]
        unsure, sureness = LIVE["UNSURE"][recipe], TYPICAL["sureness"]
        doubted = sureness(model, images, unsure["typical"]) < unsure["limit"]
        share = doubted.float().mean()
        assert share == pytest.approx(0.02, abs=0.001), "tools/typical.py"


@pytest.mark.parametrize("name", ["draw", "draw-dark", "train"])
def test_the_picture_is_of_the_page_as_it_is(name):
    looks = runpy.run_path(str(ROOT / "tools" / "shots.py"))["looks"]
    with Image.open(ROOT / "images" / f"{name}.png") as picture:
        of = looks(name.removesuffix("-dark"))
        assert picture.text["page"] == of, "make site, tools/shots.py"
