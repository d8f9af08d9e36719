"""Weights on disk: whole or not at all, harmless, and right or refused."""

import math
import os
import pickle
import random
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import mnist_cnn as mc


@pytest.fixture
def model():
    torch.manual_seed(0)
    return mc.VGG(filters=3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.pt"


def same(a: nn.Module, b: nn.Module) -> bool:
    left, right = a.state_dict(), b.state_dict()
    return left.keys() == right.keys() and all(
        torch.equal(left[name], right[name]) for name in left
    )


def test_save_and_load(model, path):
    mc.save(model, path)
    state = torch.get_rng_state()
    loaded = mc.load(path)
    assert same(loaded, model)
    assert not loaded.training
    assert all(p.requires_grad for p in loaded.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_sizes_are_read_from_the_file(path):
    mc.save(mc.VGG(filters=5, num_classes=3), str(path))
    assert mc.predict(mc.load(str(path)), torch.zeros(2, 1, 28, 28)).shape == (2, 3)


@pytest.mark.skipif(os.name == "nt", reason="no file modes on Windows")
def test_save_makes_folders_and_honours_the_umask(model, tmp_path):
    path = tmp_path / "a" / "b" / "model.pt"
    mask = os.umask(0o027)
    try:
        mc.save(model, path)
    finally:
        os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [p.name for p in path.parent.iterdir()] == ["model.pt"]


# Atomic

KILLED = """
import os, random, signal, sys, time, torch
import mnist_cnn as mc
torch.set_num_threads(1)
path, times = sys.argv[1], int(sys.argv[2])
models = [mc.VGG(filters=20), mc.VGG(filters=24)]
mc.save(models[0], path)
for _ in range(times):
    before = os.stat(path).st_mtime_ns
    child = os.fork()
    if not child:
        while True:
            for model in models:
                mc.save(model, path)
    while os.stat(path).st_mtime_ns == before:
        time.sleep(0.001)
    time.sleep(random.uniform(0, 0.02))  # a few times what one save takes
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print(mc.load(path).features[0].out_channels)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_kill_at_any_moment_leaves_a_whole_file(path):
    output = subprocess.run(
        [sys.executable, "-c", KILLED, path, "40"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    loaded = output.split()
    assert len(loaded) == 40  # each time a whole file
    assert set(loaded) == {"20", "24"}  # of one model or the other
    left = [p for p in path.parent.iterdir() if p != path]
    assert {p.suffix for p in left} == {".tmp"}  # kills did come in the middle


@pytest.mark.skipif(os.name == "nt", reason="a link needs a privilege there")
def test_save_follows_a_link(model, tmp_path):
    link, target = tmp_path / "link.pt", tmp_path / "target.pt"
    link.symlink_to(target)
    mc.save(model, link)
    assert link.is_symlink()
    assert target.is_file()


def test_save_refuses_what_load_would(tmp_path):
    with pytest.raises(ValueError, match="expected the weights of a VGG: it holds"):
        mc.save(mc.linear_baseline(), tmp_path / "linear.pt")
    assert not any(tmp_path.iterdir())


def test_failed_save_keeps_the_old_file(model, path, monkeypatch):
    mc.save(model, path)

    def fail(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        mc.save(mc.VGG(filters=9), path)
    assert same(mc.load(path), model)
    assert [p.name for p in path.parent.iterdir()] == ["model.pt"]


@pytest.mark.skipif(os.name == "nt", reason="no file modes on Windows")
def test_save_keeps_the_mode_of_a_file(model, path):
    mc.save(model, path)
    path.chmod(0o600)
    mc.save(model, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_save_replaces_files_alone(model, path, kind):
    if kind == "device":
        path = Path("/dev/null")
    else:
        path.mkdir() if kind == "folder" else os.mkfifo(path)
    before = path.stat().st_mode, path.stat().st_ino
    with pytest.raises(ValueError, match="expected a file or nothing at"):
        mc.save(model, path)
    assert (path.stat().st_mode, path.stat().st_ino) == before


@pytest.mark.parametrize("bad", ["x" * 300, "a\0b", 3, None], ids=str)
def test_paths_that_no_system_takes(model, bad):
    with pytest.raises(ValueError, match="expected the path of a file, got"):
        mc.save(model, bad)
    if bad is not None:  # the weights that are shipped
        with pytest.raises(ValueError, match="expected the path of a file, got"):
            mc.load(bad)


def test_save_needs_a_model(path):
    with pytest.raises(ValueError, match="expected a VGG to save, got 3"):
        mc.save(3, path)


@pytest.mark.parametrize("double_filters", [False, True])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_all_forms_are_kept(path, batch_norm, double_filters):
    model = mc.VGG(
        filters=3, batch_norm=batch_norm, double_filters=double_filters
    ).train()
    model(torch.rand(8, 1, 28, 28))  # moves the running means
    mc.save(model, path)
    assert same(mc.load(path), model)


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("name", ["features.2.weight", "features.1.running_var"])
def test_weights_that_are_no_numbers_are_refused(path, name, value):
    model = mc.VGG(filters=2, batch_norm="running" in name)
    model.state_dict()[name][0] = value
    with pytest.raises(ValueError, match=f"{name} holds numbers that are infinite"):
        mc.save(model, path)
    torch.save(model.state_dict(), path)
    with pytest.raises(ValueError, match=f"{name} holds numbers that are infinite"):
        mc.load(path)


# Files that would take a machine's memory


REFUSE = """
import resource, sys
import mnist_cnn as mc

def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

mc.load()
before = megabytes()
for path in sys.argv[1:]:
    try:
        mc.load(path)
    except ValueError as error:
        print(megabytes() - before, error)
    else:
        print(0, path, "is accepted")
"""
HUGE = ["large", "bomb", "strides", "wide"]


def make_huge(kind: str, path: Path) -> None:
    """A file of 40 GB, one that unpacks to 400 MB, weights that claim too much."""
    if kind == "large":
        with path.open("wb") as file:
            file.truncate(40 * 10**9)  # takes no room on disk
    elif kind == "bomb":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("model/data.pkl", bytes(400_000_000))
            archive.writestr("model/version", "3")  # else PyTorch reads nothing of it
    else:
        with torch.device("meta"):
            shapes = mc.VGG(filters=500).state_dict()
        width = {"strides": 500, "wide": 2200}[kind]
        torch.save(
            {
                name: torch.zeros(1).expand(
                    *[width if n == 500 else n for n in v.shape]
                )
                for name, v in shapes.items()
            },
            path,
        )


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """By kind: the memory, in MB, of a process that got so far, and the error."""
    folder = tmp_path_factory.mktemp("huge")
    paths = [folder / f"{kind}.pt" for kind in HUGE]
    for kind, path in zip(HUGE, paths, strict=True):
        make_huge(kind, path)
    run = subprocess.run(
        [sys.executable, "-c", REFUSE, *paths],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.split(" ", 1) for line in run.stdout.splitlines()]
    return dict(zip(HUGE, lines, strict=True))


@pytest.mark.skipif(sys.platform != "linux", reason="counts kilobytes on Linux alone")
@pytest.mark.parametrize("kind", HUGE)
def test_size_is_looked_at_before_anything_is_unpacked(refused, kind):
    more, error = refused[kind]
    assert float(more) < 50
    assert f"{kind}.pt does not hold the weights of a VGG: " in error


# Files that are not what load expects


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no weights at .*none\.pt"):
        mc.load(tmp_path / "none.pt")
    with pytest.raises(FileNotFoundError, match="no weights at"):
        mc.load(tmp_path)


def test_unknown_source():
    with pytest.raises(ValueError, match=r"expected source to be one of .*, got 'x'"):
        mc.load(source="x")


class Malicious:
    """Creates a file when unpickled the careless way."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


def write_pickle(value: object, path: Path) -> None:
    path.write_bytes(pickle.dumps(value))


@pytest.mark.parametrize("write", [torch.save, write_pickle])
def test_malicious_file_runs_nothing(path, write):
    marker = path.parent / "ran"
    write({"features.0.weight": Malicious(marker)}, path)
    with pytest.raises(ValueError, match="is not a file of weights, or is damaged"):
        mc.load(path)
    assert not marker.exists()
    if write is torch.save:
        torch.load(path, weights_only=False)
    else:
        pickle.loads(path.read_bytes())
    assert marker.exists()  # so it does work on those who trust the file


def not_weights(model: nn.Module, path: Path) -> dict[str, object]:
    return {
        "empty": b"",
        "text": b"these are not weights\n" * 100,
        "picture": b"\x89PNG\r\n\x1a\n" + random.Random(0).randbytes(5_000),
        "truncated": path.read_bytes()[:-100],
        "half": path.read_bytes()[: path.stat().st_size // 2],
        "pickled model": model,
        "list": [1, 2, 3],
        "tensor": torch.zeros(3),
        "nothing": {},
        "other model": mc.linear_baseline().state_dict(),
        "wrapped": {"model": model.state_dict(), "epoch": 3},
        "numbered": {1: torch.zeros(1)},
        "no filters": {k: v[:0] for k, v in model.state_dict().items()},
        "one layer wrong": {**model.state_dict(), "features.2.bias": torch.zeros(9)},
        "one entry missing": dict(list(model.state_dict().items())[:-1]),
        "one entry too many": {**model.state_dict(), "extra": torch.zeros(1)},
        "whole numbers": {k: v.int() for k, v in model.state_dict().items()},
    }


@pytest.mark.parametrize("kind", not_weights(nn.Identity(), Path(__file__)))
def test_file_that_is_not_a_vgg(model, path, kind):
    mc.save(model, path)
    content = not_weights(model, path)[kind]
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match=r"model\.pt (is not|does not hold)"):
        mc.load(path)


def test_the_error_names_what_is_wrong(model, path):
    torch.save({**model.state_dict(), "features.2.bias": torch.zeros(9)}, path)
    with pytest.raises(ValueError, match=r"features\.2\.bias is \(9,\), expected \(3,"):
        mc.load(path)


def test_no_cut_file_is_accepted(tmp_path_factory):
    path = tmp_path_factory.mktemp("cut") / "model.pt"
    mc.save(mc.VGG(filters=1), path)
    whole = path.read_bytes()

    @given(st.integers(0, len(whole) - 1))
    def refuse(length):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="is not a file of weights"):
            mc.load(path)

    refuse()


@given(st.binary(max_size=300))
def test_no_bytes_crash_load(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "bytes.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bytes\.pt (is not|does not hold)"):
        mc.load(path)


# Devices that this computer lacks


@pytest.mark.parametrize("device", ["cuda:0", "cuda:7", "mps"])
def test_weights_saved_on_another_device(model, path, monkeypatch, device):
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: device)
    torch.save(model.state_dict(), path)
    with zipfile.ZipFile(path) as file:
        names = [n for n in file.namelist() if n.endswith("data.pkl")]
        assert device.encode() in file.read(names[0])  # it does say so
    loaded = mc.load(path)
    assert same(loaded, model)
    assert {p.device.type for p in loaded.parameters()} == {"cpu"}
