"""The table of results, a row at a time: of the README, and of notebook 6.

    python benchmarks/results.py                   # the rows, and what is recorded
    python benchmarks/results.py "linear layer"    # measure one anew and write it
    python benchmarks/results.py --ship plain_mnist

A row is one entry of ``ROWS`` and is written to mnist_cnn/studies/results.json; the
others stay as they are. A network whose weights come with the package is evaluated,
others are trained by the plain recipe with seed 0. ``--ship`` takes weights, history
and row over from a run in runs/, as ``make weights`` trains them.
"""

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from torch import nn

import mnist_cnn as mc

ROOT = Path(__file__).parent.parent
STUDIES = ROOT / "mnist_cnn" / "studies"
RESULTS = STUDIES / "results.json"
SHIPPED = {"plain": "VGG", "long": "VGG, long recipe"}

Pair = tuple[mc.Digits, mc.Digits]


def trained(build: Callable[[], nn.Module]) -> Callable[[Pair], nn.Module]:
    """A model trained from scratch by the plain recipe."""

    def make(digits: Pair) -> nn.Module:
        config = mc.TrainConfig()
        mc.seed_everything(config.seed)
        model = build().to(mc.pick_device())
        if mc.fit(model, *digits, config).interrupted:
            raise SystemExit("stopped: nothing is recorded")
        return model.cpu()

    return make


def shipped(recipe: str) -> Callable[[Pair], nn.Module]:
    """A network whose weights come with the package."""
    return lambda digits: mc.load(source=digits[0].source, recipe=recipe)


ROWS: dict[str, Callable[[Pair], nn.Module]] = {
    "nearest mean digit": lambda digits: mc.NearestMean(digits[0]),
    "linear layer": trained(mc.linear_baseline),
    **{name: shipped(recipe) for recipe, name in SHIPPED.items()},
}


def measure(name: str, source: str) -> dict:
    """One row: size, test accuracy and its interval."""
    digits = mc.load_mnist(source=source)
    model, test = ROWS[name](digits), digits[1]
    accuracy = mc.evaluate(model, test).accuracy
    learned = sum(p.numel() for p in model.parameters())
    return {
        "parameters": learned or sum(b.numel() for b in model.buffers()),  # the means
        "accuracy": accuracy,
        "interval": mc.accuracy_interval(round(accuracy * len(test)), len(test)),
        "command": f'python benchmarks/results.py "{name}" --source {source}',
    }


def record(name: str, source: str) -> None:
    """Write one row, where the others stay, in the order of ``ROWS``."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    rows = results[source] | {name: measure(name, source)}
    results[source] = {n: rows[n] for n in ("guess", *ROWS) if n in rows}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"{source}, {name}: {describe(rows[name])}, in {RESULTS.relative_to(ROOT)}")


def describe(row: dict) -> str:
    low, high = row["interval"]
    size, accuracy = row["parameters"], row["accuracy"]
    return f"{size:,} parameters, {accuracy:.2%} ({low:.2%} to {high:.2%})"


def ship(run: str) -> None:
    """Take weights and history over from the folder of a run, and record its row."""
    recipe, source = run.split("_")
    weights = ROOT / "runs" / run / "model.safetensors"
    shutil.copy(weights, ROOT / "mnist_cnn" / "weights" / f"{run}{weights.suffix}")
    results = json.loads(weights.with_name("results.json").read_text(encoding="utf-8"))
    del results["models"]  # the rows of results.json
    study = {"command": f"make weights RUNS={run}"} | results
    text = json.dumps(study, indent=1) + "\n"
    (STUDIES / f"run_{run}.json").write_text(text, encoding="utf-8")
    record(SHIPPED[recipe], source)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("row", nargs="?", choices=[*ROWS], metavar="row")
    parser.add_argument("--source", choices=["mnist", "standin"], default="mnist")
    parser.add_argument("--ship", metavar="RUN", help="as plain_mnist, in runs/")
    options = parser.parse_args()
    if options.ship:
        ship(options.ship)
    elif options.row:
        record(options.row, options.source)
    else:
        recorded = mc.load_study("results")[options.source]
        for name in ROWS:
            print(f"{name:<20}", describe(recorded[name]) if name in recorded else "-")


if __name__ == "__main__":
    main()
