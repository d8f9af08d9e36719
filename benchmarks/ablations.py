"""What buys accuracy and what does not: one change at a time, then together.

    python benchmarks/ablations.py --split validation   # to choose between candidates
    python benchmarks/ablations.py                      # the rows of notebook 10

A JSON line a run; a run already recorded is not repeated, so the command can be stopped
and started again, also in several processes at once (``--part 1/2``) or for some rows
only (``"batch norm" "32 filters"``). The summary goes to
mnist_cnn/studies/ablations.json.
"""

import argparse
import json
import statistics
from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any

import records
import torch
from scipy import stats
from torch import Tensor, nn

import mnist_cnn as mc
from mnist_cnn.devices import has_fast_bfloat16

HERE = Path(__file__).parent
LINES = HERE / "results" / "ablations.jsonl"
BASELINE = HERE / "results" / "seeds.jsonl"  # by the same loop, with the same batches
SUMMARY = HERE.parent / "mnist_cnn" / "studies" / "ablations.json"
MEAN, STD = 0.1307, 0.3081  # of all pixels of the training images, as in notebook 1

SEED = itemgetter("seed")
PLAIN, FAST, LONG = (mc.RECIPES[name] for name in ("plain", "fast", "long"))


def he(model: mc.VGG) -> None:
    """Draw the weights as He and others did, arXiv:1502.01852, as notebook 9 does."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            # The last layer has no ReLU after it
            gain = "relu" if isinstance(layer, nn.Conv2d) else "linear"
            nn.init.kaiming_normal_(layer.weight, nonlinearity=gain)
            nn.init.zeros_(layer.bias)


class Normalise(nn.Module):
    """Mean 0 and standard deviation 1, as a layer, so that images stay in [0, 1]."""

    def forward(self, images: Tensor) -> Tensor:
        return (images - MEAN) / STD


def normalise(model: mc.VGG) -> None:
    """Put ``Normalise`` before the first layer."""
    model.features.insert(0, Normalise())


def decay(model: mc.VGG) -> torch.optim.Optimizer:
    """Adam at the plain rate, which falls in a line to 0; for all 60,000 images."""
    optimizer = torch.optim.Adam(model.parameters(), lr=PLAIN.config.lr, fused=True)
    steps = PLAIN.config.epochs * -(-60_000 // PLAIN.config.batch_size)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=steps)
    optimizer.register_step_post_hook(lambda *_: schedule.step())
    return optimizer


def without_relu(model: mc.VGG) -> None:
    """Take the ReLUs out: only the pools are not linear then."""
    for i, layer in enumerate(model.features):
        if isinstance(layer, nn.ReLU):
            model.features[i] = nn.Identity()


def average_pools(model: mc.VGG) -> None:
    """Pools that take the mean of four, which is linear, in place of the largest."""
    for i, layer in enumerate(model.features):
        if isinstance(layer, nn.MaxPool2d):
            model.features[i] = nn.AvgPool2d(2)


def all_linear(model: mc.VGG) -> None:
    """Both: the whole network is then one linear map of the pixels."""
    without_relu(model)
    average_pools(model)


def one_block(model: mc.VGG) -> None:
    """Without the second block; 14x14 units a channel are left."""
    model.features = model.features[:7]
    model.classifier[1] = nn.Linear(16 * 14 * 14, 10)


def three_blocks(model: mc.VGG) -> None:
    """With a third, whose pool leaves 3x3 and drops a row and a column."""
    model.features.extend(mc.vgg_block(16, 16))
    model.classifier[1] = nn.Linear(16 * 3 * 3, 10)


# A recipe, how many seeds it runs, and what is done to the network before; where that
# gives an optimizer, it trains with this one
Change = Callable[[mc.VGG], torch.optim.Optimizer | None]
Row = tuple[mc.Recipe, int] | tuple[mc.Recipe, int, Change]

# What notebook 10 shows beside the baseline: one change each
CHANGES: dict[str, Row] = {
    "normalised inputs": (PLAIN, 10, normalise),
    "He initialisation": (PLAIN, 10, he),
    "batch norm": (PLAIN.vary(batch_norm=True), 10),
    "rate 0.004, constant": (PLAIN.vary(lr=4e-3), 10),
    "rate 0.001, decay to 0": (PLAIN, 10, decay),
    "one-cycle schedule": (PLAIN.vary(one_cycle=True, lr=4e-3), 10),
    "label smoothing 0.1": (PLAIN.vary(label_smoothing=0.1), 10),
    "shifts and rotations": (PLAIN.vary(shift=2.0, rotation=10.0), 10),
    "32 filters": (PLAIN.vary(filters=32), 5),
}
# and the recipes
ROWS: dict[str, Row] = CHANGES | {
    "fast, float32": (FAST.vary(bfloat16=False), 10),
    "long, float32": (LONG.vary(bfloat16=False), 5),
    "fast": (FAST, 10),
    "long": (LONG, 5),
}

# Of the network's parts, for the same notebook
PARTS: dict[str, Row] = {
    "without ReLU": (PLAIN, 5, without_relu),
    "average pools": (PLAIN, 5, average_pools),
    "all linear": (PLAIN, 5, all_linear),
    "one block": (PLAIN, 5, one_block),
    "three blocks": (PLAIN, 5, three_blocks),
}

# Compared before the rows above were fixed, on images held out of the training set
CANDIDATES: dict[str, Row] = {
    f"one-cycle, lr {lr:g}": (PLAIN.vary(one_cycle=True, lr=lr), 1)
    for lr in (2e-3, 4e-3, 8e-3)
}
CANDIDATES |= {
    f"1 epoch, batch {size}, lr {lr:g}": (
        FAST.vary(bfloat16=False, batch_size=size, lr=lr),
        1,
    )
    for size, lr in ((32, 1e-2), (64, 1e-2), (64, 2e-2), (128, 2e-2))
}
# What became the recipe long: the nine epochs it once had, then more filters
NARROW = LONG.vary(double_filters=False, batch_size=64, lr=1e-2)
CANDIDATES |= {
    f"{epochs} epochs{words}": (NARROW.vary(epochs=epochs, **settings), 1)
    for epochs in (9, 10)
    for words, settings in (
        ("", {"label_smoothing": 0.0, "bfloat16": False}),
        (", smoothing", {"bfloat16": False}),
        (", smoothing, bfloat16", {}),
    )
}
WIDE = NARROW.vary(double_filters=True, bfloat16=False)
LARGE: dict[str, Any] = {"batch_size": 128, "lr": 2e-2}
CANDIDATES |= {
    f"doubling, {words}": (WIDE.vary(**settings), 3)
    for words, settings in {
        "8 epochs": {"epochs": 8},
        "9 epochs": {"epochs": 9},
        "8 epochs, lr 0.005": {"epochs": 8, "lr": 5e-3},
        "8 epochs, lr 0.02": {"epochs": 8, "lr": 2e-2},
        "8 epochs, shift 3, rotation 15": {"epochs": 8, "shift": 3.0, "rotation": 15.0},
        "8 epochs, batch 128, lr 0.02": {"epochs": 8, **LARGE},
        "12 epochs, batch 128, lr 0.02": {"epochs": 12, **LARGE},
    }.items()
}
# The one to beat, with as many seeds
CANDIDATES["9 epochs, smoothing"] = NARROW.vary(epochs=9, bfloat16=False), 3


def train(row: Row, seed: int, digits: tuple[mc.Digits, mc.Digits]) -> mc.History:
    """One run; the seed fixes weights, batches and moves."""
    recipe, _, *change = row
    mc.seed_everything(seed)
    model = recipe.build()
    optimizer = change[0](model) if change else None
    model.to(mc.pick_device())
    config = replace(recipe.config, seed=seed)
    return mc.fit(model, *digits, config, optimizer=optimizer, progress=False)


def hold_out(train: mc.Digits) -> tuple[mc.Digits, mc.Digits]:
    """50,000 training images to learn from and 10,000 to choose by."""
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))
    return train.take(order[10_000:]), train.take(order[:10_000])


def summarise(done: list[dict]) -> None:
    """Write what notebooks 3 and 10 show."""
    base = {run["seed"]: run["test_accuracy"][-1] for run in records.read(BASELINE)}
    found = {row: by_seed(done, "test", row) for row in ROWS | PARTS}
    summary = {
        "command": "python benchmarks/ablations.py",
        "changes": len(CHANGES),
        "rows": [
            describe("baseline", base),
            *(
                describe(row, found[row]) | compare(found[row], base)
                for row in ROWS
                if len(found[row]) > 1
            ),
        ],
        "parts": [describe(row, found[row]) for row in PARTS if len(found[row]) > 1],
        "validation": {
            row: [*runs.values()]
            for row in CANDIDATES
            if (runs := by_seed(done, "validation", row))
        },
    }
    SUMMARY.write_text(json.dumps(summary, indent=1) + "\n")


def by_seed(done: list[dict], split: str, row: str) -> dict[int, float]:
    """The accuracy of each seed that was run, the seeds in order."""
    runs = [run for run in done if (run["split"], run["row"]) == (split, row)]
    return {run["seed"]: run["accuracy"] for run in sorted(runs, key=SEED)}


def compare(found: dict[int, float], base: dict[int, float]) -> dict:
    """What is gained over all runs of the baseline, with Welch's t-test.

    The interval is at the level of Bonferroni's rule, so that one clear of 0 is one
    whose p passes it. ``paired_p``: of the paired test that this study used at first.
    """
    rows = list(found.values())
    test = stats.ttest_ind(rows, list(base.values()), equal_var=False)
    interval = test.confidence_interval(1 - 0.05 / len(CHANGES))
    pairs = [(found[seed], base[seed]) for seed in found if seed in base]
    return {
        "gain": statistics.mean(rows) - statistics.mean(base.values()),
        "gain_interval": list(interval),
        "p": test.pvalue,
        "correlation": stats.pearsonr(*zip(*pairs, strict=True)).statistic,
        "paired_p": stats.ttest_rel(*zip(*pairs, strict=True)).pvalue,
    }


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
    tested = ROWS | PARTS
    rows = tested if options.split == "test" else CANDIDATES
    known = tested if options.split == "test" else CANDIDATES | tested
    if unknown := set(options.rows) - set(known):
        parser.error(f"expected rows of {[*known]}, got {sorted(unknown)}")
    rows = {name: known[name] for name in options.rows or rows}
    # Seed by seed, so that rows stay comparable wherever it is stopped
    most = max(row[1] for row in rows.values())
    plan = [(n, r, s) for s in range(most) for n, r in rows.items() if s < r[1]]
    done = {(run["split"], run["row"], run["seed"]) for run in records.read(LINES)}
    for name, row, seed in plan[part - 1 :: parts]:
        if (options.split, name, seed) in done:
            continue
        if row[0].config.bfloat16 and not has_fast_bfloat16(mc.pick_device()):
            print(f"{name}: skipped, no instructions for bfloat16 here", flush=True)
            continue
        history = train(row, seed, digits)
        if history.interrupted:
            break
        accuracy = history.test_accuracy[-1]
        run = {"split": options.split, "row": name, "seed": seed, "accuracy": accuracy}
        records.append(LINES, run | {"by_epoch": history.test_accuracy})
        print(f"{options.split}  {name}  seed {seed}  {accuracy:.2%}", flush=True)
    summarise(records.read(LINES))


if __name__ == "__main__":
    main()
