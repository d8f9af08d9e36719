"""Saving a network and loading it, whole or not at all; a form for other programs."""

import io
import warnings
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import safetensors.torch
import torch
from torch import Tensor, nn

from mnist_cnn.arguments import check_model
from mnist_cnn.data import IMAGE_SHAPE
from mnist_cnn.files import as_path, write_whole
from mnist_cnn.model import VGG, device_of, eval_mode

__all__ = ["export_onnx", "load", "save"]

SHIPPED = {
    "recipe": ["long", "plain", "plain_seed_1"],
    "source": ["mnist", "standin"],
}


def save(model: nn.Module, path: str | Path) -> None:
    """Write the weights to ``path``, in float32: names and numbers, no code.

    Readers see the old file or the new, whole. Raises ValueError for what ``load``
    would refuse, a folder, a pipe. Source: github.com/huggingface/safetensors.
    """
    state = from_state(unwrapped(model).state_dict()).state_dict()
    rows = {name: value.contiguous() for name, value in state.items()}
    write_whole(path, safetensors.torch.save(rows))


def load(
    path: str | Path | None = None, *, source: str = "mnist", recipe: str = "plain"
) -> VGG:
    """Read a VGG saved by ``save``, on the CPU and ready to predict.

    path: the file, or one where ``torch.save`` put a state dict; None for the weights
    that come with the package, of a recipe, "plain" or "long", or "plain_seed_1", of
    another seed, on a source, "mnist" or "standin". The form is read from the tensors,
    and no code is run. Raises ValueError for all but a VGG's weights, whole and finite;
    FileNotFoundError where no file is.
    """
    if path is None:
        for name, value in {"recipe": recipe, "source": source}.items():
            if value not in (known := SHIPPED[name]):
                raise ValueError(f"expected {name} to be one of {known}, got {value!r}")
        path = Path(__file__).with_name("weights") / f"{recipe}_{source}.safetensors"
    content = as_path(path).read_bytes()
    try:
        if content.startswith(b"PK\x03\x04"):  # a zip, of torch.save
            state = torch.load(io.BytesIO(content), "cpu", weights_only=True)
        else:
            state = safetensors.torch.load(content)
    except Exception as e:  # wrong bytes make the readers raise almost anything
        raise ValueError(f"{path} is no file of weights, or is damaged") from e
    try:
        return from_state(state)
    except ValueError as e:
        raise ValueError(f"{path}: {e}") from e


def from_state(state: object) -> VGG:
    """A VGG with these weights, on the CPU; ValueError unless they are those of one."""
    entries = state if isinstance(state, dict) else {}
    first, last = entries.get("features.0.weight"), entries.get("classifier.1.weight")
    if not isinstance(first, Tensor) or not isinstance(last, Tensor) or last.ndim != 2:
        got = ", ".join(map(str, list(entries)[:4])) or type(state).__name__
        raise ValueError(f"expected the weights of a VGG, got {got}")
    filters, (classes, features) = first.shape[:1].numel(), last.shape
    batch_norm = "features.1.running_mean" in entries
    with torch.random.fork_rng([]), torch.device("cpu"):  # leaves the seed alone
        model = VGG(filters, classes, batch_norm, features == 2 * filters * 7 * 7)
    try:
        model.load_state_dict(entries)
    except RuntimeError as e:  # it names what is missing, unknown or of another shape
        raise ValueError(str(e)) from e
    for name, value in model.state_dict().items():
        if not value.isfinite().all():
            raise ValueError(f"{name} holds numbers that are infinite or NaN")
    return model.eval()


def unwrapped(model: nn.Module) -> nn.Module:
    """The network inside what compiles it or spreads it over devices."""
    check_model(model)
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        return unwrapped(model.module)
    compiled = getattr(model, "_orig_mod", None)  # by torch.compile
    return model if compiled is None else unwrapped(compiled)


def export_onnx(model: nn.Module, path: str | Path) -> None:
    """Write the network itself to ``path``, for programs that know no PyTorch.

    In it, ``images``, (N, 1, 28, 28) float32 in [0, 1], become ``logits``, (N, 10), for
    any N, as in eval mode but without the checks of shapes and pixels. Writes as
    ``save`` does. ImportError without the extra ``onnx``. Source: github.com/onnx/onnx.
    """
    path, model = as_path(path), unwrapped(model)
    if not find_spec("onnxscript"):
        raise ImportError('expected onnxscript: pip install "mnist-cnn[onnx]"')
    images = torch.zeros(2, *IMAGE_SHAPE, device=device_of(model))
    with TemporaryDirectory() as folder, eval_mode(model), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of checks in Python, which no file can hold
        file = Path(folder, "model.onnx")
        torch.onnx.export(  # by the exporter that the installed PyTorch prefers
            model,
            (images,),
            file,
            input_names=["images"],
            output_names=["logits"],
            dynamic_axes={"images": {0: "N"}, "logits": {0: "N"}},
            opset_version=18,  # that all PyTorchs from 2.6 on can write
            external_data=False,
            verbose=False,
        )
        write_whole(path, file.read_bytes())
