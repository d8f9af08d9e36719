"""The shared code of the MNIST notebooks: ``import mnist_cnn as mc``.

Everything here costs little more to import than torch; ``mc.plots``, ``mc.to_mnist``,
``mc.DigitPad`` and ``mc.check``, which need more, are imported when first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from mnist_cnn.checkpoints import export_onnx, load, save
from mnist_cnn.config import TrainConfig
from mnist_cnn.data import (
    CLASSES,
    IMAGE_SHAPE,
    Digits,
    StandinWarning,
    data_root,
    load_mnist,
)
from mnist_cnn.devices import pick_device, seed_everything
from mnist_cnn.metrics import Metrics, accuracy_interval, evaluate, predict
from mnist_cnn.model import (
    VGG,
    Layer,
    NearestMean,
    linear_baseline,
    trace,
    vgg_block,
)
from mnist_cnn.neighbours import Neighbours
from mnist_cnn.recipes import RECIPES, Recipe
from mnist_cnn.studies import load_study
from mnist_cnn.training import History, fit, make_loaders, steps

if TYPE_CHECKING:  # see LAZY
    from mnist_cnn import plots
    from mnist_cnn.exercises import check, guessed, hint, progress
    from mnist_cnn.exercises.desk import questions
    from mnist_cnn.handwriting import FoundDigit, find_digits, to_mnist
    from mnist_cnn.pad import DigitPad
    from mnist_cnn.web import export_page

    __version__: str

__all__ = [
    "CLASSES",
    "IMAGE_SHAPE",
    "RECIPES",
    "VGG",
    "DigitPad",
    "Digits",
    "FoundDigit",
    "History",
    "Layer",
    "Metrics",
    "NearestMean",
    "Neighbours",
    "Recipe",
    "StandinWarning",
    "TrainConfig",
    "accuracy_interval",
    "check",
    "data_root",
    "evaluate",
    "export_onnx",
    "export_page",
    "find_digits",
    "fit",
    "guessed",
    "hint",
    "linear_baseline",
    "load",
    "load_mnist",
    "load_study",
    "make_loaders",
    "pick_device",
    "plots",
    "predict",
    "progress",
    "questions",
    "save",
    "seed_everything",
    "steps",
    "to_mnist",
    "trace",
    "vgg_block",
]


# Imported when first used: these need more than torch
LAZY = {
    "DigitPad": "mnist_cnn.pad",
    "export_page": "mnist_cnn.web",
    "FoundDigit": "mnist_cnn.handwriting",
    "find_digits": "mnist_cnn.handwriting",
    "questions": "mnist_cnn.exercises.desk",
    "to_mnist": "mnist_cnn.handwriting",
    **dict.fromkeys(("check", "guessed", "hint", "progress"), "mnist_cnn.exercises"),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version  # not cheap to import

        return version("mnist-cnn")
    if name == "plots":
        return importlib.import_module("mnist_cnn.plots")
    if name in LAZY:
        return getattr(importlib.import_module(LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__  # also what is imported when first used, so that Tab finds it
