"""The network in the browser: its layers as JSON, scripts that run them, a page."""

import base64
import json
import re
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from mnist_cnn.checkpoints import from_state, unwrapped
from mnist_cnn.files import write_whole
from mnist_cnn.model import VGG

__all__ = ["bundle", "export_page", "layers"]

SIDE = 70  # pixels a side that a pad reads: its 280, reduced by 4
FOLDER = Path(__file__).parent
KINDS = {nn.Conv2d: "conv", nn.MaxPool2d: "pool", nn.Linear: "linear"}
with Image.open(FOLDER / "digits.png") as picture:  # ten test images, side by side
    DIGITS = np.stack(np.hsplit(np.asarray(picture), 10))[:, None]  # (10, 1, 28, 28)
IMPORT = re.compile(r'^import [^;]* from "\./(\w+)\.js";\n', re.MULTILINE)


def bundle(*paths: Path) -> str:
    """Scripts and all that they import as one, as a page opened from a folder needs it.

    What is imported stands beside a script, or here. So that no name of one hides
    another's, each name stands once.
    """
    texts: dict[Path, str] = {}

    def add(path: Path) -> None:
        if path not in texts:
            texts[path] = text = path.read_text(encoding="utf-8")
            for name in IMPORT.findall(text):
                beside = path.with_name(f"{name}.js")
                add(beside if beside.exists() else FOLDER / beside.name)
            texts[path] = texts.pop(path)  # after what it needs

    for path in paths:
        add(path)
    script = IMPORT.sub("", "\n".join(texts.values()))
    return re.sub(r"(?m)^export (?!default)", "", script)


def layers(model: nn.Module) -> list[dict[str, Any]]:
    """What network.js needs of each layer, first to last.

    Names, kinds ("conv", always with ReLU, "pool", "linear"), in base64 the float32
    weights and biases, and the largest output for ten test images. Batch norm, one
    factor and one summand for each map, is multiplied into its convolution. Raises
    ValueError for all but a ``VGG`` as it was built, with finite weights.
    """
    built = from_state(model.state_dict())
    modules = model.modules(), built.modules()
    found, expected = ([*map(_settings, parts)] for parts in modules)
    if type(model) is not VGG or found != expected:
        raise ValueError("expected a VGG with the layers that VGG() builds")
    rows: list[dict[str, Any]] = []
    parts = [*built.features, *built.classifier]
    out = torch.from_numpy(DIGITS / np.float32(255))
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        out = part(out).detach()
        if isinstance(part, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
            part = fuse_conv_bn_eval(part, after)
        if kind := KINDS.get(type(part)):
            rows.append({"kind": kind} | _packed(part))
        rows[-1]["most"] = round(out.max().item(), 4)  # of a convolution, after ReLU
    for i, row in enumerate(rows):
        count = [other["kind"] for other in rows[: i + 1]].count(kind := row["kind"])
        row["name"] = kind if kind == "linear" else f"{kind} {count}"
    return rows


def _settings(layer: nn.Module) -> dict[str, Any]:
    """Of what kind a layer is and how it was built, weights and mode apart."""
    public = {k: v for k, v in vars(layer).items() if not k.startswith("_")}
    return public | {"kind": type(layer), "training": False}


def _packed(layer: nn.Module) -> dict[str, str]:
    found = {}
    for name, values in layer.named_parameters():
        numbers = values.detach().contiguous().numpy().astype("<f4")
        found[name] = base64.b64encode(numbers.tobytes()).decode()
    return found


def draw_page(networks: dict[str, Any], **parts: str) -> str:
    """The page to draw on, with networks by name, filled with these parts."""
    names = ("draw.html", "pad.css", "draw.css")
    page, *style = ((FOLDER / name).read_text(encoding="utf-8") for name in names)
    digits = base64.b64encode(DIGITS.tobytes()).decode()
    data = {"networks": networks, "digits": digits, "side": SIDE, "first": 7}
    parts |= {"style": "\n".join(style), "data": json.dumps(data)}
    return fill(page, parts | {"script": bundle(FOLDER / "draw.js")})


def fill(template: str, parts: dict[str, str]) -> str:
    """Each {name} replaced, in one pass: braces in what comes in stay as they are."""
    return re.sub(rf"\{{({'|'.join(parts)})\}}", lambda one: parts[one[1]], template)


def export_page(model: nn.Module, path: str | Path) -> None:
    """Write the page to draw on to ``path``, with ``model`` in it: one file.

    Raises ValueError for all but a ``VGG`` for ten digits: the page draws no others.
    """
    try:
        network = {"layers": layers(model := unwrapped(model))}
        if (classes := len(model.state_dict()["classifier.1.bias"])) != len(DIGITS):
            raise ValueError(f"expected one for ten digits, got {classes} classes")
    except ValueError as e:
        raise ValueError(f"the page can draw no other model than a VGG: {e}") from e
    urls = metadata("mnist-cnn").get_all("Project-URL", [])
    home = dict(url.split(", ") for url in urls)["Documentation"]
    page = draw_page({"mine": network}, home=home, head="", menu="", report="")
    write_whole(path, page.encode())
