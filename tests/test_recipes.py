"""The named recipes, and that ``fit`` does what a config asks, no more and no less."""

import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import mnist_cnn as mc
from mnist_cnn import recipes, training

ONE = mc.TrainConfig(epochs=1)


def test_plain_is_what_the_series_teaches():
    plain = mc.RECIPES["plain"]
    assert plain.config == mc.TrainConfig()
    assert (plain.config.epochs, plain.config.batch_size, plain.config.lr) == (
        3,
        32,
        0.001,
    )
    names = [name for name, _ in mc.VGG().named_parameters()]
    assert [name for name, _ in plain.build().named_parameters()] == names


@pytest.mark.parametrize("name", mc.RECIPES)
def test_recipe_trains_and_its_weights_are_kept(name, digits, few, tmp_path):
    recipe = mc.RECIPES[name].vary(epochs=1, filters=3)
    mc.seed_everything(0)
    model = recipe.build()
    history = mc.fit(model, digits, few, recipe.config, progress=False)
    assert len(history.test_accuracy) == 2
    mc.save(model, tmp_path / "model.pt")
    again = mc.evaluate(mc.load(tmp_path / "model.pt"), few)
    assert again == (history.test_loss[-1], history.test_accuracy[-1])


def test_recipes_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        mc.RECIPES["plain"] = None
    with pytest.raises(AttributeError):
        mc.RECIPES["plain"].filters = 3


def test_vary_changes_what_is_named():
    plain = mc.RECIPES["plain"]
    varied = plain.vary(lr=0.1, filters=4)
    assert varied.settings() == plain.settings() | {"lr": 0.1, "filters": 4}
    with pytest.raises(TypeError, match="nonsense"):
        plain.vary(nonsense=1)


@pytest.mark.parametrize("kind", [int, np.int64, np.uint8, torch.tensor, np.array])
def test_one_rule_for_counts(kind, digits, few):
    """Any library's integer is a count, and is kept as Python's own."""
    config = mc.TrainConfig(epochs=kind(1), batch_size=kind(16), seed=kind(3))
    assert config == mc.TrainConfig(epochs=1, batch_size=16, seed=3)
    assert {type(v) for v in (config.epochs, config.batch_size, config.seed)} == {int}
    history = mc.fit(mc.VGG(kind(2)), digits, few, config, progress=False)
    assert len(history.seconds) == 2
    assert len(mc.predict(mc.VGG(2), few.images, kind(7))) == len(few)
    loader, _ = mc.make_loaders(digits, few, kind(16), kind(3))
    assert len(next(iter(loader))[0]) == 16


@pytest.mark.parametrize("bad", [True, np.True_, torch.tensor(True), "3", 3.0, None])
@pytest.mark.parametrize("name", ["epochs", "batch_size", "seed"])
def test_what_is_no_count(name, bad):
    with pytest.raises(ValueError, match=f"expected {name} to be a whole number"):
        mc.TrainConfig(**{name: bad})


@pytest.mark.parametrize(
    "bad",
    [
        {"lr": True},
        {"lr": "0.1"},
        {"label_smoothing": 1.0},
        {"label_smoothing": -0.1},
        {"shift": 28},
        {"shift": float("nan")},
        {"rotation": 181},
        {"one_cycle": 1},
        {"bfloat16": None},
        {"epochs": 10**9},
        {"batch_size": 10**23},
    ],
    ids=str,
)
def test_settings_out_of_range_are_named(bad):
    name = next(iter(bad))
    with pytest.raises(ValueError, match=f"expected {name} to be .*, got"):
        mc.TrainConfig(**bad)


def test_numbers_of_other_libraries_are_numbers():
    config = mc.TrainConfig(lr=np.float32(0.5), shift=torch.tensor(2), rotation=10)
    assert (config.lr, config.shift, config.rotation) == (0.5, 2.0, 10.0)


# Moves


def still(count=50):
    generator = torch.Generator().manual_seed(1)
    images = torch.zeros(count, 1, 28, 28)
    images[..., 10:18, 10:18] = torch.rand(count, 1, 8, 8, generator=generator)
    return images


def moved(shift, rotation, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return recipes.move(still(), shift, rotation, generator)


def test_no_move_changes_nothing():
    assert torch.allclose(moved(0, 0), still(), atol=1e-5)


def centres(images):
    """Column and row of each image's centre of mass."""
    ink, place = images[:, 0], torch.arange(28.0)
    total = ink.sum(dim=(1, 2))
    return torch.stack([(ink.sum(dim) @ place) / total for dim in (1, 2)], dim=1)


def test_shifts_reach_so_far_in_all_directions():
    away = centres(moved(shift=3, rotation=0)) - centres(still())
    assert away.abs().max() <= 3.01
    assert (away.amax(dim=0) > 2).all()
    assert (away.amin(dim=0) < -2).all()
    assert away.std(dim=0).tolist() == pytest.approx([3 / 3**0.5] * 2, rel=0.2)


def test_turns_keep_the_centre():
    turned = moved(shift=0, rotation=45)
    blob_centre = torch.tensor(13.5)
    near = (centres(turned) - blob_centre).norm(dim=1)
    assert torch.allclose(near, (centres(still()) - blob_centre).norm(dim=1), atol=0.1)
    assert not torch.allclose(turned, still(), atol=0.1)


def test_moves_have_random_numbers_of_their_own(digits, few):
    before = torch.get_rng_state()
    config = dataclasses.replace(ONE, shift=2, rotation=10)
    mc.fit(mc.linear_baseline(), digits, few, config, progress=False)
    after = torch.get_rng_state()
    mc.linear_baseline()
    assert torch.equal(moved(2, 10), moved(2, 10))
    assert not torch.equal(moved(2, 10), moved(2, 10, seed=1))
    torch.set_rng_state(before)
    mc.linear_baseline()  # the weights are all that was drawn from the global one
    assert torch.equal(torch.get_rng_state(), after)


def test_fit_trains_on_moved_images_and_measures_still_ones(digits, few):
    seen = {True: [], False: []}
    model = mc.linear_baseline()
    model.register_forward_hook(
        lambda m, inputs, out: seen[m.training].append(inputs[0].clone())
    )
    config = mc.TrainConfig(epochs=1, shift=2.0, rotation=10.0, seed=4)
    mc.fit(model, digits, few, config, progress=False)
    loader, _ = mc.make_loaders(digits, few, 32, seed=4)
    generator = torch.Generator().manual_seed(4)
    for images, (batch, _) in zip(seen[True], loader, strict=True):
        assert torch.equal(images, recipes.move(batch, 2.0, 10.0, generator))
    assert torch.equal(torch.cat(seen[False][-1:]), few.images)


# The schedule and the loss


def test_one_cycle_raises_and_lowers_the_rate(digits, few):
    model, rates = mc.linear_baseline(), []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.5)
    optimizer.register_step_post_hook(
        lambda o, *_: rates.append(o.param_groups[0]["lr"])
    )
    config = mc.TrainConfig(epochs=5, lr=0.1, one_cycle=True)
    mc.fit(model, digits, few, config, optimizer=optimizer, progress=False)
    assert len(rates) == 5 * 4
    peak = rates.index(max(rates))
    assert rates[0] == pytest.approx(0.1 / 25)
    assert max(rates) == pytest.approx(0.1, rel=0.02)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 1e-6


def test_without_it_the_rate_stays(digits, few):
    model = mc.linear_baseline()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03)
    mc.fit(model, digits, few, ONE, optimizer=optimizer, progress=False)
    assert optimizer.param_groups[0] == torch.optim.SGD(
        model.parameters(), lr=0.03
    ).param_groups[0] | {"params": optimizer.param_groups[0]["params"]}


def test_smoothed_labels_are_what_is_trained_on(digits, few):
    """0.91 for the right digit and 0.01 for each other, by hand."""
    config = mc.TrainConfig(epochs=1, lr=1e-12, label_smoothing=0.1)
    mc.seed_everything(0)
    model = mc.linear_baseline()
    history = mc.fit(model, digits, few, config, progress=False)
    target = torch.full((len(digits), 10), 0.01)
    target[torch.arange(len(digits)), digits.labels] = 0.91
    chances = mc.predict(model, digits.images).log_softmax(dim=1)
    by_hand = -(target * chances).sum(dim=1).mean().item()
    assert history.train_loss[1] == pytest.approx(by_hand, rel=1e-5)
    assert history.test_loss[1] == mc.evaluate(model, few).loss  # not smoothed


# 16 bits

SIXTEEN = mc.TrainConfig(epochs=1, lr=0.01, bfloat16=True)
FAST_HERE = recipes.has_fast_bfloat16(torch.device("cpu"))


def test_where_sixteen_bits_are_slow_it_takes_32_and_says_so(
    digits, few, monkeypatch, capsys
):
    monkeypatch.setattr(training, "has_fast_bfloat16", lambda device: False)
    losses = []
    for config in (SIXTEEN, dataclasses.replace(SIXTEEN, bfloat16=False)):
        mc.seed_everything(0)
        model = mc.VGG(4, batch_norm=True)
        losses.append(mc.fit(model, digits, few, config).test_loss)
        said = "bfloat16 is slow here, so this computes in float32\n"
        assert capsys.readouterr().out.count(said) == config.bfloat16
    assert losses[0] == losses[1]


@pytest.mark.parametrize("build", [mc.VGG, mc.linear_baseline], ids=["VGG", "linear"])
def test_sixteen_bits_need_batch_norm(build, digits, few):
    with pytest.raises(ValueError, match="expected a VGG with batch norm for bfloat16"):
        mc.fit(build(), digits, few, SIXTEEN, progress=False)


@pytest.mark.skipif(not FAST_HERE, reason="no instructions for bfloat16 here")
def test_sixteen_bits_give_nearly_the_same_gradients(digits):
    gradients = []
    for forward in (lambda model: model, recipes.in_bfloat16):
        mc.seed_everything(0)
        model = mc.VGG(batch_norm=True).train()
        logits = forward(model)(digits.images)
        F.cross_entropy(logits, digits.labels).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    assert F.cosine_similarity(*gradients, dim=0) > 0.99
    assert not torch.equal(*gradients)
