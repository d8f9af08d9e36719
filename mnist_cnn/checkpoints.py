"""Saving a network's weights and loading them, whole or not at all."""

from __future__ import annotations

import io
import os
import uuid
from pathlib import Path

import torch
from torch import Tensor

from mnist_cnn.model import VGG

__all__ = ["load", "save"]

WEIGHTS = Path(__file__).parent / "weights"


def save(model: VGG, path: str | Path) -> None:
    """Write the weights to ``path``; a reader sees the old file or the new, whole.

    Raises ValueError for a model of other layers, which ``load`` could not read.
    """
    path = Path(path).resolve()  # what a link leads to, not the link
    state = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    try:
        _from_state(state)
    except (ValueError, RuntimeError) as e:
        raise ValueError(f"expected the weights of a VGG: {e}") from e
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        with temporary.open("xb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load(path: str | Path | None = None, *, source: str = "mnist") -> VGG:
    """Read a VGG saved by ``save``, on the CPU and ready to predict.

    path: the file; None for the weights shipped with this package for ``source``.
    The number of filters and classes is read from the tensors. Runs no code from the
    file (``weights_only``) and draws no random numbers. Raises FileNotFoundError where
    there is no such file, and ValueError for one without the weights of a VGG.
    """
    if path is None:
        shipped = {p.stem: p for p in sorted(WEIGHTS.glob("*.pt"))}
        if source not in shipped:
            raise ValueError(
                f"expected source to be one of {[*shipped]}, got {source!r}"
            )
        path = shipped[source]
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}: train a model and save it")
    content = io.BytesIO(path.read_bytes())
    try:
        state = torch.load(content, map_location="cpu", weights_only=True)
    except Exception as e:  # wrong bytes make the unpickler raise almost anything
        raise ValueError(f"{path} is not a file of weights, or is damaged") from e
    try:
        return _from_state(state)
    except (ValueError, RuntimeError) as e:
        raise ValueError(f"{path} does not hold the weights of a VGG: {e}") from e


def _from_state(state: object) -> VGG:
    entries = state if isinstance(state, dict) else {}
    found = {
        name: tuple(value.shape)
        for name, value in entries.items()
        if isinstance(value, Tensor) and value.is_floating_point()
    }
    first, last = found.get("features.0.weight"), found.get("classifier.1.weight")
    if not first or not last:
        names = ", ".join(map(str, list(entries)[:4])) or f"a {type(state).__name__}"
        raise ValueError(f"it holds {names}")
    with torch.device("meta"):  # shapes only
        model = VGG(filters=first[0], num_classes=last[0])
    expected = {name: tuple(v.shape) for name, v in model.state_dict().items()}
    for name in [*expected, *entries]:
        if found.get(name) != expected.get(name) or name not in found:
            raise ValueError(
                f"{name} is {found.get(name)}, expected {expected.get(name)}"
            )
    model.to_empty(device="cpu").load_state_dict(state)
    return model.eval()
