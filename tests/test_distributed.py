"""Two real processes: what they average, count, print and save."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from unittest import mock

import pytest
import torch
import torch.distributed as dist
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

import mnist_cnn as mc
from mnist_cnn import distributed

SIZE = 2
NAMELESS = "no-such-name.invalid"


def gradients(model) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in model.named_parameters()}


def seeded_model() -> mc.VGG:
    mc.seed_everything(0)
    return mc.VGG(4)


def one_process(rank: int, folder, train: mc.Digits, test: mc.Digits) -> None:
    """What each of two processes does; the first writes down what it got."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=SIZE
    )
    model = seeded_model()
    parallel = DistributedDataParallel(model)
    got = {}
    for count in (32, 31, 1):
        model.zero_grad()
        part = train.first(count)
        distributed.share_of_loss(
            parallel, part.images, part.labels, rank, SIZE
        ).backward()
        got[count] = gradients(model)
    got["metrics"] = tuple(distributed.evaluate_shards(model, test))
    config = mc.TrainConfig(epochs=4, batch_size=10, lr=0.01)
    trained = distributed.train_shards(model, train, test, config)
    got["accuracies"] = [metrics.accuracy for metrics in trained]
    got["modes"] = model.training
    try:
        too_fast = mc.TrainConfig(epochs=1, lr=1e30)
        distributed.train_shards(seeded_model(), train, test, too_fast)
    except FloatingPointError as error:
        got["error"] = str(error)
    options = argparse.Namespace(data=None, source="auto")
    with mock.patch.object(mc, "load_mnist", return_value=(train, test)) as load:
        distributed.load_in_turn(options)
    got["sources"] = [call.args[1] for call in load.call_args_list]
    torch.save((got, model.state_dict()), f"{folder}/{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def results(tmp_path_factory, digits, few):
    """(what was measured, weights) of each process; 39 test images, an odd number."""
    folder = tmp_path_factory.mktemp("group")
    arguments = (folder, digits, few.first(39))
    torch.multiprocessing.spawn(one_process, arguments, nprocs=SIZE)
    return [torch.load(folder / f"{rank}.pt") for rank in range(SIZE)]


@pytest.mark.parametrize("count", [32, 31, 1])
def test_gradients_are_those_of_one_process(results, digits, count):
    """To float32's rounding, also where a batch has an odd image or a single one."""
    model = seeded_model()
    part = digits.first(count)
    F.cross_entropy(model(part.images), part.labels).backward()
    for name, expected in gradients(model).items():
        for got, _ in results:
            # 25,088 products a weight: some tens of float32's steps of 1.2e-7
            largest = expected.abs().max()
            assert (got[count][name] - expected).abs().max() <= 1e-5 * largest, name


def test_evaluation_counts_every_image_once(results, few):
    expected = mc.evaluate(seeded_model(), few.first(39))
    for got, _ in results:
        loss, accuracy = got["metrics"]
        assert loss == pytest.approx(expected.loss, rel=1e-6)
        assert accuracy == expected.accuracy


def test_processes_end_with_equal_weights_that_have_learned(results, digits, few):
    (first, weights), (_, others) = results
    assert all(torch.equal(weights[name], others[name]) for name in weights)
    assert first["modes"] is False
    model = mc.VGG(4)
    model.load_state_dict(weights)
    assert mc.evaluate(model, few.first(39)).accuracy == first["accuracies"][-1]
    alone = seeded_model()
    config = mc.TrainConfig(epochs=4, batch_size=10, lr=0.01)
    history = mc.fit(alone, digits, few.first(39), config, progress=False)
    # Adam magnifies rounding, so accuracies are compared and not weights
    assert first["accuracies"][-1] > 0.8
    assert history.test_accuracy[-1] > 0.8


def test_all_processes_load_what_the_first_got(results, digits):
    (first, _), (second, _) = results
    assert first["sources"] == ["auto"]
    assert second["sources"] == [digits.source]
    assert digits.source != "auto"


def test_a_loss_that_is_no_number_stops_every_process(results):
    for got, _ in results:
        assert got["error"].startswith("the test loss became nan after epoch 1/1")


def test_a_batch_that_cannot_be_split(monkeypatch, digits, few):
    monkeypatch.setattr(dist, "get_rank", lambda: 0)
    monkeypatch.setattr(dist, "get_world_size", lambda: 3)
    with pytest.raises(ValueError, match="3 processes can share evenly, got 32"):
        distributed.train_shards(mc.VGG(2), digits, few, mc.TrainConfig())


@pytest.mark.parametrize(
    "option",
    ["--recipe=fast", "--one-cycle", "--shift=2", "--batch-norm", "--nonsense"],
)
def test_options_for_one_process_are_refused(option, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        distributed.main([option, "--out", str(tmp_path)])
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert option.split("=")[1 if "recipe" in option else 0] in error
    assert error.count("\n") == 1


def test_without_torchrun(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("RANK", "0")  # as some clusters do
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert distributed.main(["--out", str(tmp_path)]) == 2
    assert distributed.COMMAND in capsys.readouterr().err


def test_the_command_is_told_once():
    assert f"    {distributed.COMMAND}\n" in distributed.__doc__


@pytest.mark.parametrize("kind", [RuntimeError, ValueError])
def test_trouble_of_one_process_is_told(monkeypatch, tmp_path, capfd, kind):
    """What the second process alone can know; the first tells of a wrong command."""

    def fail():
        raise kind("out of memory")

    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(distributed, "join_group", fail)
    assert distributed.main(["--out", str(tmp_path)]) == 2
    told = "error in process 1: out of memory\n" if kind is RuntimeError else ""
    assert capfd.readouterr().err == told


def torchrun(*options: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess:
    launcher = [*before, sys.executable, "-m", "torch.distributed.run"]
    # A port of its own, which a new torch takes without being told to
    launcher += ["--standalone", *distributed.COMMAND.split()[1:]]
    return subprocess.run(
        [*launcher, *options],
        env=os.environ | {"OMP_NUM_THREADS": "1", "MNIST_CNN_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture(scope="module")
def without_mnist(tmp_path_factory):
    """(the finished torchrun, whether the machine's own name was unknown meanwhile)."""
    before = ["unshare", "--map-root-user", "--uts"]
    before += ["sh", "-c", f'hostname {NAMELESS} && exec "$@"', "sh"]
    try:
        nameless = not subprocess.run([*before, "hostname"], check=False).returncode
    except FileNotFoundError:
        nameless = False
    folder = tmp_path_factory.mktemp("nothing")
    options = ["--source=mnist", f"--data={folder}", f"--out={folder / 'out'}"]
    return torchrun(*options, before=before if nameless else ()), nameless


@pytest.mark.skipif(os.name == "nt", reason="torchrun needs libuv, not built there")
def test_one_process_tells_that_there_is_no_mnist(without_mnist):
    done, _ = without_mnist
    assert done.returncode != 0
    errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert len(errors) == 1
    assert errors[0].startswith("error: MNIST is not on this computer")


@pytest.mark.skipif(os.name == "nt", reason="torchrun needs libuv, not built there")
def test_a_machine_whose_own_name_is_unknown(without_mnist):
    """As in some containers and without a network: it goes on at once."""
    done, nameless = without_mnist
    if not nameless:
        pytest.skip("a process may not have a host name of its own here")
    assert "error: MNIST is not on this computer" in done.stderr
    tried = [line for line in done.stderr.splitlines() if "c10d" in line.lower()]
    assert not any(NAMELESS in line for line in tried)  # no attempt to find it


@pytest.mark.skipif(os.name == "nt", reason="torchrun needs libuv, not built there")
def test_the_command(tmp_path):
    """One process prints and saves."""
    options = ["--epochs=1", "--batch-size=1000", "--filters=4", "--lr=0.01"]
    done = torchrun(*options, "--source=standin", f"--out={tmp_path}")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.replace("\r", "\n").splitlines()
    said = [line for line in lines if "test loss" in line or "test accuracy" in line]
    assert [line.split("  ")[0] for line in said[:-1]] == ["epoch 1/1"]
    _, test = mc.load_mnist(source="standin")
    accuracy = mc.evaluate(mc.load(tmp_path / "model.pt"), test).accuracy
    which = "of the stand-in, not MNIST"
    assert said[-1] == f"test accuracy {100 * accuracy:.2f} % {which}"
    assert accuracy > 0.2
