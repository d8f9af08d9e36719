"""Paths as readers give them, and files that are written whole or not at all."""

import os
import stat
import uuid
from pathlib import Path

from mnist_cnn.arguments import shorten


def as_path(path: object, what: str = "a file") -> Path:
    """Where a file is or will be, with "~" as the home folder.

    what: which file, for the errors. Raises ValueError for what is no path, and where
    something else than a file stands: reading a pipe may never end, and writing
    would put a file in the place of a device.
    """
    try:
        found = Path(path)  # type: ignore[arg-type]
    except TypeError as e:
        raise ValueError(f"expected the path of {what}, got {shorten(path)}") from e
    found = Path(os.path.expanduser(found))  # noqa: PTH111 - "~x" may be a plain name
    if found.exists() and not found.is_file():
        raise ValueError(f"expected {what} at {found}, not a folder, pipe or device")
    return found


def write_whole(path: str | Path, content: bytes) -> None:
    """Put ``content`` in the file at ``path``: readers see the old file or the new.

    It is written under another name beside it, which then takes its place in one step.
    A file that is there keeps its mode, and folders that are missing are made.
    """
    path = as_path(path).resolve()  # what a link leads to, not the link
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        with temporary.open("xb") as file:
            if path.exists():
                temporary.chmod(stat.S_IMODE(path.stat().st_mode))
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
