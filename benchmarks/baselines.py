"""What others run: the loops and networks that the speed is measured against.

Both are written after their source, with its defaults, as plainly as tutorials do:
torchvision's data set, one image at a time; default memory format; default Adam.
"""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import MNIST

import mnist_cnn as mc


def usual_loaders(batch_size: int, *steps) -> tuple[DataLoader, DataLoader]:
    """torchvision's MNIST; every image becomes a tensor each time it is drawn."""
    transform = transforms.Compose([transforms.ToTensor(), *steps])
    train, test = (
        MNIST(mc.data_root(), train=train, transform=transform, download=True)
        for train in (True, False)
    )
    return DataLoader(train, batch_size, shuffle=True), DataLoader(test, 1000)


def block(channels: int, filters: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for c in (channels, filters, filters):
        layers += [nn.Conv2d(c, filters, 3, padding=1), nn.ReLU()]
    return [*layers, nn.MaxPool2d(2)]


class Usual:
    """The recipe of notebook 5 as most tutorials write it."""

    def __init__(self, seed: int):
        torch.manual_seed(seed)
        self.train, self.test = usual_loaders(32)
        self.model = nn.Sequential(
            *block(1, 16), *block(16, 16), nn.Flatten(), nn.Linear(784, 10)
        )
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001)

    def epoch(self) -> None:
        self.model.train()
        for images, labels in self.train:
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.model(images), labels)
            loss.backward()
            self.optimizer.step()

    def accuracy(self) -> float:
        return share_right(self.model, self.test)


class Example:
    """Network and recipe of PyTorch's own example.

    Source: github.com/pytorch/examples, mnist/main.py: two convolutions, dropout and
    two linear layers, 1.2 million parameters; Adadelta at 1.0, times 0.7 an epoch;
    batches of 64; normalised inputs.
    """

    def __init__(self, seed: int):
        torch.manual_seed(seed)
        normalise = transforms.Normalize((0.1307,), (0.3081,))
        self.train, self.test = usual_loaders(64, normalise)
        self.model = nn.Sequential(
            nn.Conv2d(1, 32, 3),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(0.25),
            nn.Flatten(),
            nn.Linear(9216, 128),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(128, 10),
            nn.LogSoftmax(dim=1),
        )
        self.optimizer = torch.optim.Adadelta(self.model.parameters(), lr=1.0)
        self.schedule = torch.optim.lr_scheduler.StepLR(self.optimizer, 1, gamma=0.7)

    def epoch(self) -> None:
        self.model.train()
        for images, labels in self.train:
            self.optimizer.zero_grad()
            F.nll_loss(self.model(images), labels).backward()
            self.optimizer.step()
        self.schedule.step()

    def accuracy(self) -> float:
        return share_right(self.model, self.test)


def share_right(model: nn.Module, batches: Iterator) -> float:
    """Accuracy over all images of a loader."""
    model.eval()
    correct = seen = 0
    with torch.no_grad():
        for images, labels in batches:
            correct += (model(images).argmax(dim=1) == labels).sum().item()
            seen += len(labels)
    return correct / seen
