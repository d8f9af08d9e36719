"""The folder that keeps MNIST: filled once, repaired, and never half-written."""

import gzip
import math
import os
import tempfile
import warnings
import zlib
from pathlib import Path

import platformdirs
from torch import Tensor

from mnist_cnn.files import write_whole
from mnist_cnn.sources import download, idx

__all__ = ["Unavailable", "data_root", "obtain"]


class Unavailable(RuntimeError):
    """MNIST is neither on this computer nor to be had from the network."""


def data_root() -> Path:
    """Where the data set lives unless told: $MNIST_CNN_DATA, or the user's cache.

    Where no folder can be made for that, one among the system's temporary files. It is
    made when something is put there.
    """
    if folder := os.environ.get("MNIST_CNN_DATA"):
        return Path(os.path.expanduser(folder))  # noqa: PTH111 - "~x" may be a name
    cache = platformdirs.user_cache_path("mnist_cnn")
    there = next((p for p in (cache, *cache.parents) if os.access(p, os.F_OK)), cache)
    if there.is_dir() and (there == cache or os.access(there, os.W_OK)):
        return cache
    return Path(tempfile.gettempdir()) / "mnist_cnn"


def obtain(root: Path) -> list[Tensor]:
    """What ``idx.read`` returns for ``root/MNIST/raw``, filled first if need be.

    Missing and damaged files are replaced from files near by or else from the network.
    ``MNIST/processed`` is not read, though torchvision prefers it: nothing checks that.
    Raises Unavailable, in words for the user.
    """
    raw, damaged = root / "MNIST" / "raw", ""
    try:
        return idx.read(raw)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        pass
    except (OSError, idx.DamagedFile) as error:
        damaged = str(error)
    files, spoiled = _find(root)
    missing = [f"{name}.gz" for name in idx.FILES if name not in files]
    try:
        archives = _download(missing) if missing else {}
    except OSError as error:
        here = f" Here already: {', '.join(files)}." if files else ""
        here += f" Damaged or of other data: {', '.join(spoiled)}." if spoiled else ""
        raise Unavailable(
            f"{damaged or 'MNIST is not on this computer'}, and downloading it failed "
            f"({error}). Connect to the internet and run this again, or put "
            f"{', '.join(missing)} into {raw.absolute()}, unpacked or not.{here}"
        ) from error
    files |= {name[:-3]: gzip.decompress(archives[name]) for name in archives}
    tensors = [idx.decode(name, bytearray(files[name])) for name in idx.FILES]
    if damaged:
        warnings.warn(f"{damaged}: it was replaced, not used", stacklevel=3)
    try:
        for name, content in (archives | files).items():
            if not (raw / name).is_dir():  # as in an archive with a folder for each
                write_whole(raw / name, content)
    except (OSError, ValueError) as error:
        warnings.warn(f"MNIST cannot be kept for next time: {error}", stacklevel=3)
    return tensors


def _download(names: list[str]) -> dict[str, bytes]:
    """Some of the archives, from the network."""
    from torchvision.datasets import MNIST

    wanted = [(name, md5) for name, md5 in MNIST.resources if name in names]
    return download.fetch(wanted, MNIST.mirrors)


def _find(root: Path) -> tuple[dict[str, bytes], list[str]]:
    """The files of MNIST near ``root``, and the names of what only looks like them.

    They are known by their content: browsers and other sites name them otherwise.
    """
    names = {4 + 4 * len(s) + math.prod(s): n for n, (s, _) in idx.FILES.items()}
    found, spoiled = {}, []
    for place in ("*", "*/*", "MNIST/*/*", "MNIST/raw/*/*"):
        for path in sorted(root.glob(place)):
            try:
                content = _unpack(path, set(names)) if path.is_file() else b""
                name = names[len(content)]
                idx.decode(name, bytearray(content))
                found[name] = content
            except (OSError, EOFError, zlib.error, KeyError, idx.DamagedFile):
                spoiled += [path.name] if "ubyte" in path.name else []
    return found, spoiled


def _unpack(path: Path, sizes: set[int]) -> bytes:
    """The content of a file, or of what a .gz packs, if it has one of these sizes."""
    with path.open("rb") as file:
        packed, size = file.read(2) == b"\x1f\x8b", file.seek(0, os.SEEK_END)
        if packed:  # the last four bytes tell how much
            file.seek(-4, os.SEEK_END)
            size = int.from_bytes(file.read(), "little")
        file.seek(0)
        part = gzip.GzipFile(fileobj=file) if packed else file
        return part.read(size + 1) if size in sizes else b""
