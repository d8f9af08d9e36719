"""Weights on disk: whole or not at all, plain to read, and right or refused."""

import math
import os
from unittest.mock import Mock

import pytest
import safetensors.torch
import torch
from torch import nn

import mnist_cnn as mc


@pytest.fixture
def model():
    torch.manual_seed(0)
    return mc.VGG(filters=3)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def same(a: nn.Module, b: nn.Module) -> bool:
    left, right = a.state_dict(), b.state_dict()
    return left.keys() == right.keys() and all(
        torch.equal(left[name], right[name]) for name in left
    )


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("double_filters", [False, True])
def test_save_and_load(path, batch_norm, double_filters):
    model = mc.VGG(3, 5, batch_norm=batch_norm, double_filters=double_filters)
    model.train()(torch.rand(8, 1, 28, 28))  # moves the running means
    state = torch.get_rng_state()
    mc.save(model, str(path))
    loaded = mc.load(path)
    assert same(loaded, model)
    tensors = safetensors.torch.load_file(path)  # as another program finds them
    assert {t.dtype for t in tensors.values() if t.ndim} == {torch.float32}
    assert model.training
    assert not loaded.training
    assert all(p.requires_grad for p in loaded.parameters())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("device", ["cpu", "cuda:0", "mps"])
def test_what_torch_save_wrote_is_read(model, path, monkeypatch, device):
    """Under any name, and where this computer lacks the device that it was on."""
    monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: device)
    torch.save(model.state_dict(), path)
    loaded = mc.load(path)
    assert same(loaded, model)
    assert {p.device.type for p in loaded.parameters()} == {"cpu"}


@pytest.mark.parametrize("wrap", [nn.DataParallel, torch.compile])
def test_a_wrapped_model_is_saved_as_the_network_inside(model, path, wrap):
    mc.save(wrap(model), path)
    assert same(mc.load(path), model)


def test_the_home_folder_may_be_short(model, tmp_path, monkeypatch):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    mc.save(model, "~/new/model.safetensors")
    assert same(mc.load("~/new/model.safetensors"), model)
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


def test_a_full_disk_leaves_the_old_file(model, path, monkeypatch):
    mc.save(model, path)
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(os, "fsync", Mock(side_effect=full))
    with pytest.raises(OSError, match="No space left"):
        mc.save(mc.VGG(filters=9), path)
    assert same(mc.load(path), model)
    assert list(path.parent.iterdir()) == [path]


def test_arguments_that_are_refused(model, path):
    with pytest.raises(ValueError, match=r"the weights of a VGG, got 1\.weight"):
        mc.save(mc.linear_baseline(), path)
    for use in (lambda: mc.save(model, 3), lambda: mc.load(3)):
        with pytest.raises(ValueError, match="expected the path of a file, got 3"):
            use()
    with pytest.raises(FileNotFoundError, match=path.name):
        mc.load(path)
    with pytest.raises(ValueError, match=r"expected source to be one of .*, got 'x'"):
        mc.load(source="x")


@pytest.mark.parametrize("name", ["features.2.weight", "features.1.running_var"])
def test_weights_that_are_no_numbers_are_refused(path, name):
    model = mc.VGG(filters=2, batch_norm="running" in name)
    model.state_dict()[name][0] = math.nan
    with pytest.raises(ValueError, match=f"{name} holds numbers that are infinite"):
        mc.save(model, path)
    torch.save(model.state_dict(), path)
    with pytest.raises(ValueError, match=f"{path.name}.*{name} holds numbers that are"):
        mc.load(path)


DAMAGED = "is no file of weights, or is damaged"


@pytest.mark.parametrize("old", [False, True], ids=["safetensors", "torch.save"])
@pytest.mark.parametrize("end", [0, 4, 100, 2000, -1])
def test_a_file_that_was_cut_is_refused(model, path, old, end):
    torch.save(model.state_dict(), path) if old else mc.save(model, path)
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(ValueError, match=f"{path.name} {DAMAGED}"):
        mc.load(path)


STATE = mc.VGG(filters=3).state_dict()
OTHERS = {
    "text": (b"these are not weights\n" * 100, DAMAGED),
    "the model itself": (mc.VGG(filters=3), DAMAGED),  # unpickling it would run code
    "other network": (mc.linear_baseline().state_dict(), "got 1.weight, 1.bias"),
    "wrapped": ({"model": STATE, "epoch": 3}, "got model, epoch"),
    "other shape": (STATE | {"features.2.bias": torch.zeros(9)}, "features.2.bias"),
    "too much": (STATE | {"features.99.bias": torch.zeros(3)}, "features.99.bias"),
    "too little": (dict(list(STATE.items())[:-1]), "classifier.1.bias"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_vgg_is_named(path, kind):
    content, named = OTHERS[kind]
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match=rf"(?s){path.name}.*{named}"):
        mc.load(path)
