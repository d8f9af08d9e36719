"""Draw the README's pictures from the data and the shipped run.

python tools/figures.py
"""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

import mnist_cnn as mc

IMAGES = Path(__file__).parent.parent / "images"


def main() -> None:
    mpl.use("agg")
    train, test = mc.load_mnist(source="mnist")
    model = mc.load()
    history = mc.History(**mc.load_study("run_plain_mnist")["history"])
    predictions = mc.predict(model, test.images).argmax(dim=1)
    figures = {
        "samples": mc.plots.sample_grid(train),
        "architecture": mc.plots.architecture(mc.trace(model)).figure,
        "learning_curves": mc.plots.learning_curves(history),
        "confusion_matrix": mc.plots.confusion_matrix(test.labels, predictions).figure,
    }
    IMAGES.mkdir(exist_ok=True)
    for name, figure in figures.items():
        figure.savefig(IMAGES / f"{name}.png", dpi=100, metadata={"Software": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
