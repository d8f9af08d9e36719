"""The whole job in the terminal: ``python -m mnist_cnn``.

Loads the digits, trains two baselines and the VGG, prints a table, and writes the
weights, the results and three figures to a folder.
"""

import io
import json
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from torch import nn

import mnist_cnn as mc
from mnist_cnn.cli import RESULTS, SOURCE_NOTES, WEIGHTS, parse, run_command
from mnist_cnn.devices import has_fast_bfloat16
from mnist_cnn.files import write_whole

__all__ = ["main"]

Pair = tuple[mc.Digits, mc.Digits]  # the training set and the test set


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


def draw(out: Path, model: nn.Module, digits: Pair, history: mc.History) -> None:
    """Put the figures into ``out``; one that cannot be drawn costs one line."""
    train, test = digits
    drawings: dict[str, Callable[[], object]] = {
        "samples": lambda: mc.plots.sample_grid(train, min(25, len(train))),
        "learning_curves": lambda: mc.plots.learning_curves(history),
        "confusion_matrix": lambda: mc.plots.confusion_matrix(
            test.labels, mc.predict(model, test.images).argmax(dim=1)
        ),
    }
    for name, drawing in drawings.items():
        try:
            write_whole(out / f"{name}.png", as_png(drawing))
        except Exception as e:  # whatever it is, the rest is drawn
            reason = textwrap.shorten(f"{type(e).__name__}: {e}", 200)
            print(f"warning: no {name}.png: {reason}", file=sys.stderr)


def as_png(drawing: Callable[[], object]) -> bytes:
    """What it draws under default settings: a user's may need what is not here."""
    import matplotlib as mpl  # fails where their file cannot be read

    mpl.use("agg")
    import matplotlib.pyplot as plt

    with mpl.rc_context(), io.BytesIO() as file:
        mpl.rcdefaults()
        drawing()
        plt.savefig(file, format="png", dpi=120, metadata={"Software": None})
        plt.close("all")
        return file.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    # Of another program, or of one's own, they may ask for what is not here
    os.environ.pop("MPLBACKEND", None)
    os.environ["MATPLOTLIBRC"] = os.devnull
    return run_command(lambda: run(arguments))


def run(arguments: Sequence[str] | None) -> int:
    """Load, train, write, print; returns the exit status."""
    options = parse(arguments)
    try:
        digits = mc.load_mnist(options.data, options.source)
    except (ValueError, OSError, RuntimeError) as e:
        print(f"error: {e}", file=sys.stderr)
        return 2
    train_set, test = digits
    note = SOURCE_NOTES[test.source]
    print(f"data: {len(train_set):,} training and {len(test):,} test images{note}")
    means = mc.NearestMean(train_set)
    right = mc.evaluate(means, test).accuracy
    rows = {
        "guess": {"parameters": 0, "accuracy": 1 / mc.CLASSES},
        "nearest mean digit": score(means, right, len(test)),
    }
    recipe = options.recipe
    # A linear layer has no features to compute in 16 bits
    linear = replace(recipe.config, bfloat16=False)
    for name, build, config in (
        ("linear layer", mc.linear_baseline, linear),
        ("VGG", recipe.build, recipe.config),
    ):
        print(f"\n{name}")
        mc.seed_everything(config.seed)
        model = build().to(mc.pick_device())
        history = mc.fit(model, *digits, config)
        model.cpu()
        if history.interrupted and (name != "VGG" or len(history.seconds) < 2):
            print("nothing written: no epoch of the VGG was finished")
            return 130
        rows[name] = score(model, history.test_accuracy[-1], len(test))

    accuracy = rows["VGG"]["accuracy"]
    # Where 16 bits are slow, fit has taken float32
    few_bits = recipe.config.bfloat16 and has_fast_bfloat16(mc.pick_device())
    results = {
        "test_accuracy": accuracy,
        "source": test.source,
        "recipe": options.recipe_name,
        "config": recipe.settings() | {"bfloat16": few_bits},
        "history": asdict(history),
        "models": rows,
    }
    out = options.out / "stopped" if history.interrupted else options.out
    mc.save(model, out / WEIGHTS)
    write_whole(out / RESULTS, (json.dumps(results, indent=2) + "\n").encode())
    draw(out, model, digits, history)
    print(f"\n{table(rows)}\n\nresults{note} in {out}")
    print(f"test accuracy {100 * accuracy:.2f} %{note}")
    return 130 if history.interrupted else 0


if __name__ == "__main__":
    sys.exit(main())
