"""Draw the README's pictures from the data and the shipped run, for light and dark.

python tools/figures.py

And the ten test images of the website's page to draw on, the first of each digit.
"""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from PIL import Image

import mnist_cnn as mc

DIGITS = Path(__file__).parent.parent / "mnist_cnn" / "web" / "digits.png"
IMAGES = Path(__file__).parent.parent / "images"
INKS = {"": "#1F2328", "-dark": "#E6EDF3"}  # by what the file's name ends in
INKED = ("text.color", "axes.titlecolor", "axes.labelcolor", "axes.edgecolor")
INKED += ("xtick.color", "ytick.color")


def draw() -> dict[str, Figure]:
    """The figures, by name."""
    train, test = mc.load_mnist(source="mnist")
    model = mc.load()
    history = mc.History(**mc.load_study("run_plain_mnist")["history"])
    logits = mc.predict(model, test.images)
    image, shares = test.images[0], logits[0].softmax(dim=0)
    diagram = mc.plots.architecture(mc.trace(model), None, image, shares)
    matrix = mc.plots.confusion_matrix(test.labels, logits.argmax(dim=1))
    return {
        "samples": mc.plots.sample_grid(train),
        "architecture": diagram.figure,
        "learning_curves": mc.plots.learning_curves(history),
        "confusion_matrix": matrix.figure,
    }


def main() -> None:
    mpl.use("agg")
    IMAGES.mkdir(exist_ok=True)
    for end, ink in INKS.items():
        same = {"svg.hashsalt": "mnist_cnn"}  # the same file each time
        look = ["mnist_cnn.figures", dict.fromkeys(INKED, ink), same]
        with plt.style.context(look, after_reset=True):  # whoever draws them
            for name, figure in draw().items():
                path = IMAGES / f"{name}{end}.svg"
                figure.savefig(path, metadata={"Date": None, "Creator": None})
                plt.close(figure)
    _, test = mc.load_mnist(source="mnist")
    firsts = [int((test.labels == digit).nonzero()[0]) for digit in range(mc.CLASSES)]
    row = torch.cat([*test.images[firsts, 0]], dim=1)  #      (28, 280)
    Image.fromarray((255 * row).round().byte().numpy()).save(DIGITS, optimize=True)


if __name__ == "__main__":
    main()
