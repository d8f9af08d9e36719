"""How long each optimizer stays at the loss of an untrained network.

    python benchmarks/plateau.py

The same networks and the same batches for one epoch, with Adam at 0.001 and plain SGD
at 0.01 and 0.1. A JSON line a run; a run already recorded is not repeated. The summary
that notebook 03 shows is written to mnist_cnn/studies/plateau.json.
"""

import json
from pathlib import Path

import records
import torch
from torch.nn import functional as F

import mnist_cnn as mc

HERE = Path(__file__).parent
LINES = HERE / "results" / "plateau.jsonl"
SUMMARY = HERE.parent / "mnist_cnn" / "studies" / "plateau.json"
SEEDS = range(5)
BLOCK = 25  # steps averaged into one point of a curve
LEFT = 2.0  # a curve that stays below has left the plateau at ln 10 = 2.303
OPTIMIZERS = {
    "Adam 0.001": lambda p: torch.optim.Adam(p, lr=0.001, fused=True),
    "SGD 0.01": lambda p: torch.optim.SGD(p, lr=0.01),
    "SGD 0.1": lambda p: torch.optim.SGD(p, lr=0.1),
}


def run(name: str, seed: int, train: mc.Digits) -> dict:
    """One epoch; the mean loss of every ``BLOCK`` steps."""
    mc.seed_everything(seed)
    model = mc.VGG().to(memory_format=torch.channels_last)
    optimizer = OPTIMIZERS[name](model.parameters())
    loader, _ = mc.make_loaders(train, train, seed=seed)
    losses = []
    for images, labels in loader:
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    blocks = torch.tensor(losses).split(BLOCK)
    curve = [round(block.mean().item(), 4) for block in blocks]
    return {"optimizer": name, "seed": seed, "curve": curve}


def left_after(curve: list[float]) -> int | None:
    """Steps up to the end of the first block from which on the curve stays below."""
    above = [i for i, loss in enumerate(curve) if loss >= LEFT]
    first = above[-1] + 1 if above else 0
    return (first + 1) * BLOCK if first < len(curve) else None


def main() -> None:
    train, _ = mc.load_mnist(source="mnist")
    done = records.read(LINES)
    known = {(row["optimizer"], row["seed"]) for row in done}
    for seed in SEEDS:
        for name in OPTIMIZERS:
            if (name, seed) in known:
                continue
            done.append(run(name, seed, train))
            records.append(LINES, done[-1])
            print(name, "seed", seed, "done", flush=True)
    for row in done:
        row["left_after"] = left_after(row["curve"])
    summary = {
        "command": "python benchmarks/plateau.py",
        "block": BLOCK,
        "threshold": LEFT,
        "runs": sorted(done, key=lambda row: (row["optimizer"], row["seed"])),
    }
    SUMMARY.write_text(json.dumps(summary) + "\n")


if __name__ == "__main__":
    main()
