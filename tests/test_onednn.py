"""The faster way gives the same gradients, and is not taken where it cannot go."""

import copy
import math
import platform

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import mnist_cnn as mc
from mnist_cnn.onednn import fast_forward

ONE = mc.TrainConfig(epochs=1, batch_size=20)
CPU = torch.backends.cpu

# Elsewhere the layout is never used, and may not know all of these layers
pytestmark = pytest.mark.skipif(
    platform.machine() not in {"x86_64", "AMD64"}
    or not torch.backends.mkldnn.is_available(),
    reason="no processor of the kind that can have AVX-512, or no oneDNN",
)


@pytest.fixture(autouse=True)
def avx512(monkeypatch):
    """oneDNN's layout works without AVX-512, too; it only does not pay there."""
    monkeypatch.setattr(CPU, "get_cpu_capability", lambda: "AVX512")


def is_fast(model: nn.Module) -> bool:
    return fast_forward(model) is not model


def gradients(model, forward, images, labels) -> torch.Tensor:
    model.zero_grad()
    F.cross_entropy(forward(images), labels).backward()
    return torch.cat([weights.grad.flatten() for weights in model.parameters()])


@pytest.mark.parametrize("filters", [16, 32])
def test_same_gradients(digits, filters):
    """To rounding, in most batches: a ReLU's input of almost 0 can fall either way."""
    mc.seed_everything(0)
    model, apart = mc.VGG(filters), []
    assert is_fast(model)
    for start in range(0, 80, 2):
        batch = digits.images[start : start + 20], digits.labels[start : start + 20]
        plain = gradients(model, model, *batch)
        fast = gradients(model, fast_forward(model), *batch)
        apart.append((fast - plain).norm() / plain.norm())
    assert torch.stack(apart).median() < 1e-5


def spy(monkeypatch) -> list[bool]:
    """Notes of each convolution in training whether its input is in oneDNN's layout."""
    seen, conv2d = [], F.conv2d

    def noting(images, *others):
        if torch.is_grad_enabled():
            seen.append(images.is_mkldnn)
        return conv2d(images, *others)

    monkeypatch.setattr(F, "conv2d", noting)
    return seen


def test_fit_takes_it_but_where_it_looks_at_the_loss(digits, few, monkeypatch):
    seen = spy(monkeypatch)
    mc.fit(mc.VGG(), digits, few, ONE, progress=False)
    assert seen == 4 * 6 * [True] + 6 * [False]  # five steps, six convolutions


def test_small_batches_go_the_plain_way(digits, few, monkeypatch):
    seen = spy(monkeypatch)
    config = mc.TrainConfig(epochs=1, batch_size=10)
    mc.fit(mc.VGG(), digits, few, config, progress=False)
    assert seen == 10 * 6 * [False]


@pytest.mark.parametrize("layer", [0, 4, 11])
def test_a_nan_that_the_fast_way_hides_stops_fit(digits, few, layer):
    model, steps = mc.VGG(), []
    adam = torch.optim.Adam(model.parameters())

    def spoil(*_):
        steps.append(1)
        if len(steps) == 2:
            nn.init.constant_(model.features[layer].bias[:1], math.nan)

    adam.register_step_post_hook(spoil)
    with pytest.raises(FloatingPointError, match="training loss became nan"):
        mc.fit(model, digits, few, ONE, optimizer=adam, progress=False)


def changed(index: int, layer: nn.Module) -> mc.VGG:
    model = mc.VGG()
    model.features[index] = layer
    return model


def watched(name: str) -> mc.VGG:
    model = mc.VGG()
    model.get_submodule(name).register_forward_hook(lambda *_: None)
    return model


def replaced() -> mc.VGG:
    model = mc.VGG()
    model.features = nn.AdaptiveAvgPool2d(28)
    return model


def compiled(name: str) -> mc.VGG:
    model = mc.VGG()
    model.get_submodule(name).compile(backend="eager")
    return model


class Own(mc.VGG):
    pass


OTHERS = {
    "8 filters": lambda: mc.VGG(8),
    "24 filters": lambda: mc.VGG(24),
    "float64": lambda: mc.VGG().double(),
    "another device": lambda: mc.VGG().to("meta"),
    "another layer": lambda: changed(1, nn.LeakyReLU()),
    "circular": lambda: changed(
        2, nn.Conv2d(16, 16, 3, padding=1, padding_mode="circular")
    ),
    "same": lambda: changed(2, nn.Conv2d(16, 16, 2, padding="same")),
    "dilated pool": lambda: changed(6, nn.MaxPool2d(2, padding=1, dilation=2)),
    "other features": replaced,
    "a subclass": Own,
    "another model": mc.linear_baseline,
    "inside another": lambda: nn.Sequential(mc.VGG()),
    "a hook on a layer": lambda: watched("features.4"),
    "a hook on the features": lambda: watched("features"),
    "a hook on the model": lambda: watched(""),
    "compiled": lambda: compiled(""),
    "compiled features": lambda: compiled("features"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_not_for_such_models(name):
    assert is_fast(mc.VGG())
    assert not is_fast(OTHERS[name]())


def test_not_in_such_modes(monkeypatch):
    model = mc.VGG()
    assert is_fast(model)
    with torch.autocast("cpu", torch.bfloat16):
        assert not is_fast(model)
    with pytest.warns(UserWarning, match="Anomaly"), torch.autograd.detect_anomaly():
        assert not is_fast(model)
    everywhere = nn.modules.module.register_module_forward_hook(lambda *_: None)
    assert not is_fast(model)
    everywhere.remove()
    with monkeypatch.context() as without:
        without.setattr(torch.backends.mkldnn, "enabled", False)
        assert not is_fast(model)
    assert is_fast(model)
    monkeypatch.setattr(CPU, "get_cpu_capability", lambda: "AVX2")
    assert not is_fast(model)


@pytest.mark.parametrize("name", ["circular", "same", "dilated pool"])
def test_fit_trains_layers_that_cannot_take_it(name, digits, few):
    model = OTHERS[name]()
    with pytest.raises((RuntimeError, NotImplementedError)):
        model.features(digits.images.to_mkldnn())
    history = mc.fit(model, digits, few, ONE, progress=False)
    assert len(history.seconds) == 2


def test_a_hook_can_read_values_during_fit(digits, few):
    model, means = mc.VGG(), []
    model.features[1].register_forward_hook(
        lambda layer, inputs, output: means.append(output.mean().item())
    )
    mc.fit(model, digits, few, ONE, progress=False)
    assert min(means) > 0


def test_a_copy_made_in_training_is_a_model_like_any(digits, few):
    model, copies = mc.VGG(), []
    adam = torch.optim.Adam(model.parameters())
    adam.register_step_post_hook(lambda *_: copies.append(copy.deepcopy(model)))
    mc.fit(model, digits, few, ONE, optimizer=adam, progress=False)
    assert is_fast(copies[0])
    assert torch.equal(
        mc.predict(copies[-1], few.images), mc.predict(model, few.images)
    )
    assert mc.trace(copies[0]) == mc.trace(model)
