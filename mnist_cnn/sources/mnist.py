"""The folder that keeps MNIST: filled once, repaired, and never half-written."""

import contextlib
import gzip
import hashlib
import os
import tempfile
import warnings
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
        return Path(folder).expanduser()
    cache = platformdirs.user_cache_path("mnist_cnn")
    there = next((p for p in (cache, *cache.parents) if os.access(p, os.F_OK)), cache)
    if there.is_dir() and (there == cache or os.access(there, os.W_OK)):
        return cache
    return Path(tempfile.gettempdir()) / "mnist_cnn"


def obtain(root: Path) -> list[Tensor]:
    """What ``idx.read`` returns for ``root/MNIST/raw``, filled first if need be.

    Missing and damaged files are replaced from the archives beside them or else from
    the network. Only ``raw`` is read: torchvision prefers ``MNIST/processed``, which
    nothing checks. Raises Unavailable, in words for the user.
    """
    raw, damaged = root / "MNIST" / "raw", ""
    try:
        return idx.read(raw)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, idx.DamagedFile) as error:
        damaged = str(error)
    try:
        archives = _archives(raw)
    except OSError as error:
        raise Unavailable(
            f"{damaged or 'MNIST is not on this computer'}, and downloading it failed "
            f"({error}). Connect to the internet and run this again, or put the four "
            f".gz files of MNIST into {raw.absolute()}."
        ) from error
    files = {
        name.removesuffix(".gz"): gzip.decompress(archives[name]) for name in archives
    }
    tensors = [idx.decode(name, bytearray(files[name])) for name in idx.FILES]
    if damaged:
        warnings.warn(f"{damaged}: it was replaced, not used", stacklevel=3)
    try:
        for name, content in (archives | files).items():
            write_whole(raw / name, content)
    except (OSError, ValueError) as error:
        warnings.warn(f"MNIST cannot be kept for next time: {error}", stacklevel=3)
    return tensors


def _archives(raw: Path) -> dict[str, bytes]:
    """The four archives by name: those in the folder that are right, and downloads."""
    from torchvision.datasets import MNIST

    archives = {}
    for name, md5 in MNIST.resources:
        with contextlib.suppress(OSError):  # it is not there, or may not be read
            content = (raw / name).read_bytes()
            if hashlib.md5(content, usedforsecurity=False).hexdigest() == md5:
                archives[name] = content
    missing = [(name, md5) for name, md5 in MNIST.resources if name not in archives]
    return archives | (download.fetch(missing, MNIST.mirrors) if missing else {})
