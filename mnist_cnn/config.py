"""The settings of a training run, with their defaults, bounds and help texts."""

import math
from dataclasses import dataclass, field, fields
from typing import Any

from mnist_cnn.arguments import real_number, whole_number

__all__ = ["TrainConfig", "setting"]

# The next numbers: a bound that is out, and one that is in
SMALLEST, ABOVE_180 = math.nextafter(0, 1), math.nextafter(180, 181)
POSITIVE = SMALLEST, math.inf, "a positive number"
SEEDS = 0, 2**32 - 1  # NumPy's generator takes no larger one


def setting(default: Any, help: str, *bounds: Any) -> Any:
    """A field with its bounds, and the help that it has as an option of the command."""
    return field(default=default, metadata={"help": help, "bounds": bounds})


@dataclass(frozen=True)
class TrainConfig:
    """The settings of one training run; the defaults are those of notebook 5.

    lr: Adam's learning rate. seed: orders the batches and draws what augmentation
    needs; the initial weights are drawn when a model is built, so call
    ``seed_everything`` before.

    What notebook 10 adds: one_cycle: raise the rate up to ``lr``, then lower it to
    almost nothing, while the momentum of the Adam that ``fit`` makes goes from 0.95 to
    0.85 and back. label_smoothing: the share of the target that all classes divide.
    shift (pixels) and rotation (degrees): move each image by its own random amount, up
    to so many in either direction. bfloat16: run the forward pass in 16 bits where the
    device is fast at that.
    """

    epochs: int = setting(3, "passes over the digits", 1, 1_000_000)
    batch_size: int = setting(32, "images a step")
    lr: float = setting(1e-3, "Adam's rate; in one cycle, the highest", *POSITIVE)
    seed: int = setting(0, "for weights, batches and augmentation", *SEEDS)
    one_cycle: bool = setting(False, "raise the rate, then lower it to almost nothing")
    label_smoothing: float = setting(
        0.0, "share of the target all ten digits divide", 0, 1, "from 0 to below 1"
    )
    shift: float = setting(
        0.0, "move images by up to so many pixels", 0, 28, "pixels from 0 to below 28"
    )
    rotation: float = setting(
        0.0, "turn images by so many degrees", 0, ABOVE_180, "degrees from 0 to 180"
    )
    bfloat16: bool = setting(False, "compute in 16 bits where that is fast")

    def __post_init__(self) -> None:
        for entry in fields(self):
            name, value = entry.name, getattr(self, entry.name)
            if isinstance(entry.default, bool):
                if not isinstance(value, bool):
                    raise ValueError(
                        f"expected {name} to be True or False, got {value!r}"
                    )
                continue
            check = whole_number if isinstance(entry.default, int) else real_number
            # As Python's own number, also where it came from NumPy or PyTorch
            number = check(name, value, *entry.metadata.get("bounds", ()))
            object.__setattr__(self, name, number)
