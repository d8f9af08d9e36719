"""How the loss falls in the first epoch, by optimizer and learning rate.

    python benchmarks/plateau.py

The same networks and the same batches for one epoch, with Adam and plain SGD at several
rates, and some of them with He's weights. A JSON line a run; a run already recorded is
not repeated, also not by several processes at once (``--part 1/2``). The summary that
notebook 9 shows is written to mnist_cnn/studies/plateau.json.
"""

import argparse
import json
from pathlib import Path

import records
import torch
from ablations import he

import mnist_cnn as mc

HERE = Path(__file__).parent
LINES = HERE / "results" / "plateau.jsonl"
SUMMARY = HERE.parent / "mnist_cnn" / "studies" / "plateau.json"
SEEDS = range(5)
BLOCK = 25  # steps averaged into one point of a curve
LEFT = 2.0  # a curve that stays below has left the plateau at ln 10 = 2.303
ADAM = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03)
SGD = (0.01, 0.03, 0.1, 0.3, 1.0)
RUNS = [
    *(f"Adam {lr}" for lr in ADAM),
    *(f"SGD {lr}" for lr in SGD),
    *("Adam 0.01, He", "SGD 0.01, He", "SGD 0.1, He", "SGD 0.3, He"),
]


def optimizer_for(name: str, model: mc.VGG) -> torch.optim.Optimizer:
    """What a name as "SGD 0.1, He" asks for."""
    kind, lr = name.removesuffix(", He").split()
    if kind == "Adam":
        return torch.optim.Adam(model.parameters(), lr=float(lr), fused=True)
    return torch.optim.SGD(model.parameters(), lr=float(lr))


def run(name: str, seed: int, train: mc.Digits) -> dict:
    """One epoch; the mean loss of every ``BLOCK`` steps."""
    mc.seed_everything(seed)
    model = mc.VGG().to(memory_format=torch.channels_last)
    if name.endswith("He"):
        he(model)
    optimizer = optimizer_for(name, model)
    loader, _ = mc.make_loaders(train, train, seed=seed)
    losses = [step.loss.item() for step in mc.steps(model, loader, optimizer)]
    blocks = torch.tensor(losses).split(BLOCK)
    curve = [round(block.mean().item(), 4) for block in blocks]
    return {"optimizer": name, "seed": seed, "curve": curve}


def left_after(curve: list[float]) -> int | None:
    """Steps up to the end of the first block from which on the curve stays below."""
    above = [i for i, loss in enumerate(curve) if loss >= LEFT]
    first = above[-1] + 1 if above else 0
    return (first + 1) * BLOCK if first < len(curve) else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", default="1/1", help="as 1/2 and 2/2: two processes")
    part, parts = map(int, parser.parse_args().part.split("/"))
    train, _ = mc.load_mnist(source="mnist")
    known = {(row["optimizer"], row["seed"]) for row in records.read(LINES)}
    plan = [(name, seed) for seed in SEEDS for name in RUNS]
    for name, seed in plan[part - 1 :: parts]:
        if (name, seed) not in known:
            records.append(LINES, run(name, seed, train))
            print(name, "seed", seed, "done", flush=True)
    done = records.read(LINES)
    for row in done:
        row["left_after"] = left_after(row["curve"])
    summary = {
        "command": "python benchmarks/plateau.py",
        "block": BLOCK,
        "threshold": LEFT,
        "runs": sorted(done, key=lambda r: (RUNS.index(r["optimizer"]), r["seed"])),
    }
    SUMMARY.write_text(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main()
