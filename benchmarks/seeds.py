"""The recipe's own error bar: the same training from 20 seeds.

    python benchmarks/seeds.py

A JSON line a run; a run already recorded is not repeated, so the command can be stopped
and started again. The summary goes to mnist_cnn/studies/seeds.json.
"""

import json
import statistics
from pathlib import Path

import records

import mnist_cnn as mc

HERE = Path(__file__).parent
LINES = HERE / "results" / "seeds.jsonl"
SUMMARY = HERE.parent / "mnist_cnn" / "studies" / "seeds.json"
SEEDS = range(20)


def main() -> None:
    digits = mc.load_mnist(source="mnist")
    done = records.read(LINES)
    for seed in sorted(set(SEEDS) - {run["seed"] for run in done}):
        mc.seed_everything(seed)
        model = mc.VGG().to(mc.pick_device())
        history = mc.fit(model, *digits, mc.TrainConfig(seed=seed), progress=False)
        if history.interrupted:
            break
        run = {"seed": seed, "test_accuracy": history.test_accuracy}
        done.append(run | {"mistakes": mistakes(model, digits[1])})
        records.append(LINES, done[-1])
        print(f"seed {seed}: {history.test_accuracy[-1]:.2%}", flush=True)
    summarise(done)


def mistakes(model: mc.VGG, test: mc.Digits) -> list[tuple[int, int]]:
    """The images that are read wrong, each with the answer; all others are right."""
    answers = mc.predict(model, test.images).argmax(dim=1).cpu()
    wrong = (answers != test.labels).nonzero().flatten().tolist()
    return [(i, int(answers[i])) for i in wrong]


def summarise(done: list[dict]) -> None:
    """Write what notebooks 5 and 6 show, from two runs on."""
    if len(done) < 2:
        return
    done.sort(key=lambda run: run["seed"])
    final = [run["test_accuracy"][-1] for run in done]
    summary = {
        "command": "python benchmarks/seeds.py",
        "mean": statistics.mean(final),
        "standard_deviation": statistics.stdev(final),
        "accuracies": final,
        "by_epoch": [run["test_accuracy"] for run in done],
        "mistakes": [run["mistakes"] for run in done],
    }
    SUMMARY.write_text(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main()
