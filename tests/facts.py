"""What the prose may state of the code: recipe, model, recorded runs and other files.

Numbers are in the unit of the text, so accuracies are in percent. What has to be
computed on MNIST is in ``facts_mnist.py``; the words around them in ``register.py``.
"""

import inspect
import itertools
import math
import re
import statistics
import tomllib
from functools import cache
from pathlib import Path

import nbformat
import torch
from claims import ROOT, numbers, printed

import mnist_cnn as mc
from mnist_cnn.handwriting import ink
from mnist_cnn.sources import download, idx, standin

# The recipe and the model

RECIPE = mc.TrainConfig()
TRAIN, TEST = (
    idx.FILES[f"{name}-labels-idx1-ubyte"][0][0] for name in ("train", "t10k")
)
DOWNLOAD = download.TOTAL / 1e6
BATCHES, TEST_BATCHES = -(-TRAIN // RECIPE.batch_size), -(-TEST // RECIPE.batch_size)
STEPS = BATCHES * RECIPE.epochs
LAST_BATCH = TEST % RECIPE.batch_size
INPUT = mc.IMAGE_SHAPE
PIXELS = math.prod(INPUT)
CLASSES = mc.CLASSES
GUESS = 100 / CLASSES
LN_10 = math.log(10)
LAYERS = {layer.name: layer for layer in mc.trace(mc.VGG())}
FIRST, HALF, LAST = (LAYERS[f"features.{i}"].output_shape[1:] for i in (0, 6, 13))
FILTERS, FEATURES = FIRST[0], math.prod(LAST)
SEES = (LAYERS["features.13"].receptive_field,) * 2
PARAMETERS = sum(layer.parameters for layer in LAYERS.values())
WORK = sum(layer.multiply_adds for layer in LAYERS.values())
LINEAR = sum(p.numel() for p in mc.linear_baseline().parameters())
LINEAR_SHARE = 100 * LINEAR / PARAMETERS
LINEAR_WORK = 100 * LAYERS["classifier.1"].multiply_adds / WORK
WEIGHTS = next(mc.VGG().parameters()).dtype
BIASES = sum(p.numel() for p in mc.VGG().parameters() if p.ndim == 1)
MEANS = CLASSES * PIXELS  # the numbers that the mean digits hold
BOX = (ink.BOX,) * 2
SAMPLES = inspect.signature(mc.plots.sample_grid).parameters["count"].default


def strided() -> tuple[float, ...]:
    """Receptive field, new parameters, and more work in percent, without pools."""
    model = mc.VGG()
    for i in (6, 13):
        shrink = torch.nn.Conv2d(FILTERS, FILTERS, 2, stride=2)
        model.features[i] = torch.nn.Sequential(shrink, torch.nn.ReLU())
    rows = mc.trace(model)
    parameters, work = (
        sum(getattr(row, name) for row in rows)
        for name in ("parameters", "multiply_adds")
    )
    return rows[-2].receptive_field, parameters - PARAMETERS, 100 * (work / WORK - 1)


def share_of_last_five(filters: int) -> float:
    """What all convolutions but the first hold of the parameters, in percent."""
    counts = [r.parameters for r in mc.trace(mc.VGG(filters)) if r.kind == "Conv2d"]
    return 100 * sum(counts[1:]) / sum(p.numel() for p in mc.VGG(filters).parameters())


def kernel(layer: int) -> tuple[int, ...]:
    """Channels, height and width of a convolution's kernels."""
    return tuple(mc.VGG().features[layer].weight.shape[1:])


@cache
def vgg16() -> list[mc.Layer]:
    from torchvision.models import vgg16

    with torch.device("meta"):
        return mc.trace(vgg16(), input_shape=(3, 224, 224))


def written_by_oneself() -> int:
    """The parameters of two blocks of two convolutions with 8 and 16 filters."""
    sizes = [(8, 1), (8, 8), (16, 8), (16, 16)]
    return sum(9 * n * c + n for n, c in sizes) + 16 * 49 * 10 + 10


def vgg16_costs() -> tuple[float, float, int]:
    """Percent of its parameters in linear layers, millions of all, work by our own."""
    linear = sum(row.parameters for row in vgg16() if row.kind == "Linear")
    total = sum(row.parameters for row in vgg16())
    work = sum(row.multiply_adds for row in vgg16()) / WORK
    return 100 * linear / total, total / 1e6, round(work, -3)


def smoothed(share: float = 0.1) -> tuple[float, float]:
    """The targets of the right and of any other digit, by PyTorch's definition.

    All ten divide the share; without an argument, it is the one that the series uses.
    """
    return 1 - share + share / CLASSES, share / CLASSES


def bits(dtype: torch.dtype) -> int:
    """How many a number takes."""
    return torch.finfo(dtype).bits


def precision(dtype: torch.dtype) -> int:
    """How many bits of a number are its digits, the implied first one included."""
    return 1 - round(math.log2(torch.finfo(dtype).eps))


def standin_sources() -> int:
    """How many digits the stand-in is made from."""
    return len(standin._load_digits()[1])


# Recorded runs

RUN = mc.load_study("run_plain_mnist")
LOSSES = RUN["history"]["test_loss"]
ACCURACIES = [100 * share for share in RUN["history"]["test_accuracy"]]
SEEDS = [100 * share for share in mc.load_study("seeds")["accuracies"]]
SEEDS_MEAN, SEEDS_DEVIATION = statistics.mean(SEEDS), statistics.stdev(SEEDS)
PLATEAU = mc.load_study("plateau")


def recorded_long() -> tuple[int, float, float, float]:
    """Parameters, accuracy and interval of the recipe ``long``."""
    row = mc.load_study("run_long_mnist")["models"]["VGG"]
    low, high = row["interval"]
    return row["parameters"], 100 * row["accuracy"], 100 * low, 100 * high


def recorded(model: str) -> tuple[float, float, float]:
    """Accuracy and interval of a model of the README's table.

    A test holds that the shipped weights and the mean digits give the same.
    """
    row = RUN["models"][model]
    low, high = row["interval"]
    return 100 * row["accuracy"], 100 * low, 100 * high


def accuracy(model: str) -> float:
    """The first of these."""
    return recorded(model)[0]


def mistakes(model: str) -> int:
    """How many test images it reads wrongly."""
    return round(TEST * (1 - RUN["models"][model]["accuracy"]))


def fewer_mistakes(model: str, other: str) -> float:
    """How many percent fewer the first makes."""
    return 100 - 100 * mistakes(model) / mistakes(other)


def interval(correct: int, total: int) -> tuple[float, float]:
    """The interval of an accuracy."""
    low, high = mc.accuracy_interval(correct, total)
    return 100 * low, 100 * high


def plateau_runs(optimizer: str) -> list[dict]:
    """What the study of notebook 3 recorded, one a seed."""
    return [run for run in PLATEAU["runs"] if run["optimizer"] == optimizer]


def left(optimizer: str) -> tuple[int, int]:
    """How many seeds leave the plateau, of how many."""
    steps = [run["left_after"] for run in plateau_runs(optimizer)]
    return len(steps) - steps.count(None), len(steps)


def slowest(optimizer: str) -> int:
    """The steps by which every seed has left the plateau."""
    return max(run["left_after"] for run in plateau_runs(optimizer))


def held_rate() -> float:
    """The highest learning rate of SGD with which no seed leaves."""
    return max(rate for rate in (0.01, 0.1) if left(f"SGD {rate}")[0] == 0)


def at_the_end(optimizer: str) -> list[float]:
    """The mean loss of the last 300 steps of the epoch, one a seed."""
    last = 300 // PLATEAU["block"]
    return [statistics.mean(r["curve"][-last:]) for r in plateau_runs(optimizer)]


def learning_rates(kind: str, weights: str = "") -> dict[float, int]:
    """The rates that were tried, and how many seeds had learned at the end."""
    names = {run["optimizer"] for run in PLATEAU["runs"]}
    tried = sorted(
        float(name.removesuffix(weights).split()[1])
        for name in names
        if name.startswith(kind) and name.endswith("He") == bool(weights)
    )
    return {
        rate: sum(x < 1 for x in at_the_end(f"{kind} {rate}{weights}"))
        for rate in tried
    }


def steady(kind: str) -> tuple[float, float]:
    """The lowest and the highest rate at which every seed learns."""
    rates = learning_rates(kind)
    good = [rate for rate in rates if rates[rate] == left(f"{kind} {rate}")[1]]
    return good[0], good[-1]


def best_rate(kind: str) -> float:
    """The rate with the lowest loss at the end, by the median over the seeds."""
    rates = learning_rates(kind)
    return min(rates, key=lambda rate: statistics.median(at_the_end(f"{kind} {rate}")))


def seeds_after(epoch: int) -> tuple[float, float]:
    """The lowest and the highest test accuracy of all seeds then."""
    runs = mc.load_study("seeds")["by_epoch"]
    found = [100 * accuracies[epoch] for accuracies in runs]
    return min(found), max(found)


def left_between(optimizer: str) -> tuple[int, int]:
    """The steps by which the first seed and the last have left, of those that do."""
    steps = [run["left_after"] for run in plateau_runs(optimizer) if run["left_after"]]
    return min(steps), max(steps)


def hopeless_rate(kind: str) -> float:
    """The lowest rate at which no seed learns."""
    return next(r for r, seeds in learning_rates(kind).items() if not seeds)


def flat_until(optimizer: str) -> int:
    """The steps in which no seed's loss differs from ln 10 by a hundredth."""
    curves = [run["curve"] for run in plateau_runs(optimizer)]
    flat = (all(abs(y - LN_10) < 0.01 for y in ys) for ys in zip(*curves, strict=True))
    return PLATEAU["block"] * len([*itertools.takewhile(bool, flat)])


# The studies of notebook 6


def study_row(name: str) -> dict:
    """What was found for one change, of the recipe or of the network's parts."""
    study = mc.load_study("ablations")
    (found,) = (r for r in study["rows"] + study["parts"] if r["row"] == name)
    return found


def points_lost(name: str) -> float:
    """What a change reads less than the recipe, on average."""
    return SEEDS_MEAN - 100 * study_row(name)["mean"]


def most_validated() -> int:
    """The most runs that a candidate had on the validation images."""
    return max(len(runs) for runs in mc.load_study("ablations")["validation"].values())


def validated(row: str) -> float:
    """The mean accuracy of a candidate on the validation images."""
    return 100 * statistics.mean(mc.load_study("ablations")["validation"][row])


def constant_rate() -> list[float]:
    """The accuracies of the runs at four times the rate."""
    return [100 * share for share in study_row("rate 0.004, constant")["accuracies"]]


def stuck() -> int:
    """How many of those answer the same to every image."""
    return sum(percent < 20 for percent in constant_rate())


def seeds_for(points: float) -> int:
    """How many seeds a change needs for such a standard error of its gain."""
    return math.ceil(2 * SEEDS_DEVIATION**2 / points**2)


def standard_error(seeds: int) -> float:
    """That of a gain, in points, with so many seeds for each of the two means."""
    return SEEDS_DEVIATION * math.sqrt(2 / seeds)


def growth_by_batch_norm() -> int:
    """How many parameters the network has more with batch norm."""
    with_it = mc.VGG(batch_norm=True).parameters()
    return sum(p.numel() for p in with_it) - PARAMETERS


def epochs_together() -> int:
    """How many the long recipe has."""
    return mc.RECIPES["long"].config.epochs


def speed(processor: str = "AVX512") -> dict:
    """The timings that the notebook shows."""
    return mc.load_study("speed")[processor]


def to_target(name: str) -> list[float]:
    """Seconds of each epoch until the accuracy looked for is reached."""
    return speed()["target"][name]["seconds"]


def times_longer() -> int:
    """The long recipe's training time by the short one's, each by the usual loop's."""
    usual = 3 * statistics.median(to_target("usual loop"))
    short = statistics.median(to_target("fast")) / usual
    return round(speed()["long"]["long / usual loop"] / short)


def points_from_length() -> float:
    """What the long recipe reads more than the short one."""
    long, short = study_row("long"), study_row("fast")
    return 100 * (long["mean"] - short["mean"])


def slower_one_by_one() -> int:
    """How many times as long as in batches a training pass takes in batches of 1."""
    seconds = dict(speed("AVX2")["growth"]["batch_size"])
    return round(seconds[1] / seconds[RECIPE.batch_size])


def fastest_batch() -> int:
    """The size of the batches with which a training pass is quickest."""
    return min(speed("AVX2")["growth"]["batch_size"], key=lambda point: point[1])[0]


# Other files of the project


def notebook(number: str) -> Path:
    return next((ROOT / "notebooks").glob(f"{number}_*.ipynb"))


@cache
def shown(number: str, cell_id: str) -> list[list[float]]:
    """The numbers that a cell of a notebook prints, line by line."""
    cells = nbformat.read(notebook(number), as_version=4).cells
    text = printed(next(cell for cell in cells if cell.id == cell_id))
    return [[n.value for n in numbers(line)] for line in text.splitlines()]


def blank_of_five() -> int:
    """How many of five pixels of MNIST hold no ink, as notebook 1 counts them."""
    return round(5 * shown("01", "ink")[0][1] / 100)


def seen_in_the_corner() -> tuple[float, float]:
    """The side of what the corner unit of notebook 2 sees of the image, twice."""
    return (shown("02", "field")[1][0] ** 0.5,) * 2


def lost_of_three() -> int:
    """How many of three digits paper and ink swapped cost, by notebook 5."""
    return round(3 - 3 * shown("05", "inverted")[0][1] / 100)


def kept_at_two_pixels() -> tuple[float, float]:
    """What the network and the mean digits read of moved digits, by notebook 4."""
    _, network, means, *_ = shown("04", "shift")[1]
    return network, means


def cost_of_turning() -> tuple[float, float]:
    """What a turn by 45 degrees costs, in points, to the better side and the worse."""
    scores = [network for _, network, *_ in shown("04", "rotate")]
    costs = scores[3] - scores[0], scores[3] - scores[-1]
    return min(costs), max(costs)


def stated_times(number: str) -> tuple[float, ...]:
    """The reading and running time on top of a notebook."""
    text = notebook(number).read_text("utf-8")
    rows = re.findall(r"\*\*(?:Reading|Running)\*\* \|([^|]*)", text)
    return tuple(next(numbers(row)).value for row in rows)


def held_out() -> int:
    """How many training images notebook 6 sets aside to choose by."""
    code = notebook("06").read_text("utf-8")
    return int(re.search(r"choose, learn = part\(order\[:([\d_]+)\]\)", code)[1])


def python_version() -> float:
    """The oldest Python that the project runs on."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return float(settings["project"]["requires-python"].removeprefix(">="))
