"""A small and a large network on few images, as they are and moved, and on many.

    python benchmarks/few.py

The first 1,000 of the images that notebook 9 learns from, again and again, or 30,000
a few times, and how the network does after each pass on them and on 2,000 of those
that it chooses by. A JSON line a run; a run already recorded is not repeated. The
summary is mnist_cnn/studies/few.json.
"""

import json
from functools import partial
from pathlib import Path

import records
import torch
from ablations import he

import mnist_cnn as mc
from mnist_cnn.augment import augment

HERE = Path(__file__).parent
LINES = HERE / "results" / "few.jsonl"
SUMMARY = HERE.parent / "mnist_cnn" / "studies" / "few.json"
SEEDS = range(2)
FILTERS = {"small": 1, "large": 16}
# Network, moved, images, epochs: one of 30,000 takes as many steps as thirty of 1,000
WAYS = [
    *((name, moved, 1_000, 30) for name in FILTERS for moved in (False, True)),
    ("small", False, 1_000, 120),
    ("small", False, 30_000, 10),
    ("large", False, 30_000, 1),
]


def run(way: tuple, seed: int, few: mc.Digits, others: mc.Digits) -> dict:
    """Train with He's weights and the plain rate; losses and accuracies by epoch."""
    name, moved, images, epochs = way
    mc.seed_everything(seed)
    model = mc.VGG(filters=FILTERS[name])
    he(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
    loader, _ = mc.make_loaders(few, few, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    moves = partial(augment, shift=2, rotation=10, generator=generator)
    row: dict = {"network": name, "moved": moved, "seed": seed, "images": images}
    row["parameters"] = sum(p.numel() for p in model.parameters())
    for _ in range(epochs):
        for _ in mc.steps(model, loader, optimizer, augment=moves if moved else None):
            pass
        for part, digits in (("learned", few), ("others", others)):
            loss, accuracy = mc.evaluate(model, digits)
            row.setdefault(f"{part} loss", []).append(round(loss, 4))
            row.setdefault(f"{part} accuracy", []).append(round(accuracy, 4))
    return row


def main() -> None:
    train, _ = mc.load_mnist(source="mnist")
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    others = train.take(order[:2_000])
    known = [
        (r["network"], r["moved"], r["images"], len(r["others loss"]), r["seed"])
        for r in records.read(LINES)
    ]
    for seed in SEEDS:
        for way in WAYS:
            if (*way, seed) not in known:
                few = train.take(order[10_000 : 10_000 + way[2]])
                records.append(LINES, run(way, seed, few, others))
                print(*way, "seed", seed, flush=True)
    summary = {
        "command": "python benchmarks/few.py",
        "runs": records.read(LINES),
    }
    SUMMARY.write_text(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main()
