"""A drawing pad in the notebook that shows, live, what the network makes of it."""

import warnings
from collections.abc import Callable
from typing import Any

import anywidget
import numpy as np
import traitlets
from torch import Tensor, nn

from mnist_cnn.data import CLASSES, IMAGE_SHAPE
from mnist_cnn.handwriting import to_mnist
from mnist_cnn.metrics import predict
from mnist_cnn.web import FOLDER, SIDE, bundle, layers

__all__ = ["SIDE", "DigitPad"]


class DigitPad(anywidget.AnyWidget):
    """Draw a digit with mouse, finger, pen or keys, and watch ``model`` read it.

    Show it as the last line of a cell. ``pad.prediction`` is the digit, or None while
    the pad is empty. ``pad.pixels``, which may be set, is the drawing: 70 rows of 70
    numbers from 0, paper, to 255, ink, in one list. A ``VGG`` is also computed in the
    browser, with all its layers; another model in the kernel alone.

    refuse: a function that tells of images (N, 1, 28, 28) which are unlike any digit,
    (N,) bool; ``pad.refused`` and the pad itself then tell of such a drawing.
    """

    _esm = bundle(FOLDER / "pad.js")
    _css = FOLDER / "pad.css"

    # Lists of numbers: traits of bytes reach the browser as something it cannot read
    side = traitlets.Int(SIDE, read_only=True).tag(sync=True)
    pixels = traitlets.List(traitlets.Int(min=0, max=255)).tag(
        sync=True,
        echo_update=False,  # or an old state comes back and undoes the last strokes
    )
    seen = traitlets.List(traitlets.Int()).tag(sync=True)
    probabilities = traitlets.List(traitlets.Float()).tag(sync=True)
    refused = traitlets.Bool().tag(sync=True)
    layers = traitlets.List(traitlets.Dict()).tag(sync=True)  # of a VGG; else none

    def __init__(
        self, model: nn.Module, refuse: Callable[[Tensor], Tensor] | None = None
    ):
        if not isinstance(model, nn.Module):
            raise ValueError(f"expected a model, got {type(model).__name__}")
        self.network = model  # before super(), which may already set pixels
        self.refuse = refuse
        super().__init__()
        self._send_layers()

    def __repr__(self) -> str:  # no address: the same text on every run
        return "DigitPad(): draw a digit here, in a notebook with a running kernel"

    @property
    def prediction(self) -> int | None:
        """The most probable digit; None while there is nothing to read."""
        return int(np.argmax(self.probabilities)) if self.probabilities else None

    @traitlets.validate("pixels")
    def _check_pixels(self, proposal: dict[str, Any]) -> list[int]:
        pixels: list[int] = proposal["value"]
        if len(pixels) not in (0, SIDE * SIDE):
            raise traitlets.TraitError(
                f"expected {SIDE * SIDE} pixels, or none, got {len(pixels)}"
            )
        return pixels

    def _send_layers(self) -> None:
        """Give the browser the network as it is now; nothing is sent if it has that."""
        try:
            self.layers = layers(self.network)
        except ValueError:  # other layers than network.js knows
            self.layers = []

    @traitlets.observe("pixels")
    def _read(self, change: dict[str, Any]) -> None:
        self._send_layers()
        seen, probabilities, refused = [0] * np.prod(IMAGE_SHAPE), [], False
        if any(change["new"]):
            drawing = np.array(change["new"], np.uint8).reshape(SIDE, SIDE)
            try:
                with warnings.catch_warnings():  # strokes that will meet yet
                    warnings.simplefilter("ignore")
                    # A border of paper: what touches it would be taken for a thumb
                    image = to_mnist(np.pad(drawing, 1))  #       (1, 28, 28)
            except ValueError:  # a dot is not yet a digit
                pass
            else:
                logits = predict(self.network, image.unsqueeze(0))  #  (1, 10)
                if logits.isfinite().all():  # a ruined model has no answer
                    probabilities = logits.softmax(dim=1)[0, :CLASSES].tolist()
                    if self.refuse is not None:
                        refused = bool(self.refuse(image.unsqueeze(0)))
                seen = (image * 255).round().int().flatten().tolist()
        with self.hold_sync():
            self.seen, self.probabilities = seen, probabilities
            self.refused = refused
