"""The named recipes: which network, how it is trained, and what makes that better."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mnist_cnn.arguments import real_number, whole_number
from mnist_cnn.data import IMAGE_SHAPE
from mnist_cnn.model import VGG

__all__ = ["RECIPES", "Recipe", "TrainConfig", "move"]

# The next numbers: a bound that is out, and one that is in
SMALLEST, ABOVE_180 = math.nextafter(0, 1), math.nextafter(180, 181)


def setting(default: Any, help: str) -> Any:
    """A field that the command line has as an option, with this help."""
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True)
class TrainConfig:
    """The settings of one training run; the defaults are those of notebook 3.

    lr: Adam's learning rate. seed: orders the batches and draws the moves; the weights
    a model starts from are drawn when it is built, so call ``seed_everything`` before.

    What notebook 6 adds: one_cycle: raise the rate up to ``lr``, then lower it to
    almost nothing. label_smoothing: the share of the target that all classes divide.
    shift (pixels) and rotation (degrees): move each image by its own random amount, up
    to so many in either direction. bfloat16: compute the features in 16 bits where the
    processor is fast at that, for a VGG with batch norm.
    """

    epochs: int = setting(3, "passes over the digits")
    batch_size: int = setting(32, "images a step")
    lr: float = setting(1e-3, "Adam's learning rate; in one cycle, the highest")
    seed: int = setting(0, "for weights, the order of the batches, and augmentation")
    one_cycle: bool = setting(False, "raise the rate, then lower it to almost nothing")
    label_smoothing: float = setting(0.0, "share of the target all ten digits divide")
    shift: float = setting(0.0, "move images by up to so many pixels")
    rotation: float = setting(0.0, "turn images by up to so many degrees")
    bfloat16: bool = setting(False, "compute in 16 bits where that is fast")

    def __post_init__(self) -> None:
        side = IMAGE_SHAPE[-1]
        checked = {
            "epochs": whole_number("epochs", self.epochs, most=1_000_000),
            "batch_size": whole_number("batch_size", self.batch_size),
            "lr": real_number("lr", self.lr, SMALLEST, math.inf, "a positive number"),
            # NumPy's generator takes no larger seed
            "seed": whole_number("seed", self.seed, least=0, most=2**32 - 1),
            "label_smoothing": real_number(
                "label_smoothing", self.label_smoothing, 0, 1, "from 0 to below 1"
            ),
            "shift": real_number(
                "shift", self.shift, 0, side, f"pixels from 0 to below {side}"
            ),
            "rotation": real_number(
                "rotation", self.rotation, 0, ABOVE_180, "degrees from 0 to 180"
            ),
        }
        for name, value in checked.items():  # as Python's own numbers
            object.__setattr__(self, name, value)
        for name in ("one_cycle", "bfloat16"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(
                    f"expected {name} to be True or False, got {getattr(self, name)!r}"
                )


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained: ``fit(recipe.build(), ..., recipe.config)``.

    about: what it is for, in a sentence.
    """

    about: str
    config: TrainConfig = TrainConfig()
    filters: int = setting(16, "filters in every convolution")
    batch_norm: bool = setting(False, "a batch norm after every convolution")
    double_filters: bool = setting(False, "twice the filters in the second block")

    def build(self) -> VGG:
        """The network, with fresh weights."""
        return VGG(**self._network())

    def vary(self, **settings: Any) -> Recipe:
        """This recipe with other settings, of its network or of its training."""
        network = {k: v for k, v in settings.items() if k in self._network()}
        training = {k: v for k, v in settings.items() if k not in network}
        return replace(self, config=replace(self.config, **training), **network)

    def settings(self) -> dict[str, Any]:
        """All of it by name, as the command line and the results have it."""
        return asdict(self.config) | self._network()

    def _network(self) -> dict[str, Any]:
        names = ("filters", "batch_norm", "double_filters")
        return {name: getattr(self, name) for name in names}


# Rates and batch sizes were chosen on images held out of the training set
SCHEDULE: dict[str, Any] = {"one_cycle": True, "bfloat16": True}
FAST: dict[str, Any] = {"batch_size": 64, "lr": 1e-2, **SCHEDULE}
LONG: dict[str, Any] = {"batch_size": 128, "lr": 2e-2, **SCHEDULE}
MOVES: dict[str, Any] = {"shift": 2.0, "rotation": 10.0}

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "plain": Recipe("the one that the series teaches"),
        "fast": Recipe(
            "more in one epoch than plain in three",
            TrainConfig(epochs=1, **FAST),
            batch_norm=True,
        ),
        "long": Recipe(
            "the best of the three: moved images, smoothed labels, more filters, time",
            TrainConfig(epochs=8, label_smoothing=0.1, **LONG, **MOVES),
            batch_norm=True,
            double_filters=True,
        ),
    }
)


def move(
    images: Tensor, shift: float, rotation: float, generator: torch.Generator
) -> Tensor:
    """Each image turned and shifted by its own random amount; blank paper comes in.

    images: (N, C, H, W) with H = W. shift: the most pixels, drawn evenly, across and
    down. rotation: the most degrees, likewise.
    """
    n, side = len(images), images.shape[-1]

    def draw(limit: float) -> Tensor:
        return (2 * torch.rand(n, generator=generator) - 1) * limit

    angle = draw(math.radians(rotation))
    cos, sin = angle.cos(), angle.sin()
    across, down = draw(2 * shift / side), draw(2 * shift / side)  # image: -1 to 1
    rows = [torch.stack([cos, -sin, across], 1), torch.stack([sin, cos, down], 1)]
    maps = torch.stack(rows, 1).to(images.device)  #          (N, 2, 3)
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def mover(config: TrainConfig) -> Callable[[Tensor], Tensor]:
    """What a config does to each batch of images, with random numbers of its own."""
    if not (config.shift or config.rotation):
        return lambda images: images
    generator = torch.Generator().manual_seed(config.seed)
    return lambda images: move(images, config.shift, config.rotation, generator)


def in_bfloat16(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """What to call in place of ``model`` to compute its features in 16 bits.

    oneDNN, PyTorch's library for convolutions on processors, may choose how features
    lie in memory: a step takes three quarters of autocast's time. It takes no biases
    in this form, hence batch norm; weights stay in float32. The layers of this layout
    can make 0 of NaN, so a ruined model shows at the end of an epoch, not within it.
    Source: docs.pytorch.org, torch.Tensor.to_mkldnn (oneDNN's earlier name).
    """
    if not (isinstance(model, VGG) and isinstance(model.features[1], nn.BatchNorm2d)):
        raise ValueError(
            "expected a VGG with batch norm for bfloat16, "
            f"got {type(model).__name__} without"
        )

    def forward(images: Tensor) -> Tensor:
        features = model.features(images.to_mkldnn(torch.bfloat16))
        logits: Tensor = model.classifier(features.to_dense(torch.float32))
        return logits

    return forward


def has_fast_bfloat16(device: torch.device) -> bool:
    """Is it a processor with instructions for bfloat16? Others imitate them, slowly."""
    # PyTorch's own, and private: where a version lacks it, float32 is right, too
    ask = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return device.type == "cpu" and torch.backends.mkldnn.is_available() and ask()
