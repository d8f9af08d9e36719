"""No array, whatever its shape, type or content, is met with an undocumented error."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

import mnist_cnn as mc

VGG = mc.VGG(2).eval()
shapes = st.one_of(
    st.lists(st.sampled_from([0, 1, 2, 3, 4, 28, 40]), max_size=5).map(tuple),
    st.integers(0, 3).map(lambda count: (count, 1, 28, 28)),
)
kinds = st.sampled_from(
    [np.float32, np.uint8, np.int64, np.uint16, np.float16, float, bool]
)
odd = st.sampled_from([0, 0.5, 1, -1, 255, 70_000, np.nan, np.inf])


@given(shapes, kinds, odd)
def test_no_array_crashes_a_public_function(shape, kind, odd):
    """Paper with a dark stroke and an odd pixel gets a result or a ValueError."""
    light, dark = (0.8, 0.1) if kind is np.float32 else (200, 30)
    array = np.full(shape, light, kind)
    array[tuple(slice(n // 3, n // 3 + n // 4 + 1) for n in shape[:2])] = dark
    with np.errstate(all="ignore"):
        array.flat[:1] = np.asarray(odd).astype(kind)
    tensor, count = torch.from_numpy(array), shape[0] if shape else 0
    right = kind is np.float32 and shape[1:] == (1, 28, 28) and abs(odd) <= 1
    for use in (
        lambda: mc.predict(VGG, tensor),
        lambda: mc.Digits(tensor, torch.zeros(count).long()),
    ):
        try:
            assert len(use()) == count
        except ValueError:
            assert not right or count == 0
    for image in (array, tensor):
        try:
            digit = mc.to_mnist(image)
        except ValueError:
            continue
        assert (digit.shape, digit.dtype) == ((1, 28, 28), torch.float32)
        assert 0 <= digit.min() <= digit.max() <= 1
