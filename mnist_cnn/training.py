"""The training loop: batches, steps, epochs, and what happened in each."""

from __future__ import annotations

import copy
import math
import random
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler

from mnist_cnn.arguments import check_model, shorten, whole_number
from mnist_cnn.data import Digits, check_digits
from mnist_cnn.metrics import Metrics, evaluate
from mnist_cnn.model import device_of
from mnist_cnn.recipes import TrainConfig, has_fast_bfloat16, in_bfloat16, mover

__all__ = [
    "History",
    "fit",
    "make_loaders",
    "pick_device",
    "seed_everything",
]


@dataclass
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

    def append(self, train: Metrics, test: Metrics, seconds: float) -> None:
        """Add one epoch."""
        self.train_loss.append(train.loss)
        self.train_accuracy.append(train.accuracy)
        self.test_loss.append(test.loss)
        self.test_accuracy.append(test.accuracy)
        self.seconds.append(seconds)  # the last: its length counts the whole entries

    def drop_partial(self) -> None:
        """Shorten all lists to the entries that were added completely."""
        whole = len(self.seconds)
        for figures in (
            self.train_loss,
            self.train_accuracy,
            self.test_loss,
            self.test_accuracy,
        ):
            del figures[whole:]


Loader = DataLoader[tuple[Tensor, ...]]  # batches of (images, labels)


def pick_device() -> torch.device:
    """The accelerator (CUDA, MPS, XPU) if there is one that works, else the CPU."""
    if torch.accelerator.is_available():
        device = torch.accelerator.current_accelerator()
        assert device is not None  # one is available
        try:
            torch.zeros(1, device=device)
        except RuntimeError as reason:  # an old driver; a virtual Mac without memory
            warnings.warn(f"using the CPU, as {device} fails: {reason}", stacklevel=2)
        else:
            return device
    return torch.device("cpu")


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and PyTorch's global random generators."""
    import numpy as np

    seed = whole_number("seed", seed, least=0, most=2**32 - 1)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (libraries still draw from the global one)
    torch.manual_seed(seed)


def make_loaders(
    train: Digits, test: Digits, batch_size: int = 32, seed: int = 0
) -> tuple[Loader, Loader]:
    """Loaders of (images, labels) batches: train shuffled anew each epoch, test not.

    Each has a random generator of its own, so that nothing else that draws random
    numbers, evaluation included, changes the order of the batches. A whole batch is
    cut from the tensors at once, which is much faster than image by image.
    """
    check_digits(train)
    check_digits(test)
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
    for digits in (train, test):
        check_digits(digits)
    config = TrainConfig() if config is None else config
    if not isinstance(config, TrainConfig):
        raise ValueError(f"expected a TrainConfig, got {shorten(config)}")
    device = device_of(model)
    train, test = train.to(device), test.to(device)
    train_loader, _ = make_loaders(train, test, config.batch_size, config.seed)
    if optimizer is None:
        optimizer = torch.optim.Adam(model.parameters(), lr=config.lr, fused=True)
    step = _make_step(model, optimizer, config, len(train_loader), progress)

    history = History()
    # After even epochs and odd ones: a stop may come before the last is in the history
    weights = [copy.deepcopy(model.state_dict())] * 2
    try:
        untrained = evaluate(model, train.first(1_000))
        history.append(untrained, evaluate(model, test), 0.0)
        for epoch in range(1, config.epochs + 1):
            start = time.perf_counter()
            title = f"epoch {epoch}/{config.epochs}"
            model.train()
            trained = _train_epoch(step, train_loader, title, progress)
            seconds = time.perf_counter() - start
            tested = evaluate(model, test)
            check_finite("test loss", tested.loss, f"after {title}")
            weights[epoch % 2] = copy.deepcopy(model.state_dict())
            history.append(trained, tested, seconds)
            if progress:
                print(
                    f"{title}  train loss {trained.loss:.4f}"
                    f"  accuracy {trained.accuracy:.2%}"
                    f"  |  test loss {tested.loss:.4f}  accuracy {tested.accuracy:.2%}"
                )
    except KeyboardInterrupt:
        history.interrupted = True
        history.drop_partial()
        epochs = max(0, len(history.seconds) - 1)  # entry 0 is the untrained model
        model.load_state_dict(weights[epochs % 2])
        if progress:
            print(f"\nstopped by the user after {epochs} epochs")
    finally:
        model.eval()
    return history


Step = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def _make_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    batches: int,
    progress: bool,
) -> Step:
    """One training step, as in notebook 3; what it adds for a config is notebook 6's.

    It takes images (N, 1, 28, 28) and labels (N,), returns logits (N, 10) and the loss.
    """
    move, schedule = mover(config), None
    forward: Callable[[Tensor], Tensor] = model
    if config.one_cycle:
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, config.lr, total_steps=config.epochs * batches
        )
    if config.bfloat16:
        sixteen_bits = in_bfloat16(model)
        if has_fast_bfloat16(device_of(model)):
            forward = sixteen_bits
        elif progress:
            print("bfloat16 is slow here, so this computes in float32")

    def step(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        logits = forward(move(images))  #                     (N, 10)
        loss = F.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if schedule:
            schedule.step()
        return logits.detach(), loss.detach()

    return step


def _train_epoch(step: Step, loader: Loader, title: str, progress: bool) -> Metrics:
    """A step for every batch; loss and accuracy as running means over the images."""
    from tqdm import tqdm

    # Sums become tensors that stay where they are: reading each makes a GPU wait
    loss_sum: Tensor | float = 0.0
    correct: Tensor | float = 0.0
    seen = 0
    with tqdm(
        loader, title, leave=False, file=sys.stdout, disable=not progress
    ) as batches:
        for number, (images, labels) in enumerate(batches, start=1):
            logits, loss = step(images, labels)
            loss_sum += loss * len(labels)
            correct += (logits.argmax(dim=1) == labels).sum()
            seen += len(labels)
            if number % 50 == 0 or number == len(loader):
                mean = float(loss_sum) / seen
                check_finite("training loss", mean, f"in {title} by step {number}")
                batches.set_postfix(loss=f"{mean:.3f}", refresh=False)
    return Metrics(float(loss_sum) / seen, float(correct) / seen)


def check_finite(name: str, loss: float, when: str) -> None:
    """Raise FloatingPointError unless ``loss`` is a finite number."""
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"the {name} became {loss} {when}; a smaller learning rate usually helps"
        )
