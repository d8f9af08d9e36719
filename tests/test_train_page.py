"""The training page's arithmetic, run in Node, beside PyTorch's on the same bytes."""

import functools
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
SCRIPT = bundle(*(FOLDER / f"{name}.js" for name in ("worker", "digits")))
BEGIN = """
const { readFileSync, writeFileSync } = require("fs");
const given = JSON.parse(readFileSync("given.json", "utf8"));
const read = (name) => new Float32Array(Uint8Array.from(readFileSync(name)).buffer);
const write = (...rows) =>
  writeFileSync("out", Buffer.concat(rows.map((row) => Buffer.from(row.buffer))));
const finish = (answer) => {
  writeFileSync("told.json", JSON.stringify(answer));
  process.exit();
};
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
        subprocess.run(["node", "-"], input=whole, cwd=tmp_path, text=True, check=True)
        found = np.frombuffer((tmp_path / "out").read_bytes(), "<f4")
        return json.loads((tmp_path / "told.json").read_text()), found

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


TRAINING = """
const { digits, settings, start, steps } = given;
const told = { step: [], layers: [], score: [], failed: [] };
unpackDigits(digits).then(({ images, labels }) => {
  const weights = [];
  const hear = makeTrainer((message) => {
    told[message.kind]?.push(message);
    if (message.kind === "weights") weights.push(new Float32Array(message.buffer));
    if (message.kind !== "paused" && message.kind !== "failed") return;
    hear({ kind: "want", run: 1 });
    write(...weights);
    finish(told);
  });
  const test = { test: images, testLabels: labels };
  hear({ kind: "start", run: 1, images, labels, ...test, ...settings });
  hear({ kind: "want", run: 1 });
  hear({ kind: "go", run: 1, steps });
});
"""
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
OPTIMIZERS["momentum"] = functools.partial(torch.optim.SGD, momentum=0.9)


def train(node, steps, **settings):
    """What the worker tells of a training, and the same steps in PyTorch."""
    settings = {"filters": 8, "rule": "he", "seed": 1, "batch": 8, "every": 50} | settings
    digits = mc.load_mnist()[0].first(400)
    given = {"digits": PAGE["pack"](digits), "settings": settings, "steps": steps}
    told, weights = node(TRAINING, **given)
    first, last = torch.from_numpy(weights.copy()).chunk(2)
    images = PAGE["greys"](digits.images) / 15
    model = mc.VGG(settings["filters"])
    torch.nn.utils.vector_to_parameters(first, model.parameters())
    optimizer = OPTIMIZERS[settings["method"]](model.parameters(), lr=settings["rate"])
    losses = []
    for step in told["step"]:
        loss = F.cross_entropy(model(images[step["batch"]]), digits.labels[step["batch"]])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return told, last, model, losses


@pytest.mark.parametrize("method", [*OPTIMIZERS])
def test_steps_are_pytorchs(node, method):
    rate = 0.001 if method == "adam" else 0.01
    told, last, model, _ = train(node, 20, method=method, rate=rate, filters=16)
    away = (last - numbers_of(model)).abs()
    print(method, away.max(), (away < 1e-4).float().mean(), (away < 1e-3).float().mean())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("method", "rate"), [("sgd", 0.01), ("momentum", 0.001), ("adam", 0.001)])
def test_the_loss_curve_is_pytorchs(node, method, rate, seed):
    told, last, model, losses = train(node, 100, method=method, rate=rate, seed=seed)
    own = [step["loss"] for step in told["step"]]
    away = (torch.tensor(own) - torch.tensor(losses)).abs()
    print(method, rate, away[:20].max(), away[:50].max(), away.max(), losses[-1], [s["accuracy"] for s in told["score"]])
