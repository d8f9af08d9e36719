"""The claims of the prose, one a line: the words around a number, and what computes it.

A phrase is text as a reader sees it, on one line, without emphasis and addresses; {}
stands for a number, in figures or as a word. Its function returns the number in the
unit of the text, several as a tuple; a list holds alternatives. None in place of a
function: these numbers are no results, or, where noted, results not computed here.

What a notebook prints needs no line here; see ``claims.py``.
"""

import inspect
import itertools
import math
import re
import statistics
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import torch
from claims import ROOT, NeedsMnist, Phrases, numbers, printed
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional as F

import mnist_cnn as mc
from mnist_cnn import download, handwriting, idx, onednn, standin
from mnist_cnn.sources.mnist import Unavailable

# The recipe and the model

RECIPE = mc.TrainConfig()
TRAIN, TEST = (
    idx.FILES[f"{name}-labels-idx1-ubyte"][0][0] for name in ("train", "t10k")
)
BATCHES, TEST_BATCHES = -(-TRAIN // RECIPE.batch_size), -(-TEST // RECIPE.batch_size)
LAST_BATCH = TEST % RECIPE.batch_size
PIXELS = math.prod(mc.IMAGE_SHAPE)
GUESS = 100 / mc.CLASSES
LAYERS = {layer.name: layer for layer in mc.trace(mc.VGG())}
INPUT = mc.IMAGE_SHAPE
FIRST, HALF, LAST = (LAYERS[f"features.{i}"].output_shape[1:] for i in (0, 6, 13))
SEES = (LAYERS["features.13"].receptive_field,) * 2
PARAMETERS = sum(layer.parameters for layer in LAYERS.values())
WORK = sum(layer.multiply_adds for layer in LAYERS.values())
MEANS = mc.CLASSES * PIXELS  # the numbers that the mean digits hold
LINEAR = sum(p.numel() for p in mc.linear_baseline().parameters())
BOX = (handwriting.BOX,) * 2
SAMPLES = inspect.signature(mc.plots.sample_grid).parameters["count"].default


def strided() -> tuple[float, ...]:
    """Receptive field, new parameters, and more work in percent, without pools."""
    model = mc.VGG()
    for i in (6, 13):
        shrink = torch.nn.Conv2d(FIRST[0], FIRST[0], 2, stride=2)
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


@cache
def vgg16() -> list[mc.Layer]:
    from torchvision.models import vgg16

    with torch.device("meta"):
        return mc.trace(vgg16(), input_shape=(3, 224, 224))


def vgg16_blocks() -> tuple[int, ...]:
    """How many convolutions each block of VGG-16 has, then how many filters each."""
    convolutions = [row for row in vgg16() if row.kind == "Conv2d"]
    blocks = itertools.groupby(convolutions, key=lambda row: row.output_shape)
    found = [(len([*rows]), shape[1]) for shape, rows in blocks]
    return tuple(itertools.chain(*zip(*found, strict=True)))


def vgg16_costs() -> tuple[float, float, int]:
    """Percent of its parameters in linear layers, millions of all, work by our own."""
    linear = sum(row.parameters for row in vgg16() if row.kind == "Linear")
    total = sum(row.parameters for row in vgg16())
    work = sum(row.multiply_adds for row in vgg16()) / WORK
    return 100 * linear / total, total / 1e6, round(work, -3)


# Recorded runs

RUN = mc.load_study("run_mnist")
LOSSES, ACCURACIES = (RUN["history"][f"test_{name}"] for name in ("loss", "accuracy"))
SEEDS = [100 * accuracy for accuracy in mc.load_study("seeds")["accuracies"]]
PLATEAU = mc.load_study("plateau")


def recorded(model: str) -> tuple[float, ...]:
    """Accuracy of a model of the README's table and its interval, in percent."""
    row = RUN["models"][model]
    return 100 * row["accuracy"], *(100 * end for end in row["interval"])


def mistakes(model: str) -> int:
    return round(TEST * (1 - RUN["models"][model]["accuracy"]))


def left(optimizer: str) -> tuple[int, int]:
    """How many seeds leave the plateau, of how many."""
    runs = [r["left_after"] for r in PLATEAU["runs"] if r["optimizer"] == optimizer]
    return len(runs) - runs.count(None), len(runs)


def slowest(optimizer: str) -> int:
    """The steps by which every seed has left the plateau."""
    return max(r["left_after"] for r in PLATEAU["runs"] if r["optimizer"] == optimizer)


def flat_until(optimizer: str) -> int:
    """The steps in which no seed's loss differs from ln 10 by a hundredth."""
    curves = [r["curve"] for r in PLATEAU["runs"] if r["optimizer"] == optimizer]
    flat = (
        all(abs(y - math.log(10)) < 0.01 for y in ys)
        for ys in zip(*curves, strict=True)
    )
    return PLATEAU["block"] * len([*itertools.takewhile(bool, flat)])


# MNIST, and the shipped weights on it


@cache
def mnist() -> tuple[mc.Digits, mc.Digits] | None:
    try:
        return mc.load_mnist(source="mnist")
    except Unavailable:
        return None


def images_of(part: int) -> mc.Digits:
    """The training (0) or test digits (1), of MNIST itself."""
    if mnist() is None:
        raise NeedsMnist
    return mnist()[part]


def neighbours(count: int) -> float:
    """Percent of 1,000 test images with the label of the nearest of some others."""
    train, test = images_of(0).first(count), images_of(1).first(1000)
    distances = torch.cdist(test.images.flatten(1), train.images.flatten(1))
    right = train.labels[distances.argmin(dim=1)] == test.labels
    return 100 * right.float().mean().item()


def seconds_by_batch(size: int) -> float:
    """What a training pass takes in batches of ``size``, as recorded."""
    return dict(speed()["growth"]["batch_size"])[size]


def speed() -> dict:
    """The timings that notebook 6 shows."""
    return mc.load_study("speed")["AVX512"]


def to_target(name: str) -> list[float]:
    """Seconds of each epoch until the accuracy looked for is reached."""
    return speed()["target"][name]["seconds"]


def dropped_epochs() -> int:
    """The length at which, on validation images, smoothing came out ahead."""
    scores = mc.load_study("ablations")["validation"]
    ahead = [
        int(name.split()[0])
        for name in scores
        if (smooth := f"{name}, smoothing") in scores and scores[smooth] > scores[name]
    ]
    (epochs,) = ahead
    return epochs


def epochs_together() -> int:
    """How many the long recipe of notebook 6 has, by the names of the rows."""
    names = [row["row"] for row in mc.load_study("ablations")["rows"]]
    return max(map(int, re.findall(r"together, (\d+) epoch", " ".join(names))))


def times_longer() -> float:
    """The long recipe's training time by the short one's, each by the usual loop's."""
    usual = 3 * statistics.median(to_target("usual loop"))
    short = statistics.median(to_target("1 epoch in bfloat16")) / usual
    return speed()["long"]["9 epochs in bfloat16 / usual loop"] / short


def constant_rate() -> list[float]:
    """The accuracies of ten runs at four times the rate."""
    return study_row("rate 0.004, constant")["accuracies"]


def stuck() -> int:
    """How many of those answer the same to every image."""
    return sum(accuracy < 0.2 for accuracy in constant_rate())


def study_row(name: str) -> dict:
    """What the study of notebook 6 found for one change."""
    (found,) = (r for r in mc.load_study("ablations")["rows"] if r["row"] == name)
    return found


def interval(correct: int, total: int) -> tuple[float, float]:
    """The interval of an accuracy, in percent."""
    low, high = mc.accuracy_interval(correct, total)
    return 100 * low, 100 * high


def with_interval(correct: int) -> tuple[float, float, float]:
    """An accuracy on the test images and its interval, in percent."""
    return 100 * correct / TEST, *interval(correct, TEST)


@cache
def logits() -> Tensor:
    return mc.predict(mc.load(), images_of(1).images)


def wrong() -> Tensor:
    """Which test images the shipped weights do not read."""
    return logits().argmax(dim=1) != images_of(1).labels


def vgg() -> tuple[float, float, float]:
    return with_interval(TEST - int(wrong().sum()))


@cache
def nearest_mean() -> tuple[float, float, float]:
    model = mc.NearestMean(images_of(0))
    return with_interval(round(TEST * mc.evaluate(model, images_of(1)).accuracy))


@cache
def moved_means(pixels: int, dim: int = 3) -> float:
    """What a move to the right or (2) down, around the edge, costs the mean digits."""
    moved = mc.Digits(images_of(1).images.roll(pixels, dims=dim), images_of(1).labels)
    model = mc.NearestMean(images_of(0))
    return nearest_mean()[0] - 100 * mc.evaluate(model, moved).accuracy


def centre_of_mass() -> tuple[float, float]:
    """Column and row of the training images' centres of mass, on average."""
    ink, place = images_of(0).images[:, 0], torch.arange(float(INPUT[1]))
    total = ink.sum(dim=(1, 2))
    x, y = ((ink.sum(dim) @ place / total).mean().item() for dim in (1, 2))
    return round(x, 1), round(y, 1)


def seen_whole() -> float:
    """The share of the training digits without ink outside the middle unit's field."""
    ink = images_of(0).images[:, 0].clone()
    side = SEES[0]
    first = (INPUT[1] - side) // 2  # the field of the middle unit is in the middle
    ink[:, first : first + side, first : first + side] = 0
    return (ink.amax(dim=(1, 2)) == 0).float().mean().item()


@cache
def first_gradients() -> tuple[float, float, float]:
    """Typical gradients at the start: smallest and largest of a convolution, linear."""
    mc.seed_everything(0)
    model, digits = mc.VGG(), images_of(0).first(256)
    F.cross_entropy(model(digits.images), digits.labels).backward()
    weights = [p.grad for p in model.parameters() if p.ndim > 1]
    *convolutions, linear = (grad.square().mean().sqrt().item() for grad in weights)
    return min(convolutions), max(convolutions), linear


def most_confused() -> tuple[int, int, int]:
    """The true digit, the predicted one, and how often that was."""
    pairs = 10 * images_of(1).labels[wrong()] + logits().argmax(dim=1)[wrong()]
    pair = pairs.mode().values.item()
    return pair // 10, pair % 10, int((pairs == pair).sum())


def surer_than(confidence: float) -> tuple[int, int]:
    """How many test images get more than this confidence, of how many."""
    sure = logits().softmax(dim=1).amax(dim=1) > confidence
    return int(sure.sum()), len(sure)


def lowest(dim: int) -> tuple[int, float]:
    """The digit with the lowest precision (0) or recall (1), and that in percent."""
    pairs = mc.CLASSES * images_of(1).labels + logits().argmax(dim=1)
    counts = pairs.bincount(minlength=mc.CLASSES**2).view(mc.CLASSES, mc.CLASSES)
    shares = counts.diag() / counts.sum(dim)
    return shares.argmin().item(), 100 * shares.min().item()


@torch.no_grad()
def dark(count: int) -> tuple[int, int]:
    """The channels after the first block that some test images leave at 0, of all."""
    block = mc.load().features[:7]
    peaks = block(images_of(1).images[:count]).amax(dim=(0, 2, 3))
    return int((peaks == 0).sum()), len(peaks)


def caught(percent: float) -> tuple[int, int]:
    """The mistakes among the images the network is least sure of, of all."""
    unsure = logits().softmax(dim=1).amax(dim=1).sort(stable=True).indices
    aside = unsure[: int(percent / 100 * TEST)]
    return int(wrong()[aside].sum()), int(wrong().sum())


@cache
def moved(right: int = 0, down: int = 0) -> float:
    """The accuracy, in percent, on moved test images."""
    images = F.pad(images_of(1).images, (right, -right, down, -down))
    return 100 * mc.evaluate(mc.load(), mc.Digits(images, images_of(1).labels)).accuracy


def ink_at_the_right(columns: int) -> float:
    """The percentage of the test images' ink in their last columns."""
    images = images_of(1).images
    return 100 * (images[..., -columns:].sum() / images.sum()).item()


@cache
def blurred(shift: int) -> float:
    """The accuracy, in percent, of blurred mean digits on moved and blurred images."""

    moved = images_of(1).images.roll(shift, dims=3)
    return 100 * mc.evaluate(blurred_means(), blur(moved, images_of(1))).accuracy


def blur(images: Tensor, digits: mc.Digits) -> mc.Digits:
    return mc.Digits(F.avg_pool2d(images, 3, 1, padding=1), digits.labels)


@cache
def blurred_means() -> mc.NearestMean:
    return mc.NearestMean(blur(images_of(0).images, images_of(0)))


@cache
def nearest_neighbour() -> float:
    """The accuracy, in percent, on the first 1,000 test images."""
    train, test = images_of(0), images_of(1).first(1000)
    distances = torch.cdist(test.images.flatten(1), train.images.flatten(1))
    right = train.labels[distances.argmin(dim=1)] == test.labels
    return 100 * right.float().mean().item()


@cache
def means_on_first(count: int) -> float:
    """The accuracy of the mean digits on the first test images, in percent."""
    model = mc.NearestMean(images_of(0))
    return 100 * mc.evaluate(model, images_of(1).first(count)).accuracy


def second_place() -> tuple[int, int, float]:
    """The mistakes with the right digit second, all mistakes, and tenths of them."""
    second = logits().topk(2, dim=1).indices[:, 1] == images_of(1).labels
    found, total = int(second[wrong()].sum()), int(wrong().sum())
    return found, total, round(10 * found / total)


def second_below(limit: float) -> tuple[int, int]:
    """Of the mistakes with the right digit second, those that give it less; and all."""
    chances, order = logits().softmax(dim=1).topk(2, dim=1)
    second = wrong() & (order[:, 1] == images_of(1).labels)
    return int((chances[second, 1] < limit).sum()), int(second.sum())


def mistakes_by_chance() -> tuple[int, int]:
    """One and two standard deviations of their number on other images, in tens."""
    share = wrong().float().mean().item()
    deviation = math.sqrt(TEST * share * (1 - share))
    return round(deviation, -1), round(2 * deviation, -1)


def read_by_one() -> tuple[int, int]:
    """How many test images only the network reads, and only the mean digits."""
    means = mc.predict(mc.NearestMean(images_of(0)), images_of(1).images)
    missed = means.argmax(dim=1) != images_of(1).labels
    return int((missed & ~wrong()).sum()), int((wrong() & ~missed).sum())


def changed_by_covering(side: int = 7) -> tuple[int, int]:
    """The places of a square that make test image 4 another digit, of all places."""
    places = INPUT[1] - side + 1
    images = images_of(1).images[4].repeat(places**2, 1, 1, 1)
    for i, image in enumerate(images):
        y, x = divmod(i, places)
        image[0, y : y + side, x : x + side] = 0
    return int((mc.predict(mc.load(), images).argmax(dim=1) != 4).sum()), len(images)


# Images that are not MNIST's


def sureness(images: Tensor) -> float:
    """The mean confidence of the shipped weights."""
    return mc.predict(mc.load(), images).softmax(dim=1).amax(dim=1).mean().item()


def mirrored(leave_out: tuple[int, ...] = ()) -> Tensor:
    """The first 100 test images, left and right swapped, but for some digits."""
    images, labels = images_of(1).images[:100], images_of(1).labels[:100]
    return images[~torch.isin(labels, torch.tensor(leave_out))].flip(3)


def noise() -> Tensor:
    return torch.rand(100, *INPUT, generator=torch.Generator().manual_seed(0))


def photo(name: str) -> Path:
    return ROOT / "mnist_cnn" / "photos" / f"{name}.jpg"


def shrunk(path: Path) -> Tensor:
    """A photo as it is, made 28x28."""
    grey = ImageOps.exif_transpose(Image.open(path)).convert("L")
    return torch.from_numpy(np.array(grey.resize((28, 28)))).unsqueeze(0) / 255


@cache
def photos_read(prepare: Callable[[Path], Tensor]) -> tuple[int, int]:
    """How many photos of the ten digits are read, of how many."""
    images = torch.stack([prepare(photo(digit)) for digit in "0123456789"])
    guesses = mc.predict(mc.load(), images).argmax(dim=1)
    return int((guesses == torch.arange(len(images))).sum()), len(images)


# Other files of the project


def notebook(number: str) -> Path:
    return next((ROOT / "notebooks").glob(f"{number}_*.ipynb"))


@cache
def shown(number: str, cell_id: str) -> list[list[float]]:
    """The numbers that a cell of a notebook prints, line by line."""
    cells = nbformat.read(notebook(number), as_version=4).cells
    text = printed(next(cell for cell in cells if cell.id == cell_id))
    return [[n.value for n in numbers(line)] for line in text.splitlines()]


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
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return float(settings["project"]["requires-python"].removeprefix(">="))


# The register

SHARED: Phrases = {  # in any file, wherever the words fit; lists leave room for others
    "{} training and {} test images": lambda: (TRAIN, TEST),
    "{} training images": lambda: [TRAIN],
    "{} test images": lambda: [TEST],
    "all {} images": lambda: [TRAIN],
    "{} images": lambda: [TRAIN, RECIPE.batch_size],
    "batches of {}": lambda: [RECIPE.batch_size],
    "batches of ({}, {}, {}, {})": lambda: (RECIPE.batch_size, *INPUT),
    "Download | {} MB": lambda: download.TOTAL / 1e6,
    "{} epochs": lambda: [RECIPE.epochs],
    "{} passes over": lambda: [RECIPE.epochs],
    "95 % interval": None,  # the level of Wilson's interval, held by test_metrics.py
    "100 %": None,  # the end of the scale
    "({}, {}, {})": lambda: [INPUT, FIRST, HALF, LAST],
    "{}x{}": lambda: [shape[1:] for shape in (INPUT, HALF, LAST)],
    "to {}x{}": lambda: [INPUT[1:], BOX],
    "{} parameters": lambda: [PARAMETERS],
    "{} million multiply-adds": lambda: WORK / 1e6,
    "{} M multiply-adds": lambda: WORK / 1e6,
    "ln 10 = {}": lambda: math.log(10),
    "{} % is a guess, 100 % perfect": lambda: GUESS,
    "a guess {} %": lambda: GUESS,
    "Adam at {}": lambda: RECIPE.lr,
}

README: Phrases = {
    "PyTorch: {} parameters, {} passes": lambda: (PARAMETERS, RECIPE.epochs),
    "It reads {} % of {} digits": lambda: (vgg()[0], TEST),
    "one linear layer here reads {} %": lambda: recorded("linear layer")[0],
    "The diagonal holds {} of {} test images": lambda: (TEST - caught(0)[1], TEST),
    "is true {}, predicted {}, with {}.": lambda: most_confused(),
    "reach {} % with ten pictures": lambda: nearest_mean()[0],
    "ten pictures | {} min | {} s |": lambda: stated_times("01"),
    "every layer | {} min | {} s |": lambda: stated_times("02"),
    "then {} of them": lambda: BATCHES * RECIPE.epochs,
    "meet a plateau | {} min | {} s |": lambda: stated_times("03"),
    "network breaks | {} min | {} s |": lambda: stated_times("04"),
    "see {} of {} photos read": lambda: photos_read(shrunk),
    "as MNIST was, see {} of {}": lambda: photos_read(mc.to_mnist),
    "draw your own | {} min | {} s |": lambda: stated_times("05"),
    "error bars | {} min | {} s |": lambda: stated_times("06"),
    "Python {} or newer": lambda: python_version(),
    "MNIST ({} MB)": lambda: download.TOTAL / 1e6,
    "made from {} other": lambda: len(standin._load_digits()[1]),
    "{} training and {} test images": lambda: (TRAIN, TEST),
    "handwritten digits, {}x{} pixels": lambda: INPUT[1:],
    "batches of {} that is {} batches": lambda: (RECIPE.batch_size, BATCHES),
    "{} for testing, the last with {}": lambda: (TEST_BATCHES, LAST_BATCH),
    "A grid of {} handwritten digits": lambda: SAMPLES,
    "{} random training images": lambda: SAMPLES,
    "Two blocks of three": None,
    "input {}x{}x{}, three convolutions {}x{}x{}": lambda: INPUT + FIRST,
    "{}x{}x{}, three convolutions, a pool to {}x{}x{}": lambda: HALF + LAST,
    "flatten to {}, linear to {}.": lambda: (math.prod(LAST), mc.CLASSES),
    "{} million multiply-adds": lambda: WORK / 1e6,
    "linear layer holds {} % of the parameters": lambda: 100 * LINEAR / PARAMETERS,
    "does {} % of the work": lambda: 100 * LAYERS["classifier.1"].multiply_adds / WORK,
    "at the flatten sees {}x{} pixels": lambda: SEES,
    "Filters | {} in every": lambda: FIRST[0],
    "Adam, learning rate {} |": lambda: RECIPE.lr,
    "Batch size | {} |": lambda: RECIPE.batch_size,
    "Epochs | {}, fixed": lambda: RECIPE.epochs,
    "the loss falls from {} to {};": lambda: (LOSSES[0], LOSSES[-1]),
    "accuracy rises from {} % to {} %": lambda: (
        100 * ACCURACIES[0],
        100 * ACCURACIES[-1],
    ),
    "A guess | {} | {} %": lambda: (0, GUESS),
    "Nearest mean digit | {} | {} % | {} to {} %": lambda: (MEANS, *nearest_mean()),
    "linear layer | {} | {} % | {} to {} %": lambda: (
        LINEAR,
        *recorded("linear layer"),
    ),
    "VGG | {} | {} % | {} to {} %": lambda: (PARAMETERS, *vgg()),
    "{} trainings that differ in the seed": lambda: len(SEEDS),
    "seed alone give {} % on average": lambda: statistics.mean(SEEDS),
    "standard deviation of {} points": lambda: statistics.stdev(SEEDS),
    "the lowest reads {} %, the highest {} %": lambda: (min(SEEDS), max(SEEDS)),
    "together pay: {} mistakes": lambda: caught(0)[1],
    "linear layer's {}.": lambda: mistakes("linear layer"),
    "taken for a nine, {} of the {}.": lambda: (most_confused()[2], caught(0)[1]),
    "the {} % of the images it is least sure of hold {} of the {} mistakes": lambda: (
        2,
        *caught(2),
    ),
    "Moved 4 pixels to the right, its accuracy falls to {} %": lambda: moved(right=4),
}

DATA: Phrases = {
    "A tenth of the images gives {} %, a hundredth {} %": lambda: (
        neighbours(TRAIN // 10),
        neighbours(TRAIN // 100),
    ),
    "score {} % with nothing but averages": lambda: nearest_mean()[0],
    "look at {} images at once": lambda: TRAIN,
    "through {} images? And {}?": lambda: (TRAIN, TEST),
    "{} / 32 is {} exactly": lambda: (TRAIN, BATCHES),
    "{} / 32 is {}, so": lambda: (TEST, TEST / RECIPE.batch_size),
    "rows 5 to 13, columns 12 to 20": None,
    "Suppose 90 % of the images were ones": None,
    'Then "always say 1" would score 90 %': None,
    "one time in {}, {} %": lambda: (mc.CLASSES, GUESS),
    "{} pixels in {} are blank": lambda: (round(shown("01", "ink")[0][1] / 20), 5),
    "larger than {}x{}": lambda: BOX,
    "the exact middle, {}": lambda: (INPUT[1] - 1) / 2,
    "into a {}x{} box": lambda: BOX,
    "summed squared differences over all {} pixels": lambda: PIXELS,
    "a network with 85 % would not impress": None,
    "happens to the {} %?": lambda: nearest_mean()[0],
    "two pixels cost {} points": lambda: moved_means(2),
    "Upwards, a single one costs {}.": lambda: moved_means(-1, dim=2),
    "on the left, at most {} % of the ink": lambda: ink_at_the_right(4),
    "the last with {} images": lambda: LAST_BATCH,
    "{} % of the pixels are blank": lambda: shown("01", "ink")[0][1],
    "{} to {} %, and shifted ones": lambda: (nearest_mean()[0], blurred(0)),
    "gain, {} to {} %": lambda: (shown("01", "shift")[2][1], blurred(2)),
    "right about {} % of": lambda: nearest_neighbour(),
    "{} million numbers instead of {}": lambda: (TRAIN * PIXELS / 1e6, MEANS),
    "the means read {} % of these {}.": lambda: (means_on_first(1000), 1000),
}

ARCHITECTURE: Phrases = {
    "at column 10 or 11?": None,
    "Columns 10 and 11 share a square, 11 and 12": None,
    "Its {} x {} x {} = {} features": lambda: (*LAST, math.prod(LAST)),
    "unit sees {} in {} whole": lambda: (round(3 * seen_whole()), 3),
    "nothing to see: {}x{} remain": lambda: (shown("02", "field")[1][0] ** 0.5,) * 2,
    "A digit is at most {}x{}": lambda: BOX,
    "The image had {} x {} = {} pixels": lambda: (*INPUT[1:], PIXELS),
    "{} and {} halve evenly": lambda: (INPUT[1], HALF[1]),
    "photos into {} classes": lambda: vgg16()[-1].output_shape[-1],
    "{}, {}, {}, {} and {} convolutions with {}, {}, {}, {} and {}": lambda: (
        vgg16_blocks()
    ),
    "hold {} % of its {} million parameters. It needs about {} times": lambda: (
        vgg16_costs()
    ),
    "receptive field of {}x{} after": lambda: SEES,
    "share rises from {} to {} %": lambda: (
        share_of_last_five(FIRST[0]),
        share_of_last_five(32),
    ),
    "Solution {}x{}: each layer": lambda: (INPUT[1] - 3 * 2, INPUT[2] - 3 * 2),
    "the field stays at {}. You pay {} parameters and {} % more": lambda: strided(),
}

TRAINING: Phrases = {
    "answers {} for everything": lambda: 1 / mc.CLASSES,
    "then {} of them": lambda: BATCHES * RECIPE.epochs,
    "on the {} pixels: {} parameters": lambda: (PIXELS, LINEAR),
    "about {} %, up from {} %": lambda: (
        recorded("linear layer")[0],
        recorded("nearest mean digit")[0],
    ),
    "enough to pass {} %": lambda: math.floor(100 * ACCURACIES[1]),
    "three end between {} % and {} % in {} runs with {} seeds": lambda: (
        min(SEEDS),
        max(SEEDS),
        len(SEEDS),
        len(SEEDS),
    ),
    "CNN {} % on average": lambda: statistics.mean(SEEDS),
    "first batches, at {}.": lambda: math.log(10),
    "loss stay near {} before": lambda: math.log(10),
    "in the 300 steps of": None,
    "Within 300 steps": None,
    "{} epochs were fixed": lambda: RECIPE.epochs,
    "{} seeds for each optimizer": lambda: left("Adam 0.001")[1],
    "{} seeds an optimizer": lambda: left("SGD 0.1")[1],
    "leaves with {} seeds of {}": lambda: left("SGD 0.1"),
    "does not do that for all {}": lambda: TRAIN,
    "a whole epoch of {} steps": lambda: BATCHES,
    "means of {} steps": lambda: PLATEAU["block"],
    "stays below {}.": lambda: PLATEAU["threshold"],
    "Adam leaves within {} steps": lambda: slowest("Adam 0.001"),
    "gradients are {} to {} in the convolutions; {} in the last": lambda: (
        first_gradients()
    ),
    "begins with steps of {} anyhow": lambda: RECIPE.lr,
    "For the first {} steps": lambda: flat_until("SGD 0.1"),
    "hold SGD at {} on a": lambda: max(
        rate for rate in (0.01, 0.1) if left(f"SGD {rate}")[0] == 0
    ),
    "linear layer about {} %, CNN": lambda: recorded("linear layer")[0],
    "Solution {}, {}, {}: each": lambda: tuple(-math.log(p) for p in (0.5, 0.9, 0.99)),
}

RESULTS: Phrases = {
    "95 in 100 contain it": None,
    '"{} % accurate"': lambda: vgg()[0],
    "A lead of {} points, ten images": lambda: 100 * 10 / TEST,
    "the mean digits make {} mistakes": lambda: mistakes("nearest mean digit"),
    "the linear layer {}, the CNN {}": lambda: (
        mistakes("linear layer"),
        mistakes("VGG"),
    ),
    "That is {} % fewer": lambda: (
        100 - 100 * mistakes("VGG") / mistakes("linear layer")
    ),
    "count {} or {} mistakes more": lambda: mistakes_by_chance(),
    "lowest recall, {} %": lambda: min(r[2] for r in shown("04", "precision") if r),
    "lowest precision, {} %": lambda: min(r[1] for r in shown("04", "precision") if r),
    "right costs {} points, upwards even {};": lambda: (
        vgg()[0] - moved(right=4),
        vgg()[0] - moved(down=-4),
    ),
    "at 2 pixels it keeps {} %, they {} %": lambda: tuple(shown("04", "shift")[2][1:3]),
    "turn of 45 degrees costs {} to {}": lambda: cost_of_turning(),
    "removes {} of the {} mistakes": lambda: caught(2),
    "band of {} points; the interval is {} points wide": lambda: (
        4 * statistics.stdev(SEEDS),
        vgg()[2] - vgg()[1],
    ),
    "confidence {}, {} % are right": lambda: (0.8, 100 * 0.8),
    "reads {} % of the test digits. For endless": lambda: vgg()[0],
    "95 % interval is {} % to {} %": lambda: vgg()[1:],
    "A linear layer gets {} %": lambda: recorded("linear layer")[0],
    "exercise 4) about {} % of the first {}.": lambda: (nearest_neighbour(), 1000),
    "maps of channels {} to {} after": lambda: (0, FIRST[0] - 1),
    "On MNIST {} of {}, {} in ten": lambda: second_place(),
    "{} of the {}, the right digit gets less than {}.": lambda: (
        *second_below(0.2),
        0.2,
    ),
    "blank paper gets {},": lambda: sureness(torch.zeros(1, *INPUT)),
    "noise gets {} and": lambda: sureness(noise()),
    "mirrored digits {}.": lambda: sureness(mirrored()),
    "without those it is {}.": lambda: sureness(mirrored(leave_out=(0, 1, 8))),
    "On MNIST {} against {}.": lambda: read_by_one(),
    "{} of the {} positions": lambda: changed_by_covering(),
}

OWN_DIGITS: Phrases = {
    "{} of {}, and a guess gets one": lambda: photos_read(shrunk),
    "that is {} of {} digits lost": lambda: (
        round(3 - 3 * shown("05", "inverted")[0][1] / 100),
        3,
    ),
    "No: {} of {}.": lambda: tuple(shown("05", "invert-only")[1]),
    "From {} of ten to all {}": lambda: (
        photos_read(shrunk)[0],
        photos_read(mc.to_mnist)[0],
    ),
    "{} of {} right, one of them": lambda: photos_read(shrunk),
    "same network reads {} of {}": lambda: photos_read(mc.to_mnist),
    "The interval, {} % to {} %,": lambda: interval(*photos_read(mc.to_mnist)),
    "The first {} test digits are read": None,  # as many as the cell compares
    "make {} real photos": lambda: 30 * mc.CLASSES,
    "{} of {} would give {} % to {} %": lambda: (270, 300, *interval(270, 300)),
    "a probability below 0.99": None,
    "The 42 is refused": None,
    # A result, of cutting a digit out by hand
    "each with less than 50 %": None,
    "refused too ({} %)": lambda: 100 * sureness(mc.to_mnist(photo("1"))[None]),
    "the heart ({} %)": lambda: 100 * sureness(mc.to_mnist(photo("heart"))[None]),
}

GOING_FURTHER: Phrases = {
    "get more than {} %": lambda: vgg()[0],
    "learn from 20,000 other images": None,
    "After 35 steps both": None,  # the cell after the figure asserts it
    "{} seeds a change ({} where": lambda: (
        study_row("batch norm")["n"],
        study_row("together, 9 epochs")["n"],
    ),
    "{} of {} networks end up": lambda: (stuck(), len(constant_rate())),
    "best of the others reads {} %": lambda: 100 * max(constant_rate()),
    "first {} or {} seeds": lambda: (
        study_row("batch norm")["n"],
        study_row("32 filters")["n"],
    ),
    "and (at {} epochs) smoothing": lambda: dropped_epochs(),
    "the clock set {} epochs": lambda: epochs_together(),
    "its peak at 0.01, in batches of 64": None,
    "numbers of {} bits, and keep their weights in {}.": lambda: (
        torch.finfo(torch.bfloat16).bits,
        torch.finfo(next(mc.VGG().parameters()).dtype).bits,
    ),
    # By PyTorch's definition: 0.1 of the target is shared by all ten
    "target is {} for the right digit, {} for each": lambda: (
        1 - 0.1 + 0.1 / mc.CLASSES,
        0.1 / mc.CLASSES,
    ),
    "take to reach 99 %": None,
    "took {} epochs to 99 %, the example {} longer": lambda: (
        len(to_target("usual loop")),
        len(to_target("PyTorch's example")),
    ),
    "buys the next {} points with {} times": lambda: (
        study_row("9 epochs in bfloat16")["mean"] * 100
        - study_row("1 epoch in bfloat16")["mean"] * 100,
        round(times_longer()),
    ),
    "Batches of 1 are {} times as slow as batches of {}": lambda: (
        round(seconds_by_batch(1) / seconds_by_batch(RECIPE.batch_size)),
        RECIPE.batch_size,
    ),
    "beyond {} they slow": lambda: min(
        speed()["growth"]["batch_size"], key=lambda point: point[1]
    )[0],
    "pass over 6,000 images with {} filters in batches of {}, as one of the three": (
        lambda: (FIRST[0], RECIPE.batch_size)
    ),
    "From {} filters on, doubling": lambda: FIRST[0],
    "it ({} and {} use": lambda: onednn.FILTERS,
    "for each of {} channels": lambda: FIRST[0],
    "of six convolutions: {}.": lambda: 2 * 6 * FIRST[0],
    "n is {}, and {} seeds leave a standard error of {} points": lambda: (
        math.ceil(2 * statistics.variance(SEEDS) / 0.02**2),
        study_row("batch norm")["n"],
        statistics.stdev(SEEDS) * math.sqrt(2 / study_row("batch norm")["n"]),
    ),
}

GLOSSARY: Phrases = {
    "reads {} of the {} test images: {} %": lambda: (
        TEST - caught(0)[1],
        TEST,
        vgg()[0],
    ),
    "puts it at pixel ({}, {})": lambda: centre_of_mass(),
    "weight here by about {},": lambda: RECIPE.lr,
    "does it for all {}.": lambda: PARAMETERS,
    "a guess, {} %, the nearest mean digit, {} %, and one linear layer, {} %": lambda: (
        GUESS,
        nearest_mean()[0],
        recorded("linear layer")[0],
    ),
    "training step uses, here {}. The training set makes {} batches": lambda: (
        RECIPE.batch_size,
        BATCHES,
    ),
    "the test set makes {}, the last with {}": lambda: (TEST_BATCHES, LAST_BATCH),
    "A number in {} bits": lambda: torch.finfo(torch.bfloat16).bits,
    "with {} bits of precision in place of {}": lambda: (
        1 - round(math.log2(torch.finfo(torch.bfloat16).eps)),
        1 - round(math.log2(torch.finfo(torch.float32).eps)),
    ),
    "each logit has one: {} of the": lambda: sum(
        p.numel() for p in mc.VGG().parameters() if p.ndim == 1
    ),
    "with confidence 0.8, 80 % should": None,
    "convolution here makes {}": lambda: FIRST[0],
    "For {} of the {} test images it is above {}": lambda: (*surer_than(0.99), 0.99),
    "95 times in 100": None,  # the level of Wilson's interval, as above
    "shipped network: {} to {} %": lambda: vgg()[1:],
    "the largest count off it is {}, fours": lambda: most_confused()[2],
    "After the first block, {} of {} are 0 for all of the first {}": lambda: (
        *dark(1000),
        1000,
    ),
    "training set: {} steps": lambda: BATCHES,
    "The recipe has {}": lambda: RECIPE.epochs,
    "over all {} pixels": lambda: PIXELS,
    "After the last pool there are {} of": lambda: LAST[0],
    "7x7: the {} features": lambda: math.prod(LAST),
    "have {}x{}x{} numbers, those of the other five {}x{}x{}": lambda: (
        *mc.VGG().features[0].weight.shape[1:],
        *mc.VGG().features[2].weight.shape[1:],
    ),
    "with {}, towards {} for the right digit and {} for each": lambda: (
        0.1,
        1 - 0.1 + 0.1 / mc.CLASSES,
        0.1 / mc.CLASSES,
    ),
    "This one has {}: six convolutions": lambda: len(LAYERS),
    "steps. Here {}, with Adam": lambda: RECIPE.lr,
    "connected. Here {} to {}: {} % of the parameters and {} % of the work": lambda: (
        math.prod(LAST),
        mc.CLASSES,
        100 * LINEAR / PARAMETERS,
        100 * LAYERS["classifier.1"].multiply_adds / WORK,
    ),
    "On the test set, {} for the untrained network and {} for": lambda: (
        LOSSES[0],
        LOSSES[-1],
    ),
    "height and width: {} to {} to {}.": lambda: (FIRST[1], HALF[1], LAST[1]),
    "This one takes {} for an image": lambda: WORK,
    "1 / ln 2 = {} bits": lambda: 1 / math.log(2),
    "A model of {} numbers": lambda: MEANS,
    "that gets {} % of the test images": lambda: nearest_mean()[0],
    "Of {}, the six convolutions have {} and the linear layer {}.": lambda: (
        PARAMETERS,
        PARAMETERS - LINEAR,
        LINEAR,
    ),
    "of the 28x28 = {} points": lambda: PIXELS,
    "with {} seeds each, Adam left within {} steps, SGD at {} not": lambda: (
        left("Adam 0.001")[1],
        slowest("Adam 0.001"),
        0.01,
    ),
    "Lowest for the {}: {} %. Notebook": lambda: [lowest(0), lowest(1)],
    "and {}x{} after the last pool": lambda: SEES,
    "Adam at {}, {}, and {}.": lambda: (RECIPE.lr, RECIPE.batch_size, RECIPE.epochs),
    "A batch here has ({}, {}, {}, {})": lambda: (RECIPE.batch_size, *INPUT),
    "{} images made from {} other": lambda: (
        TRAIN + TEST,
        len(standin._load_digits()[1]),
    ),
    "pixels have mean {} and standard deviation {}": lambda: (
        images_of(0).images.mean().item(),
        images_of(0).images.std().item(),
    ),
    "The recipe takes {}.": lambda: BATCHES * RECIPE.epochs,
    "The {} images that only measure": lambda: TEST,
    "choice. Here {}.": lambda: held_out(),
    "After the last pool there are {}.": lambda: math.prod(LAST),
    "at every position, {} times in the first block": lambda: math.prod(FIRST[1:]),
    "It stays between 0 and": None,
}

CLAIMS = {
    "README": README,
    "GLOSSARY": GLOSSARY,
    "01_data_exploration": DATA,
    "02_architecture": ARCHITECTURE,
    "03_training": TRAINING,
    "04_results": RESULTS,
    "05_your_own_digits": OWN_DIGITS,
    "06_going_further": GOING_FURTHER,
}
