"""The network as an ONNX file: it computes the same, and is written whole."""

import os
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
    "three classes": lambda: mc.VGG(filters=2, num_classes=3),
}


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("name", MODELS)
def test_the_file_computes_what_the_model_does(name, tmp_path, digits, capfd):
    model = MODELS[name]().train()
    first = next(model.children())
    first.eval()  # a layer in another mode than the rest
    modes = [layer.training for layer in model.modules()]
    state = torch.get_rng_state()
    mc.export_onnx(model, tmp_path / "new" / "model.onnx")
    assert [layer.training for layer in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    assert capfd.readouterr() == ("", "")
    assert [p.name for p in tmp_path.rglob("*")] == ["new", "model.onnx"]
    there = session(tmp_path / "new" / "model.onnx")
    (images,), (logits,) = there.get_inputs(), there.get_outputs()
    assert (images.name, images.shape[1:]) == ("images", list(mc.IMAGE_SHAPE))
    assert (images.type, logits.name) == ("tensor(float)", "logits")
    assert isinstance(images.shape[0], str)  # a name: any number
    for count in (1, 7):
        batch = digits.images[:count]
        (found,) = there.run(["logits"], {"images": batch.numpy()})
        np.testing.assert_allclose(found, mc.predict(model, batch), rtol=0, atol=1e-5)


class Stopped(nn.Module):
    """As if the stop button came while it is read."""

    def forward(self, images):
        raise KeyboardInterrupt


def test_a_failed_export_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"old")

    def fail(file):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="No space left"):
            mc.export_onnx(mc.linear_baseline(), path)

    model = Stopped()
    with pytest.raises(KeyboardInterrupt):
        mc.export_onnx(model, path)
    assert model.training
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_extra_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    told = r'expected the package onnxscript.* pip install "mnist-cnn\[onnx\]"'
    with pytest.raises(ImportError, match=told):
        mc.export_onnx(mc.linear_baseline(), tmp_path / "model.onnx")
    assert not any(tmp_path.iterdir())


def test_what_is_no_model_and_no_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected a model, as mc\.VGG\(\), got 3"):
        mc.export_onnx(3, tmp_path / "model.onnx")
    with pytest.raises(ValueError, match="expected the path of a file, got 3"):
        mc.export_onnx(mc.VGG(), 3)
    with pytest.raises(ValueError, match="expected a file or nothing at"):
        mc.export_onnx(mc.linear_baseline(), tmp_path)
