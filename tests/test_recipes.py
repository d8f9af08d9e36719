"""The named recipes, and that ``fit`` does what a config asks, no more and no less."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.optim.optimizer import register_optimizer_step_post_hook

import mnist_cnn as mc
from mnist_cnn import devices, training
from mnist_cnn.augment import augment

ONE = mc.TrainConfig(epochs=1)


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


def test_recipes_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        mc.RECIPES["plain"] = None
    with pytest.raises(AttributeError):
        mc.RECIPES["plain"].filters = 3
    with pytest.raises(AttributeError):
        ONE.epochs = 5


def test_vary_changes_what_is_named():
    plain = mc.RECIPES["plain"]
    varied = plain.vary(lr=0.1, filters=4)
    assert varied.settings() == plain.settings() | {"lr": 0.1, "filters": 4}
    with pytest.raises(TypeError, match="nonsense"):
        plain.vary(nonsense=1)


@pytest.mark.parametrize("kind", [int, np.int64, np.uint8, torch.tensor, np.array])
def test_one_rule_for_counts(kind):
    """Any library's integer is a count, and is kept as Python's own."""
    config = mc.TrainConfig(epochs=kind(1), batch_size=kind(16), seed=kind(3))
    assert config == mc.TrainConfig(epochs=1, batch_size=16, seed=3)
    assert {type(v) for v in (config.epochs, config.batch_size, config.seed)} == {int}


BAD_COUNTS = [True, np.True_, torch.tensor(True), "3", 3.0, None, -1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("epochs", value) for value in BAD_COUNTS),
        ("epochs", 0),
        ("epochs", 10**9),
        ("batch_size", 0),
        ("seed", 2**32),
        ("lr", 0),
        ("lr", float("nan")),
        ("lr", float("inf")),
        ("lr", True),
        ("lr", "0.1"),
        ("label_smoothing", 1.0),
        ("label_smoothing", -0.1),
        ("shift", 28),
        ("rotation", 181),
        ("one_cycle", 1),
        ("bfloat16", None),
    ],
)
def test_settings_out_of_range_are_named(name, value):
    with pytest.raises(ValueError, match=f"expected {name} to be .*, got"):
        mc.TrainConfig(**{name: value})


def test_numbers_of_other_libraries_are_numbers():
    config = mc.TrainConfig(lr=np.float32(0.5), shift=torch.tensor(2), rotation=180)
    assert (config.lr, config.shift, config.rotation) == (0.5, 2.0, 180.0)


# Augmentation


def still(count=50):
    generator = torch.Generator().manual_seed(1)
    images = torch.zeros(count, 1, 28, 28)
    images[..., 10:18, 10:18] = torch.rand(count, 1, 8, 8, generator=generator)
    return images


def moved(shift, rotation, seed=0):
    return augment(still(), shift, rotation, torch.Generator().manual_seed(seed))


def centres(images):
    """Column and row of each image's centre of mass."""
    ink, place = images[:, 0], torch.arange(28.0)
    total = ink.sum(dim=(1, 2))
    return torch.stack([(ink.sum(dim) @ place) / total for dim in (1, 2)], dim=1)


def test_shifts_reach_so_far_in_all_directions():
    assert torch.allclose(moved(0, 0), still(), atol=1e-5)
    away = centres(moved(shift=3, rotation=0)) - centres(still())
    assert away.abs().max() <= 3.01
    assert (away.amax(dim=0) > 2).all()
    assert (away.amin(dim=0) < -2).all()
    assert away.std(dim=0).tolist() == pytest.approx([3 / 3**0.5] * 2, rel=0.2)


def test_turns_keep_the_centre():
    turned = moved(shift=0, rotation=45)
    middle = torch.tensor(13.5)
    near = (centres(turned) - middle).norm(dim=1)
    assert torch.allclose(near, (centres(still()) - middle).norm(dim=1), atol=0.1)
    assert not torch.allclose(turned, still(), atol=0.1)


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
        assert torch.equal(images, augment(batch, 2.0, 10.0, generator))
    assert torch.equal(torch.cat(seen[False][-1:]), few.images)


# The schedule and the loss


def groups_by_step(optimizer, digits, config):
    """What the optimizer's settings were at each step; those of its own if None."""
    model, seen = mc.linear_baseline(), []

    def note(optimizer, *_):
        seen.append(dict(optimizer.param_groups[0]))

    handle = register_optimizer_step_post_hook(note)
    mine = optimizer and optimizer(model.parameters())
    mc.fit(model, digits, digits, config, optimizer=mine, progress=False)
    handle.remove()
    return seen


def test_one_cycle_raises_and_lowers_the_rate(digits):
    config = mc.TrainConfig(epochs=5, lr=0.1, one_cycle=True)
    seen = groups_by_step(None, digits, config)
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


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda p: torch.optim.SGD(p, lr=0.03),
        lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.5),
        lambda p: torch.optim.Adagrad(p, lr=0.03),
    ],
    ids=["SGD", "SGD with momentum", "Adagrad"],
)
def test_one_cycle_leaves_the_readers_momentum_alone(optimizer, digits):
    config = mc.TrainConfig(epochs=1, lr=0.1, one_cycle=True)
    seen = groups_by_step(optimizer, digits, config)
    assert len({group["lr"] for group in seen}) == 4
    start = optimizer([torch.zeros(1, requires_grad=True)]).param_groups[0]
    assert all(group.get("momentum") == start.get("momentum") for group in seen)


def test_without_it_the_rate_stays(digits):
    seen = groups_by_step(lambda p: torch.optim.SGD(p, lr=0.03), digits, ONE)
    assert {group["lr"] for group in seen} == {0.03}


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
    losses = []
    for bfloat16 in (True, False):
        mc.seed_everything(0)
        config = mc.TrainConfig(epochs=2, lr=0.01, bfloat16=bfloat16)
        losses.append(mc.fit(build(), digits, few, config).test_loss)
        said = "bfloat16 is slow here, so this computes in float32\n"
        assert capsys.readouterr().out.count(said) == (bfloat16 and not fast)
    assert (losses[0] == losses[1]) is (not fast)
    assert losses[0] == pytest.approx(losses[1], rel=0.2)


def test_sixteen_bits_give_nearly_the_same_gradients(digits):
    gradients = []
    for wrap in (lambda model: model, devices.Bfloat16):
        mc.seed_everything(0)
        model = mc.VGG(batch_norm=True).train()
        logits = wrap(model)(digits.images)
        assert logits.dtype == torch.float32
        F.cross_entropy(logits, digits.labels).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    assert F.cosine_similarity(*gradients, dim=0) > 0.99
    assert not torch.equal(*gradients)
