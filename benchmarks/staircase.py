"""From the recipe plain to long, one change after another, each kept.

    python benchmarks/staircase.py

Trained on the 50,000 images that notebook 10 may learn from, and counted on the 10,000
that it chooses by, with three seeds. A JSON line a run; a run already recorded is not
repeated. The summary is mnist_cnn/studies/staircase.json.
"""

import json
from pathlib import Path

import records
import torch

import mnist_cnn as mc

HERE = Path(__file__).parent
LINES = HERE / "results" / "staircase.jsonl"
SUMMARY = HERE.parent / "mnist_cnn" / "studies" / "staircase.json"
SEEDS = range(3)
STEPS: dict[str, dict] = {
    "plain": {},
    "one cycle": {"one_cycle": True, "lr": 0.004},
    "batch norm": {"batch_norm": True},
    "label smoothing": {"label_smoothing": 0.1},
    "moved images": {"shift": 2.0, "rotation": 10.0},
    "more filters": {"double_filters": True},
    "as long trains": {"epochs": 8, "batch_size": 128, "lr": 0.02},
}


def main() -> None:
    train, _ = mc.load_mnist(source="mnist")
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    choose, learn = train.take(order[:10_000]), train.take(order[10_000:])
    known = {(run["step"], run["seed"]) for run in records.read(LINES)}
    for seed in SEEDS:
        recipe = mc.RECIPES["plain"].vary(seed=seed)
        for step, change in STEPS.items():
            recipe = recipe.vary(**change)
            if (step, seed) in known:
                continue
            mc.seed_everything(seed)
            history = mc.fit(recipe.build(), learn, choose, recipe.config)
            mistakes = round(len(choose) * (1 - history.test_accuracy[-1]))
            records.append(LINES, {"step": step, "seed": seed, "mistakes": mistakes})
    runs = records.read(LINES)
    mistakes = {
        step: [run["mistakes"] for run in runs if run["step"] == step] for step in STEPS
    }
    summary = {"command": "python benchmarks/staircase.py", "mistakes": mistakes}
    SUMMARY.write_text(json.dumps(summary) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
