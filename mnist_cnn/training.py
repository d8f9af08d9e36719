"""The training loop: settings, batches, epochs, and what happened in each."""

from __future__ import annotations

import math
import random
import sys
import time
import warnings
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler

from mnist_cnn.data import Digits, check_counts
from mnist_cnn.metrics import Metrics, device_of, evaluate
from mnist_cnn.onednn import fast_forward

__all__ = [
    "History",
    "TrainConfig",
    "fit",
    "make_loaders",
    "pick_device",
    "seed_everything",
]


@dataclass(frozen=True)
class TrainConfig:
    """The settings of one training run.

    lr: Adam's learning rate. seed: orders the batches; the weights a model starts
    from are drawn when it is built, so call ``seed_everything`` before that.
    """

    epochs: int = 3
    batch_size: int = 32
    lr: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        check_counts(epochs=self.epochs, batch_size=self.batch_size)
        if not (isinstance(self.seed, int) and 0 <= self.seed < 2**32):  # as for NumPy
            raise ValueError(
                f"expected seed to be a whole number from 0, below 2**32, "
                f"got {self.seed!r}"
            )
        if not (isinstance(self.lr, int | float) and 0 < self.lr < math.inf):
            raise ValueError(f"expected lr to be a positive number, got {self.lr!r}")


@dataclass
class History:
    """What ``fit`` saw, one entry an epoch; entry 0 is the untrained model.

    Losses are mean cross-entropy in nats, accuracies lie in [0, 1]. Training figures
    are running means over the epoch's images, each taken just before the step that
    learns from it; those of entry 0 are from the first 10,000 images. Test figures
    follow the epoch. ``interrupted`` is True where the user stopped the run.
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


def pick_device() -> torch.device:
    """The accelerator (CUDA, MPS, XPU) if there is one that works, else the CPU."""
    if torch.accelerator.is_available():
        device = torch.accelerator.current_accelerator()
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

    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (libraries still draw from the global one)
    torch.manual_seed(seed)


def make_loaders(
    train: Digits, test: Digits, batch_size: int = 32, seed: int = 0
) -> tuple[DataLoader, DataLoader]:
    """Loaders of (images, labels) batches: train shuffled anew each epoch, test not.

    Each has a random generator of its own, so that nothing else that draws random
    numbers, evaluation included, changes the order of the batches. A whole batch is
    cut from the tensors at once, which is much faster than image by image.
    """
    check_counts(batch_size=batch_size)

    def loader(digits: Digits, shuffle: bool) -> DataLoader:
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
    epochs completed. Raises FloatingPointError when a loss is no longer finite.
    """
    config = TrainConfig() if config is None else config
    if not isinstance(config, TrainConfig):
        raise ValueError(f"expected a TrainConfig, got {config!r}")
    device = device_of(model)
    train, test = train.to(device), test.to(device)
    train_loader, _ = make_loaders(train, test, config.batch_size, config.seed)
    if optimizer is None:
        optimizer = torch.optim.Adam(model.parameters(), lr=config.lr, fused=True)

    history = History()
    try:
        untrained = evaluate(model, train.first(10_000))
        history.append(untrained, evaluate(model, test), 0.0)
        for epoch in range(1, config.epochs + 1):
            start = time.perf_counter()
            title = f"epoch {epoch}/{config.epochs}"
            trained = _train_epoch(model, train_loader, optimizer, title, progress)
            seconds = time.perf_counter() - start
            tested = evaluate(model, test)
            check_finite("test loss", tested.loss, f"after {title}")
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
        if progress:
            epochs = max(0, len(history.seconds) - 1)  # entry 0 is the untrained model
            print(f"\nstopped by the user after {epochs} epochs")
    finally:
        model.eval()
    return history


def check_finite(name: str, loss: float, when: str) -> None:
    """Raise FloatingPointError unless ``loss`` is a finite number."""
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"the {name} became {loss} {when}; a smaller learning rate usually helps"
        )


def _train_epoch(
    model: nn.Module,
    loader: DataLoader,
    optimizer: torch.optim.Optimizer,
    title: str,
    progress: bool,
) -> Metrics:
    from tqdm import tqdm

    model.train()
    device = device_of(model)
    # Sums stay on the device: reading them after each batch would make a GPU wait
    loss_sum, correct = torch.zeros((), device=device), torch.zeros((), device=device)
    seen = 0
    forward = fast_forward(model)
    with tqdm(
        loader, title, leave=False, file=sys.stdout, disable=not progress
    ) as batches:
        for step, (images, labels) in enumerate(batches, start=1):
            look = step % 50 == 0 or step == len(loader)
            # What is looked at goes the plain way: the fast one can hide a NaN
            logits = (model if look else forward)(images)  #  (N, 10)
            loss = F.cross_entropy(logits, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

            loss_sum += loss.detach() * len(labels)
            correct += (logits.detach().argmax(dim=1) == labels).sum()
            seen += len(labels)
            if look:
                mean = loss_sum.item() / seen
                check_finite("training loss", mean, f"in {title} by step {step}")
                batches.set_postfix(loss=f"{mean:.3f}", refresh=False)
    return Metrics(loss_sum.item() / seen, correct.item() / seen)
