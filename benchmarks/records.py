"""Runs of a study, a JSON line each: a study that was stopped goes on from there."""

import json
from pathlib import Path


def read(path: Path) -> list[dict]:
    """The runs recorded so far."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def append(path: Path, run: dict) -> None:
    """Record one more."""
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(run) + "\n")
