"""Where PyTorch computes, and in how many bits."""

import random
import warnings

import torch
from torch import Tensor, nn

from mnist_cnn.arguments import whole_number
from mnist_cnn.model import device_of

__all__ = ["Bfloat16", "has_fast_bfloat16", "pick_device", "seed_everything"]


def pick_device() -> torch.device:
    """The accelerator (CUDA, MPS, XPU) if there is one that works, else the CPU."""
    if torch.accelerator.is_available():
        device = torch.accelerator.current_accelerator()
        assert device is not None  # one is available
        try:
            return torch.zeros(1, device=device).device
        except RuntimeError as reason:  # an old driver; a virtual Mac without memory
            warnings.warn(f"using the CPU, as {device} fails: {reason}", stacklevel=2)
    return torch.device("cpu")


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and PyTorch's global random generators."""
    import numpy as np

    seed = whole_number("seed", seed, least=0, most=2**32 - 1)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (libraries still draw from the global one)
    torch.manual_seed(seed)


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether it computes in 16 bits, and does not imitate that slowly in 32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        # PyTorch's own, and private: where a version lacks it, float32 is right, too
        ask = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
        return torch.backends.mkldnn.is_available() and bool(ask())
    return True


class Bfloat16(nn.Module):
    """A model whose forward pass runs in bfloat16: (N, 1, 28, 28) -> (N, 10) float32.

    The weights stay in float32, those of ``model`` itself.
    Source: docs.pytorch.org, Automatic Mixed Precision package, ``torch.autocast``.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        with torch.autocast(device_of(self.model).type, torch.bfloat16):
            logits: Tensor = self.model(images)
        return logits.float()
