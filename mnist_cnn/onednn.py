"""A faster way through the network for training on processors with AVX-512."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from mnist_cnn.model import VGG

__all__ = ["fast_forward"]

FILTERS = (16, 32)  # oneDNN keeps 16 channels together, 512 bits of float32
FEWEST = 16  # images, for the layout to repay its own cost
HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
)


def fast_forward(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """What to call in place of ``model`` to train it; ``model`` itself as a rule.

    On a CPU with AVX-512, a VGG with 16 or 32 filters takes 0.8 to 0.9 of the time for
    a step of 16 images or more where oneDNN, PyTorch's library for convolutions, may
    choose how the features lie in memory. It then uses other routines for the same
    sums. But its ReLU and pool make 0 of NaN, and such tensors show no values. So it is
    ``model`` itself for all other networks, under autocast, compiled, in anomaly
    detection, and where a hook might look.
    Source: docs.pytorch.org, torch.Tensor.to_mkldnn (oneDNN's earlier name).
    """
    if not (has_avx512() and type(model) is VGG and is_plain(model)):
        return model

    def forward(images: Tensor) -> Tensor:
        if len(images) < FEWEST:
            return model(images)
        features = model.features(images.to_mkldnn())
        return model.classifier(features.to_dense())

    return forward


def has_avx512() -> bool:
    """Is this a processor where oneDNN's layout pays, and may it be used?"""
    return (
        torch.backends.cpu.get_cpu_capability() == "AVX512"
        and torch.backends.mkldnn.is_available()
        and torch.backends.mkldnn.enabled
        and not torch.is_autocast_enabled("cpu")
        and not torch.is_anomaly_enabled()
    )


def is_plain(model: VGG) -> bool:
    """Is it on the CPU, in float32, with the layers it was built with, unobserved?"""
    modules = list(model.modules())
    weights = list(model.features.parameters())
    return (
        type(model.features) is nn.Sequential
        and all(is_known(layer) for layer in model.features)
        and {(w.device.type, w.dtype) for w in weights} == {("cpu", torch.float32)}
        and {len(w) for w in weights} <= {*FILTERS}  # (filters, ...) each
        and not any(getattr(module, hooks) for module in modules for hooks in HOOKS)
        and not any(getattr(nn.modules.module, f"_global{hooks}") for hooks in HOOKS)
        and not any(module._compiled_call_impl for module in modules)
    )


def is_known(layer: nn.Module) -> bool:
    """Can oneDNN's layout pass this layer, with these settings?"""
    if type(layer) is nn.Conv2d:
        return layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    if type(layer) is nn.MaxPool2d:
        return layer.dilation == 1 and not layer.return_indices
    return type(layer) is nn.ReLU
