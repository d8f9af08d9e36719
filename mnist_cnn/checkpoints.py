"""Saving a network and loading it, whole or not at all; a form for other programs."""

from __future__ import annotations

import importlib.util
import inspect
import io
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mnist_cnn.arguments import check_model, shorten
from mnist_cnn.data import IMAGE_SHAPE
from mnist_cnn.files import write_whole
from mnist_cnn.model import VGG, device_of, eval_mode

__all__ = ["export_onnx", "load", "save"]

WEIGHTS = Path(__file__).parent / "weights"
LARGEST = 320_000_000  # bytes of the widest VGG that there is, in float64
OPSET = 18  # the set of ONNX operations that all PyTorchs from 2.6 on can write


def save(model: nn.Module, path: str | Path) -> None:
    """Write the weights to ``path``; a reader sees the old file or the new, whole.

    A file that is there keeps its mode. Raises ValueError for a model that ``load``
    could not read, as one of other layers or with NaN, and where ``path`` is something
    else than a file: a folder, a device, a pipe.
    """
    path = _usable(path).resolve()  # what a link leads to, not the link
    if not isinstance(model, nn.Module):
        raise ValueError(f"expected a VGG to save, got {shorten(model)}")
    state = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    try:
        from_state(state)
    except (ValueError, RuntimeError) as e:
        raise ValueError(f"expected the weights of a VGG: {e}") from e
    content = io.BytesIO()
    torch.save(state, content)
    write_whole(path, content.getvalue())


def load(
    path: str | Path | None = None, *, source: str = "mnist", recipe: str = "plain"
) -> VGG:
    """Read a VGG saved by ``save``, on the CPU and ready to predict.

    path: the file; None for the weights shipped with this package, trained by one of
    ``RECIPES``, "plain" or "long", on the digits of ``source``, "mnist" or "standin".
    The form of the network is read from the tensors. Runs no code from the file
    (``weights_only``) and draws no random numbers. Raises FileNotFoundError where
    there is no such file, and ValueError for one without the weights of a VGG, with
    weights that are no finite numbers, or larger than any VGG.
    """
    path = _shipped(recipe, source) if path is None else _usable(path)
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}: train a model and save it")
    try:
        return from_state(_read(path))
    except (ValueError, RuntimeError) as e:
        raise ValueError(f"{path} does not hold the weights of a VGG: {e}") from e


def export_onnx(model: nn.Module, path: str | Path) -> None:
    """Write the network itself to ``path``, for programs that know no PyTorch.

    In the file, the input is ``images``, (N, 1, 28, 28) float32 in [0, 1], and the
    output ``logits``, (N, 10), for any N. It computes what the model does in eval mode,
    without the checks of shapes and pixels. Each layer stays in the mode it was in, and
    a file that is there stays until the new one is whole. Raises ValueError for what is
    no model and where ``path`` is no file, and ImportError without the extra ``onnx``.
    Source: the Open Neural Network Exchange, github.com/onnx/onnx.
    """
    path = _usable(path).resolve()
    check_model(model)
    if importlib.util.find_spec("onnxscript") is None:
        raise ImportError(
            "expected the package onnxscript, which writes ONNX: "
            'pip install "mnist-cnn[onnx]"'
        )
    with eval_mode(model), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of checks in Python, which no file can hold
        content = _to_onnx(model)
    write_whole(path, content)


def _to_onnx(model: nn.Module) -> bytes:
    """What the file holds, by the exporter that the installed PyTorch prefers."""
    images = torch.zeros(2, *IMAGE_SHAPE, device=device_of(model))
    export: Any = torch.onnx.export  # its types differ between versions
    settings = {
        "input_names": ["images"],
        "output_names": ["logits"],
        "opset_version": OPSET,
        "verbose": False,
    }
    if inspect.signature(export).parameters["dynamo"].default:
        any_number = ({0: torch.export.Dim("N")},)
        program = export(model, (images,), dynamic_shapes=any_number, **settings)
        return bytes(program.model_proto.SerializeToString())
    content = io.BytesIO()  # before PyTorch 2.9
    axes = {name: {0: "N"} for name in ("images", "logits")}
    export(model, (images,), content, dynamic_axes=axes, **settings)
    return content.getvalue()


def _shipped(recipe: str, source: str) -> Path:
    names = sorted(p.stem.split("_") for p in WEIGHTS.glob("*.pt"))
    recipes, sources = (list(dict.fromkeys(part)) for part in zip(*names, strict=True))
    for name, value, known in (
        ("recipe", recipe, recipes),
        ("source", source, sources),
    ):
        if value not in known:
            raise ValueError(f"expected {name} to be one of {known}, got {value!r}")
    return WEIGHTS / f"{recipe}_{source}.pt"


def _usable(path: object) -> Path:
    """A path that the system can look up, whether something is there or not."""
    try:
        usable = Path(path)  # type: ignore[arg-type]
        usable.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # a path all the same
    except (TypeError, ValueError, OSError) as e:  # as for a name that is too long
        raise ValueError(f"expected the path of a file, got {shorten(path)}") from e
    return usable


def _read(path: Path) -> object:
    """What the file holds; its size is looked at before any of it is unpacked."""
    size = path.stat().st_size
    if size > LARGEST:
        raise ValueError(f"it has {size:,} bytes, and no VGG more than {LARGEST:,}")
    damaged = "it is not a file of weights, or is damaged"
    try:
        with zipfile.ZipFile(path) as archive:  # PyTorch's format
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except Exception as e:  # as below
        raise ValueError(damaged) from e
    if unpacked > LARGEST:
        raise ValueError(f"it unpacks to {unpacked:,} bytes, more than {LARGEST:,}")
    content = io.BytesIO(path.read_bytes())
    try:
        return torch.load(content, map_location="cpu", weights_only=True)
    except Exception as e:  # wrong bytes make the unpickler raise almost anything
        raise ValueError(damaged) from e


def from_state(state: object) -> VGG:
    """A VGG with these weights, on the CPU; ValueError unless they are those of one."""
    entries: dict[Any, Any] = state if isinstance(state, dict) else {}
    found = {k: _form(v) for k, v in entries.items() if isinstance(v, Tensor)}
    first, last = found.get("features.0.weight"), found.get("classifier.1.weight")
    if not first or not last or not first[0] or not last[0]:
        names = ", ".join(map(str, list(entries)[:4])) or f"a {type(state).__name__}"
        raise ValueError(f"it holds {names}")
    filters, features = first[0][0], last[0][-1]
    with torch.device("meta"):  # shapes only
        model = VGG(
            filters,
            last[0][0],
            batch_norm="features.1.running_mean" in found,
            double_filters=features == 2 * filters * 7 * 7,
        )
    expected = {name: _form(value) for name, value in model.state_dict().items()}
    for name in [*expected, *entries]:
        if found.get(name) != expected.get(name) or name not in found:
            raise ValueError(
                f"{name} is {_told(found.get(name))}, "
                f"expected {_told(expected.get(name))}"
            )
        value = entries[name]
        if value.untyped_storage().nbytes() < value.nbytes:
            raise ValueError(f"{name} claims more numbers than it holds")
        if not value.float().isfinite().all():
            raise ValueError(f"{name} holds numbers that are infinite or NaN")
    model.to_empty(device="cpu").load_state_dict(entries)
    return model.eval()


def _form(value: Tensor) -> tuple[tuple[int, ...], bool]:
    """Its shape, and whether its numbers are whole, as those of a counter."""
    return tuple(value.shape), not value.is_floating_point()


def _told(form: tuple[tuple[int, ...], bool] | None) -> str:
    return "missing" if form is None else f"{form[0]}{' of whole numbers' * form[1]}"
