"""The pages in which the network runs: one to draw on, and the pad on the home page."""

import base64
import json
import re
from pathlib import Path

import train
from downloads import report_link

import mnist_cnn as mc
from mnist_cnn.web import DIGITS, FOLDER, SIDE, bundle, draw_page, fill, layers

HERE = Path(__file__).parent
UNSURE = json.loads((HERE / "typical.json").read_text(encoding="utf-8"))
# Of the pictures in previews of links to the pages
ALTS = {
    "draw": "A drawing pad with a seven, and rows of small pictures, one for each map "
    "of each layer.",
    "train": "Two curves, of the loss that falls and of the digits read right, a pad "
    "with a seven, and the kernels and maps of a network that learns.",
}

# The way from one of them to the other
OTHERS = {
    "draw": '<a href="train.html">Watch it learn</a>',
    "train": '<a href="draw.html">Draw</a>',
}


def read(*paths):
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def trained(config):
    moved = "moved and turned" if config.shift else "as they are"
    return f"{config.epochs} epochs, images {moved}"


def network(name):
    """What network.js needs, and what the page says of it."""
    return {
        "layers": layers(mc.load(recipe=name)),
        "unsure": UNSURE[name],
        "trained": trained(mc.RECIPES[name].config),
    }


def around(app, name, page):
    """What a page says of itself to previews of links, and the ways to others."""
    (title,) = re.findall("<title>(.*)</title>", page)
    (description,) = re.findall('<meta name="description" content="(.*)">', page)
    words = {"name": name, "title": title, "description": description}
    words |= {"alt": ALTS[name], "address": app.config.html_baseurl}
    links = "\n".join(
        f'<a href="{page}.html">{title.astext()}</a>'
        for page, title in sorted(app.env.titles.items())
        if page.startswith("notebooks/")
    )
    return {
        "head": fill(read(HERE / "head.html"), words),
        "menu": fill(read(HERE / "menu.html"), {"links": links, "other": OTHERS[name]}),
        "report": report_link(app.config.repository, name),
    }


def make_draw_page(app, exception):
    """One file, with the networks and all else that it needs."""
    if exception is None:
        networks = {name: network(name) for name in UNSURE}
        parts = around(app, "draw", read(FOLDER / "draw.html"))
        page = draw_page(networks, home="", **parts)
        Path(app.outdir, "draw.html").write_text(page, encoding="utf-8")


def make_train_page(app, exception):
    """One file: the digits, the worker that learns from them, and the page."""
    if exception is not None:
        return
    samples = base64.b64encode(DIGITS.tobytes()).decode()
    data = train.digits() | {"samples": samples, "side": SIDE, "first": 7}
    source = {"mnist": "MNIST", "standin": "a stand-in for MNIST"}
    own = HERE / "train"
    template = read(own / "train.html")
    looks = [FOLDER / "pad.css", FOLDER / "draw.css", *sorted(own.glob("*.css"))]
    parts = {
        "style": read(*looks),
        "data": json.dumps(data),
        "source": source[data["train"]["source"]],
        "worker": bundle(FOLDER / "worker.js"),
        "script": bundle(own / "train.js"),
    }
    page = fill(template, parts | around(app, "train", template))
    Path(app.outdir, "train.html").write_text(page, encoding="utf-8")


def make_home_pad(app, exception):
    """The scripts of the home page's pad, with the smaller network."""
    if exception is None:
        data = json.dumps(network("plain") | {"side": SIDE})
        script = f'(() => {{\n"use strict";\nconst DATA = {data};\n'
        script += f"{bundle(HERE / 'home.js')}\n}})();\n"
        Path(app.outdir, "_static", "home.js").write_text(script, encoding="utf-8")


def setup(app):
    app.connect("build-finished", make_draw_page)
    app.connect("build-finished", make_train_page)
    app.connect("build-finished", make_home_pad)
