"""What buys accuracy and what does not: one change at a time, then together.

    python benchmarks/ablations.py --split validation   # to choose between candidates
    python benchmarks/ablations.py                      # the rows of notebook 6

A JSON line a run; a run already recorded is not repeated, so the command can be stopped
and started again, also in several processes at once (``--part 1/2``) or for some rows
only (``"batch norm" "32 filters"``). The summary goes to
mnist_cnn/studies/ablations.json.
"""

import argparse
import json
import math
import statistics
from dataclasses import dataclass
from pathlib import Path

import records
import torch
from scipy import stats
from torch import Tensor, nn
from torch.nn import functional as F

import mnist_cnn as mc

HERE = Path(__file__).parent
LINES = HERE / "results" / "ablations.jsonl"
BASELINE = HERE / "results" / "seeds.jsonl"  # the same loop and batches as here
SUMMARY = HERE.parent / "mnist_cnn" / "studies" / "ablations.json"
MEAN, STD = 0.1307, 0.3081  # of all pixels of the training images, as in notebook 1


@dataclass(frozen=True)
class Recipe:
    """One way to train; the defaults are the baseline of notebook 3.

    lr: Adam's learning rate, the highest one with one_cycle. shift: pixels, drawn
    evenly in both directions. rotation: degrees, likewise. smoothing: of the labels.
    bfloat16: from the first convolution to the last pool, in oneDNN's memory layout,
    weights in float32; needs batch_norm, as oneDNN then takes no biases, raw inputs,
    and a CPU with instructions for it.
    """

    epochs: int = 3
    batch_size: int = 32
    lr: float = 1e-3
    filters: int = 16
    normalise: bool = False
    he: bool = False
    batch_norm: bool = False
    one_cycle: bool = False
    smoothing: float = 0.0
    shift: float = 0.0
    rotation: float = 0.0
    bfloat16: bool = False


ONE_CYCLE = {"one_cycle": True, "lr": 4e-3}
MOVED = {"shift": 2.0, "rotation": 10.0}

FAST = {"batch_norm": True, "one_cycle": True, "lr": 1e-2, "batch_size": 64}
# Nine fit, in bfloat16, into twice the usual loop's three epochs
LONG = {"epochs": 9, **FAST, **MOVED, "smoothing": 0.1}

# What notebook 6 shows beside the baseline, each with the seeds it runs
ROWS = {
    "normalised inputs": (Recipe(normalise=True), 10),
    "He initialisation": (Recipe(he=True), 10),
    "batch norm": (Recipe(batch_norm=True), 10),
    "rate 0.004, constant": (Recipe(lr=ONE_CYCLE["lr"]), 10),
    "one-cycle schedule": (Recipe(**ONE_CYCLE), 10),
    "label smoothing 0.1": (Recipe(smoothing=0.1), 10),
    "shifts and rotations": (Recipe(**MOVED), 10),
    "32 filters": (Recipe(filters=32), 5),
    "together, 1 epoch": (Recipe(epochs=1, **FAST), 10),
    "together, 9 epochs": (Recipe(**LONG), 5),
    "1 epoch in bfloat16": (Recipe(epochs=1, **FAST, bfloat16=True), 10),
    "9 epochs in bfloat16": (Recipe(**LONG, bfloat16=True), 5),
}

# Compared before the rows above were fixed, on images held out of the training set
CANDIDATES = {
    f"one-cycle, lr {lr:g}": (Recipe(one_cycle=True, lr=lr), 1)
    for lr in (2e-3, 4e-3, 8e-3)
}
CANDIDATES |= {
    f"1 epoch, batch {size}, lr {lr:g}": (
        Recipe(epochs=1, **FAST | {"batch_size": size, "lr": lr}),
        1,
    )
    for size, lr in ((32, 1e-2), (64, 1e-2), (64, 2e-2), (128, 2e-2))
}
CANDIDATES |= {
    f"{epochs} epochs{words}": (
        Recipe(**FAST, **MOVED, **settings, epochs=epochs),
        1,
    )
    for epochs in (9, 10)
    for words, settings in (
        ("", {}),
        (", smoothing", {"smoothing": 0.1}),
        (", smoothing, bfloat16", {"smoothing": 0.1, "bfloat16": True}),
    )
}


def build(recipe: Recipe) -> mc.VGG:
    """The network of a recipe, with fresh weights."""
    model = mc.VGG(recipe.filters)
    if recipe.batch_norm:
        model.features = with_batch_norm(model.features)
    if recipe.he:
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                # He et al., arXiv:1502.01852: variance 2 / fan-in keeps the scale of
                # what passes through a ReLU; the last layer has none after it
                gain = "relu" if isinstance(layer, nn.Conv2d) else "linear"
                nn.init.kaiming_normal_(layer.weight, nonlinearity=gain)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
    if recipe.normalise:
        model.features = nn.Sequential(Normalise(), *model.features)
    return model.to(memory_format=torch.channels_last)


class Normalise(nn.Module):
    """Mean 0 and standard deviation 1, as a layer, so that images stay in [0, 1]."""

    def forward(self, images: Tensor) -> Tensor:
        return (images - MEAN) / STD


def with_batch_norm(features: nn.Sequential) -> nn.Sequential:
    """The same layers with a batch norm between each convolution and its ReLU."""
    layers: list[nn.Module] = []
    for layer in features:
        layers.append(layer)
        if isinstance(layer, nn.Conv2d):
            layer.register_parameter("bias", None)  # batch norm adds one of its own
            layers.append(nn.BatchNorm2d(layer.out_channels))
    return nn.Sequential(*layers)


def move(images: Tensor, shift: float, rotation: float, generator) -> Tensor:
    """Each image turned and shifted by its own random amount; zeros come in."""
    n, side = len(images), images.shape[-1]

    def draw(limit: float) -> Tensor:
        return (2 * torch.rand(n, generator=generator) - 1) * limit

    angle = draw(math.radians(rotation))
    cos, sin = angle.cos(), angle.sin()
    across, down = draw(2 * shift / side), draw(2 * shift / side)  # image: -1 to 1
    rows = [torch.stack([cos, -sin, across], 1), torch.stack([sin, cos, down], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def train(recipe: Recipe, seed: int, digits: tuple[mc.Digits, mc.Digits]) -> mc.VGG:
    """A network trained by a recipe; one seed fixes its weights and batches."""
    mc.seed_everything(seed)
    model = build(recipe).train()
    loader, _ = mc.make_loaders(*digits, recipe.batch_size, seed)
    moves = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=recipe.lr, fused=True)
    steps = recipe.epochs * len(loader)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0)
    if recipe.one_cycle:
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, steps)
    for _ in range(recipe.epochs):
        for images, labels in loader:
            if recipe.shift or recipe.rotation:
                images = move(images, recipe.shift, recipe.rotation, moves)
            logits = in_bfloat16(model, images) if recipe.bfloat16 else model(images)
            loss = F.cross_entropy(logits, labels, label_smoothing=recipe.smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def in_bfloat16(model: mc.VGG, images: Tensor) -> Tensor:
    """The logits, by way of features in bfloat16 and in oneDNN's own memory layout.

    The layout is that of ``fit``; beside autocast, a step took 0.74 of the time.
    """
    features = model.features(images.to_mkldnn(torch.bfloat16))
    return model.classifier(features.to_dense(torch.float32))


def hold_out(train: mc.Digits) -> tuple[mc.Digits, mc.Digits]:
    """50,000 training images to learn from and 10,000 to choose by."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))

    def cut(indices: Tensor) -> mc.Digits:
        return mc.Digits(train.images[indices], train.labels[indices], train.source)

    return cut(order[10_000:]), cut(order[:10_000])


def summarise(done: list[dict]) -> None:
    """Write what notebook 6 shows."""
    base = {run["seed"]: run["test_accuracy"][-1] for run in records.read(BASELINE)}
    rows = [describe("baseline", base)]
    for name in ROWS:
        tested = [r for r in done if r["split"] == "test" and r["row"] == name]
        found = {run["seed"]: run["accuracy"] for run in tested}
        both = sorted(set(base) & set(found))
        if len(both) < 2:
            continue
        gains = [found[seed] - base[seed] for seed in both]
        test = stats.ttest_1samp(gains, 0)  # the paired t-test
        gain = {"gain": statistics.mean(gains), "p": test.pvalue}
        gain["gain_interval"] = list(test.confidence_interval(0.95))
        rows.append(describe(name, found) | gain)
    chosen = [run for run in done if run["split"] == "validation"]
    validation = {
        name: [r["accuracy"] for r in chosen if r["row"] == name]
        for name in CANDIDATES
        if any(r["row"] == name for r in chosen)
    }
    summary = {
        "command": "python benchmarks/ablations.py",
        "rows": rows,
        "validation": validation,
    }
    SUMMARY.write_text(json.dumps(summary, indent=1) + "\n")


def describe(name: str, found: dict[int, float]) -> dict:
    """Mean, spread and the single accuracies of a row, in the order of its seeds."""
    accuracies = [found[seed] for seed in sorted(found)]
    return {
        "row": name,
        "n": len(accuracies),
        "mean": statistics.mean(accuracies),
        "standard_deviation": statistics.stdev(accuracies),
        "accuracies": accuracies,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", choices=["test", "validation"], default="test")
    parser.add_argument("--part", default="1/1", help="as 1/2 and 2/2: two processes")
    parser.add_argument("rows", nargs="*", metavar="row", help="all if none is named")
    options = parser.parse_args()
    part, parts = map(int, options.part.split("/"))
    if not 1 <= part <= parts:
        parser.error(f"expected --part from 1/{parts} to {parts}/{parts}")

    digits = mc.load_mnist(source="mnist")
    if options.split == "validation":
        digits = hold_out(digits[0])
    rows = ROWS if options.split == "test" else CANDIDATES
    known = ROWS if options.split == "test" else CANDIDATES | ROWS
    if unknown := set(options.rows) - set(known):
        parser.error(f"expected rows of {[*known]}, got {sorted(unknown)}")
    rows = {name: known[name] for name in options.rows or rows}
    # Seed by seed, so that rows stay comparable wherever it is stopped
    most = max(seeds for _, seeds in rows.values())
    plan = [
        (n, r, s) for s in range(most) for n, (r, seeds) in rows.items() if s < seeds
    ]
    done = {(run["split"], run["row"], run["seed"]) for run in records.read(LINES)}
    for name, recipe, seed in plan[part - 1 :: parts]:
        if (options.split, name, seed) in done:
            continue
        accuracy = mc.evaluate(train(recipe, seed, digits), digits[1]).accuracy
        run = {"split": options.split, "row": name, "seed": seed, "accuracy": accuracy}
        records.append(LINES, run)
        print(f"{options.split}  {name}  seed {seed}  {accuracy:.2%}", flush=True)
    summarise(records.read(LINES))


if __name__ == "__main__":
    main()
