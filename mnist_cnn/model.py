"""The network: two VGG blocks and one linear layer, and what each layer costs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn

from mnist_cnn.arguments import check_model, whole_number
from mnist_cnn.data import CLASSES, IMAGE_SHAPE, Digits, as_digits, check_images

__all__ = [
    "VGG",
    "Layer",
    "NearestMean",
    "linear_baseline",
    "trace",
    "vgg_block",
]


def vgg_block(
    in_channels: int, out_channels: int, batch_norm: bool = False
) -> list[nn.Module]:
    """One VGG block: three 3x3 convolutions with ReLU, then a 2x2 max-pool.

    (N, in_channels, H, W) -> (N, out_channels, H / 2, W / 2). batch_norm: put one
    between each convolution and its ReLU; it adds a bias, so the convolution has none.
    Source: Simonyan and Zisserman, arXiv:1409.1556, section 2.1.
    """
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels, out_channels):
        layers.append(
            nn.Conv2d(channels, out_channels, 3, padding=1, bias=not batch_norm)
        )
        if batch_norm:
            layers.append(nn.BatchNorm2d(out_channels))
        layers.append(nn.ReLU(inplace=True))  # overwrites its input: less to move
    return [*layers, nn.MaxPool2d(2)]


class VGG(nn.Module):
    """A small VGG for 28x28 digits: (N, 1, 28, 28) -> (N, num_classes) logits.

    What notebook 10 adds: batch_norm: one after each convolution. double_filters: twice
    as many in the second block, as VGG's blocks have them.
    """

    def __init__(
        self,
        filters: int = 16,
        num_classes: int = CLASSES,
        batch_norm: bool = False,
        double_filters: bool = False,
    ):
        super().__init__()
        filters = whole_number("filters", filters)
        num_classes = whole_number("num_classes", num_classes)
        last = 2 * filters if double_filters else filters
        self.features = nn.Sequential(  #                     (N,  1, 28, 28)
            *vgg_block(1, filters, batch_norm),  #            (N, 16, 14, 14)
            *vgg_block(filters, last, batch_norm),  #         (N, 16,  7,  7)
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),  #                                  (N, 784)
            nn.Linear(last * 7 * 7, num_classes),  #          (N, 10)
        )
        # A pixel's channels side by side in memory: same results, faster convolutions;
        # not on a Mac, whose pools failed so: github.com/pytorch/pytorch/issues/175190
        if not torch.backends.mps.is_available():
            self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        check_images(images)  #                               (N,  1, 28, 28)
        features = self.features(images)  #                   (N, 16,  7,  7)
        logits: Tensor = self.classifier(features)  #         (N, 10)
        return logits


def linear_baseline(num_classes: int = CLASSES) -> nn.Module:
    """One linear layer on the 784 pixels: the model to beat before using a CNN."""
    num_classes = whole_number("num_classes", num_classes)
    return nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, num_classes))


class NearestMean(nn.Module):
    """Predict the class whose mean image is closest; nothing is trained.

    (N, 1, 28, 28) -> (N, 10) negative squared distances, so that the largest
    output is the nearest mean. Raises ValueError where a class has no image.
    """

    means: Tensor  # (10, 784)

    def __init__(self, train: Digits):
        super().__init__()
        train = as_digits(train)
        counts = torch.bincount(train.labels, minlength=CLASSES).tolist()
        if 0 in counts:
            missing = [c for c in range(CLASSES) if counts[c] == 0]
            raise ValueError(f"expected images of every digit, got none of {missing}")
        means = [train.images[train.labels == c].mean(dim=0) for c in range(CLASSES)]
        self.register_buffer("means", torch.stack(means).flatten(1))  # (10, 784)

    def forward(self, images: Tensor) -> Tensor:
        check_images(images)
        return -torch.cdist(images.flatten(1), self.means).square()


def device_of(model: nn.Module) -> torch.device:
    """Where the model is; the CPU for a model that holds no tensor."""
    tensors = chain(model.parameters(), model.buffers())
    return next(tensors, torch.empty(0)).device


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[nn.Module]:
    """The model in eval mode; afterwards each layer is in the mode it was in."""
    training = [layer for layer in model.modules() if layer.training]
    try:
        yield model.eval()
    finally:
        for layer in training:
            layer.training = True


@dataclass(frozen=True)
class Layer:
    """What one layer makes of one image, and what that costs.

    output_shape: (1, C, H, W), or (1, features) after the flatten.
    multiply_adds: multiplications by a weight for one image; biases not counted.
    receptive_field: side, in input pixels, of the square one output unit can see;
    (height, width) where it is no square.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    receptive_field: int | tuple[int, int]


def trace(
    model: nn.Module, input_shape: tuple[int, int, int] = IMAGE_SHAPE
) -> list[Layer]:
    """Send one blank image through ``model`` and describe every layer it passes.

    input_shape: (C, H, W) of the image. Understands convolutions, pools and linear
    layers, in a row and each passed once; the receptive field is the theoretical one,
    padding included. Raises ValueError for what is no model.
    """
    check_model(model)
    rows: list[Layer] = []
    # Of rows and columns: pixels seen by one unit, pixels between neighbouring units
    field, jump = [1, 1], [1, 1]

    def record(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        multiply_adds = 0
        if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
            sizes = (module.kernel_size, module.stride, getattr(module, "dilation", 1))
            for axis in (0, 1):
                kernel, stride, dilation = (_side(size, axis) for size in sizes)
                field[axis] += (kernel - 1) * dilation * jump[axis]
                jump[axis] *= stride
        if isinstance(module, nn.Conv2d):
            multiply_adds = module.weight.numel() * output[0, 0].numel()
        elif isinstance(module, nn.Linear):
            field[:] = [max(input_shape[1:])] * 2
            multiply_adds = module.weight.numel()
        parameters = sum(p.numel() for p in module.parameters())
        rows.append(
            Layer(
                names[module],
                type(module).__name__,
                tuple(output.shape),
                parameters,
                multiply_adds,
                field[0] if field[0] == field[1] else (field[0], field[1]),
            )
        )

    names = {m: name for name, m in model.named_modules() if not list(m.children())}
    hooks = [module.register_forward_hook(record) for module in names]
    weight = next(model.parameters(), torch.empty(0))
    try:
        with torch.no_grad(), eval_mode(model):
            model(torch.zeros(1, *input_shape, device=weight.device))
    finally:
        for hook in hooks:
            hook.remove()
    return rows


def _side(size: int | tuple[int, ...], axis: int) -> int:
    return size if isinstance(size, int) else size[axis]
