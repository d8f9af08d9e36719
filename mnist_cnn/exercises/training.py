"""The answers to the exercises of notebook 3: training."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from mnist_cnn.data import CLASSES
from mnist_cnn.exercises.answers import (
    Wrong,
    compare,
    expect,
    items,
    number,
    register,
    tensor,
)
from mnist_cnn.studies import load_study


@register("3.1")
def price_of_doubt(answer: object) -> None:
    """What cross-entropy charges for three probabilities."""
    what = "three losses, at 0.5, 0.9 and 0.99"
    values = [number(item, what) for item in items(answer, 3, what)]
    chances = (0.5, 0.9, 0.99)

    def is_like(formula: Callable[[float], float]) -> bool:
        pairs = zip(values, map(formula, chances), strict=True)
        return all(abs(value - result) < 0.005 for value, result in pairs)

    expect(not is_like(math.log), "no loss is negative: a minus is missing")
    expect(not is_like(lambda p: -math.log10(p)), "ln is to base e, not to base 10")
    expect(not is_like(lambda p: -math.log2(p)), "ln is to base e, not to base 2")
    expect(not is_like(lambda p: 1 - p), "that is 1 - p, and the loss is -ln(p)")
    for p, value in zip(chances, values, strict=True):
        compare(value, -math.log(p), f"-ln({p}) is not {value:g}", within=0.005)


@register("3.2")
def first_step(answer: object) -> None:
    """Where the first step of SGD takes a weight, and where Adam's."""
    what = "two weights, after SGD's step and after Adam's"
    values = [number(item, what) for item in items(answer, 2, what)]
    after = {}
    for optimizer in (torch.optim.SGD, torch.optim.Adam):
        weight = torch.tensor([0.5], requires_grad=True)
        weight.grad = torch.tensor([-2.0])
        optimizer([weight], lr=0.1).step()
        after[optimizer.__name__] = weight.item()
    hints = (
        "SGD moves by the gradient itself, not by its sign",
        "that is SGD's step; Adam divides by the size of the gradient",
    )
    results = zip(values, after.items(), hints, reversed(after.values()), strict=True)
    for value, (name, result), hint, other in results:
        mistakes = {
            f"{name}: {value:g} is uphill, and a step goes down": 1 - result,
            f"{name}: {value:g} is the move, not the weight after it": result - 0.5,
            f"{name}: {hint}": other,
        }
        otherwise = (
            f"{name}: a step at a learning rate of 0.1 does not lead to {value:g}"
        )
        compare(value, result, otherwise, mistakes, within=1e-3)


@register("3.3")
def without_zero_grad(answer: object) -> str:
    """The losses of one batch while the gradients pile up."""
    what = "the list of 200 losses"
    losses = [number(item, what) for item in items(answer, 200, what)]
    nothing, mean = math.log(CLASSES), sum(losses[-20:]) / 20
    expect(
        abs(losses[0] - nothing) < 0.1,
        f"the first loss is {losses[0]:.2f}, and knowing nothing costs {nothing:.2f}: "
        "begin with a new model",
    )
    moving = max(losses) > min(losses)
    reason = "no optimizer.step(), or an optimizer made for another model"
    expect(moving, f"the loss stays the same: {reason}")
    remark = f"the last 20 losses average {mean:.2f}"
    # With zero_grad less than 0.05; without, from better first weights, 0.6 and more
    expect(mean > 0.3, f"{remark}: it has learned, so zero_grad() was there")
    if min(losses) < nothing / 2:
        return f"It came down to {min(losses):.2f} and was thrown up again: {remark}."
    return f"It has hardly learned: {remark}."


@register("3.4")
def kernel_found_again(answer: object) -> str:
    """A kernel, and what training made of another."""
    what = "two kernels, yours and the learned one"
    pair = items(answer, 2, what)
    yours, learned = (tensor(kernel, (3, 3), "a kernel") for kernel in pair)
    expect(bool((yours != 0).any()), "your kernel is all zeros: make one with an edge")
    same = "that is your kernel twice; the second is the one that was trained"
    expect(pair[0] is not pair[1], same)
    off = (yours - learned).abs().max().item()
    negative = (yours + learned).abs().max().item() < 0.05
    expect(not negative, "the learned one is yours with every sign changed")
    expect(off < 0.05, f"the two still differ by {off:.2f} in one place: train longer")
    return f"They differ by {off:.4f} at most."


@register("3.5")
def off_the_plateau(answer: object) -> str:
    """What makes the optimizer, SGD of some kind, and the losses it leads to."""
    what = "two, what makes the optimizer and the list of 300 losses"
    make, found = items(answer, 2, what)
    expect(callable(make), f"expected a function that makes the optimizer, got {make}")
    try:
        optimizer = make([torch.zeros(3, 3, requires_grad=True)])
    except Exception as error:  # the function may be anything
        raise Wrong(
            f"no optimizer comes of it: {str(error).partition(chr(10))[0]}"
        ) from error
    used = type(optimizer).__name__
    reason = f"that is {used}, and the question is how SGD gets off"
    expect(isinstance(optimizer, torch.optim.SGD), reason)
    losses = [number(item, what) for item in items(found, 300, what)]
    mean, nothing = sum(losses[-50:]) / 50, math.log(CLASSES)
    remark = f"the last 50 losses average {mean:.2f}"
    left = mean < load_study("plateau")["threshold"]
    expect(left, f"{remark}, and {nothing:.2f} is the plateau")
    return f"It has left the plateau: {remark}."
