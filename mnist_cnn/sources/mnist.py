"""The folder that keeps MNIST: filled once, repaired, and never half-written."""

from __future__ import annotations

import contextlib
import functools
import io
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor

from mnist_cnn.sources import download, idx

__all__ = ["Unavailable", "obtain"]

STAGING = ".download-"  # how the names of the temporary folders begin
ABANDONED = 86400.0  # seconds without a change, after which one was left by a kill


class Unavailable(RuntimeError):
    """MNIST is neither on this computer nor to be had from the network."""


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
        tensors = _install(raw)
    except (OSError, idx.DamagedFile) as error:
        raise Unavailable(
            f"{damaged or 'MNIST is not on this computer'}, and downloading it failed "
            f"({error}). Connect to the internet and run this again, or put the four "
            f".gz files of MNIST into {raw.absolute()}."
        ) from error
    if damaged:
        warnings.warn(f"{damaged}: it was replaced, not used", stacklevel=3)
    return tensors


def _install(raw: Path) -> list[Tensor]:
    """Make all files in a temporary folder, check them there, move them to ``raw``."""
    from torchvision.datasets import MNIST
    from torchvision.datasets.utils import check_integrity

    with _staging(raw.resolve().parent) as staging:  # raw may be a link to another disk
        new = staging / "MNIST" / "raw"
        new.mkdir(parents=True)
        missing = []
        for name, md5 in MNIST.resources:
            try:
                good = check_integrity(raw / name, md5)
            except OSError:  # it may not be read
                good = False
            if good:
                shutil.copyfile(raw / name, new / name)
            else:
                missing.append((name, md5))
        if missing:
            download.fetch(missing, MNIST.mirrors, to=new)
        with contextlib.redirect_stdout(io.StringIO()):
            MNIST(staging, download=True)  # has the archives: checks and unpacks them
        tensors = idx.read(new)
        try:
            raw.mkdir(parents=True, exist_ok=True)
            for path in new.iterdir():
                path.replace(raw / path.name)
        except OSError as error:
            warnings.warn(f"MNIST cannot be kept for next time: {error}", stacklevel=4)
    return tensors


@contextlib.contextmanager
def _staging(parent: Path) -> Iterator[Path]:
    """A temporary folder in ``parent``, or elsewhere if that cannot be written.

    Removes those that killed processes left there.
    """
    make = functools.partial(
        tempfile.TemporaryDirectory[str], prefix=STAGING, ignore_cleanup_errors=True
    )
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for old in parent.glob(f"{STAGING}*"):
            with contextlib.suppress(OSError):  # another process may be as quick
                changed = max(p.stat().st_mtime for p in [old, *old.rglob("*")])
                if time.time() - changed > ABANDONED:
                    shutil.rmtree(old)
        folder = make(dir=parent)
    except OSError:
        folder = make()
    with folder as path:
        yield Path(path)
