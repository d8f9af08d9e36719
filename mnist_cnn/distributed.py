"""The plain recipe on several processes, each with a share of a batch: COMMAND."""

import os
import sys

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import mnist_cnn as mc
from mnist_cnn.cli import SOURCE_NOTES, WEIGHTS, parse
from mnist_cnn.training import check_finite, run

COMMAND = "torchrun --local-addr=localhost --nproc-per-node=2 -m mnist_cnn.distributed"


def train_together(
    model: nn.Module, train: mc.Digits, test: mc.Digits, config: mc.TrainConfig
) -> mc.Metrics:
    """Train ``model`` in place, the same in every process; the final test metrics.

    Call it in every process of a group, with equal weights and digits. Batches are
    those of ``fit``; of each, process r of n learns from images r, r + n, r + 2n, ...
    Raises ValueError where a batch cannot be shared evenly, and FloatingPointError
    when a loss is no longer finite.
    """
    rank, size = dist.get_rank(), dist.get_world_size()
    if config.batch_size % size or len(train) % config.batch_size % size:
        raise ValueError(
            f"expected batches, the last one too, that {size} processes can share "
            f"evenly, got {config.batch_size} of {len(train):,} images"
        )
    parallel = DistributedDataParallel(model)  # averages the gradients of all
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr, fused=True)
    loader, _ = mc.make_loaders(train, test, config.batch_size, config.seed)
    for epoch in range(1, config.epochs + 1):
        title = f"epoch {epoch}/{config.epochs}"
        shares = ((x[rank::size], y[rank::size]) for x, y in loader)
        taken = mc.steps(parallel, shares, optimizer)
        run(taken, len(loader), title, rank == 0, config.epochs - epoch)
        tested = mc.evaluate(model, test)
        check_finite("test loss", tested.loss, f"after {title}")
        if rank == 0:
            print(f"{title}  test accuracy {tested.accuracy:.2%}", flush=True)
    model.eval()
    return tested


def main() -> None:
    """What one of the processes does; ends with one line where it cannot go on."""
    options = parse(None, COMMAND, several=True)
    if "RANK" not in os.environ:
        sys.exit(f"error: expected to be started by {COMMAND}")
    rank, device = int(os.environ["RANK"]), torch.device("cpu")
    try:
        if rank == 0:  # it downloads, and the others wait for it to join the group
            digits = mc.load_mnist(options.data, options.source)
        if torch.cuda.is_available():
            device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
            torch.cuda.set_device(device)
        dist.init_process_group()  # gloo for processors, nccl for GPUs
        if rank > 0:
            digits = mc.load_mnist(options.data, options.source)
        train, test = (part.to(device) for part in digits)
        mc.seed_everything(options.recipe.config.seed)
        model = options.recipe.build().to(device)
        accuracy = train_together(model, train, test, options.recipe.config).accuracy
        dist.destroy_process_group()
    except (ValueError, OSError, RuntimeError, FloatingPointError) as e:
        sys.exit(f"error: {e}")
    if rank == 0:
        mc.save(model, options.out / WEIGHTS)
        print(f"test accuracy {100 * accuracy:.2f} %{SOURCE_NOTES[test.source]}")


if __name__ == "__main__":
    main()
