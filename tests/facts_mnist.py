"""What the prose may state of MNIST, and of the shipped weights on it and elsewhere.

Accuracies are in percent. What takes MNIST raises NeedsMnist where it is not to be had.
"""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch
from claims import ROOT, NeedsMnist
from facts import CLASSES, INPUT, TEST, TRAIN, accuracy, interval
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn import functional as F

import mnist_cnn as mc
from mnist_cnn.sources.mnist import Unavailable

# MNIST


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


def pixel_statistics() -> tuple[float, float]:
    """Mean and standard deviation of the training images' pixels."""
    pixels = images_of(0).images
    return pixels.mean().item(), pixels.std().item()


def centre_of_mass() -> tuple[float, float]:
    """Column and row of the training images' centres of mass, on average."""
    ink, place = images_of(0).images[:, 0], torch.arange(float(INPUT[1]))
    total = ink.sum(dim=(1, 2))
    x, y = ((ink.sum(dim) @ place / total).mean().item() for dim in (1, 2))
    return round(x, 1), round(y, 1)


def ink_on_a_side(pixels: int) -> float:
    """The percentage of the test images' ink so near to a border, where most is."""
    images = images_of(1).images
    turned = [images.rot90(turns, dims=(2, 3)) for turns in range(4)]
    most = max(side[..., :pixels].sum().item() for side in turned)
    return 100 * most / images.sum().item()


@cache
def neighbours(count: int = TRAIN) -> float:
    """The accuracy on 1,000 test images of the nearest of the first training images."""
    train, test = images_of(0).first(count), images_of(1).first(1000)
    distances = torch.cdist(test.images.flatten(1), train.images.flatten(1))
    right = train.labels[distances.argmin(dim=1)] == test.labels
    return 100 * right.float().mean().item()


# The mean digits on it


@cache
def means() -> mc.NearestMean:
    return mc.NearestMean(images_of(0))


def score(model: nn.Module, images: Tensor | None = None) -> float:
    """The accuracy on the test images, or on others with their labels."""
    test = images_of(1)
    digits = test if images is None else mc.Digits(images, test.labels[: len(images)])
    return 100 * mc.evaluate(model, digits).accuracy


def nearest_mean() -> tuple[float, float, float]:
    """The mean digits' accuracy on the test images, and its interval."""
    return with_interval(round(TEST * score(means()) / 100))


def with_interval(correct: int) -> tuple[float, float, float]:
    """An accuracy on the test images and its interval."""
    return 100 * correct / TEST, *interval(correct, TEST)


def means_on_first(count: int) -> float:
    """The accuracy of the mean digits on the first test images."""
    return score(means(), images_of(1).images[:count])


def cost_of_moving(pixels: int, dim: int = 3) -> float:
    """What a move to the right or (2) down, around the edge, costs the mean digits."""
    moved = images_of(1).images.roll(pixels, dims=dim)
    return accuracy("nearest mean digit") - score(means(), moved)


def blurred(shift: int) -> float:
    """The accuracy of blurred mean digits on test images, moved and blurred."""
    return score(blurred_means(), blur(images_of(1).images.roll(shift, dims=3)))


def blur(images: Tensor) -> Tensor:
    return F.avg_pool2d(images, 3, 1, padding=1)


@cache
def blurred_means() -> mc.NearestMean:
    train = images_of(0)
    return mc.NearestMean(mc.Digits(blur(train.images), train.labels))


# The network on it


@cache
def network() -> mc.VGG:
    """The shipped one."""
    return mc.load()


@cache
def logits() -> Tensor:
    return mc.predict(network(), images_of(1).images)


def confidences() -> Tensor:
    return logits().softmax(dim=1).amax(dim=1)


def wrong() -> Tensor:
    """Which test images the shipped weights do not read."""
    return logits().argmax(dim=1) != images_of(1).labels


def vgg() -> tuple[float, float, float]:
    """The network's accuracy on the test images, and its interval."""
    return with_interval(TEST - int(wrong().sum()))


def most_confused() -> tuple[int, int, int]:
    """The true digit, the predicted one, and how often that was."""
    pairs = 10 * images_of(1).labels[wrong()] + logits().argmax(dim=1)[wrong()]
    pair = pairs.mode().values.item()
    return pair // 10, pair % 10, int((pairs == pair).sum())


def lowest(dim: int) -> tuple[int, float]:
    """The digit with the lowest precision (0) or recall (1), and that."""
    pairs = CLASSES * images_of(1).labels + logits().argmax(dim=1)
    counts = pairs.bincount(minlength=CLASSES**2).view(CLASSES, CLASSES)
    shares = counts.diag() / counts.sum(dim)
    return shares.argmin().item(), 100 * shares.min().item()


def surer_than(confidence: float) -> tuple[int, int]:
    """How many test images get more than this confidence, of how many."""
    return int((confidences() > confidence).sum()), TEST


def caught(percent: float) -> tuple[int, int]:
    """The mistakes among the images the network is least sure of, of all."""
    unsure = confidences().sort(stable=True).indices
    aside = unsure[: int(percent / 100 * TEST)]
    return int(wrong()[aside].sum()), int(wrong().sum())


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
    guesses = mc.predict(means(), images_of(1).images).argmax(dim=1)
    missed = guesses != images_of(1).labels
    return int((missed & ~wrong()).sum()), int((wrong() & ~missed).sum())


@cache
def moved(right: int = 0, down: int = 0, recipe: str = "plain") -> float:
    """The accuracy on moved test images."""
    images = F.pad(images_of(1).images, (right, -right, down, -down))
    return score(mc.load(recipe=recipe), images)


def changed_by_covering(side: int = 7) -> tuple[int, int]:
    """The places of a square that make test image 4 another digit, of all places."""
    places = INPUT[1] - side + 1
    images = images_of(1).images[4].repeat(places**2, 1, 1, 1)
    for i, image in enumerate(images):
        y, x = divmod(i, places)
        image[0, y : y + side, x : x + side] = 0
    return int((mc.predict(network(), images).argmax(dim=1) != 4).sum()), len(images)


@torch.no_grad()
def dark(count: int) -> tuple[int, int]:
    """The channels after the first block that some test images leave at 0, of all."""
    block = network().features[:7]
    peaks = block(images_of(1).images[:count]).amax(dim=(0, 2, 3))
    return int((peaks == 0).sum()), len(peaks)


@cache
def first_gradients() -> tuple[float, float, float]:
    """Typical gradients at the start: smallest and largest of a convolution, linear."""
    mc.seed_everything(0)
    model, digits = mc.VGG(), images_of(0).first(256)
    F.cross_entropy(model(digits.images), digits.labels).backward()
    weights = [p.grad for p in model.parameters() if p.ndim > 1]
    *convolutions, linear = (grad.square().mean().sqrt().item() for grad in weights)
    return min(convolutions), max(convolutions), linear


# Inside the network


def components_needed() -> tuple[int, int]:
    """The principal components that hold 90 % of the features' variance, the pixels'.

    For the first 2,000 test images, as in notebook 7.
    """
    images = images_of(1).images[:2_000]
    body = nn.Sequential(network().features, nn.Flatten())
    shares = []
    for points in (mc.predict(body, images), images.flatten(1)):
        spread = np.linalg.svd(points - points.mean(dim=0), compute_uv=False)
        shares.append(np.cumsum(spread**2) / np.sum(spread**2))
    return tuple(int(np.searchsorted(share, 0.9)) + 1 for share in shares)


def labels_in_doubt() -> int:
    """How many of 20,000 training images have five neighbours of one other label.

    Of those that the network does not read as labelled, and without themselves.
    """
    known = images_of(0).first(20_000)
    misread = mc.predict(network(), known.images).argmax(dim=1) != known.labels
    near = mc.neighbours(network(), known, known.images[misread], k=6)[1][:, 1:]
    labels, near = known.labels[misread], known.labels[near]
    agree = near.amax(dim=1) == near.amin(dim=1)
    return int((agree & (near[:, 0] != labels)).sum())


def left_after(steps: int) -> float:
    """What so many steps of FGSM, 0.1 in all, leave of the first 500 test images."""
    few = images_of(1).first(500)
    moved = few.images
    for _ in range(steps):
        moved = moved.clone().requires_grad_()
        loss = F.cross_entropy(network()(moved), few.labels)
        sign = torch.autograd.grad(loss, moved)[0].sign()
        moved = (moved.detach() + 0.1 / steps * sign).clamp(0, 1)
    return score(network(), moved)


# The network on images that are not MNIST's


def sureness(images: Tensor) -> float:
    """The mean confidence of the shipped weights."""
    return mc.predict(network(), images).softmax(dim=1).amax(dim=1).mean().item()


def paper() -> Tensor:
    return torch.zeros(1, *INPUT)


def noise() -> Tensor:
    return torch.rand(100, *INPUT, generator=torch.Generator().manual_seed(0))


def mirrored(leave_out: tuple[int, ...] = ()) -> Tensor:
    """The first 100 test images, left and right swapped, but for some digits."""
    images, labels = images_of(1).images[:100], images_of(1).labels[:100]
    return images[~torch.isin(labels, torch.tensor(leave_out))].flip(3)


def photo(name: str) -> Path:
    return ROOT / "mnist_cnn" / "photos" / f"{name}.jpg"


def sureness_of_photo(name: str) -> float:
    """The network's confidence, in percent, as the photo is prepared."""
    return 100 * sureness(mc.to_mnist(photo(name)).unsqueeze(0))


def refused_with_the_heart() -> tuple[float, float]:
    """How familiar it is, and which share of other digits, in percent, is not more."""
    train, model = images_of(0), network()
    known, held_out = train.first(20_000), train.images[50_000:55_000]

    def similarity(images: Tensor) -> Tensor:
        return mc.neighbours(model, known, images)[0][:, -1]

    heart = similarity(mc.to_mnist(photo("heart")).unsqueeze(0))
    refused = (similarity(held_out) <= heart).float().mean()
    return heart.item(), 100 * refused.item()


def shrunk(path: Path) -> Tensor:
    """A photo as it is, made 28x28."""
    grey = ImageOps.exif_transpose(Image.open(path)).convert("L")
    return torch.from_numpy(np.array(grey.resize((28, 28)))).unsqueeze(0) / 255


@cache
def photos_read(prepare: Callable[[Path], Tensor] = mc.to_mnist) -> tuple[int, int]:
    """How many photos of the ten digits are read, of how many."""
    images = torch.stack([prepare(photo(digit)) for digit in "0123456789"])
    guesses = mc.predict(network(), images).argmax(dim=1)
    return int((guesses == torch.arange(len(images))).sum()), len(images)
