"""The digits that the training page brings along, as few bytes as can be."""

import base64
import zlib

import torch

import mnist_cnn as mc

COUNTS = 4000, 1000  # to train with and to test


def greys(images):
    """Pixels from 0 to 1 as the page has them: whole numbers from 0 to 15."""
    return (images * 15).round().to(torch.uint8)


def pack(digits):
    """What digits.js unpacks: two pixels in a byte, then a byte a label; compressed."""
    pixels = greys(digits.images).flatten()
    halves = pixels[0::2] << 4 | pixels[1::2]
    whole = halves.numpy().tobytes() + digits.labels.to(torch.uint8).numpy().tobytes()
    packed = base64.b64encode(zlib.compress(whole, 9)).decode()
    return {"count": len(digits), "source": digits.source, "packed": packed}


def digits():
    """The first digits that load_mnist gives, of MNIST or, without it, the stand-in."""
    parts = zip(("train", "test"), mc.load_mnist(), COUNTS, strict=True)
    return {name: pack(part.first(count)) for name, part, count in parts}
