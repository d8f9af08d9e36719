"""The answers to the exercises of notebook 2: the architecture."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import nn

from mnist_cnn.data import CLASSES, IMAGE_SHAPE
from mnist_cnn.exercises.answers import (
    Wrong,
    compare,
    expect,
    items,
    kind,
    register,
    several,
    tensor,
    whole,
)
from mnist_cnn.model import VGG, trace


@register("2.1")
def kernel_for_ink_below(answer: object) -> None:
    """A kernel that finds horizontal edges with ink below."""
    kernel = tensor(answer, (3, 3), "a kernel")
    below, right = torch.zeros(3, 3), torch.zeros(3, 3)
    below[2], right[:, 2] = 1, 1
    patches = (below, below.flip(0), right, right.flip(1), torch.ones(3, 3))
    under, above, *sides, full = ((kernel * p).sum().item() for p in patches)
    upright = max(map(abs, sides)) > 1e-4
    turn = upright and abs(under) < 1e-4
    expect(not turn, "this one still finds vertical edges: exchange rows and columns")
    reason = f"on a patch full of ink, which has no edge, it gives {full:g}, not 0"
    expect(abs(full) < 1e-4, reason)
    expect(not upright, "it answers to vertical edges, too: each column must sum to 0")
    reason = (
        f"ink below gives {under:g}, above {above:g}: the first should be above 0, the "
        "second below"
    )
    expect(under > 0 > above, reason)


@register("2.2")
def parameters_with_32_filters(answer: object) -> None:
    """How many parameters the VGG has with 32 filters."""
    value = whole(answer, "the number of parameters")
    with torch.device("meta"):  # shapes only
        sizes = [p.shape for p in VGG(filters=32).parameters()]
        ours = sum(p.numel() for p in VGG().parameters())
    total = sum(size.numel() for size in sizes)
    mistakes = {
        "the biases are missing, one a filter and one a digit": (
            sum(size.numel() for size in sizes if len(size) > 1)
        ),
        "the ten biases of the linear layer are missing": total - CLASSES,
        "that is with 16 filters": ours,
        "it is more than double: a filter has twice the channels to read": 2 * ours,
        "the linear layer reads 32 x 7 x 7 features now": total - 16 * 49 * 10,
        "the first layer reads one channel, not 32": total + 32 * 31 * 9,
    }
    less = "fewer" if value > total else "more"
    otherwise = f"there are {less}. A filter has 9 weights a channel, and one bias"
    compare(value, total, otherwise, mistakes)


@register("2.3")
def side_without_padding(answer: object) -> None:
    """How tall and wide the maps of three bare convolutions are."""
    what = "the height, which is also the width"
    shape = [answer, answer]
    if several(answer) and len(answer) > 1:  # up to images, channels, height, width
        shape = items(answer, min(len(answer), 4), what)
    *_, value, width = (whole(side, what) for side in shape)
    expect(value == width, f"expected {what}, got {value} and {width}")
    with torch.device("meta"):
        three = nn.Sequential(*[nn.Conv2d(1, 1, 3) for _ in range(3)])
    sides = [row.output_shape[-1] for row in trace(three)]
    mistakes = {
        "28 would be right with padding 1; here each layer loses a frame": 28,
        "that is after one layer, and there are three": sides[0],
        "each layer loses two pixels, one on either side": 28 - 3,
    }
    compare(value, sides[-1], f"{value} is not three frames less than 28", mistakes)


@register("2.4")
def network_of_ones_own(answer: object) -> str:
    """A network of two blocks of two convolutions, with 8 and 16 filters."""
    if isinstance(answer, type):
        raise Wrong(f"that is the class; make one of it: {answer.__name__}()")
    if not isinstance(answer, nn.Module):
        raise Wrong(f"expected a model, got {kind(answer)}")
    try:
        rows = trace(answer)
        with torch.no_grad():
            shape = tuple(answer(torch.zeros(7, *IMAGE_SHAPE)).shape)
    except Exception as error:  # the model may be anything
        reason = str(error).partition(chr(10))[0]
        raise Wrong(f"no image passes through it: {reason}") from error
    expect(shape == (7, CLASSES), f"7 images give {shape}, expected (7, {CLASSES})")
    found = [row.output_shape[1:] for row in rows if row.kind == "Conv2d"]
    expected = [(8, 28, 28)] * 2 + [(16, 14, 14)] * 2
    counted = sum(p.numel() for p in answer.parameters())
    held = sum(row.parameters for row in rows)
    reason = f"only {held:,} of its {counted:,} parameters are in layers that are used"
    expect(held == counted, reason)
    sides = ", ".join("x".join(map(str, shape)) for shape in found) or "nothing"
    expect(
        found == expected,
        f"its convolutions make {sides}, expected two of 8x28x28, then two of 16x14x14",
    )
    active = sum(row.kind == "ReLU" for row in rows)
    remark = f"{counted:,} parameters."
    if active != 4 and "ReLU" not in {row.kind for row in rows}:
        return f"{remark} This sees no nn.ReLU: F.relu in forward is as good."
    expect(
        active == 4, f"four convolutions, and {active} ReLU: each needs one after it"
    )
    return remark


def why_it_fails(model: nn.Module, error: Exception) -> str:
    """What keeps an image from passing through the model, in words."""
    try:
        maps = trace(model.get_submodule("features"))[-1].output_shape[1:]
    except Exception:  # it fails before the linear layer, or has other parts
        return f"no image passes through it: {str(error).partition(chr(10))[0]}"
    return (
        f"the last maps are {'x'.join(map(str, maps))}, {math.prod(maps):,} numbers, "
        "and the linear layer takes 784: each new layer has to halve the size"
    )


@register("2.5")
def halving_by_convolution(answer: object) -> str:
    """A model with a convolution in the place of each pool."""
    if not isinstance(answer, nn.Module):
        raise Wrong(f"expected a model, got {kind(answer)}")
    pools = [n for n, m in answer.named_modules() if "Pool" in type(m).__name__]
    expect(not pools, f"there still is a pool, {' and '.join(pools)}")
    try:
        rows = trace(answer)
    except Exception as error:  # the model may be anything
        raise Wrong(why_it_fails(answer, error)) from error
    convolutions = [row for row in rows if row.kind == "Conv2d"]
    reason = f"expected eight convolutions, two of them new, got {len(convolutions)}"
    expect(len(convolutions) == 8, reason)
    shape = rows[-1].output_shape
    expect(shape == (1, CLASSES), f"expected ten logits for an image, got {shape}")
    field = convolutions[-1].receptive_field
    remark = (
        f"{sum(row.parameters for row in rows):,} parameters, "
        f"{sum(row.multiply_adds for row in rows):,} multiply-adds, and a unit at the "
        f"flatten sees {field}x{field} pixels."
    )
    linear = ("Conv2d", "Flatten", "Linear")
    bare = [
        a.name for a, b in pairwise(rows) if a.kind == "Conv2d" and b.kind in linear
    ]
    if bare:
        remark += (
            f" But no nn.ReLU follows {' and '.join(bare)}: with the layer after it, "
            "each amounts to one linear layer."
        )
    return remark
