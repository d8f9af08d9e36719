"""The network in the browser: its layers as JSON, and the scripts that run them."""

import base64
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mnist_cnn.model import VGG

__all__ = ["bundle", "layers"]

FOLDER = Path(__file__).parent
SHARED = ("surface", "answer", "network", "prepare", "layers")


def bundle(*last: Path) -> str:
    """All scripts as one, as a page opened from a folder may load no other file.

    last: those that use the shared ones. Imports between them are left out, and so
    that no name of one hides another's, each name stands once.
    """
    paths = [*(FOLDER / f"{name}.js" for name in SHARED), *last]
    script = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    script = re.sub(r"^import [^;]*;\n", "", script, flags=re.MULTILINE)
    return re.sub(r"^export (?!default)", "", script, flags=re.MULTILINE)


def layers(model: nn.Module) -> list[dict[str, Any]]:
    """What network.js needs of each layer, first to last.

    Names, kinds ("conv", always with ReLU, "pool", "linear"), and in base64 the float32
    weights and biases. Batch norm, which in eval mode is one factor and one summand for
    each map, is multiplied into its convolution. Raises ValueError for a model that is
    no ``VGG``, that has other layers by now, or weights that are no finite numbers.
    """
    if type(model) is not VGG or not _is_as_built(model):
        raise ValueError("expected a VGG with the layers that VGG() builds")
    if not all(bool(t.isfinite().all()) for t in model.state_dict().values()):
        raise ValueError("expected weights that are finite numbers")
    found: list[dict[str, Any]] = []
    parts = [*model.features, *model.classifier]
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(part, nn.Conv2d):
            norm = after if isinstance(after, nn.BatchNorm2d) else None
            found.append({"kind": "conv"} | _packed(*_folded(part, norm)))
        elif isinstance(part, nn.MaxPool2d):
            found.append({"kind": "pool"})
        elif isinstance(part, nn.Linear):
            found.append({"kind": "linear"} | _packed(part.weight, part.bias))
    counts: dict[str, int] = {}
    for layer in found:
        kind = layer["kind"]
        counts[kind] = counts.get(kind, 0) + 1
        layer["name"] = kind if kind == "linear" else f"{kind} {counts[kind]}"
    return found


def _is_as_built(model: VGG) -> bool:
    """Whether each layer is still of the kind, and with the settings, it was built."""

    def settings(layer: nn.Module) -> dict[str, Any]:
        public = {k: v for k, v in vars(layer).items() if not k.startswith("_")}
        return public | {"kind": type(layer), "training": False}

    parts = [*model.modules()]
    filters = [part.out_channels for part in parts if isinstance(part, nn.Conv2d)]
    classes = [part.out_features for part in parts if isinstance(part, nn.Linear)]
    if not filters or not classes:
        return False
    batch_norm = any(isinstance(part, nn.BatchNorm2d) for part in parts)
    doubled = filters[-1] == 2 * filters[0]
    with torch.device("meta"):  # shapes only
        built = VGG(filters[0], classes[-1], batch_norm, doubled)
    return [*map(settings, parts)] == [*map(settings, built.modules())]


def _folded(conv: nn.Conv2d, norm: nn.BatchNorm2d | None) -> tuple[Tensor, Tensor]:
    """Weights and biases of a convolution with the batch norm that follows it."""
    weight = conv.weight.detach().double()
    bias = torch.zeros(len(weight)) if conv.bias is None else conv.bias.detach()
    bias = bias.double()
    if norm is None:
        return weight, bias
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, spread = norm.running_mean.double(), norm.running_var.double() + norm.eps
    factor = norm.weight.detach().double() / spread.sqrt()
    shift = norm.bias.detach().double() - mean * factor
    return weight * factor[:, None, None, None], bias * factor + shift


def _packed(weight: Tensor, bias: Tensor) -> dict[str, str]:
    def text(values: Tensor) -> str:
        numbers = values.detach().cpu().contiguous().float().numpy().astype("<f4")
        return base64.b64encode(numbers.tobytes()).decode()

    return {"weight": text(weight), "bias": text(bias)}
