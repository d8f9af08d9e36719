"""``Digits``; where they come from, and that no wrong byte of them is ever used."""

import gzip
import hashlib
import os
import struct
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from torch.utils.data import Subset, random_split
from torchvision.datasets import MNIST

import mnist_cnn as mc
from mnist_cnn.data import StandinWarning, as_digits
from mnist_cnn.sources import download, idx, mnist


def small_mnist() -> tuple[dict[str, bytes], dict[str, tuple]]:
    """90 random images in the format of MNIST: the files, and their idx.FILES."""
    generator = torch.Generator().manual_seed(0)
    files, table = {}, {}
    for name, ((_, *sides), _) in idx.FILES.items():
        shape = (60 if name.startswith("train") else 30, *sides)
        values = torch.randint(256 if sides else 10, shape, generator=generator)
        content = values.byte().numpy().tobytes()
        header = struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape)
        files[name] = header + content
        table[name] = shape, hashlib.sha256(content).hexdigest()
    return files, table


FILES, TABLE = small_mnist()
ARCHIVES = {f"{name}.gz": gzip.compress(FILES[name], 1, mtime=0) for name in FILES}
STANDIN = [torch.zeros(3, 28, 28, dtype=torch.uint8), torch.arange(3)] * 2


def adopt(patch: pytest.MonkeyPatch, *mirrors: str) -> None:
    """Make FILES the official ones, and a stand-in that takes no time to make."""
    sums = [(name, hashlib.md5(ARCHIVES[name]).hexdigest()) for name in ARCHIVES]
    patch.setattr(idx, "FILES", TABLE)
    patch.setattr(MNIST, "resources", sums)
    patch.setattr(MNIST, "mirrors", mirrors)
    patch.setattr("mnist_cnn.data.make_standin", lambda: STANDIN)


@pytest.fixture(autouse=True)
def small_and_no_network(monkeypatch):
    adopt(monkeypatch, "http://127.0.0.1:9/")  # discard: refused


def put(content: dict[str, bytes], root: Path) -> Path:
    """Write files into the folder where they are looked for."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, data in content.items():
        (raw / name).write_bytes(data)
    return raw


def check(digits: tuple[mc.Digits, mc.Digits]) -> None:
    """The digits are those in ``FILES``, every pixel of them."""
    assert [part.source for part in digits] == ["mnist", "mnist"]
    values = [x for d in digits for x in ((d.images * 255).round(), d.labels)]
    for found, content in zip(values, FILES.values(), strict=True):
        assert found.byte().numpy().tobytes() == content[-found.numel() :]


# Reading a folder


def test_good_files_need_no_network_and_no_change(tmp_path, monkeypatch):
    raw = put(FILES, tmp_path)
    monkeypatch.setattr(mnist, "_find", None)  # calling it would fail
    monkeypatch.setenv("MNIST_CNN_DATA", str(tmp_path))
    before = {p: p.stat().st_mtime_ns for p in [raw.parent, raw, *raw.iterdir()]}
    check(mc.load_mnist())
    check(mc.load_mnist(str(tmp_path), source="mnist"))
    assert before == {p: p.stat().st_mtime_ns for p in before}


@pytest.mark.parametrize("lost", ["all", "one"])
def test_missing_files_are_unpacked_without_network(tmp_path, lost):
    raw = put(FILES | ARCHIVES, tmp_path)
    for name in [*FILES] if lost == "all" else ["t10k-labels-idx1-ubyte"]:
        (raw / name).unlink()
    check(mc.load_mnist(tmp_path))
    assert {p.name for p in raw.iterdir()} == {*FILES, *ARCHIVES}


# As sites and browsers name them, and where archives put them
ELSEWHERE = ["{dot}", "MNIST/raw/zip/{dot}.gz", "MNIST/{0} (1).gz", "MNIST/raw/{0}/{0}"]


@pytest.mark.parametrize("form", ELSEWHERE)
def test_files_are_known_by_their_content(form, tmp_path, recwarn):
    for name in FILES:
        path = tmp_path / form.format(name, dot=name.replace("-idx", ".idx"))
        path.parent.mkdir(parents=True, exist_ok=True)
        packed = path.suffix == ".gz"
        path.write_bytes(ARCHIVES[f"{name}.gz"] if packed else FILES[name])
    for _ in range(2):
        check(mc.load_mnist(tmp_path))
    assert not recwarn


def test_what_is_missing_is_named(tmp_path):
    """Three of four, and the last of another data set, such as Fashion-MNIST."""
    *three, last = ARCHIVES
    brought = ARCHIVES | {
        last: gzip.compress(DAMAGE["a flipped bit"](FILES[last[:-3]]))
    }
    for name, content in brought.items():
        (tmp_path / name).write_bytes(content)
    words = rf"or put {last} into .*Here already: .*{three[0][:-3]}.* data: {last}\."
    with pytest.raises(RuntimeError, match=words):
        mc.load_mnist(tmp_path, source="mnist")


DAMAGE = {
    "a flipped bit": lambda c: c[:-9] + bytes([c[-9] ^ 1]) + c[-8:],
    "cut in half": lambda c: c[: len(c) // 2],
    "empty": lambda c: b"",
    "a login page": lambda c: b"<html>Please log in</html>",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_file_is_replaced_or_not_used(tmp_path, damage):
    name = "train-images-idx3-ubyte"
    damaged = {name: DAMAGE[damage](FILES[name])}
    raw = put(FILES | ARCHIVES | damaged, tmp_path)
    with pytest.warns(UserWarning, match=f"{name} is damaged: it was replaced"):
        check(mc.load_mnist(tmp_path))
    assert (raw / name).read_bytes() == FILES[name]
    check(mc.load_mnist(tmp_path))  # and now without a warning

    put(damaged | {f"{name}.gz": DAMAGE[damage](ARCHIVES[f"{name}.gz"])}, tmp_path)
    with pytest.warns(StandinWarning, match=f"{name} is damaged, and downloading"):
        train, test = mc.load_mnist(tmp_path)
    assert (train.source, test.source) == ("standin", "standin")
    with pytest.raises(RuntimeError, match=f"{name} is damaged, and downloading"):
        mc.load_mnist(tmp_path, source="mnist")


# Folders that cannot be used


def test_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(mnist, "_find", lambda root: (FILES, []))
    with pytest.warns(UserWarning, match="MNIST cannot be kept for next time"):
        check(mc.load_mnist(tmp_path / "file"))


def test_full_disk_leaves_no_half_file(tmp_path, monkeypatch):
    raw, full = put(ARCHIVES, tmp_path), OSError(28, "No space left on device")
    monkeypatch.setattr(os, "fsync", Mock(side_effect=full))
    with pytest.warns(UserWarning, match="cannot be kept for next time.*No space left"):
        check(mc.load_mnist(tmp_path))
    assert {path.name for path in raw.iterdir()} == ARCHIVES.keys()


# Asking for a source


def test_offline_variable_skips_the_download(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_CNN_OFFLINE", "1")
    monkeypatch.setattr(download, "urlopen", None)  # calling it would fail
    with pytest.raises(RuntimeError, match="MNIST_CNN_OFFLINE is set"):
        mc.load_mnist(tmp_path, source="mnist")


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


def test_a_subset_becomes_digits(few):
    part, _ = random_split(few, [10, 30])
    digits = as_digits(Subset(part, [2, 0]))
    assert torch.equal(digits.labels, few.labels[[part.indices[2], part.indices[0]]])
    assert as_digits(few) is few
    with pytest.raises(ValueError, match="expected Digits, as of load_mnist"):
        as_digits(Subset(range(3), [0]))
