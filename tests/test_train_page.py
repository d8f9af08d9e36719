"""The training page's arithmetic, run in Node, beside PyTorch's on the same bytes."""

import json
import runpy
import shutil
import subprocess

import numpy as np
import pytest
import torch
from pages import ROOT
from torch.nn import functional as F

import mnist_cnn as mc
from mnist_cnn.web import FOLDER, bundle

PAGE = runpy.run_path(str(ROOT / "docs" / "train.py"))
NAMES = ("learn", "simd", "worker", "digits")
SCRIPT = bundle(*(FOLDER / f"{name}.js" for name in NAMES))
BEGIN = """
const { readFileSync, writeFileSync } = require("fs");
const given = JSON.parse(readFileSync("given.json", "utf8"));
const read = (name) => new Float32Array(Uint8Array.from(readFileSync(name)).buffer);
const write = (...rows) =>
  writeFileSync("out", Buffer.concat(rows.map((row) => Buffer.from(row.buffer))));
const finish = (answer) => { console.log(JSON.stringify(answer)); process.exit(); };
"""
pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="needs Node")


@pytest.fixture
def node(tmp_path):
    """Runs JavaScript after the page's own; arrays come as files, the rest as given."""

    def run(script, arrays=None, **given):
        for name, values in (arrays or {}).items():
            (tmp_path / name).write_bytes(np.asarray(values, "<f4").tobytes())
        (tmp_path / "given.json").write_text(json.dumps(given))
        whole = f"{SCRIPT}\n{BEGIN}\n{script}"
        done = subprocess.run(
            ["node", "-"], input=whole, cwd=tmp_path, stdout=-1, text=True, check=True
        )
        out = tmp_path / "out"
        found = np.frombuffer(out.read_bytes(), "<f4") if out.exists() else None
        return json.loads(done.stdout), found

    return run


GRADIENTS = """
const { filters, labels, fast } = given;
const layers = layersOf(filters, read("weights"));
const network = makeNetwork(layers, fast ? makeFast() : undefined);
const [gradients, store, images] = [new Float64Array(countNumbers(filters)), {}, read("images")];
const rows = labels.map((label, i) => {
  gradients.fill(0);
  const image = images.subarray(784 * i, 784 * (i + 1));
  const { stages } = lossAndGradients(network, image, label, layersOf(filters, gradients), store);
  const routes = [4, 8].flatMap((pool) => {
    const [input, output] = [stages[pool - 1], stages[pool]];
    const to = poolBackward(output.values.map((_, p) => p + 1), null, { input, output });
    return [...to.keys()].filter((at) => to[at]).sort((a, b) => to[a] - to[b]);
  });
  return [Float32Array.from(gradients), Float32Array.from(routes)];
});
write(...rows.flat());
finish(null);
"""


def numbers_of(model):
    return torch.nn.utils.parameters_to_vector(p.contiguous() for p in model.parameters())


def routes_of(model, images):
    """To which number of its input each number after a pool goes back, by image."""
    rows, out = [], images
    for layer in model.features:
        if isinstance(layer, torch.nn.MaxPool2d):
            found = F.max_pool2d(out, 2, return_indices=True)[1].flatten(2)
            maps = torch.arange(found.shape[1])[:, None] * out[0, 0].numel()
            rows.append((found + maps).flatten(1))
        out = layer(out)
    return torch.cat(rows, dim=1)


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
@pytest.mark.parametrize(("filters", "data"), [(16, "noise"), (3, "noise"), (16, "digits")])
def test_gradients_are_pytorchs(node, filters, data, fast):
    mc.seed_everything(0)
    model = mc.VGG(filters)
    digits = mc.load_mnist()[0].first(48)
    images, labels = PAGE["greys"](digits.images) / 15, digits.labels
    if data == "noise":
        images = torch.rand(8, 1, 28, 28)
    labels = labels[: len(images)]
    arrays = {"weights": numbers_of(model).detach(), "images": images}
    settings = {"filters": filters, "labels": labels.tolist(), "fast": fast}
    _, found = node(GRADIENTS, arrays, **settings)
    rows = torch.from_numpy(found.copy()).reshape(len(images), -1)
    gradients, routes = rows.split([len(arrays["weights"]), rows.shape[1] - len(arrays["weights"])], 1)
    images, double = images.double(), torch.nn.Sequential(model.features, model.classifier).double()
    alike = routes == routes_of(model, images)
    print(f"{(~alike).sum()} of {alike.numel()} differ, in {(~alike).any(1).sum()} images")
    same = alike.all(dim=1)
    F.cross_entropy(double(images[same]), labels[same]).backward()
    sizes = [p.numel() for p in model.parameters()]
    parts = gradients[same].mean(dim=0).split(sizes)
    for part, parameter in zip(parts, model.parameters(), strict=True):
        expected = parameter.grad.flatten()
        print(f"{(part - expected).abs().max() / expected.abs().max():.1e}")
        assert (part - expected).abs().max() <= 1e-5 * expected.abs().max()
