"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
import uuid
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Put ``content`` in place of the file at ``path``, whole or not at all.

    It stands beside it under another name first, then takes its place in one step.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = None
    if path.exists():
        if not path.is_file():  # replacing would take a device's or a pipe's place
            raise ValueError(f"expected a file or nothing at {path}, not this")
        mode = stat.S_IMODE(path.stat().st_mode)
    temporary = path.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        with temporary.open("xb") as file:
            if mode is not None:
                temporary.chmod(mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
