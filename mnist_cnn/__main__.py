"""The whole job in the terminal: ``python -m mnist_cnn``.

Loads the digits, trains two baselines and the VGG, prints a table, and writes the
weights, the results and three figures to a folder.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from torch import nn

import mnist_cnn as mc
from mnist_cnn.data import SOURCES

__all__ = ["main"]


class Parser(argparse.ArgumentParser):
    """An argument parser that answers a mistake with one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}\n")


def parse(
    arguments: list[str] | None, command: str = "python -m mnist_cnn"
) -> argparse.Namespace:
    """The options of the command line, checked."""
    defaults = mc.TrainConfig()
    parser = Parser(
        prog=command,
        description="Train the small VGG on MNIST and write the results to a folder.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    try:
        root = mc.data_root()
    except RuntimeError as e:  # ~ of a user whom nobody knows
        parser.error(f"MNIST_CNN_DATA: {e}")
    add = parser.add_argument
    add("--epochs", type=int, default=defaults.epochs, help="passes over the digits")
    add("--batch-size", type=int, default=defaults.batch_size, help="images a step")
    add("--lr", type=float, default=defaults.lr, help="Adam's learning rate")
    add("--filters", type=int, default=16, help="filters in every convolution")
    add("--seed", type=int, default=defaults.seed, help="for weights and batch order")
    add("--data", type=Path, default=root, help="folder of the data set")
    add("--source", choices=SOURCES, default="auto", help="which digits")
    add("--out", type=Path, default=Path("runs"), help="folder for the results")
    options = parser.parse_args(arguments)
    try:
        options.config = mc.TrainConfig(
            options.epochs, options.batch_size, options.lr, options.seed
        )
        mc.VGG(options.filters)
        options.out.mkdir(parents=True, exist_ok=True)
    except (ValueError, OSError) as e:
        parser.error(str(e))
    return options


def train(
    model: nn.Module, digits: tuple[mc.Digits, mc.Digits], config: mc.TrainConfig
) -> mc.History:
    """Fit a model on the best device there is and bring it back to the CPU."""
    model.to(mc.pick_device())
    history = mc.fit(model, *digits, config)
    model.cpu()
    return history


def score(model: nn.Module, test: mc.Digits) -> dict:
    """Accuracy with its interval, and the size of the model."""
    accuracy = mc.evaluate(model, test).accuracy
    correct = round(accuracy * len(test))
    tensors = [*model.parameters(), *model.buffers()]
    return {
        "parameters": sum(t.numel() for t in tensors),
        "accuracy": accuracy,
        "interval": mc.accuracy_interval(correct, len(test)),
    }


def table(rows: dict[str, dict]) -> str:
    """The models side by side, as text."""
    lines = [f"{'model':<20}{'parameters':>11}{'test accuracy':>16}   95 % interval"]
    for name, row in rows.items():
        low, high = row.get("interval") or (None, None)
        interval = f"{100 * low:.2f} to {100 * high:.2f} %" if low is not None else ""
        lines.append(
            f"{name:<20}{row['parameters']:>11,}{100 * row['accuracy']:>14.2f} %"
            f"   {interval}".rstrip()
        )
    return "\n".join(lines)


def write(
    out: Path, model: mc.VGG, digits: tuple[mc.Digits, mc.Digits], results: dict
) -> None:
    """Put the weights, ``results.json`` and the figures into ``out``."""
    import matplotlib.pyplot as plt

    mc.save(model, out / "model.pt")
    text = json.dumps(results, indent=2) + "\n"
    (out / "results.json").write_text(text, encoding="utf-8")
    train, test = digits
    predictions = mc.predict(model, test.images).argmax(dim=1)
    figures = {
        "samples": mc.plots.sample_grid(train),
        "learning_curves": mc.plots.learning_curves(mc.History(**results["history"])),
        "confusion_matrix": mc.plots.confusion_matrix(test.labels, predictions).figure,
    }
    for name, figure in figures.items():
        figure.savefig(out / f"{name}.png", dpi=120, metadata={"Software": None})
        plt.close(figure)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = parse(arguments)
    try:
        digits = mc.load_mnist(options.data, options.source)
    except (ValueError, OSError, RuntimeError) as e:
        print(f"error: {e}", file=sys.stderr)
        return 2
    test = digits[1]
    print(f"data: {len(digits[0]):,} training and {len(test):,} test images")
    rows = {
        "guess": {"parameters": 0, "accuracy": 1 / mc.CLASSES},
        "nearest mean digit": score(mc.NearestMean(digits[0]), test),
    }
    histories = {}
    for name, build in (
        ("linear layer", mc.linear_baseline),
        ("VGG", lambda: mc.VGG(options.filters)),
    ):
        print(f"\n{name}")
        mc.seed_everything(options.seed)
        model = build()
        try:
            histories[name] = train(model, digits, options.config)
        except FloatingPointError as e:
            print(f"error: {e}", file=sys.stderr)
            return 1
        stopped = histories[name].interrupted
        if stopped and (name != "VGG" or not histories[name].seconds):
            return 130  # there is nothing of the VGG to write
        rows[name] = score(model, test)

    results = {
        "test_accuracy": rows["VGG"]["accuracy"],
        "source": test.source,
        "config": asdict(options.config) | {"filters": options.filters},
        "history": asdict(histories["VGG"]),
        "models": rows,
    }
    write(options.out, model, digits, results)
    print(f"\n{table(rows)}\n\nresults in {options.out}")
    print(f"test accuracy {100 * rows['VGG']['accuracy']:.2f} %")
    return 130 if histories["VGG"].interrupted else 0


if __name__ == "__main__":
    sys.exit(main())
