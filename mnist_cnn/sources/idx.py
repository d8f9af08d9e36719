"""The four files of MNIST, in the IDX format, checked bit by bit when read."""

import hashlib
import struct
from pathlib import Path

import torch
from torch import Tensor

__all__ = ["FILES", "DamagedFile", "decode", "read"]

# The shape of each file's values, and the SHA-256 of their bytes, computed from the
# archives whose MD5 sums torchvision lists.
FILES = {
    "train-images-idx3-ubyte": (
        (60_000, 28, 28),
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    ),
    "train-labels-idx1-ubyte": (
        (60_000,),
        "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    ),
    "t10k-images-idx3-ubyte": (
        (10_000, 28, 28),
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    ),
    "t10k-labels-idx1-ubyte": (
        (10_000,),
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    ),
}


class DamagedFile(ValueError):
    """A file of MNIST that holds something else than it should."""


def decode(name: str, content: bytearray) -> Tensor:
    """The uint8 values in a file's content; DamagedFile if a single bit is wrong.

    IDX is two zero bytes, 8 for unsigned bytes, the number of dimensions, then each
    dimension as a big-endian int32, then the values.
    """
    shape, digest = FILES[name]
    header = struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape)
    values = memoryview(content)[len(header) :]
    if content[: len(header)] != header or hashlib.sha256(values).hexdigest() != digest:
        raise DamagedFile(f"{name} is damaged")
    return torch.frombuffer(content, dtype=torch.uint8, offset=len(header)).view(shape)


def read(folder: Path) -> list[Tensor]:
    """Training images, training labels, test images and test labels, all uint8.

    Raises OSError for a file that cannot be read, DamagedFile for a wrong one.
    """
    return [decode(name, bytearray((folder / name).read_bytes())) for name in FILES]
