"""The same recipe on several processes, each with a share of every batch:

    torchrun --local-addr=localhost --nproc-per-node=2 -m mnist_cnn.distributed

Takes those options of ``python -m mnist_cnn`` that need no other loop than this one.
Trains with DistributedDataParallel, over gloo on processors and nccl on CUDA GPUs, one
GPU a process.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

import mnist_cnn as mc
from mnist_cnn.cli import SOURCE_NOTES, parse, run_command
from mnist_cnn.training import check_finite

__all__ = ["evaluate_shards", "main", "train_shards"]

COMMAND = "torchrun --local-addr=localhost --nproc-per-node=2 -m mnist_cnn.distributed"


def train_shards(
    model: nn.Module, train: mc.Digits, test: mc.Digits, config: mc.TrainConfig
) -> list[mc.Metrics]:
    """Train ``model`` in place, the same in every process; test metrics by epoch.

    Call it in every process of a group, with equal weights and digits. Batches are
    those of ``fit``; of each, process r of n learns from images r, r + n, r + 2n, ...
    Entry 0 is the untrained model. Raises ValueError where ``config.batch_size`` is no
    multiple of the number of processes, and FloatingPointError after an epoch that
    leaves a loss which is not finite.
    """
    rank, size = dist.get_rank(), dist.get_world_size()
    if config.batch_size % size:
        raise ValueError(
            f"expected a batch size that {size} processes can share evenly, "
            f"got {config.batch_size}"
        )
    parallel = DistributedDataParallel(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr, fused=True)
    loader, _ = mc.make_loaders(train, test, config.batch_size, config.seed)
    metrics = [evaluate_shards(model, test)]
    for epoch in range(1, config.epochs + 1):
        model.train()
        title = f"epoch {epoch}/{config.epochs}"
        bar = tqdm(loader, title, leave=False, file=sys.stdout, disable=rank > 0)
        for images, labels in bar:
            share = share_of_loss(parallel, images, labels, rank, size)
            optimizer.zero_grad()
            share.backward()  # averages the gradients of all processes
            optimizer.step()
        metrics.append(evaluate_shards(model, test))
        loss, accuracy = metrics[-1]
        check_finite("test loss", loss, f"after {title}")
        if rank == 0:
            print(f"{title}  test loss {loss:.4f}  accuracy {accuracy:.2%}", flush=True)
    model.eval()
    return metrics


def share_of_loss(
    model: nn.Module, images: Tensor, labels: Tensor, rank: int, size: int
) -> Tensor:
    """This process's part of a batch's mean loss, times the number of processes.

    The mean of these over the processes is the mean over the batch's images, also for
    a last batch that cannot be split evenly.
    """
    logits = model(images[rank::size])
    total = F.cross_entropy(logits, labels[rank::size], reduction="sum")
    return total * size / len(labels)


def evaluate_shards(model: nn.Module, digits: mc.Digits) -> mc.Metrics:
    """Loss and accuracy over all images, each predicted by exactly one process."""
    rank, size = dist.get_rank(), dist.get_world_size()
    labels = digits.labels[rank::size].cpu()
    logits = mc.predict(model, digits.images[rank::size])
    loss = F.cross_entropy(logits, labels, reduction="sum")
    correct = (logits.argmax(dim=1) == labels).sum()
    sums = torch.tensor([loss, correct, len(labels)], dtype=torch.float64)
    sums = sums.to(device_of_group())
    dist.all_reduce(sums)
    loss_sum, correct_sum, seen = sums.tolist()
    if seen != len(digits):
        raise RuntimeError(f"expected {len(digits)} images, the processes saw {seen}")
    return mc.Metrics(loss_sum / seen, correct_sum / seen)


def device_of_group() -> torch.device:
    """Where this process computes."""
    if dist.get_backend() == "nccl":
        return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    return torch.device("cpu")


def join_group() -> None:
    """Meet the processes that torchrun has started."""
    if not {"RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE"} <= {*os.environ}:
        raise ValueError(f"expected to be started by torchrun: {COMMAND}")
    local_rank, local_size = (
        int(os.environ[name]) for name in ("LOCAL_RANK", "LOCAL_WORLD_SIZE")
    )
    if not torch.cuda.is_available():
        dist.init_process_group("gloo")
    elif local_size <= torch.cuda.device_count():
        torch.cuda.set_device(local_rank)
        dist.init_process_group("nccl")
    else:
        raise ValueError(
            f"expected at most one process a GPU, {torch.cuda.device_count()} here, "
            f"got --nproc-per-node={local_size}"
        )


def load_in_turn(options: argparse.Namespace) -> tuple[mc.Digits, mc.Digits]:
    """The digits on this process's device; the first process downloads them.

    The others take what the first got: never a stand-in beside MNIST.
    """
    rank, device = dist.get_rank(), device_of_group()
    source: list[str | None] = [None]
    try:
        if rank == 0:
            train, test = mc.load_mnist(options.data, options.source)
            source = [train.source]
    finally:
        dist.broadcast_object_list(source)  # the others wait here
    if source[0] is None:
        raise ValueError("the first process has no digits")
    if rank > 0:
        train, test = mc.load_mnist(options.data, source[0])
    return train.to(device), test.to(device)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in one of the processes; returns the exit status."""
    return run_command(lambda: run(arguments))


def run(arguments: Sequence[str] | None) -> int:
    """Load, train, save and print; returns the exit status."""
    first = os.environ.get("RANK", "0") == "0"
    # What is wrong with the command is wrong in every process; one tells
    with (
        contextlib.nullcontext() if first else contextlib.redirect_stderr(io.StringIO())
    ):
        options = parse(arguments, COMMAND, several=True)
        try:
            join_group()
            train, test = load_in_turn(options)
            config = options.recipe.config
            mc.seed_everything(config.seed)
            model = options.recipe.build().to(device_of_group())
            metrics = train_shards(model, train, test, config)
        except (ValueError, OSError, RuntimeError, FloatingPointError) as e:
            if first:
                print(f"error: {e}", file=sys.stderr)
            elif not isinstance(e, ValueError | FloatingPointError):  # its own trouble
                rank = os.environ["RANK"]
                print(f"error in process {rank}: {e}", file=sys.__stderr__)
            return 1 if isinstance(e, FloatingPointError) else 2
        finally:
            if dist.is_initialized():
                dist.destroy_process_group()
    if first:
        mc.save(model, options.out / "model.pt")
        accuracy = 100 * metrics[-1].accuracy
        print(f"test accuracy {accuracy:.2f} %{SOURCE_NOTES[test.source]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
