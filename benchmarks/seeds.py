"""The recipe's own error bar: the same training from 20 seeds.

    python benchmarks/seeds.py

A JSON line a run; a run already recorded is not repeated, so the command can be stopped
and started again. The summary goes to mnist_cnn/studies/seeds.json.
"""

import json
import statistics
from pathlib import Path

import mnist_cnn as mc

HERE = Path(__file__).parent
LINES = HERE / "results" / "seeds.jsonl"
SUMMARY = HERE.parent / "mnist_cnn" / "studies" / "seeds.json"
SEEDS = range(20)


def main() -> None:
    digits = mc.load_mnist(source="mnist")
    LINES.parent.mkdir(exist_ok=True)
    LINES.touch()
    runs = [json.loads(line) for line in LINES.read_text().splitlines()]
    for seed in sorted(set(SEEDS) - {run["seed"] for run in runs}):
        mc.seed_everything(seed)
        model = mc.VGG().to(mc.pick_device())
        history = mc.fit(model, *digits, mc.TrainConfig(seed=seed), progress=False)
        if history.interrupted:
            break
        runs.append({"seed": seed, "test_accuracy": history.test_accuracy})
        with LINES.open("a") as file:
            file.write(json.dumps(runs[-1]) + "\n")
        print(f"seed {seed}: {history.test_accuracy[-1]:.2%}", flush=True)
    summarise(runs)


def summarise(runs: list[dict]) -> None:
    """Write what notebook 4 shows, from two runs on."""
    if len(runs) < 2:
        return
    runs.sort(key=lambda run: run["seed"])
    final = [run["test_accuracy"][-1] for run in runs]
    summary = {
        "command": "python benchmarks/seeds.py",
        "mean": statistics.mean(final),
        "standard_deviation": statistics.stdev(final),
        "accuracies": final,
    }
    SUMMARY.write_text(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main()
