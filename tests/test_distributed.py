"""Two real processes: they learn the same, and what one process would."""

import os
import subprocess
import sys

import pytest
import torch
import torch.distributed as dist

import mnist_cnn as mc
from mnist_cnn import distributed

CONFIG = mc.TrainConfig(epochs=4, batch_size=10, lr=0.01)


def one_process(rank: int, folder, train: mc.Digits, test: mc.Digits) -> None:
    """What each of two processes does and writes down."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2
    )
    mc.seed_everything(0)
    model = mc.VGG(4)
    metrics = distributed.train_together(model, train, test, CONFIG)
    torch.save((tuple(metrics), model.state_dict()), f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def test_two_processes_learn_the_same_as_one(tmp_path, digits, few):
    torch.multiprocessing.spawn(one_process, (tmp_path, digits, few), nprocs=2)
    (metrics, weights), (others, same) = (
        torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1)
    )
    assert metrics == others
    assert all(torch.equal(weights[name], same[name]) for name in weights)
    mc.seed_everything(0)
    alone = mc.VGG(4)
    history = mc.fit(alone, digits, few, CONFIG, progress=False)
    # Adam magnifies rounding, so accuracies are compared and not weights
    assert metrics[1] > 0.8
    assert history.test_accuracy[-1] > 0.8


@pytest.mark.parametrize(("size", "batch_size"), [(3, 32), (2, 64)])
def test_a_batch_that_cannot_be_shared(monkeypatch, digits, few, size, batch_size):
    """32 by 3 processes; the last of 64, 64, 1 images by 2."""
    monkeypatch.setattr(dist, "get_rank", lambda: 0)
    monkeypatch.setattr(dist, "get_world_size", lambda: size)
    images = torch.zeros(129, 1, 28, 28)
    train = mc.Digits(images, torch.zeros(129, dtype=torch.int64))
    config = mc.TrainConfig(batch_size=batch_size)
    with pytest.raises(ValueError, match=f"{size} processes can share evenly, got"):
        distributed.train_together(mc.VGG(2), train, few, config)


def torchrun(*options: str) -> subprocess.CompletedProcess:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    return subprocess.run(
        [*launcher, *distributed.COMMAND.split()[1:], *options],
        env=os.environ | {"OMP_NUM_THREADS": "1", "MNIST_CNN_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.skipif(os.name == "nt", reason="torchrun needs libuv, not built there")
def test_one_process_prints_and_saves(tmp_path):
    options = ["--epochs=1", "--batch-size=1000", "--filters=4", "--lr=0.01"]
    done = torchrun(*options, "--source=standin", f"--out={tmp_path}")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.replace("\r", "\n").splitlines()
    (said,) = [line for line in lines if line.startswith("test accuracy")]
    _, test = mc.load_mnist(source="standin")
    (weights,) = tmp_path.glob("model.*")
    accuracy = mc.evaluate(mc.load(weights), test).accuracy
    assert f"{100 * accuracy:.2f} %" in said
    assert accuracy > 0.2


def test_without_torchrun_the_command_is_named(tmp_path):
    command = [sys.executable, "-m", "mnist_cnn.distributed", f"--out={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert distributed.COMMAND in done.stderr
