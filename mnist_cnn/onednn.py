"""A faster way through the network for training on processors with AVX-512."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from mnist_cnn.model import VGG

__all__ = ["onednn_layout"]

LAYERS = {nn.Sequential, nn.Conv2d, nn.ReLU, nn.MaxPool2d}
HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
)
BLOCK = 16  # channels that oneDNN keeps together with AVX-512: 512 bits of float32


@contextmanager
def onednn_layout(model: nn.Module) -> Iterator[None]:
    """Inside, the features of a VGG lie in memory as oneDNN likes them best.

    oneDNN is PyTorch's library for convolutions on CPUs; left to choose the layout, it
    takes other routines for the same sums. With AVX-512, 16 or 32 filters and batches
    of 32 or more, a step takes 0.8 to 0.9 of the time. Where that does not hold, or
    where such tensors cannot go, nothing changes: other processors, filters not a
    multiple of 16, other layers or dtypes, autocast, ``torch.compile``, anomaly
    detection, and hooks, which could not read them.
    Source: docs.pytorch.org, torch.Tensor.to_mkldnn (oneDNN's earlier name).
    """
    handles = []  # one by one: Ctrl-C may come between
    try:
        if pays_off(model):
            handles.append(model.features.register_forward_hook(leave))
            handles.append(model.features.register_forward_pre_hook(enter))
        yield
    finally:
        for handle in handles:
            handle.remove()


def enter(_: nn.Module, inputs: tuple[torch.Tensor]) -> torch.Tensor:
    """(N, 1, 28, 28) in oneDNN's layout, but as it is for ``torch.compile``."""
    (images,) = inputs
    return images if torch.compiler.is_compiling() else images.to_mkldnn()


def leave(_: nn.Module, __: tuple[torch.Tensor], features: torch.Tensor):
    """(N, filters, 7, 7) in PyTorch's layout again."""
    return features.to_dense() if features.is_mkldnn else features


def pays_off(model: nn.Module) -> bool:
    """Is ``model`` a plain VGG on a processor where the layout helps?"""
    if not (
        isinstance(model, VGG)
        and torch.backends.mkldnn.is_available()
        and torch.backends.mkldnn.enabled
        and torch.backends.cpu.get_cpu_capability() == "AVX512"
        and not torch.is_autocast_enabled("cpu")
        and not torch.is_anomaly_enabled()
    ):
        return False
    layers = list(model.features.modules())
    weights = list(model.features.parameters())
    return (
        {type(layer) for layer in layers} <= LAYERS
        and not any(getattr(layer, hooks) for layer in layers for hooks in HOOKS)
        and {(w.device.type, w.dtype) for w in weights} == {("cpu", torch.float32)}
        and all(len(w) % BLOCK == 0 for w in weights)  # (filters, ...) each
    )
