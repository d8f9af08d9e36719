"""No image, whatever its size, type or content, is met with an undocumented error."""

import io

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import mnist_cnn as mc

VGG = mc.VGG(2).eval()
shape = st.one_of(
    st.lists(st.sampled_from([0, 1, 2, 27, 28, 29]), max_size=5).map(tuple),
    st.integers(0, 3).map(lambda count: (count, 1, 28, 28)),
)
dtype = st.sampled_from([torch.float32, torch.float64, torch.uint8, torch.bool])
pixel = st.sampled_from([0.0, 0.5, 1.0, 2.0, 255.0, float("nan"), float("inf")])


@given(shape, dtype, pixel)
def test_no_tensor_crashes_a_public_function(shape, dtype, pixel):
    images = torch.full(shape, pixel).to(dtype)
    count = shape[0] if shape else 0
    right = len(shape) == 4 and shape[1:] == (1, 28, 28) and dtype == torch.float32
    right = right and count > 0 and 0 <= pixel <= 1
    for use in (
        lambda: mc.predict(VGG, images),
        lambda: mc.Digits(images, torch.zeros(count).long(), "mnist"),
    ):
        try:
            assert len(use()) == count
        except ValueError:
            assert not right


# Images for to_mnist: ValueError is the one error it documents for what is no digit

shapes = st.lists(st.sampled_from([0, 1, 2, 3, 4, 28, 40]), max_size=4).map(tuple)
numbers = st.sampled_from([np.uint8, np.int64, np.uint16, np.float16, float, bool])
odd = st.sampled_from([0, 1, -1, 70_000, np.nan, np.inf])
content = st.sampled_from(["noise", "blank", "stroke"])


def draw(shape: tuple[int, ...], content: str) -> np.ndarray:
    """Bytes of nothing but noise, of nothing at all, or with a dark stroke."""
    if content == "noise":
        return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    pixels = np.full(shape, 200, np.uint8)
    if content == "stroke":
        pixels[tuple(slice(n // 3, n // 3 + n // 4 + 1) for n in shape[:2])] = 30
    return pixels


def assert_digit_or_value_error(image: object) -> None:
    try:
        digit = mc.to_mnist(image)
    except ValueError:
        return
    assert digit.shape == (1, 28, 28)
    assert digit.dtype == torch.float32
    assert 0 <= digit.min() <= digit.max() <= 1


@given(shapes, numbers, content, odd, st.booleans())
def test_no_array_crashes_to_mnist(shape, dtype, content, odd, as_tensor):
    with np.errstate(all="ignore"):
        array = draw(shape, content if len(shape) > 1 else "noise").astype(dtype)
        if array.size:
            array.flat[0] = np.asarray(odd).astype(dtype)
    assert_digit_or_value_error(torch.from_numpy(array) if as_tensor else array)


@given(st.binary(max_size=100), st.sampled_from(["", "png", "jpeg", "gif", "tiff"]))
def test_no_file_crashes_to_mnist(garbage, kind):
    file = io.BytesIO()
    if kind:
        Image.fromarray(draw((40, 40), "stroke")).save(file, kind)
    whole = file.getvalue()
    cut = len(whole) - (garbage[0] if garbage else 0)
    assert_digit_or_value_error(io.BytesIO(whole[: max(cut, 0)] + garbage))
