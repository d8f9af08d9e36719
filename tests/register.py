"""What numbers in the prose rest on where no code of their section prints them.

``SIZES`` hold in any text. A phrase of ``PHRASES``, text as a reader sees it, on one
line, holds where its words fit; each {} is a number, in the unit of the text. They
come from recorded results, from committed outputs of a notebook, and from the network.
"""

import json
import math
import re
import tomllib
from pathlib import Path

import mnist_cnn as mc
from mnist_cnn.sources import download, idx

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RECIPE = mc.TrainConfig()
LAYERS = mc.trace(mc.VGG())
PARAMETERS = sum(layer.parameters for layer in LAYERS)
WORK = sum(layer.multiply_adds for layer in LAYERS)
LINEAR = LAYERS[-1]
TRAIN, TEST = (
    idx.FILES[f"{part}-labels-idx1-ubyte"][0][0] for part in ("train", "t10k")
)
PIXELS = math.prod(mc.IMAGE_SHAPE)
SEEDS = mc.load_study("seeds")
HISTORY = mc.load_study("run_plain_mnist")["history"]


def recorded(name: str) -> tuple[int, float, float, float]:
    """Parameters, accuracy in percent, and the ends of its interval."""
    row = mc.load_study("results")["mnist"][name]
    shares = row["accuracy"], *row["interval"]
    return row["parameters"], *(100 * share for share in shares)


def mistakes(name: str) -> int:
    return round(TEST * (1 - recorded(name)[1] / 100))


def printed(notebook: str, cell_id: str) -> list[list[float]]:
    """The numbers that a cell prints, as committed, line by line."""
    (path,) = ROOT.glob(f"notebooks/{notebook}_*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    (cell,) = (cell for cell in cells if cell["id"] == cell_id)
    lines = "".join(cell["outputs"][0]["text"]).splitlines()
    lines = [line for line in lines if line != "No guess yet"]
    return [[float(n) for n in re.findall(r"[\d.]+", line)] for line in lines]


def ends(epoch: int) -> tuple[float, float]:
    """The lowest and highest accuracy of all seeds after an epoch."""
    found = [100 * run[epoch] for run in SEEDS["by_epoch"]]
    return min(found), max(found)


SIZES = {
    *(TRAIN, TEST, TRAIN + TEST, PIXELS, PARAMETERS, WORK, WORK / 1e6),
    *(LINEAR.parameters, PARAMETERS - LINEAR.parameters, mc.CLASSES * PIXELS),
    *(100 * LINEAR.parameters / PARAMETERS, 100 * LINEAR.multiply_adds / WORK),
    *(-(-TRAIN // RECIPE.batch_size), -(-TEST // RECIPE.batch_size)),
    *(RECIPE.epochs * TRAIN // RECIPE.batch_size, RECIPE.lr, math.log(mc.CLASSES)),
    *(download.TOTAL / 1e6, 100 / mc.CLASSES),
}

VGG, MEANS, LAYER = (
    recorded(name) for name in ("VGG", "nearest mean digit", "linear layer")
)
PHRASES = {
    # The table of results, and what the pages take from it
    **{
        f"{name[0].upper()}{name[1:]} | {{}} | {{}} % | {{}} to {{}} %": recorded(name)
        for name in mc.load_study("results")["mnist"]
        if name != "guess"
    },
    "reads {} % of {} digits": (VGG[1], TEST),
    "a linear layer reads {} %": LAYER[1:2],
    "averages, that gets {} %": MEANS[1:2],
    "The diagonal holds {}": (TEST - mistakes("VGG"),),
    "The shipped network reads {} of the {} test images: {} %": (
        *(TEST - mistakes("VGG"), TEST, VGG[1]),
    ),
    "a guess, {} %, the nearest mean digit, {} %, and one linear layer, {} %": (
        *(100 / mc.CLASSES, MEANS[1], LAYER[1]),
    ),
    "shipped network: {} to {} %": VGG[2:],
    "The network makes {} mistakes where a single linear layer makes {}.": (
        *(mistakes("VGG"), mistakes("linear layer")),
    ),
    "gets {} % of the test digits right, and a linear layer gets {} %": (
        *(VGG[1], LAYER[1]),
    ),
    "other people like these the 95 % interval is {} % to {} %": (
        *printed("06", "by-writers")[2][:2],
    ),
    # Recorded runs
    "the loss falls from {} to {}; right, the accuracy rises from {} % to {} %": (
        *(HISTORY["test_loss"][0], HISTORY["test_loss"][-1]),
        *(100 * HISTORY["test_accuracy"][0], 100 * HISTORY["test_accuracy"][-1]),
    ),
    "On the test set, {} for the untrained network and {} for the shipped": (
        *(HISTORY["test_loss"][0], HISTORY["test_loss"][-1]),
    ),
    "give {} % on average, with a standard deviation of {} points; the lowest reads "
    "{} %, the highest {} %": (
        *(100 * SEEDS["mean"], 100 * SEEDS["standard_deviation"]),
        *ends(-1),
    ),
    "between {} % and {} % right after one epoch, and between {} % and {} % after "
    "three": (*(ends(1) + ends(3)),),
    "linear layer gets about {} % right, and the CNN {} % on average": (
        LAYER[1],
        100 * SEEDS["mean"],
    ),
    # Printed in a notebook
    "a nine, {} of the {}.": (printed("06", "top-pairs")[0][-1], mistakes("VGG")),
    "the {} % of images it is least sure of hold {} of the {} mistakes": (
        *printed("06", "reject")[1][:3],
    ),
    "digits move 4 pixels to the right, its accuracy falls to {} %": (
        printed("06", "shift")[1][2],
    ),
    "trained on moved digits, falls to {} %": (printed("06", "shift")[3][2],),
    "Lowest for the 9: {} %": (printed("06", "precision")[10][1],),
    "Lowest for the 4: {} %": (printed("06", "precision")[5][2],),
    "pixels have mean {} and standard deviation {}": (*printed("07", "ink")[1],),
    # The network, its recipes, and arithmetic
    "each logit has one: {} of": (
        sum(p.numel() for p in mc.VGG().parameters() if p.ndim == 1),
    ),
    "towards {} for the right digit and {} for each other": (0.91, 0.01),
    "1 / ln 2 = {} bits": (1 / math.log(2),),
    "{} of {} would give {} % to {} %": (
        *(270, 300),
        *(100 * end for end in mc.accuracy_interval(270, 300)),
    ),
    "Python {} or newer": (float(PROJECT["requires-python"].removeprefix(">=")),),
    "made from {} other handwritten digits": (1797,),  # held by test_standin.py
}
