"""The named recipes, and that ``fit`` does what a config asks, no more and no less."""

import numpy as np
import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

import mnist_cnn as mc
from mnist_cnn import devices, training
from mnist_cnn.augment import augment


def test_plain_is_what_the_series_teaches():
    plain = mc.RECIPES["plain"]
    assert plain.config == mc.TrainConfig(epochs=3, batch_size=32, lr=0.001, seed=0)
    names = [name for name, _ in mc.VGG().named_parameters()]
    assert [name for name, _ in plain.build().named_parameters()] == names


@pytest.mark.parametrize("name", mc.RECIPES)
def test_recipe_trains_and_its_weights_are_kept(name, digits, few, tmp_path):
    recipe = mc.RECIPES[name].vary(epochs=1, filters=3)
    mc.seed_everything(0)
    model = recipe.build()
    history = mc.fit(model, digits, few, recipe.config, progress=False)
    assert len(history.test_accuracy) == 2
    mc.save(model, tmp_path / "weights")
    again = mc.evaluate(mc.load(tmp_path / "weights"), few)
    assert again == (history.test_loss[-1], history.test_accuracy[-1])


def test_vary_changes_what_is_named_and_recipes_stay():
    plain = mc.RECIPES["plain"]
    varied = plain.vary(lr=0.1, filters=4)
    assert varied.settings() == plain.settings() | {"lr": 0.1, "filters": 4}
    with pytest.raises(TypeError, match="nonsense"):
        plain.vary(nonsense=1)
    with pytest.raises(TypeError):
        mc.RECIPES["plain"] = varied
    with pytest.raises(AttributeError):
        plain.filters = 3
    with pytest.raises(AttributeError):
        plain.config.epochs = 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("epochs", value) for value in (True, np.True_, "3", 3.0, None, 0, 10**9)),
        ("batch_size", 0),
        ("seed", 2**32),
        *(("lr", value) for value in (0, float("nan"), float("inf"), True, "0.1")),
        ("label_smoothing", 1.0),
        ("label_smoothing", -0.1),
        ("shift", 28),
        ("rotation", 181),
        ("one_cycle", 1),
    ],
)
def test_settings_out_of_range_are_named(name, value):
    with pytest.raises(ValueError, match=f"expected {name} to be .*, got"):
        mc.TrainConfig(**{name: value})


# Augmentation


STILL = torch.zeros(50, 1, 28, 28)
SEED = torch.Generator().manual_seed(1)
STILL[..., 10:18, 10:18] = torch.rand(50, 1, 8, 8, generator=SEED)


def moved(shift, rotation):
    return augment(STILL, shift, rotation, torch.Generator().manual_seed(0))


def centres(images):
    """Column and row of each image's centre of mass."""
    ink, place = images[:, 0], torch.arange(28.0)
    total = ink.sum(dim=(1, 2))
    return torch.stack([(ink.sum(dim) @ place) / total for dim in (1, 2)], dim=1)


def test_shifts_reach_so_far_in_all_directions():
    assert torch.allclose(moved(0, 0), STILL, atol=1e-5)
    away = centres(moved(shift=3, rotation=0)) - centres(STILL)
    assert away.abs().max() <= 3.01
    assert (away.amax(dim=0) > 2).all()
    assert (away.amin(dim=0) < -2).all()
    assert away.std(dim=0).tolist() == pytest.approx([3 / 3**0.5] * 2, rel=0.2)


def test_turns_keep_the_centre():
    turned = moved(shift=0, rotation=45)
    middle = torch.tensor(13.5)
    near = (centres(turned) - middle).norm(dim=1)
    assert torch.allclose(near, (centres(STILL) - middle).norm(dim=1), atol=0.1)
    assert not torch.allclose(turned, STILL, atol=0.1)


# The schedule


def groups_by_step(optimizer, digits, **settings):
    """What the optimizer's settings were at each step; those of its own if None."""
    model, seen = mc.linear_baseline(), []
    handle = register_optimizer_step_post_hook(
        lambda optimizer, *_: seen.append(dict(optimizer.param_groups[0]))
    )
    config = mc.TrainConfig(**settings)
    mine = optimizer and optimizer(model.parameters())
    mc.fit(model, digits, digits, config, optimizer=mine, progress=False)
    handle.remove()
    return seen


def test_one_cycle_raises_and_lowers_the_rate(digits):
    seen = groups_by_step(None, digits, epochs=5, lr=0.1, one_cycle=True)
    rates = [group["lr"] for group in seen]
    assert len(rates) == 5 * 4
    peak = rates.index(max(rates))
    assert rates[0] == pytest.approx(0.1 / 25)
    assert max(rates) == pytest.approx(0.1, rel=0.02)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 1e-6
    momenta = [group["betas"][0] for group in seen]  # of the Adam that fit makes
    assert momenta[0] == pytest.approx(0.95)
    assert momenta[peak] == pytest.approx(0.85, abs=0.01)


# 16 bits


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    "build",
    [lambda: mc.VGG(4), lambda: mc.VGG(4, batch_norm=True), mc.linear_baseline],
    ids=["VGG", "batch norm", "linear"],
)
def test_sixteen_bits_for_any_network_where_they_are_fast(
    build, fast, digits, few, monkeypatch, capsys
):
    monkeypatch.setattr(training, "has_fast_bfloat16", lambda device: fast)
    assert devices.Bfloat16(build())(few.images).dtype == torch.float32
    losses = []
    for bfloat16 in (True, False):
        mc.seed_everything(0)
        config = mc.TrainConfig(epochs=2, lr=0.01, bfloat16=bfloat16)
        losses.append(mc.fit(build(), digits, few, config).test_loss)
        said = "bfloat16 is slow here, so this computes in float32\n"
        assert capsys.readouterr().out.count(said) == (bfloat16 and not fast)
    assert (losses[0] == losses[1]) is (not fast)
    assert losses[0] == pytest.approx(losses[1], rel=0.2)
