"""The offline stand-in for MNIST: 70,000 images made from 1,797 real digits."""

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["make_standin"]

TRAIN, TEST = 60_000, 10_000  # as many as MNIST has
EVERY = 6  # each sixth source digit makes test images, the others training images
BOX = 20 / 28  # MNIST draws its digits in the middle 20 of 28 pixels
DEGREES, SCALE, SHEAR, SHIFT = 12, 0.12, 0.15, 0.08  # the largest random changes
PAPER, INK = 0.3, 0.85  # greys that become white and black: enlarging blurs edges
CHUNK = 1_000  # images drawn at a time, to keep memory low


def make_standin() -> list[Tensor]:
    """Training images, training labels, test images and test labels, all uint8.

    As many as MNIST has and of its size, (N, 28, 28), the same on every machine.

    Each image is a real 8x8 digit, enlarged to MNIST's 20x20 box, turned, scaled,
    sheared and shifted a little at random. No source digit serves both sets. All is
    computed in float64 and rounded to the 256 greys that MNIST has, so that the last
    bit of a sum, which differs between processors, does not show.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI,
    as in ``sklearn.datasets.load_digits``.
    """
    from sklearn.datasets import load_digits  # takes seconds

    pixels, labels = map(torch.from_numpy, load_digits(return_X_y=True))
    sources = pixels.reshape(-1, 1, 8, 8) / 16  #                (1797, 1, 8, 8)
    large = F.interpolate(sources, size=(20, 20), mode="bicubic")
    for_test = torch.arange(len(labels)) % EVERY == 0
    generator = torch.Generator().manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # faster: many short steps, and each would wait for all
    try:
        train = _vary(large[~for_test], labels[~for_test], TRAIN, generator)
        test = _vary(large[for_test], labels[for_test], TEST, generator)
    finally:
        torch.set_num_threads(threads)
    return [*train, *test]


def _vary(
    sources: Tensor, labels: Tensor, count: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw ``count`` variations of the source digits, (S, 1, 20, 20) float64."""
    chance = torch.rand(count, 6, generator=generator, dtype=torch.float64)
    picks = (chance[:, 0] * len(sources)).long()
    matrices = _matrices(chance[:, 1:] * 2 - 1)  #            (N, 2, 3)
    images = torch.empty(count, 28, 28, dtype=torch.uint8)  # (N, 28, 28)
    parts = (x.split(CHUNK) for x in (images, picks, matrices))
    for part, pick, matrix in zip(*parts, strict=True):
        part.copy_(_draw(sources[pick], matrix))
    return images, labels[picks].to(torch.uint8)


def _matrices(changes: Tensor) -> Tensor:
    """Affine matrices (N, 2, 3) from five numbers in [-1, 1) for each image."""
    angle, scale, shear, right, down = changes.unbind(dim=1)
    angle, shear = angle * DEGREES * torch.pi / 180, shear * SHEAR
    size = (1 + scale * SCALE) / BOX  # the matrix leads from the image to the source
    cos, sin = angle.cos() * size, angle.sin() * size
    x = [cos, cos * shear - sin, right * SHIFT]
    y = [sin, sin * shear + cos, down * SHIFT]
    return torch.stack(x + y, dim=1).view(-1, 2, 3)


def _draw(sources: Tensor, matrices: Tensor) -> Tensor:
    """Look up every pixel's grey in its source, then restore the contrast."""
    centre = (torch.arange(28).double() * 2 + 1) / 28 - 1  # -1 and 1 are the edges
    y, x = torch.meshgrid(centre, centre, indexing="ij")
    places = torch.stack([x, y, torch.ones_like(x)])  #       (3, 28, 28)
    grid = torch.einsum("nij,jhw->nhwi", matrices, places)  # (N, 28, 28, 2)
    grey = F.grid_sample(sources, grid, align_corners=False)
    ink = grey.sub_(PAPER).div_(INK - PAPER).clamp_(0, 1)
    return ink.mul_(255).round_().squeeze(1)
