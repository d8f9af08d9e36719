"""Record what the exercises expect: mnist_cnn/exercises/expected.json.

Run it where MNIST is, after a change of the shipped weights, of the photos or of an
exercise: ``python tools/expected.py``, with its number where it is about one. A new
exercise gets a function here, named in ``FIXED`` or, where its answer depends on the
digits, in ``BY_SOURCE``. It returns what the check and its hints need: for ``equal``,
"right" and, by their ids, "slips".
"""

import json
import math
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

import mnist_cnn as mc
from mnist_cnn.handwriting.prepare import centre

PACKAGE = Path(mc.__file__).parent
FILE = PACKAGE / "exercises" / "expected.json"
PHOTOS = PACKAGE / "photos"
Recorded = dict[str, Any]


# Notebook 1


def most_and_least_ink(train: mc.Digits, test: mc.Digits) -> Recorded:
    ink = [train.images[train.labels == d].mean().item() for d in range(10)]
    return {"right": [ink.index(max(ink)), ink.index(min(ink))], "ink": ink}


def farthest_zeros(train: mc.Digits, test: mc.Digits) -> Recorded:
    zeros = train.images[train.labels == 0]
    mean = zeros.mean(dim=0)
    far = (zeros - mean).square().sum(dim=(1, 2, 3)).sqrt().sort().values.tolist()
    return {
        "nearest": far[:5],
        "farthest": far[-5:],
        "mean": mean.flatten().tolist(),
    }


def accuracy_with_blur(train: mc.Digits, test: mc.Digits) -> Recorded:
    def blur(images: Tensor) -> Tensor:
        return F.avg_pool2d(images, kernel_size=3, stride=1, padding=1)

    def score(model: nn.Module, images: Tensor) -> float:
        return mc.evaluate(model, mc.Digits(images, test.labels)).accuracy

    sharp, soft = (
        mc.NearestMean(mc.Digits(images, train.labels))
        for images in (train.images, blur(train.images))
    )
    sets = test.images, test.images.roll(2, dims=3)
    # Blurred first, as the exercise says: at the border, the order matters
    moves = {"left": (-2, 3), "down": (2, 2), "up": (-2, 2)}
    softly = blur(test.images)
    others = {name: score(soft, softly.roll(*move)) for name, move in moves.items()}
    return {
        "right": [score(soft, blur(images)) for images in sets],
        "slips": {
            "sharp": [score(sharp, images) for images in sets],
            "training": [score(soft, images) for images in sets],
            "test": [score(sharp, blur(images)) for images in sets],
            **{name: [None, other] for name, other in others.items()},
        },
    }


def nearest_image(train: mc.Digits, test: mc.Digits) -> Recorded:
    some, rows = test.first(1000), train.images.flatten(1)
    parts = some.images.flatten(1).split(250)  # 60 MB of distances at a time
    nearest = torch.cat([torch.cdist(part, rows).argmin(dim=1) for part in parts])
    right = (train.labels[nearest] == some.labels).float().mean().item()
    means = mc.evaluate(mc.NearestMean(train), some).accuracy
    return {"right": right, "slips": {"itself": 1.0, "mean": means}}


# Notebooks 2 and 3


def parameters_with_32_filters() -> Recorded:
    sizes = [p.shape for p in mc.VGG(filters=32).parameters()]
    total = sum(size.numel() for size in sizes)
    ours = sum(p.numel() for p in mc.VGG().parameters())
    slips = {
        "biases": sum(size.numel() for size in sizes if len(size) > 1),
        "last_biases": total - mc.CLASSES,
        "filters": ours,
        "doubled": 2 * ours,
        "features": total - 16 * 49 * 10,
        "channels": total + 32 * 31 * 9,
        "sixteen": total - 5 * 16 * 32 * 9,
    }
    return {"right": total, "slips": slips}


def side_without_padding() -> Recorded:
    three = nn.Sequential(*[nn.Conv2d(1, 1, 3) for _ in range(3)])
    first, _, last = (row.output_shape[-1] for row in mc.trace(three))
    return {"right": last, "slips": {"padding": 28, "one": first, "one_side": 28 - 3}}


# Notebooks 4 and 5


def price_of_doubt() -> Recorded:
    chances = (0.5, 0.9, 0.99)
    return {
        "right": [-math.log(p) for p in chances],
        "slips": {
            "minus": [math.log(p) for p in chances],
            "log10": [-math.log10(p) for p in chances],
            "log2": [-math.log2(p) for p in chances],
            "linear": [1 - p for p in chances],
        },
    }


def first_step() -> Recorded:
    after = []
    for optimizer in (torch.optim.SGD, torch.optim.Adam):
        weight = torch.tensor([0.5], requires_grad=True)
        weight.grad = torch.tensor([-2.0])
        optimizer([weight], lr=0.1).step()
        after.append(weight.item())
    slips = {
        "uphill": [1 - weight for weight in after],
        "move": [weight - 0.5 for weight in after],
        "exchanged": after[::-1],
    }
    return {"right": after, "slips": slips}


def plateau() -> Recorded:
    return {"threshold": mc.load_study("plateau")["threshold"]}


# Notebook 6


def right_in_second_place(train: mc.Digits, test: mc.Digits) -> Recorded:
    logits = mc.predict(mc.load(source=test.source), test.images)
    order = logits.argsort(dim=1, descending=True)
    places = (order == test.labels[:, None]).sum(dim=0).tolist()
    first, second, *_ = places
    wrong = len(test) - first
    slips = {"all": wrong, "right_too": first + second, "farther": wrong - second}
    return {"right": second, "slips": slips | {"percent": round(100 * second / wrong)}}


def precision_and_recall(train: mc.Digits, test: mc.Digits) -> Recorded:
    called = mc.predict(mc.load(source=test.source), test.images).argmax(dim=1) == 7
    is_seven = test.labels == 7
    both = (is_seven & called).sum()
    precision, recall = (both / called.sum()).item(), (both / is_seven.sum()).item()
    return {"right": [precision, recall], "slips": {"exchanged": [recall, precision]}}


def confidence_in_strange_images(train: mc.Digits, test: mc.Digits) -> Recorded:
    model, generator = mc.load(source=test.source), torch.Generator().manual_seed(0)
    kinds = (
        torch.zeros(100, 1, 28, 28),
        torch.rand(2000, 1, 28, 28, generator=generator),  # the mean of many draws
        test.images[:100].flip(3),
    )
    chances = [mc.predict(model, images).softmax(dim=1) for images in kinds]
    blank, noise, mirrored = (p.amax(dim=1).mean().item() for p in chances)
    changed = ~torch.isin(test.labels[:100], torch.tensor([0, 1, 8]))
    changed_alone = chances[2][changed].amax(dim=1).mean().item()
    slips = {"mean": [0.1] * 3, "changed_alone": [None, None, changed_alone]}
    return {"right": [blank, noise, mirrored], "slips": slips}


def read_by_one_alone(train: mc.Digits, test: mc.Digits) -> Recorded:
    models = mc.load(source=test.source), mc.NearestMean(train)
    network, means = (
        mc.predict(model, test.images).argmax(dim=1) == test.labels for model in models
    )
    both, totals = (network & means).sum().item(), [network.sum(), means.sum()]
    alone = [total.item() - both for total in totals]
    slips = {
        "both": [both, both],
        "score": [total.item() for total in totals],
        "mistakes": [len(test) - total.item() for total in totals],
    }
    return {"right": alone, "slips": slips, "rest": len(test) - sum(alone)}


def covered_places(train: mc.Digits, test: mc.Digits) -> Recorded:
    covered = test.images[test.labels == 4][0].repeat(22 * 22, 1, 1, 1)
    for i, image in enumerate(covered):
        y, x = divmod(i, 22)
        image[0, y : y + 7, x : x + 7] = 0
    answers = mc.predict(mc.load(source=test.source), covered).argmax(dim=1)
    changed = (answers != 4).sum().item()
    return {"right": changed, "slips": {"unchanged": 22 * 22 - changed}}


# Notebook 7: photos, read by the weights for MNIST


def chances_of(image: Tensor) -> Tensor:
    """The ten probabilities of one image (1, 28, 28)."""
    return mc.predict(mc.load(), image.unsqueeze(0)).softmax(dim=1)[0]


def box_in_the_corner() -> Recorded:
    corners = torch.zeros(10, 28, 28)
    for digit, corner in enumerate(corners):
        _, steps = mc.to_mnist(PHOTOS / f"{digit}.jpg", steps=True)
        height, width = steps["box"].shape
        corner[:height, :width] = torch.from_numpy(steps["box"])
    return {"boxes": (255 * corners).round().int().flatten(1).tolist()}


def worst_when_square() -> Recorded:
    read = []
    for digit in range(10):
        _, steps = mc.to_mnist(PHOTOS / f"{digit}.jpg", steps=True)
        crop = Image.fromarray(steps["crop"])
        square = np.array(crop.resize((20, 20), Image.Resampling.BOX))
        read.append(chances_of(torch.from_numpy(centre(square)).unsqueeze(0)))
    taken = [chances.argmax().item() for chances in read]
    worst = min(range(10), key=lambda digit: read[digit][digit].item())
    return {
        "right": worst,
        "slips": {"taken_for": taken[worst]},
        "taken": taken,
        "sureness": [chances.max().item() for chances in read],
    }


def refused_photos() -> Recorded:
    sureness = {}  # 0 where there is no ink to read
    for path in sorted(PHOTOS.glob("*.jpg")):
        try:
            with warnings.catch_warnings():  # of the two digits of the 42
                warnings.simplefilter("ignore")
                sureness[path.stem] = chances_of(mc.to_mnist(path)).max().item()
        except ValueError:
            sureness[path.stem] = 0.0
    del sureness["page"]  # no photo of one digit
    good = {name: sureness.pop(name) for name in "0123456789"}
    least = min(good, key=good.__getitem__)
    refused = sum(one < 0.99 for one in good.values())
    return {
        "hard": sureness,
        "right": refused,
        "slips": {"good_answered": len(good) - refused},
        "least": least,
        "least_sureness": good[least],
    }


# Notebook 8


def cosine_of_three() -> Recorded:
    products = 1 * 2 + 2 * 1 + 2 * 2
    squares = 1 + 4 + 4  # of either list, so their lengths are its root
    slips = {
        "sum": products,
        "one_length": products / math.sqrt(squares),
        "no_root": products / squares**2,
    }
    return {"right": products / squares, "slips": slips}


def refused_by_the_score(train: mc.Digits, test: mc.Digits) -> Recorded:
    model = mc.load(source=test.source)
    others = train.images[50_000:55_000]
    drawn, meant = some(test).first(1_000).tensors
    on_side = F.pad(drawn.rot90(1, dims=(2, 3)), (0, 0, 1, -1))[meant != 0]
    upside_down = F.pad(drawn.rot90(2, dims=(2, 3)), (1, -1, 1, -1))
    upside_down = upside_down[torch.isin(meant, torch.tensor([3, 4, 7]))]
    known = mc.Neighbours(model, train.first(20_000))

    def refused(measure: Callable[[Tensor], Tensor], images: Tensor) -> float:
        limit = measure(others).quantile(0.02)
        return (measure(images) < limit).float().mean().item()

    def score(images: Tensor) -> Tensor:
        return mc.predict(model, images).amax(dim=1)

    def sureness(images: Tensor) -> Tensor:
        return mc.predict(model, images).softmax(dim=1).amax(dim=1)

    def similarity(images: Tensor) -> Tensor:
        return known.find(images)[0][:, -1]

    right = refused(score, on_side)
    slips = {
        "similarity": refused(similarity, on_side),
        "softmax": refused(sureness, on_side),
        "upside_down": refused(score, upside_down),
        "passed": 1 - right,
    }
    return {"right": right, "slips": slips}


# Notebook 9


def weights_of_the_first_layer() -> Recorded:
    n = 1 * 3 * 3
    slips = {
        "variance": 2 / n,
        "pytorch": math.sqrt(1 / (3 * n)),
        "second": math.sqrt(2 / (16 * 9)),
        "linear": math.sqrt(1 / n),
    }
    return {"right": math.sqrt(2 / n), "slips": slips}


def layers_until_faded() -> Recorded:
    layers = math.ceil(math.log(0.001) / math.log(0.41))
    return {"right": layers, "slips": {"before": layers - 1, "six": 6}}


# Notebook 10


def parameters_of_batch_norm() -> Recorded:
    plain, normed = (
        sum(p.numel() for p in mc.VGG(batch_norm=norm).parameters())
        for norm in (False, True)
    )
    two_for_each = 6 * 16 * 2
    return {
        "right": two_for_each,
        "slips": {
            "growth": normed - plain,  # six convolutions lose their biases
            "one": two_for_each // 6,
            "running": 2 * two_for_each,
            "all": plain + two_for_each,
        },
    }


def seeds_needed() -> Recorded:
    spread = 100 * mc.load_study("ablations")["rows"][0]["standard_deviation"]
    wanted, hundredths = 0.02, round(100 * spread)
    slips = {
        "share": math.ceil(2 * (spread / 100) ** 2 / wanted**2),
        "rounded": math.ceil(2 * (hundredths / (100 * wanted)) ** 2 - 1e-9),
        "one_mean": math.ceil(spread**2 / wanted**2),
        "root": math.ceil(math.sqrt(2) * spread / wanted),
    }
    needed = math.ceil(2 * spread**2 / wanted**2)
    return {"right": needed, "slips": slips, "spread": spread}


# Notebook 11


def some(test: mc.Digits) -> mc.Digits:
    """The 2,000 test digits that the notebook draws at random."""
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(0))
    return test.take(order[:2_000])


def bar_lower(train: mc.Digits, test: mc.Digits) -> Recorded:
    model = mc.load(source=test.source)
    right = mc.predict(model, test.images).argmax(dim=1) == test.labels
    fours = test.images[right & (test.labels == 4)]
    four, nine = (train.images[train.labels == d].mean(dim=0) for d in (4, 9))
    bar = torch.zeros(1, 28, 28)
    bar[:, 5:10, 10:20] = (nine - four).clamp(min=0)[:, 5:10, 10:20]

    long = mc.load(recipe="long", source=test.source)

    def turned(rows: int, network: nn.Module = long) -> float:
        painted = torch.maximum(fours, (bar / bar.max()).roll(rows, dims=1))
        return (mc.predict(network, painted).argmax(dim=1) == 9).double().mean().item()

    slips = {"gap": turned(0), "plain": turned(2, model)}
    return {"right": turned(2), "slips": slips}


def labels_in_doubt(train: mc.Digits, test: mc.Digits) -> Recorded:
    known = train.first(20_000)
    likeness = mc.Neighbours(mc.load(source=test.source), known)
    places = likeness.find(known.images, k=6)[1]
    doubtful = {}
    for place, near in enumerate(places.tolist()):
        others = [i for i in near if i != place][:5]
        label, labels = known.labels[place].item(), known.labels[others].unique()
        if len(labels) == 1 and label != labels.item():
            doubtful[str(place)] = {"label": label, "others": labels.item()}
    return {"doubtful": doubtful, "known": len(known)}


def ten_small_steps(train: mc.Digits, test: mc.Digits) -> Recorded:
    few, model = some(test).first(500), mc.load(source=test.source)

    def pushed(steps: int) -> float:
        moved = few.images
        for _ in range(steps):
            pixels = moved.clone().requires_grad_()
            loss = F.cross_entropy(model(pixels), few.labels, reduction="sum")
            sign = torch.autograd.grad(loss, pixels)[0].sign()
            moved = (moved + 0.1 / steps * sign).clamp(0, 1)
        return mc.evaluate(model, mc.Digits(moved, few.labels)).accuracy

    one_step = pushed(1)
    return {"right": pushed(10), "slips": {"one_step": one_step}, "one_step": one_step}


# Beside the series: notebooks/mend_it.ipynb


def features_of_eight_maps() -> Recorded:
    side = 28 // 2 // 2
    return {"right": 8 * side**2, "slips": {"sixteen": 16 * side**2}}


def on_the_gpu() -> Recorded:
    return {"place": "meta"}


def compared_with_their_own() -> Recorded:
    answers, labels = torch.tensor([1, 1, 7, 4]), torch.tensor([1, 1, 1, 4])
    crossed = answers[:, None] == labels
    return {
        "right": (answers == labels).sum().item(),
        "slips": {"crossed": crossed.sum().item()},
    }


def five_steps() -> Recorded:
    def end(keep: bool) -> float:
        w, slope = 3.0, 0.0
        for _ in range(5):
            slope = 2 * w + (slope if keep else 0)
            w -= 0.1 * slope
        return w

    return {"right": end(keep=False), "slips": {"piled": end(keep=True)}}


def price_of_three_scores() -> Recorded:
    shares = torch.tensor([2.0, 1.0, 0.0]).softmax(dim=0)
    twice = shares.softmax(dim=0)
    right, twice = (-values[0].log().item() for values in (shares, twice))
    return {"right": right, "slips": {"twice": twice}}


def price_of_large_scores() -> Recorded:
    first, second, _ = -torch.tensor([100.0, 99.0, 0.0]).log_softmax(dim=0)
    return {"right": first.item(), "slips": {"second": second.item()}}


FIXED: dict[str, Callable[[], Recorded]] = {
    "2.2": side_without_padding,
    "3.1": parameters_with_32_filters,
    "4.1": price_of_doubt,
    "4.2": first_step,
    "5.3": plateau,
    "7.1": box_in_the_corner,
    "7.2": worst_when_square,
    "7.3": refused_photos,
    "8.1": cosine_of_three,
    "9.1": weights_of_the_first_layer,
    "9.2": layers_until_faded,
    "10.1": parameters_of_batch_norm,
    "10.3": seeds_needed,
    "mend.1": features_of_eight_maps,
    "mend.4": on_the_gpu,
    "mend.5": compared_with_their_own,
    "mend.6": five_steps,
    "mend.7": price_of_three_scores,
    "mend.8": price_of_large_scores,
}
BY_SOURCE: dict[str, Callable[[mc.Digits, mc.Digits], Recorded]] = {
    "1.1": most_and_least_ink,
    "1.2": farthest_zeros,
    "1.3": accuracy_with_blur,
    "1.4": nearest_image,
    "6.1": right_in_second_place,
    "6.2": precision_and_recall,
    "6.3": confidence_in_strange_images,
    "6.4": read_by_one_alone,
    "6.5": covered_places,
    "8.2": refused_by_the_score,
    "11.1": bar_lower,
    "11.2": labels_in_doubt,
    "11.3": ten_small_steps,
}


def compute(number: str, *digits: mc.Digits) -> Recorded:
    """What is recorded of an exercise, from these train and test digits."""
    fixed = number in FIXED
    recorded = FIXED[number]() if fixed else BY_SOURCE[number](*digits)
    if "right" in recorded:  # a list, with an item for each part of the answer
        recorded["right"] = listed(recorded["right"])
        slips = recorded.get("slips", {})
        recorded["slips"] = {name: listed(wrong) for name, wrong in slips.items()}
    return dict(rounded(recorded))


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def rounded(value: Any) -> Any:
    """The same with six decimals, which is finer than any check looks."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in value.items()}
    return value


def main() -> None:
    numbers = sys.argv[1:] or [*FIXED, *BY_SOURCE]
    found = json.loads(FILE.read_text("utf-8")) if sys.argv[1:] else {}
    for number in FIXED.keys() & numbers:
        found[number] = {"any": compute(number)}
    for source in ("mnist", "standin") if BY_SOURCE.keys() & numbers else ():
        digits = mc.load_mnist(source=source)
        for number in sorted(BY_SOURCE.keys() & numbers):
            print(f"{number} {source}", flush=True)
            found.setdefault(number, {})[source] = compute(number, *digits)
    lines = []  # one for each exercise and source
    for number, sources in sorted(found.items()):
        rows = [f'  "{name}": {json.dumps(row)}' for name, row in sources.items()]
        lines.append(f' "{number}": {{\n' + ",\n".join(rows) + "\n }")
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    FILE.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
