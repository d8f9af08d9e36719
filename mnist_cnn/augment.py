"""Random changes to training images, so that no two epochs show the same ones."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["augment"]


def augment(
    images: Tensor, shift: float, rotation: float, generator: torch.Generator
) -> Tensor:
    """Each image turned and shifted by its own random amount; blank paper comes in.

    images: (N, C, H, W) with H = W. shift: the most pixels, drawn evenly, across and
    down. rotation: the most degrees, likewise.
    """
    n, side = len(images), images.shape[-1]

    def draw(limit: float) -> Tensor:
        return (2 * torch.rand(n, generator=generator) - 1) * limit

    angle = draw(math.radians(rotation))
    cos, sin = angle.cos(), angle.sin()
    across, down = draw(2 * shift / side), draw(2 * shift / side)  # image: -1 to 1
    rows = [torch.stack([cos, -sin, across], 1), torch.stack([sin, cos, down], 1)]
    maps = torch.stack(rows, 1).to(images.device)  #          (N, 2, 3)
    grid = F.affine_grid(maps, list(images.shape), align_corners=False)
    paper = images.amin()  # 0, but where digits have another scale
    return F.grid_sample(images - paper, grid, align_corners=False) + paper
