"""``Digits``; where they come from, and that no wrong byte of them is ever used."""

import gzip
import hashlib
import os
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import Subset, random_split
from torchvision.datasets import MNIST

import mnist_cnn as mc
from mnist_cnn.data import StandinWarning, as_digits
from mnist_cnn.sources import download, idx, mnist

SIZES = {"train": 60, "t10k": 30}


def small_files() -> dict[str, bytes]:
    """A data set of 90 random images in the format of MNIST, by file name."""
    generator = torch.Generator().manual_seed(0)
    files = {}
    for name in idx.FILES:
        count = SIZES[name.split("-")[0]]
        shape, top = ((count, 28, 28), 256) if "images" in name else ((count,), 10)
        values = torch.randint(0, top, shape, generator=generator).byte()
        header = struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape)
        files[name] = header + values.numpy().tobytes()
    return files


def adopt(files: dict[str, bytes], patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Make ``files`` the official ones; returns their archives."""
    archives = {f"{n}.gz": gzip.compress(c, 1, mtime=0) for n, c in files.items()}
    table = {}
    for name, content in files.items():
        header = 4 + 4 * content[3]  # the number of dimensions
        shape = struct.unpack(f">{content[3]}I", content[4:header])
        table[name] = (shape, hashlib.sha256(content[header:]).hexdigest())
    sums = [(n, hashlib.md5(c).hexdigest()) for n, c in archives.items()]
    patch.setattr(idx, "FILES", table)
    patch.setattr(MNIST, "resources", sums)
    return archives


@pytest.fixture
def files() -> dict[str, bytes]:
    return small_files()


@pytest.fixture
def archives(files, monkeypatch) -> dict[str, bytes]:
    return adopt(files, monkeypatch)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Nothing in this file may go to the network."""
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])  # discard: refused


@pytest.fixture
def quick_standin(monkeypatch):
    """A stand-in that takes no time to make."""
    part = torch.zeros(3, 28, 28, dtype=torch.uint8), torch.arange(3)
    monkeypatch.setattr("mnist_cnn.data.make_standin", lambda: [*part, *part])


def put(content: dict[str, bytes], root: Path) -> Path:
    """Write files into the folder where they are looked for."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        (raw / name).write_bytes(data)
    return raw


def check(digits: tuple[mc.Digits, mc.Digits], files: dict[str, bytes]) -> None:
    """The digits are those in ``files``, every pixel of them."""
    for part, prefix in zip(digits, SIZES, strict=True):
        assert part.source == "mnist"
        pixels = files[f"{prefix}-images-idx3-ubyte"][16:]
        assert (part.images * 255).round().byte().numpy().tobytes() == pixels
        labels = files[f"{prefix}-labels-idx1-ubyte"][8:]
        assert part.labels.byte().numpy().tobytes() == labels


# Reading a folder


def test_good_files_need_no_network_and_no_change(
    files, archives, tmp_path, monkeypatch
):
    raw = put(files, tmp_path)
    monkeypatch.setattr(mnist, "_find", None)  # calling it would fail
    monkeypatch.setenv("MNIST_CNN_DATA", str(tmp_path))
    before = {p: p.stat().st_mtime_ns for p in [raw.parent, raw, *raw.iterdir()]}
    check(mc.load_mnist(), files)
    check(mc.load_mnist(str(tmp_path), source="mnist"), files)
    assert before == {p: p.stat().st_mtime_ns for p in before}


@pytest.mark.parametrize("lost", ["all", "one"])
def test_missing_files_are_unpacked_without_network(files, archives, tmp_path, lost):
    raw = put({**files, **archives}, tmp_path)
    for name in [*files] if lost == "all" else ["t10k-labels-idx1-ubyte"]:
        (raw / name).unlink()
    check(mc.load_mnist(tmp_path), files)
    assert {p.name for p in raw.iterdir()} == {*files, *archives}


# As sites and browsers name them, and where archives put them
ELSEWHERE = ["{dot}", "MNIST/raw/zip/{dot}.gz", "MNIST/{0} (1).gz", "MNIST/raw/{0}/{0}"]


@pytest.mark.parametrize("form", ELSEWHERE)
def test_files_are_known_by_their_content(form, files, archives, tmp_path, recwarn):
    for name in files:
        path = tmp_path / form.format(name, dot=name.replace("-idx", ".idx"))
        path.parent.mkdir(parents=True, exist_ok=True)
        packed = path.suffix == ".gz"
        path.write_bytes(archives[f"{name}.gz"] if packed else files[name])
    for _ in range(2):
        check(mc.load_mnist(tmp_path), files)
    assert not recwarn


def test_what_is_missing_is_named(files, archives, tmp_path):
    """Three of four, and the last of another data set, such as Fashion-MNIST."""
    *three, last = archives
    brought = archives | {
        last: gzip.compress(DAMAGE["a flipped bit"](files[last[:-3]]))
    }
    for name, content in brought.items():
        (tmp_path / name).write_bytes(content)
    words = rf"or put {last} into .*Here already: .*{three[0][:-3]}.* data: {last}\."
    with pytest.raises(RuntimeError, match=words):
        mc.load_mnist(tmp_path, source="mnist")


DAMAGE = {
    "a flipped bit": lambda c: c[:-9] + bytes([c[-9] ^ 1]) + c[-8:],
    "a byte too many": lambda c: c + b"\0",
    "another type": lambda c: c[:2] + b"\x09" + c[3:],
    "cut in half": lambda c: c[: len(c) // 2],
    "empty": lambda c: b"",
    "a login page": lambda c: b"<html>Please log in</html>",
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.usefixtures("quick_standin")
def test_damaged_file_is_replaced_or_not_used(files, archives, tmp_path, damage):
    name = "train-images-idx3-ubyte"
    damaged = {name: DAMAGE[damage](files[name])}
    raw = put(files | archives | damaged, tmp_path)
    with pytest.warns(UserWarning, match=f"{name} is damaged: it was replaced"):
        check(mc.load_mnist(tmp_path), files)
    assert (raw / name).read_bytes() == files[name]
    check(mc.load_mnist(tmp_path), files)  # and now without a warning

    put(damaged | {f"{name}.gz": DAMAGE[damage](archives[f"{name}.gz"])}, tmp_path)
    with pytest.warns(StandinWarning, match=f"{name} is damaged, and downloading"):
        train, test = mc.load_mnist(tmp_path)
    assert (train.source, test.source) == ("standin", "standin")
    with pytest.raises(RuntimeError, match=f"{name} is damaged, and downloading"):
        mc.load_mnist(tmp_path, source="mnist")


# Folders that cannot be used


def test_folder_that_cannot_be_made(files, archives, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(mnist, "_find", lambda root: (files, []))
    with pytest.warns(UserWarning, match="MNIST cannot be kept for next time"):
        check(mc.load_mnist(tmp_path / "file"), files)


def test_full_disk_leaves_no_half_file(files, archives, tmp_path):
    raw = put(archives, tmp_path)
    resource = pytest.importorskip("resource")  # not on Windows
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.warns(UserWarning, match="cannot be kept for next time.*too large"):
            check(mc.load_mnist(tmp_path), files)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    whole = files | archives
    assert all(whole[path.name] == path.read_bytes() for path in raw.iterdir())
    check(mc.load_mnist(tmp_path), files)


@pytest.mark.skipif(os.name == "nt", reason="HOME is not the home on Windows")
def test_unusable_home_falls_back_to_a_temporary_folder(
    files, archives, tmp_path, monkeypatch
):
    (tmp_path / "home").touch()
    for name in ("MNIST_CNN_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert mc.data_root() == tmp_path / "temporary" / "mnist_cnn"
    put(archives, mc.data_root())
    check(mc.load_mnist(), files)


# Asking for a source


def test_offline_variable_skips_the_download(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_CNN_OFFLINE", "1")
    monkeypatch.setattr(download, "urlopen", None)  # calling it would fail
    with pytest.raises(RuntimeError, match="MNIST_CNN_OFFLINE is set"):
        mc.load_mnist(tmp_path, source="mnist")


@pytest.mark.usefixtures("quick_standin")
def test_one_warning_in_plain_words(tmp_path):
    with pytest.warns(StandinWarning, match="MNIST is not on this") as warnings:
        train, _ = mc.load_mnist(tmp_path)
    assert train.source == "standin"
    assert len(warnings) == 1
    assert str(tmp_path / "MNIST" / "raw") in str(warnings[0].message)
    assert warnings[0].filename == __file__


def test_unknown_source():
    with pytest.raises(ValueError, match=r'"auto", "mnist" or "standin", got .Mnist.'):
        mc.load_mnist(source="Mnist")


# Digits

IMAGES, LABELS = torch.full((2, 1, 28, 28), 0.5), torch.tensor([0, 1])


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (IMAGES * 255, LABELS, "divide by 255"),
        (IMAGES * torch.nan, LABELS, "got nan to nan"),
        (IMAGES[:0], LABELS[:0], "empty set"),
        (IMAGES, [0, 1], r"got \[0, 1\]"),
        (IMAGES, LABELS[:1], r"got .* shape \(1,\)"),
        (IMAGES, LABELS - 1, "from 0 on, got -1"),
        (IMAGES, LABELS.to("meta"), "on meta"),
    ],
)
def test_what_are_no_digits_is_told(images, labels, words):
    with pytest.raises(ValueError, match=words):
        mc.Digits(images, labels)


def test_normalised_images_and_letters_are_welcome(few):
    letters = mc.Digits((few.images - 0.1307) / 0.3081, torch.arange(40))
    assert letters[39][1] == 39
    assert letters.source == "own"
    assert letters.to("cpu") is letters


MASK = np.arange(40) < 2


@pytest.mark.parametrize(
    "index",
    [[3, 1], torch.tensor([3, -1]), range(2), slice(2, 4), MASK, torch.tensor(MASK)],
    ids=str,
)
def test_some_digits_are_taken(few, index):
    part = few.take(index)
    taken = np.arange(40)[index]
    assert len(part) == 2
    assert torch.equal(part.images, few.images[taken])
    assert torch.equal(part.labels, few.labels[taken])
    assert part.source == few.source


@pytest.mark.parametrize(
    ("index", "kind", "words"),
    [
        ([40], IndexError, "index 40 is out of bounds .* size 40"),
        ([0.5], IndexError, "integer"),
        ([], ValueError, "empty set"),
        (3, ValueError, "a row of positions, got 3"),
    ],
    ids=str,
)
def test_what_cannot_be_taken_is_told(few, index, kind, words):
    with pytest.raises(kind, match=words):
        few.take(index)


def test_a_subset_becomes_digits(few):
    part, _ = random_split(few, [10, 30])
    digits = as_digits(Subset(part, [2, 0]))
    assert torch.equal(digits.labels, few.labels[[part.indices[2], part.indices[0]]])
    assert as_digits(few) is few
    for other in (few.images, Subset(range(3), [0]), None):
        with pytest.raises(ValueError, match="expected Digits, as of load_mnist"):
            as_digits(other)
