"""The pages in which the network runs: one to draw on, and the pad on the home page."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import mnist_cnn as mc
from mnist_cnn.pad import SIDE
from mnist_cnn.web import FOLDER, bundle, layers

HERE = Path(__file__).parent / "draw"
# How little a digit may get, by explain.js, until the page says that none fits well.
# Each limit refuses 2 % of notebook 7's held-out digits (tests/test_web.py), and 1.9
# and 2.2 % of the test digits. Of turned and mirrored digits, letters and noise, plain
# then refuses 60, 51, 41 and 95 %; mc.Neighbours, which needs the training images, 95,
# 66, 71 and 100 %. Of the same, long refuses 84, 74, 75 and 7 %; Neighbours 96, 85, 82
# and 100 %.
UNSURE = {"plain": 0.066, "long": 0.414}


def read(*paths):
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def test_images():
    """The ten images that the page has: (10, 1, 28, 28), from 0 to 255."""
    digits = np.hsplit(np.asarray(Image.open(HERE / "digits.png")), mc.CLASSES)
    return np.stack(digits)[:, None]


def trained(config):
    moved = "moved and turned" if config.shift else "as they are"
    return f"{config.epochs} epochs, images {moved}"


def network(name):
    """What network.js needs; and of each layer the largest value of the ten images."""
    model = mc.load(recipe=name).eval()
    out, most = torch.from_numpy(test_images() / np.float32(255)), []
    for layer, after in zip(model.features, [*model.features[1:], None], strict=True):
        out = layer(out).detach()
        if isinstance(after, torch.nn.Conv2d | torch.nn.MaxPool2d | None):
            most.append(round(out.max().item(), 4))
    return {
        "layers": layers(model),
        "most": most,
        "unsure": UNSURE[name],
        "trained": trained(mc.RECIPES[name].config),
    }


def fill(template, parts):
    """Each {name} replaced, in one pass: braces in what comes in stay as they are."""
    names = "|".join(parts)
    return re.sub(rf"\{{({names})\}}", lambda found: parts[found[1]], template)


def make_draw_page(app, exception):
    """One file, with the networks and all else that it needs."""
    if exception is not None:
        return
    data = {
        "networks": {name: network(name) for name in UNSURE},
        "digits": base64.b64encode(test_images().tobytes()).decode(),
        "side": SIDE,
        "first": 7,
    }
    pages = sorted(app.env.titles.items())
    parts = {
        "address": app.config.html_baseurl,
        "style": read(FOLDER / "pad.css", HERE / "draw.css"),
        "pages": "\n".join(
            f'<a href="{name}.html">{title.astext()}</a>'
            for name, title in pages
            if name.startswith("notebooks/")
        ),
        "script": bundle(HERE / "draw.js"),
        "data": json.dumps(data),
    }
    page = fill(read(HERE / "draw.html"), parts)
    Path(app.outdir, "draw.html").write_text(page, encoding="utf-8")


def make_home_pad(app, exception):
    """The scripts of the home page's pad, with the smaller network."""
    if exception is None:
        data = json.dumps(network("plain") | {"side": SIDE})
        script = f'(() => {{\n"use strict";\nconst DATA = {data};\n'
        script += f"{bundle(HERE / 'home.js')}\n}})();\n"
        Path(app.outdir, "_static", "home.js").write_text(script, encoding="utf-8")


def setup(app):
    app.connect("build-finished", make_draw_page)
    app.connect("build-finished", make_home_pad)
