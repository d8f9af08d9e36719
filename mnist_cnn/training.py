"""The training loop: batches, steps, epochs, and what happened in each."""

import copy
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LRScheduler, OneCycleLR
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler

from mnist_cnn.arguments import check_model, real_number, shorten, whole_number
from mnist_cnn.augment import augment
from mnist_cnn.bar import progress_bar, time_left
from mnist_cnn.config import TrainConfig
from mnist_cnn.data import Digits, as_digits
from mnist_cnn.devices import Bfloat16, has_fast_bfloat16
from mnist_cnn.metrics import Metrics, evaluate
from mnist_cnn.model import device_of

__all__ = ["History", "Step", "fit", "make_loaders", "steps"]

Loader = DataLoader[tuple[Tensor, ...]]  # batches of (images, labels)


@dataclass(frozen=True)
class History:
    """What ``fit`` saw, one entry an epoch; entry 0 is the untrained model.

    Losses are mean cross-entropy in nats, accuracies lie in [0, 1]. Training figures
    are running means over the epoch's images, each taken just before the step that
    learns from it (of the images as moved, and with smoothed labels, where the config
    has these); those of entry 0 are from the first 1,000 images. Test figures follow
    the epoch. ``interrupted`` is True where the user stopped the run.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    interrupted: bool = False

    def plus(self, train: Metrics, test: Metrics, seconds: float) -> "History":
        """This and one more epoch."""
        return History(
            [*self.train_loss, train.loss],
            [*self.train_accuracy, train.accuracy],
            [*self.test_loss, test.loss],
            [*self.test_accuracy, test.accuracy],
            [*self.seconds, seconds],
        )


def make_loaders(
    train: Digits, test: Digits, batch_size: int = 32, seed: int = 0
) -> tuple[Loader, Loader]:
    """Loaders of (images, labels) batches: train shuffled anew each epoch, test not.

    Each has a random generator of its own, so that nothing else that draws random
    numbers, evaluation included, changes the order of the batches. A whole batch is
    cut from the tensors at once, which is much faster than image by image.
    """
    train, test = as_digits(train), as_digits(test)
    batch_size = whole_number("batch_size", batch_size)
    seed = whole_number("seed", seed, least=0, most=2**63)

    def loader(digits: Digits, shuffle: bool) -> Loader:
        generator = torch.Generator().manual_seed(seed)
        sampler = (
            RandomSampler(digits, generator=generator)
            if shuffle
            else SequentialSampler(digits)
        )
        batches = BatchSampler(sampler, batch_size, drop_last=False)
        return DataLoader(digits, sampler=batches, batch_size=None, generator=generator)

    return loader(train, shuffle=True), loader(test, shuffle=False)


class Step(NamedTuple):
    """What happened in one training step, before its update.

    loss: the mean over the batch's images, in nats. correct: how many of them were
    classified right. Both are tensors that stay where the model is: reading one makes
    a GPU wait. images: how many there were.
    """

    loss: Tensor
    correct: Tensor
    images: int


def steps(
    model: nn.Module,
    loader: Iterable[tuple[Tensor, ...]],
    optimizer: torch.optim.Optimizer,
    *,
    augment: Callable[[Tensor], Tensor] | None = None,
    schedule: LRScheduler | None = None,
    label_smoothing: float = 0.0,
) -> Iterator[Step]:
    """Train on every batch of ``loader``, and tell after each step how it went.

    ``for step in mc.steps(model, loader, optimizer): ...`` is one epoch; leave the
    ``for`` and the training ends there. augment: makes of a batch of images those that
    are trained on. schedule: changes the learning rate after each step.
    label_smoothing: the share of the target that all classes divide.

    Raises ValueError at once for arguments of another kind.
    """
    check_model(model)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise ValueError(f"expected an optimizer, got {shorten(optimizer)}")
    if not isinstance(loader, Iterable):
        raise ValueError(f"expected batches, as of make_loaders, got {shorten(loader)}")
    if not (augment is None or callable(augment)):
        raise ValueError(f"expected augment to be a function, got {shorten(augment)}")
    if not (schedule is None or isinstance(schedule, LRScheduler)):
        raise ValueError(f"expected a schedule, got {shorten(schedule)}")
    smoothing = real_number(
        "label_smoothing", label_smoothing, 0, 1, "from 0 to below 1"
    )

    def train() -> Iterator[Step]:
        model.train()
        for images, labels in loader:
            if augment:
                images = augment(images)
            logits = model(images)  #                         (N, 10)
            loss = F.cross_entropy(logits, labels, label_smoothing=smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if schedule:
                schedule.step()
            correct = (logits.detach().argmax(dim=1) == labels).sum()
            yield Step(loss.detach(), correct, len(labels))

    return train()


def fit(
    model: nn.Module,
    train: Digits,
    test: Digits,
    config: TrainConfig | None = None,
    *,
    optimizer: torch.optim.Optimizer | None = None,
    progress: bool = True,
) -> History:
    """Train ``model`` in place, on the device it is on, and tell how it went.

    config: ``TrainConfig()`` if None. optimizer: Adam at ``config.lr`` if None.
    progress: show a bar and print a line an epoch. The model is left in eval mode.

    Stopping it (Ctrl-C, or the notebook's stop button) returns the history of the
    epochs completed, and the model is as it was after the last of them. Raises
    FloatingPointError when a loss is no longer finite, and ValueError for arguments of
    another kind and for a config or digits that do not suit the model.
    """
    check_model(model)
    config = TrainConfig() if config is None else config
    if not isinstance(config, TrainConfig):
        raise ValueError(f"expected a TrainConfig, got {shorten(config)}")
    device = device_of(model)
    train, test = as_digits(train).to(device), as_digits(test).to(device)
    loader, _ = make_loaders(train, test, config.batch_size, config.seed)
    ours = optimizer is None
    if optimizer is None:
        optimizer = torch.optim.Adam(model.parameters(), lr=config.lr, fused=True)
    schedule = None
    if config.one_cycle:
        count = config.epochs * len(loader)
        schedule = OneCycleLR(optimizer, config.lr, count, cycle_momentum=ours)
    moves = augmentation(config)
    network = in_few_bits(model, progress) if config.bfloat16 else model

    # Kept together: a stop comes before this assignment or after it, never within
    done = History(), copy.deepcopy(model.state_dict())
    try:
        untrained = evaluate(model, train.first(1_000)), evaluate(model, test)
        done = done[0].plus(*untrained, 0.0), done[1]
        for epoch in range(1, config.epochs + 1):
            start, title = time.perf_counter(), f"epoch {epoch}/{config.epochs}"
            taken = steps(
                network,
                loader,
                optimizer,
                augment=moves,
                schedule=schedule,
                label_smoothing=config.label_smoothing,
            )
            left = config.epochs - epoch
            trained = run(taken, len(loader), title, progress, left)
            seconds = time.perf_counter() - start
            tested = evaluate(model, test)
            check_finite("test loss", tested.loss, f"after {title}")
            history = done[0].plus(trained, tested, seconds)
            done = history, copy.deepcopy(model.state_dict())
            if progress:
                print(
                    f"{title}  train loss {trained.loss:.4f}"
                    f"  accuracy {trained.accuracy:.2%}"
                    f"  |  test loss {tested.loss:.4f}  accuracy {tested.accuracy:.2%}"
                )
    except KeyboardInterrupt:
        history, weights = done
        model.load_state_dict(weights)
        if progress:
            epochs = max(0, len(history.seconds) - 1)  # entry 0 is the untrained model
            print(f"\nstopped by the user after {epochs} epochs")
        return replace(history, interrupted=True)
    finally:
        model.eval()
    return done[0]


def in_few_bits(model: nn.Module, progress: bool) -> nn.Module:
    """The model in bfloat16, or itself where that would be slower."""
    if has_fast_bfloat16(device_of(model)):
        return Bfloat16(model)
    if progress:
        print("bfloat16 is slow here, so this computes in float32")
    return model


def augmentation(config: TrainConfig) -> Callable[[Tensor], Tensor] | None:
    """What a config does to each batch of images, with random numbers of its own."""
    if not (config.shift or config.rotation):
        return None
    generator = torch.Generator().manual_seed(config.seed)
    return lambda images: augment(images, config.shift, config.rotation, generator)


def run(
    taken: Iterator[Step], count: int, title: str, progress: bool, left: int
) -> Metrics:
    """Take ``count`` steps behind a bar, as the ``left`` epochs after; means of all."""
    # Sums are tensors that stay where they are: reading each makes a GPU wait
    loss_sum: Tensor | float = 0.0
    correct: Tensor | float = 0.0
    seen, start = 0, time.monotonic()
    look = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}{postfix}"
    with progress_bar(title, count, progress, iterable=taken, bar_format=look) as bar:
        for number, step in enumerate(bar, start=1):
            loss_sum += step.loss * step.images
            correct += step.correct
            seen += step.images
            if number % 50 == 0 or number == count:
                mean = float(loss_sum) / seen
                check_finite("training loss", mean, f"in {title} by step {number}")
                pace = (time.monotonic() - start) / number
                wait = time_left(pace * (count - number + left * count))
                bar.set_postfix_str(f"loss {mean:.3f}, {wait}", refresh=False)
    return Metrics(float(loss_sum) / seen, float(correct) / seen)


def check_finite(name: str, loss: float, when: str) -> None:
    """Raise FloatingPointError unless ``loss`` is a finite number."""
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"the {name} became {loss} {when}; a smaller learning rate usually helps"
        )
