"""Which training images are like an image, to the network: what it is known by."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mnist_cnn.arguments import whole_number
from mnist_cnn.data import Digits, check_digits
from mnist_cnn.metrics import predict
from mnist_cnn.model import VGG

__all__ = ["neighbours"]

# Of the last call: the network's numbers, the training images and their features
_known: tuple[bytes, Tensor, Tensor] | None = None


def neighbours(
    model: VGG, train: Digits, images: Tensor, k: int = 5
) -> tuple[Tensor, Tensor]:
    """The k training images most like each image, by the features of the network.

    Compares the numbers that the last, linear layer gets, by the cosine between them.
    images: (N, 1, 28, 28). Returns similarities (N, k), at most 1 and falling, and
    indices (N, k) into ``train``. The features of ``train`` are kept until another
    network or other images are asked about: the first call takes long, others do not.
    Source: Y. Sun, Y. Ming, X. Zhu, Y. Li, arXiv:2204.06507.
    """
    global _known
    if not isinstance(model, VGG):
        raise ValueError(f"expected a VGG, got {type(model).__name__}")
    check_digits(train)
    k = whole_number("k", k)
    if k > len(train):
        raise ValueError(f"expected k of at most {len(train)} images, got {k}")
    asked = features(model, images)
    state = b"".join(t.cpu().numpy().tobytes() for t in model.state_dict().values())
    if not train.images.is_inference():  # their version grows with each change
        state += b"%d" % train.images._version
    if not (_known and _known[0] == state and _known[1] is train.images):
        _known = state, train.images, features(model, train.images)
    known = _known[2]
    # In parts, or 10,000 x 60,000 similarities would take 2.4 GB
    best = [(part @ known.T).topk(k) for part in asked.split(250)]
    similarities, indices = (torch.cat(both) for both in zip(*best, strict=True))
    return similarities, indices


def features(model: VGG, images: Tensor) -> Tensor:
    """What the last layer gets of images (N, 1, 28, 28), scaled to length 1: (N, F)."""
    body = nn.Sequential(model.features, nn.Flatten())
    return F.normalize(predict(body, images))
