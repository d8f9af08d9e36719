"""The whole job in the terminal: ``python -m mnist_cnn``.

Loads the digits, trains two baselines and the VGG, prints a table, and writes the
weights, the results and three figures to a folder.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from torch import nn

import mnist_cnn as mc
from mnist_cnn.cli import WHICH, parse, steadily, try_to_write
from mnist_cnn.devices import has_fast_bfloat16
from mnist_cnn.files import write_whole

__all__ = ["main"]

FIGURES = ("samples", "learning_curves", "confusion_matrix")
OUTPUTS = ("model.pt", "results.json", *(f"{name}.png" for name in FIGURES))
STOPPED = "stopped"  # the folder, in that of the results, for those of a stopped run


def train(
    model: nn.Module, digits: tuple[mc.Digits, mc.Digits], config: mc.TrainConfig
) -> mc.History:
    """Fit a model on the best device there is and bring it back to the CPU."""
    model.to(mc.pick_device())
    history = mc.fit(model, *digits, config)
    model.cpu()
    return history


def score(model: nn.Module, accuracy: float, images: int) -> dict[str, Any]:
    """Accuracy with its interval, and the size of the model."""
    learned = sum(p.numel() for p in model.parameters())
    means = sum(b.numel() for b in model.buffers())  # nothing trains these
    return {
        "parameters": learned or means,
        "accuracy": accuracy,
        "interval": mc.accuracy_interval(round(accuracy * images), images),
    }


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The models side by side, as text."""
    lines = [f"{'model':<20}{'parameters':>11}{'test accuracy':>16}   95 % interval"]
    for name, row in rows.items():
        ends = [f"{100 * end:.2f}" for end in row.get("interval", ())]
        interval = f"{' to '.join(ends)} %" if ends else ""
        lines.append(
            f"{name:<20}{row['parameters']:>11,}{100 * row['accuracy']:>14.2f} %"
            f"   {interval}".rstrip()
        )
    return "\n".join(lines)


def write(
    out: Path,
    model: nn.Module,
    digits: tuple[mc.Digits, mc.Digits],
    results: dict[str, Any],
) -> None:
    """Put the weights, ``results.json`` and the figures into ``out``, each whole."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    mc.save(model, out / "model.pt")
    text = json.dumps(results, indent=2) + "\n"
    write_whole(out / "results.json", text.encode())
    train, test = digits
    predictions = mc.predict(model, test.images).argmax(dim=1)
    drawn = (
        mc.plots.sample_grid(train, min(25, len(train))),
        mc.plots.learning_curves(mc.History(**results["history"])),
        mc.plots.confusion_matrix(test.labels, predictions).figure,
    )
    for name, figure in zip(FIGURES, drawn, strict=True):
        with io.BytesIO() as file:
            assert isinstance(figure, Figure)  # and no part of one
            figure.savefig(file, format="png", dpi=120, metadata={"Software": None})
            write_whole(out / f"{name}.png", file.getvalue())
    plt.close("all")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    # Left over from another program, it may name what is not installed here
    os.environ.pop("MPLBACKEND", None)
    return steadily(lambda: run(arguments))


def run(arguments: Sequence[str] | None) -> int:
    """Load, train, print, write; returns the exit status."""
    options = parse(arguments, outputs=OUTPUTS)
    try:
        digits = mc.load_mnist(options.data, options.source)
    except (ValueError, OSError, RuntimeError) as e:
        print(f"error: {e}", file=sys.stderr)
        return 2
    train_set, test = digits
    which = WHICH[test.source]
    print(f"data: {len(train_set):,} training and {len(test):,} test images{which}")
    means = mc.NearestMean(train_set)
    rows = {
        "guess": {"parameters": 0, "accuracy": 1 / mc.CLASSES},
        "nearest mean digit": score(
            means, mc.evaluate(means, test).accuracy, len(test)
        ),
    }
    recipe = options.recipe
    # A linear layer has no features to compute in 16 bits
    plain = replace(recipe.config, bfloat16=False)
    builds: dict[str, tuple[Callable[[], nn.Module], mc.TrainConfig]] = {
        "linear layer": (mc.linear_baseline, plain),
        "VGG": (recipe.build, recipe.config),
    }
    for name, (build, config) in builds.items():
        print(f"\n{name}")
        mc.seed_everything(config.seed)
        model = build()
        try:
            history = train(model, digits, config)
        except FloatingPointError as e:
            print(f"error: {e}", file=sys.stderr)
            return 1
        if history.interrupted and (name != "VGG" or len(history.seconds) < 2):
            print("nothing written: no epoch of the VGG was finished")
            return 130
        rows[name] = score(model, history.test_accuracy[-1], len(test))

    accuracy = rows["VGG"]["accuracy"]
    # Where the processor is slow at it, fit has taken float32
    sixteen_bits = recipe.config.bfloat16 and has_fast_bfloat16(mc.pick_device())
    results = {
        "test_accuracy": accuracy,
        "source": test.source,
        "recipe": options.recipe_name,
        "config": recipe.settings() | {"bfloat16": sixteen_bits},
        "history": asdict(history),
        "models": rows,
    }
    out = options.out / STOPPED if history.interrupted else options.out
    try_to_write(out, OUTPUTS)
    write(out, model, digits, results)
    print(f"\n{table(rows)}\n\nresults{which} in {out}")
    print(f"test accuracy {100 * accuracy:.2f} %{which}")
    return 130 if history.interrupted else 0


if __name__ == "__main__":
    sys.exit(main())
