"""The network as an ONNX file: it computes the same, and is written whole."""

import sys

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

import mnist_cnn as mc

MODELS = {
    "plain": mc.load,
    "long": lambda: mc.load(recipe="long"),  # batch norm, doubled filters
    "linear": mc.linear_baseline,
    "three classes, wrapped": lambda: nn.DataParallel(mc.VGG(2, num_classes=3)),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_file_computes_what_the_model_does(name, tmp_path, digits, capfd):
    model = MODELS[name]().train()
    next(model.children()).eval()  # a layer in another mode than the rest
    modes = [layer.training for layer in model.modules()]
    state = torch.get_rng_state()
    mc.export_onnx(model, tmp_path / "new" / "model.onnx")
    assert [layer.training for layer in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    assert capfd.readouterr() == ("", "")
    assert [p.name for p in tmp_path.rglob("*")] == ["new", "model.onnx"]
    there = onnxruntime.InferenceSession(tmp_path / "new" / "model.onnx")
    (images,), (logits,) = there.get_inputs(), there.get_outputs()
    assert (images.name, images.shape[1:]) == ("images", list(mc.IMAGE_SHAPE))
    assert (images.type, logits.name) == ("tensor(float)", "logits")
    assert isinstance(images.shape[0], str)  # a name: any number
    for count in (1, 7):
        batch = digits.images[:count]
        (found,) = there.run(["logits"], {"images": batch.numpy()})
        np.testing.assert_allclose(found, mc.predict(model, batch), rtol=0, atol=1e-5)


def test_a_missing_extra_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(ImportError, match=r'pip install "mnist-cnn\[onnx\]"'):
        mc.export_onnx(mc.linear_baseline(), tmp_path / "model.onnx")
    assert not any(tmp_path.iterdir())


def test_what_is_no_model_and_no_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected a model, as mc\.VGG\(\), got 3"):
        mc.export_onnx(3, tmp_path / "model.onnx")
    with pytest.raises(ValueError, match="expected the path of a file, got 3"):
        mc.export_onnx(mc.VGG(), 3)
    with pytest.raises(ValueError, match="expected a file at"):
        mc.export_onnx(mc.linear_baseline(), tmp_path)
