"""The check of each exercise: a row of ``CHECKS``, at the end.

Most compare numbers; the others are functions, which get the answer and the recorded
values, and raise ``Slip`` with the id of a hint.
"""

import math
from contextlib import ExitStack
from copy import deepcopy
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mnist_cnn.arguments import shorten
from mnist_cnn.checkpoints import load
from mnist_cnn.data import CLASSES, IMAGE_SHAPE
from mnist_cnn.exercises.matchers import (
    ROUNDED,
    Check,
    Slip,
    Values,
    batch,
    digit,
    equal,
    expect,
    items,
    layers,
    number,
    several,
    share,
    side,
    tensor,
    whole,
)
from mnist_cnn.metrics import predict
from mnist_cnn.model import linear_baseline, trace
from mnist_cnn.training import steps

STRANGE = ("blank paper", "noise", "mirrored digits")  # of 6.3
NEAR = equal(number, within=5e-4)
LINEAR = ("Conv2d", "Flatten", "Linear")


def farthest_zeros(answer: Any, known: Values) -> Values:
    """1.2: the five zeros of the training set farthest from the mean 0."""
    whole_numbers = several(answer) and all(
        isinstance(item, int) or getattr(item, "ndim", 1) == 0 for item in answer
    )
    expect(not (whole_numbers and len(answer) == 5), "positions")
    images = tensor(answer, (5, *IMAGE_SHAPE))
    mean = torch.tensor(known["mean"]).reshape(IMAGE_SHAPE)
    far = (images - mean).square().sum(dim=(1, 2, 3)).sqrt().sort().values
    nearest, farthest = (torch.tensor(known[key]) for key in ("nearest", "farthest"))
    shown = {"first": far[0], "last": far[-1], "bound": farthest[0], "away": far.mean()}
    expect(not torch.allclose(far, nearest, atol=2e-3), "nearest", **shown)
    if not torch.allclose(far, farthest, atol=2e-3):
        too_near = far[0] < farthest[0] and far[-1] < farthest[-1] + 2e-3
        raise Slip("too_near" if too_near else "too_far", **shown)
    return shown


def kernel_for_ink_below(answer: Any, known: Values) -> Values:
    """2.1: a kernel that finds horizontal edges with ink below."""
    kernel = tensor(answer, (3, 3))
    below, right = torch.zeros(3, 3), torch.zeros(3, 3)
    below[2], right[:, 2] = 1, 1
    patches = (below, below.flip(0), right, right.flip(1), torch.ones(3, 3))
    under, above, *sides, full = ((kernel * p).sum().item() for p in patches)
    upright = max(map(abs, sides)) > 1e-4
    expect(not (upright and abs(under) < 1e-4), "still_vertical")
    expect(abs(full) < 1e-4, "full", full=full)
    expect(not upright, "vertical_too")
    expect(under > 0 > above, "sign", under=under, above=above)
    return {}


def network_of_ones_own(answer: Any, known: Values) -> Values:
    """3.2: a network of two blocks of two convolutions, with 8 and 16 filters."""
    rows = layers(answer)
    counted = sum(p.numel() for p in answer.parameters())
    held = sum(row.parameters for row in rows)
    expect(held == counted, "unused", held=held, counted=counted)
    found = [row.output_shape[1:] for row in rows if row.kind == "Conv2d"]
    sides = ", ".join("x".join(map(str, shape)) for shape in found) or "nothing"
    wanted = [(8, 28, 28)] * 2 + [(16, 14, 14)] * 2
    expect(found == wanted, "convolutions", sides=sides)
    reached, gave, logits = with_noise(answer)
    bare = [str(n) for n, into in enumerate(reached[1:5], 1) if into.min() != 0]
    expect(not bare, "relu", bare=", ".join(bare))
    expect(torch.equal(logits, gave[-1]), "no_logits")
    return {"parameters": counted}


def with_noise(model: nn.Module) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """What reaches each layer where all give mere noise, that noise, and the answer.

    It shows ReLU, which makes zeros of noise, however the model is written.
    """
    generator, reached, gave = torch.Generator().manual_seed(0), [], []

    def record(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        reached.append(inputs[0].detach().clone())  # what follows may work in place
        gave.append(torch.randn(output.shape, generator=generator))
        return gave[-1].clone().to(output.device)

    with ExitStack() as hooks:
        for part in model.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                hooks.enter_context(part.register_forward_hook(record))
        return reached, gave, predict(model, torch.zeros(7, *IMAGE_SHAPE))


def halving_by_convolution(answer: Any, known: Values) -> Values:
    """3.3: a model with a convolution in the place of each pool."""
    parts = answer.named_modules() if isinstance(answer, nn.Module) else ()
    pools = [name for name, part in parts if "Pool" in type(part).__name__]
    expect(not pools, "pool", pools=" and ".join(pools))
    try:
        rows = layers(answer)
    except Slip as slip:
        raise why_it_fails(answer, slip) from None
    convolutions = [row for row in rows if row.kind == "Conv2d"]
    expect(len(convolutions) == 8, "convolutions", found=len(convolutions))
    follows = {row.name: after.kind for row, after in pairwise(rows)}
    bare = [row.name for row in convolutions if follows.get(row.name) in LINEAR]
    return {
        "parameters": sum(row.parameters for row in rows),
        "multiply_adds": sum(row.multiply_adds for row in rows),
        "field": convolutions[-1].receptive_field,
        "bare": " and ".join(bare),
        "remark": "right_no_relu" if bare else "right",
    }


def why_it_fails(model: Any, slip: Slip) -> Slip:
    """What keeps an image from passing; the same slip where that cannot be told."""
    try:
        maps = trace(model.features)[-1].output_shape[1:]
    except Exception:  # it fails before the linear layer, or has other parts
        return slip
    count = math.prod(maps)
    shown = {"maps": "x".join(map(str, maps)), "count": count}
    return slip if slip.name == "logits" else Slip("not_halved", **shown)


def without_zero_grad(answer: Any, known: Values) -> Values:
    """5.1: the losses of one batch while the gradients pile up."""
    losses = [number(item) for item in items(answer, 200)]
    nothing, mean = math.log(CLASSES), sum(losses[-20:]) / 20
    shown = {"first": losses[0], "nothing": nothing, "mean": mean}
    expect(abs(losses[0] - nothing) < 0.1, "old_model", **shown)
    expect(max(losses) > min(losses), "no_step")
    # With it they stay below 0.05; without, from better initial weights, they jump up
    expect(max(losses[100:]) > 0.3, "zero_grad", **shown)
    fell = min(losses) < nothing / 2
    return shown | {"least": min(losses), "remark": "right_fell" if fell else "right"}


def kernel_found_again(answer: Any, known: Values) -> Values:
    """4.3: a kernel, and what training made of another."""
    pair = items(answer, 2)
    yours, learned = (tensor(kernel, (3, 3)) for kernel in pair)
    expect(bool((yours != 0).any()), "zeros")
    expect(pair[0] is not pair[1], "same")
    expect((yours + learned).abs().max().item() >= 0.05, "negative")
    off = (yours - learned).abs().max().item()
    expect(off < 0.05, "different", off=off)
    return {"off": off}


def loop_from_memory(answer: Any, known: Values) -> Values:
    """5.2: a function that takes twenty steps and returns their losses."""
    expect(callable(answer), "no_function", got=shorten(answer))
    images = (0.37 * torch.arange(7840)).sin().abs().reshape(-1, *IMAGE_SHAPE)
    with torch.random.fork_rng(devices=[]):  # the reader's numbers stay as they were
        start, batch = linear_baseline(), (images, torch.arange(CLASSES))

    def taken(clear: bool) -> Tensor:
        model = deepcopy(start)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
        if not clear:
            vars(optimizer)["zero_grad"] = lambda: None
        return torch.stack([s.loss for s in steps(model, [batch] * 20, optimizer)])

    try:
        found = answer(deepcopy(start), *batch)
    except Exception as error:  # the function may be anything
        raise Slip("stops", reason=f"{type(error).__name__}: {error}") from error
    losses, right = torch.tensor([number(i) for i in items(found, 20)]), taken(True)
    expect(bool(losses.min() < losses.max()), "no_step")
    expect(not torch.allclose(losses, taken(False), atol=1e-3), "zero_grad")
    expect(torch.allclose(losses, right, atol=1e-3), "other", last=losses[-1])
    return {}


def off_the_plateau(answer: Any, known: Values) -> Values:
    """5.3: what makes the optimizer, SGD of some kind, and the losses it leads to."""
    make, found = items(answer, 2)
    expect(callable(make) or not callable(found), "reversed")
    expect(callable(make), "no_function", make=shorten(make))
    try:
        optimizer = make([torch.zeros(3, 3, requires_grad=True)])
    except Exception as error:  # the function may be anything
        raise Slip("no_optimizer", reason=error) from error
    used = type(optimizer).__name__
    expect(isinstance(optimizer, torch.optim.SGD), "not_sgd", used=used)
    losses = [number(item) for item in items(found, 300)]
    shown = {"mean": sum(losses[-50:]) / 50, "nothing": math.log(CLASSES)}
    expect(shown["mean"] < known["threshold"], "plateau", **shown)
    return shown


def box_in_the_corner(answer: Any, known: Values) -> Values:
    """7.1: an image with the box of photo 3 in its top left corner."""
    image = tensor(answer, IMAGE_SHAPE)
    low, high = (value.item() for value in image.aminmax())
    expect(low >= 0 and 0 < high <= 1, "range", low=low, high=high)
    _, rows, columns = image.nonzero().unbind(dim=1)
    top, left, bottom = rows.min().item(), columns.min().item(), rows.max().item()
    expect(top == left == 0, "corner", top=top, left=left)
    expect(bottom == 19, "height", height=bottom + 1)
    boxes = torch.tensor(known["boxes"]).float()  # (10, 784), each in its corner
    closest = F.cosine_similarity(image.flatten(1), boxes).argmax().item()
    expect(closest == 3, "other_photo", closest=closest)
    chances = predict(load(), image.unsqueeze(0)).softmax(dim=1)[0].topk(2)
    (chance, less), (best, second) = (found.tolist() for found in chances)
    return {"digit": best, "chance": chance, "second": second, "less": less}


def refused_photos(answer: Any, known: Values) -> Values:
    """7.3: which hard photos pass at 0.99, and how many good ones do not."""
    answered, lost = items(answer, 2)
    listed = isinstance(answered, list | tuple | set)
    expect(listed, "no_list", got=type(answered).__name__)
    answered = {str(name).lower().removesuffix(".jpg") for name in answered}
    expect(answered <= known["hard"].keys(), "names", names=[*known["hard"]])
    for name, sureness in known["hard"].items():
        passes, shown = sureness >= 0.99, {"name": name, "sureness": sureness}
        if name in answered:
            expect(sureness > 0, "no_ink", **shown)
            expect(passes, "refused", **shown)
        else:
            expect(not passes, "answered", **shown)
    return equal(whole)(lost, known)


def seeds_needed(answer: Any, known: Values) -> Values:
    """10.3: how many seeds bring the standard error to 0.02 points."""
    value = whole(answer)
    expect(value >= 1, "none", value=value)
    error = math.sqrt(2 / value) * known["spread"]
    return equal(whole)(value, known | {"error": error})


def label_in_doubt(answer: Any, known: Values) -> Values:
    """11.2: a known image whose five nearest others agree on another label."""
    place = whole(answer)
    expect(0 <= place < known["known"], "no_position", value=place)
    expect(str(place) in known["doubtful"], "not_in_doubt", value=place)
    return {**known["doubtful"][str(place)]}


CHECKS: dict[str, Check] = {
    "1.1": equal(digit, "most", "least", by_value=("ink",)),
    "1.2": farthest_zeros,
    "1.3": equal(share, "centred", "moved", within=ROUNDED),
    "1.4": equal(share, within=0.0015),
    "2.1": kernel_for_ink_below,
    "2.2": equal(side),
    "3.1": equal(whole),
    "3.2": network_of_ones_own,
    "3.3": halving_by_convolution,
    "4.1": equal(number, "0.5", "0.9", "0.99", within=0.0055),
    "4.2": equal(number, "SGD", "Adam", within=1e-3),
    "4.3": kernel_found_again,
    "5.1": without_zero_grad,
    "5.2": loop_from_memory,
    "5.3": off_the_plateau,
    "6.1": equal(whole),
    "6.2": equal(share, "precision", "recall", within=ROUNDED),
    "6.3": equal(share, *STRANGE, within=(0.005, 0.06, 0.005)),  # noise differs
    "6.4": equal(whole, "network", "means"),
    "6.5": equal(whole),
    "7.1": box_in_the_corner,
    "7.2": equal(digit, by_value=("taken", "sureness")),
    "7.3": refused_photos,
    "8.1": equal(number, within=1e-3),
    "8.2": equal(share, within=0.003),
    "9.1": equal(number, within=1e-3),
    "9.2": equal(whole),
    "10.1": equal(whole),
    "10.3": seeds_needed,
    "11.1": equal(share, within=0.003),
    "11.2": label_in_doubt,
    "11.3": equal(share, within=0.015),
    **{f"mend.{n}": batch if 1 < n < 5 else NEAR for n in range(1, 9)},
}
