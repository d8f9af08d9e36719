"""Where the digits come from, and that no wrong byte of them is ever used."""

import contextlib
import gzip
import hashlib
import os
import shutil
import struct
import tempfile
import time
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.datasets import MNIST, utils

import mnist_cnn as mc
from mnist_cnn.data import StandinWarning
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
        dimensions = content[3]
        header = 4 + 4 * dimensions
        shape = struct.unpack(f">{dimensions}I", content[4:header])
        table[name] = (shape, hashlib.sha256(content[header:]).hexdigest())
    sums = [(n, hashlib.md5(c).hexdigest()) for n, c in archives.items()]
    patch.setattr(idx, "FILES", table)
    patch.setattr(MNIST, "resources", sums)
    return archives


@pytest.fixture
def files(monkeypatch) -> dict[str, bytes]:
    content = small_files()
    adopt(content, monkeypatch)
    return content


@pytest.fixture
def archives(files) -> dict[str, bytes]:
    return {f"{n}.gz": gzip.compress(c, 1, mtime=0) for n, c in files.items()}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Nothing in this file may go to the network."""
    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])  # discard: refused


@pytest.fixture
def quick_standin(monkeypatch):
    """A stand-in that takes no time to make."""
    part = torch.zeros(3, 28, 28, dtype=torch.uint8), torch.arange(3)
    make = "mnist_cnn.sources.standin.make_standin"
    monkeypatch.setattr(make, lambda: [*part, *part])


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


def test_good_files_need_no_network_and_no_change(files, tmp_path, monkeypatch):
    raw = put(files, tmp_path)
    monkeypatch.setattr(mnist, "_install", None)  # calling it would fail
    before = {p: p.stat().st_mtime_ns for p in [raw.parent, raw, *raw.iterdir()]}
    check(mc.load_mnist(tmp_path), files)
    check(mc.load_mnist(str(tmp_path), source="mnist"), files)
    assert before == {p: p.stat().st_mtime_ns for p in before}


def test_archives_alone_are_unpacked_without_network(files, archives, tmp_path):
    raw = put(archives, tmp_path)
    check(mc.load_mnist(tmp_path), files)
    assert {p.name for p in raw.iterdir()} == {*files, *archives}
    assert [p.name for p in raw.parent.iterdir()] == ["raw"]


def test_the_environment_names_the_folder(files, tmp_path, monkeypatch):
    put(files, tmp_path)
    monkeypatch.setenv("MNIST_CNN_DATA", str(tmp_path))
    check(mc.load_mnist(), files)


def test_stale_processed_folder_is_ignored(files, tmp_path):
    processed = put(files, tmp_path).parent / "processed"
    processed.mkdir()
    wrong = (torch.zeros(60, 28, 28).byte(), torch.zeros(60).long())
    for name in ("training.pt", "test.pt"):
        torch.save(wrong, processed / name)
    assert MNIST(tmp_path).data.sum() == 0  # torchvision falls for it
    check(mc.load_mnist(tmp_path), files)


DAMAGE = {
    "a flipped bit": lambda c: c[:-9] + bytes([c[-9] ^ 1]) + c[-8:],
    "cut in half": lambda c: c[: len(c) // 2],
    "a byte too many": lambda c: c + b"\0",
    "empty": lambda c: b"",
    "a login page": lambda c: b"<html>Please log in</html>",
    "another type": lambda c: c[:2] + b"\x09" + c[3:],
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_damaged_file_is_replaced_from_its_archive(
    files, archives, tmp_path, name, damage
):
    raw = put({**files, **archives}, tmp_path)
    (raw / name).write_bytes(DAMAGE[damage](files[name]))
    with pytest.warns(UserWarning, match=f"{name} is damaged: it was replaced"):
        check(mc.load_mnist(tmp_path), files)
    assert (raw / name).read_bytes() == files[name]
    check(mc.load_mnist(tmp_path), files)  # and now without a warning


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.usefixtures("quick_standin")
def test_damaged_file_is_named_and_not_used(files, tmp_path, damage):
    name = "t10k-images-idx3-ubyte"
    raw = put(files, tmp_path)
    (raw / name).write_bytes(DAMAGE[damage](files[name]))
    with pytest.warns(StandinWarning, match=f"{name} is damaged, and downloading"):
        train, test = mc.load_mnist(tmp_path)
    assert (train.source, test.source) == ("standin", "standin")
    with pytest.raises(RuntimeError, match=f"{name} is damaged, and downloading"):
        mc.load_mnist(tmp_path, source="mnist")


@pytest.mark.usefixtures("files")
def test_damaged_archive_is_not_unpacked(archives, tmp_path):
    name = "train-images-idx3-ubyte.gz"
    content = bytearray(archives[name])
    content[len(content) // 2] ^= 1
    raw = put({**archives, name: bytes(content)}, tmp_path)
    with pytest.raises(RuntimeError, match="not on this computer"):
        mc.load_mnist(tmp_path, source="mnist")
    assert {p.name for p in raw.iterdir()} == set(archives)


def test_archives_that_may_not_be_read_are_fetched(
    files, archives, tmp_path, monkeypatch
):
    raw, check_integrity = put(archives, tmp_path), utils.check_integrity

    def refuse(path, md5):
        if Path(path).parent == raw:
            raise PermissionError
        return check_integrity(path, md5)

    def fetch(missing, _, to):
        for name, _ in missing:
            (to / name).write_bytes(archives[name])

    monkeypatch.setattr(utils, "check_integrity", refuse)
    monkeypatch.setattr(download, "fetch", fetch)
    check(mc.load_mnist(tmp_path), files)


def test_a_missing_file_is_restored(files, archives, tmp_path):
    raw = put({**files, **archives}, tmp_path)
    (raw / "t10k-labels-idx1-ubyte").unlink()
    check(mc.load_mnist(tmp_path), files)
    assert (raw / "t10k-labels-idx1-ubyte").is_file()


def test_what_a_killed_process_left_is_removed_and_a_live_one_kept(
    files, archives, tmp_path
):
    raw = put(archives, tmp_path)
    old, live = (raw.parent / f"{mnist.STAGING}{n}" for n in ("old", "live"))
    for folder in (old, live):
        (folder / "MNIST" / "raw").mkdir(parents=True)
        (folder / "MNIST" / "raw" / "train-images-idx3-ubyte").write_bytes(b"half")
    past = time.time() - 2 * mnist.ABANDONED
    for path in [old, *old.rglob("*")]:
        os.utime(path, (past, past))
    check(mc.load_mnist(tmp_path), files)
    assert not old.exists()
    assert live.exists()


@pytest.mark.skipif(os.name == "nt", reason="a link needs a privilege there")
def test_the_folder_may_be_a_link_to_another_disk(
    files, archives, tmp_path, monkeypatch
):
    put(archives, tmp_path / "disk")
    root, disk = tmp_path / "root", tmp_path / "disk" / "MNIST" / "raw"
    (root / "MNIST").mkdir(parents=True)
    (root / "MNIST" / "raw").symlink_to(disk)
    replace = Path.replace

    def as_between_disks(path, target):
        if not path.resolve().is_relative_to(tmp_path / "disk"):
            raise OSError("Invalid cross-device link")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", as_between_disks)
    check(mc.load_mnist(root), files)
    assert {p.name for p in disk.iterdir()} == {*files, *archives}


# Folders that cannot be used


@contextlib.contextmanager
def without_privilege():
    """Act as a user to whom file permissions apply, also when run as root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_folder():
    """A folder that an unprivileged user can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def lock(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)


@pytest.mark.skipif(os.name == "nt", reason="no file modes on Windows")
def test_read_only_folder_with_good_files(files, open_folder):
    put(files, open_folder)
    lock(open_folder)
    with without_privilege():
        with pytest.raises(PermissionError):
            (open_folder / "x").touch()
        check(mc.load_mnist(open_folder, source="mnist"), files)


@pytest.mark.skipif(os.name == "nt", reason="no file modes on Windows")
def test_read_only_folder_with_archives_only(files, archives, open_folder):
    put(archives, open_folder)
    lock(open_folder)
    with without_privilege(), pytest.warns(UserWarning, match="cannot be kept"):
        check(mc.load_mnist(open_folder), files)
    assert {p.name for p in open_folder.rglob("*")} == {"MNIST", "raw", *archives}


def test_full_disk_leaves_nothing_and_says_so(archives, tmp_path):
    raw = put(archives, tmp_path)
    resource = pytest.importorskip("resource")  # not on Windows
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(RuntimeError, match=r"File too large|No space"):
            mc.load_mnist(tmp_path, source="mnist")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert {p.name for p in raw.iterdir()} == set(archives)
    assert [p.name for p in raw.parent.iterdir()] == ["raw"]


@pytest.mark.skipif(os.name == "nt", reason="HOME is not the home on Windows")
def test_unusable_home_falls_back_to_a_temporary_folder(
    files, archives, tmp_path, monkeypatch
):
    home = tmp_path / "home"
    home.touch()
    for name in ("MNIST_CNN_DATA", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert mc.data_root() == tmp_path / "temporary" / "mnist_cnn"
    put(archives, mc.data_root())
    check(mc.load_mnist(), files)


# Asking for a source


def test_offline_variable_skips_the_download(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_CNN_OFFLINE", "1")
    monkeypatch.setattr(download, "_get", None)  # calling it would fail
    with pytest.raises(RuntimeError, match="MNIST_CNN_OFFLINE is set"):
        mc.load_mnist(tmp_path, source="mnist")


@pytest.mark.usefixtures("quick_standin")
def test_one_warning_in_plain_words(tmp_path):
    with pytest.warns(StandinWarning) as warnings:
        train, _ = mc.load_mnist(tmp_path)
    assert train.source == "standin"
    assert len(warnings) == 1
    text = str(warnings[0].message)
    assert "MNIST is not on this computer" in text
    assert "stand-in" in text
    assert str(tmp_path / "MNIST" / "raw") in text
    assert warnings[0].filename == __file__


def test_unknown_source():
    with pytest.raises(ValueError, match=r'"auto", "mnist" or "standin", got .Mnist.'):
        mc.load_mnist(source="Mnist")


# Properties

FILES = small_files()


def mutate(content: bytes, kind: str, at: int, value: int) -> bytes:
    """``content`` with one byte changed, or a piece cut out or put in."""
    at %= len(content)
    if kind == "flip":
        return content[:at] + bytes([content[at] ^ value]) + content[at + 1 :]
    if kind == "cut":
        return content[:at] + content[at + value :]
    return content[:at] + bytes([value]) + content[at:]


mutations = {
    "kind": st.sampled_from(["flip", "cut", "add"]),
    "at": st.integers(0, 2**32),
    "value": st.integers(1, 255),
}


@given(name=st.sampled_from([*FILES]), **mutations)
def test_no_changed_byte_is_accepted(name, kind, at, value):
    with pytest.MonkeyPatch.context() as patch:
        adopt(FILES, patch)
        content = mutate(FILES[name], kind, at, value)
        with pytest.raises(idx.DamagedFile, match=name):
            idx.decode(name, bytearray(content))
        assert len(idx.decode(name, bytearray(FILES[name]))) in SIZES.values()


@settings(max_examples=15)
@given(name=st.sampled_from([*FILES]), **mutations)
def test_no_changed_byte_of_an_archive_is_accepted(name, kind, at, value):
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
    ):
        archives = adopt(FILES, patch)
        patch.setenv("MNIST_CNN_OFFLINE", "1")
        archives[f"{name}.gz"] = mutate(archives[f"{name}.gz"], kind, at, value)
        put(archives, Path(folder))
        with pytest.raises(mnist.Unavailable, match="not on this computer"):
            mc.load_mnist(folder, source="mnist")


@pytest.mark.parametrize("name", idx.FILES)
def test_no_changed_byte_of_the_official_files_is_accepted(name):
    path = mc.data_root() / "MNIST" / "raw" / name
    if not path.is_file():
        pytest.skip("MNIST is not here")
    official = path.read_bytes()
    idx.decode(name, bytearray(official))

    @settings(max_examples=10 if "images" in name else 50)
    @given(**mutations)
    def refuse(kind, at, value):
        with pytest.raises(idx.DamagedFile):
            idx.decode(name, bytearray(mutate(official, kind, at, value)))

    refuse()


def test_digits_are_not_copied_to_where_they_are(few):
    assert few.to("cpu") is few


def test_digits_refuse_two_devices(few):
    with pytest.raises(ValueError, match="on one device, got cpu and meta"):
        mc.Digits(few.images, few.labels.to("meta"))


@pytest.mark.parametrize("count", [0, -1, 2.5, True])
def test_the_first_few_are_a_count(few, count):
    with pytest.raises(ValueError, match=f"at least 1, got {count}"):
        few.first(count)


def test_digits_refuse_labels_that_are_no_tensor():
    with pytest.raises(ValueError, match="expected a tensor of labels, got list"):
        mc.Digits(torch.zeros(2, 1, 28, 28), [0, 1])
