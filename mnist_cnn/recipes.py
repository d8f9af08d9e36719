"""The named recipes: which network, how it is trained, and what makes that better."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any

from mnist_cnn.config import TrainConfig, setting
from mnist_cnn.model import VGG

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained: ``fit(recipe.build(), ..., recipe.config)``.

    about: what it is for, in a sentence.
    """

    about: str
    config: TrainConfig = field(default_factory=TrainConfig)
    filters: int = setting(16, "filters in every convolution")
    batch_norm: bool = setting(False, "a batch norm after every convolution")
    double_filters: bool = setting(False, "twice the filters in the second block")

    def build(self) -> VGG:
        """The network, with fresh weights."""
        return VGG(**self._network())

    def vary(self, **settings: Any) -> "Recipe":
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


# Rates and batch sizes were chosen on images held out of the training set, one to
# three runs each, and not blindly: docs/speed.ipynb says how
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
