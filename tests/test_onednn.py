"""The faster layout gives the same gradients, and stays away where it cannot go."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import mnist_cnn as mc
from mnist_cnn.onednn import onednn_layout

ONE = mc.TrainConfig(epochs=1)
CPU = torch.backends.cpu

needs_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="PyTorch without oneDNN"
)


@pytest.fixture(autouse=True)
def avx512(monkeypatch):
    """The layout works on every processor with oneDNN; it pays on those with this."""
    monkeypatch.setattr(CPU, "get_cpu_capability", lambda: "AVX512")


def gradients(model: nn.Module, digits: mc.Digits) -> torch.Tensor:
    model.zero_grad()
    F.cross_entropy(model(digits.images), digits.labels).backward()
    return torch.cat([weights.grad.flatten() for weights in model.parameters()])


def in_use(model: nn.Module) -> bool:
    with onednn_layout(model):
        return bool(model.features._forward_hooks)


@needs_onednn
@pytest.mark.parametrize("filters", [16, 32])
@pytest.mark.parametrize("size", [1, 5])
def test_same_gradients(digits, filters, size):
    """To rounding, in most batches: a ReLU's input of almost 0 can fall either way."""
    mc.seed_everything(0)
    model, apart = mc.VGG(filters), []
    batches = zip(digits.images.split(size), digits.labels.split(size), strict=True)
    for images, labels in batches:
        batch = mc.Digits(images, labels, "mnist")
        plain = gradients(model, batch)
        with onednn_layout(model):
            apart.append((gradients(model, batch) - plain).norm() / plain.norm())
    assert torch.stack(apart).median() < 1e-5


@needs_onednn
def test_layout_ends_before_the_classifier(digits):
    model = mc.VGG()
    with onednn_layout(model):
        assert in_use(model)
        assert model.features(digits.images).layout == torch.strided
    assert not model.features._forward_hooks
    assert not model.features._forward_pre_hooks


@needs_onednn
def test_fit_trains_in_it_and_leaves_it(digits, few):
    model, seen = mc.VGG(), []
    adam = torch.optim.Adam(model.parameters())
    adam.register_step_pre_hook(lambda *_: seen.append(in_use(model)))
    mc.fit(model, digits, few, ONE, optimizer=adam, progress=False)
    assert len(seen) == 4
    assert all(seen)
    assert not model.features._forward_hooks


def test_left_after_an_error():
    model = mc.VGG()
    with pytest.raises(ValueError, match="expected images"), onednn_layout(model):
        model(torch.zeros(3))
    assert not model.features._forward_hooks


def wider(model: mc.VGG) -> mc.VGG:
    model.features[1] = nn.LeakyReLU()
    return model


def watched(model: mc.VGG) -> mc.VGG:
    model.features[4].register_forward_hook(lambda *_: None)
    return model


@pytest.mark.parametrize(
    "model",
    [
        mc.VGG(8),
        mc.VGG(24),
        mc.VGG().double(),
        mc.VGG().to("meta"),
        wider(mc.VGG()),
        watched(mc.VGG()),
        mc.linear_baseline(),
        nn.Sequential(mc.VGG()),
    ],
    ids=["8", "24", "double", "device", "layer", "hook", "linear", "inside"],
)
def test_not_for_such_models(model):
    with onednn_layout(model):
        assert not any(
            module._forward_pre_hooks or module._forward_hooks
            for name, module in model.named_modules()
            if name.endswith("features")
        )


@needs_onednn
def test_not_in_such_modes(monkeypatch):
    model = mc.VGG()
    with torch.autocast("cpu", torch.bfloat16):
        assert not in_use(model)
    with monkeypatch.context() as without:
        without.setattr(torch.backends.mkldnn, "enabled", False)
        assert not in_use(model)
    with pytest.warns(UserWarning, match="Anomaly"), torch.autograd.detect_anomaly():
        assert not in_use(model)
    assert in_use(model)
    monkeypatch.setattr(CPU, "get_cpu_capability", lambda: "AVX2")
    assert not in_use(model)


def test_a_hook_can_read_values_during_fit(digits, few):
    model, means = mc.VGG(), []
    model.features[1].register_forward_hook(
        lambda layer, inputs, output: means.append(output.mean().item())
    )
    mc.fit(model, digits, few, ONE, progress=False)
    assert min(means) > 0


@needs_onednn
def test_a_compiled_model_trains(digits, few):
    """Compiled code keeps PyTorch's layout; "eager" is the compiler without C++."""
    model = mc.VGG()
    model.compile(backend="eager")
    history = mc.fit(model, digits, few, ONE, progress=False)
    assert len(history.seconds) == 2
