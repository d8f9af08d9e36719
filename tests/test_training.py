"""The loop learns, records honestly, and is not disturbed by measuring."""

import itertools
import random

import numpy as np
import pytest
import torch

import mnist_cnn as mc
from mnist_cnn import training

ONE = mc.TrainConfig(epochs=1)


def fitted(digits, few, config=ONE, **options):
    mc.seed_everything(3)
    model = mc.VGG(filters=4)
    history = mc.fit(model, digits, few, config, progress=False, **options)
    return model, history


def test_it_learns(digits, few):
    model = mc.linear_baseline()  # off the plateau at once, unlike the VGG
    config = mc.TrainConfig(epochs=20, lr=0.01)
    history = mc.fit(model, digits, few, config, progress=False)
    assert history.test_accuracy[0] < 0.5
    assert history.test_accuracy[-1] == 1.0
    assert mc.evaluate(model, few) == (
        history.test_loss[-1],
        history.test_accuracy[-1],
    )
    assert not model.training


def test_history_has_an_entry_an_epoch_and_one_before(digits, few):
    _, history = fitted(digits, few, mc.TrainConfig(epochs=2))
    lists = [v for v in vars(history).values() if isinstance(v, list)]
    assert [len(entries) for entries in lists] == [3] * 5
    assert history.seconds[0] == 0
    mc.seed_everything(3)
    untrained = mc.VGG(filters=4)
    assert history.train_loss[0] == mc.evaluate(untrained, digits).loss
    assert history.test_accuracy[0] == mc.evaluate(untrained, few).accuracy


def test_training_figures_are_means_over_images(digits, few):
    """With a learning rate of nearly nothing they equal an evaluation."""
    config = mc.TrainConfig(epochs=1, batch_size=32, lr=1e-12)
    model, history = fitted(digits, few, config)
    still = mc.evaluate(model, digits)
    assert history.train_loss[1] == pytest.approx(still.loss, rel=1e-5)
    assert history.train_accuracy[1] == pytest.approx(still.accuracy)


def test_the_same_seed_gives_the_same_run(digits, few):
    first, _ = fitted(digits, few)
    second, _ = fitted(digits, few)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def test_evaluating_does_not_change_training(digits, few, monkeypatch):
    """The same run with evaluations that draw random numbers in between."""
    plain, _ = fitted(digits, few, mc.TrainConfig(epochs=2))
    evaluate = mc.training.evaluate

    def noisy(*arguments):
        torch.rand(7)
        return evaluate(*arguments)

    monkeypatch.setattr(mc.training, "evaluate", noisy)
    disturbed, _ = fitted(digits, few, mc.TrainConfig(epochs=2))
    for a, b in zip(plain.parameters(), disturbed.parameters(), strict=True):
        assert torch.equal(a, b)


def test_fit_leaves_the_global_random_state_alone(digits, few):
    model = mc.VGG(filters=4)
    before = torch.get_rng_state()
    mc.fit(model, digits, few, ONE, progress=False)
    assert torch.equal(torch.get_rng_state(), before)


def test_own_optimizer_is_used(digits, few):
    mc.seed_everything(3)
    model = mc.VGG(filters=4)
    start = [p.detach().clone() for p in model.parameters()]
    still = torch.optim.SGD(model.parameters(), lr=0.0)
    mc.fit(model, digits, few, ONE, optimizer=still, progress=False)
    assert all(map(torch.equal, start, model.parameters()))


def test_fit_sees_the_batches_of_make_loaders_in_their_order(digits, few):
    seen = []
    model = mc.linear_baseline()
    model.register_forward_hook(
        lambda m, inputs, out: seen.append(inputs[0].clone()) if m.training else None
    )
    mc.fit(model, digits, few, mc.TrainConfig(2, 32, seed=5), progress=False)
    loader, _ = mc.make_loaders(digits, few, 32, seed=5)
    wanted = [images for images, _ in itertools.chain(loader, loader)]
    assert len(seen) == len(wanted) == 8
    assert all(map(torch.equal, seen, wanted))


def test_full_size_batches():
    def blank(count):
        images = torch.zeros(1, 1, 28, 28).expand(count, -1, -1, -1)
        return mc.Digits(images, torch.zeros(count, dtype=torch.int64))

    train, test = mc.make_loaders(blank(60_000), blank(10_000))
    assert (len(train), len(test)) == (1875, 313)
    *_, (images, labels) = test
    assert len(images) == len(labels) == 16


def test_train_is_shuffled_anew_and_test_never(digits, few):
    train, test = mc.make_loaders(digits, few, 32)
    first, second = (torch.cat([y for _, y in train]) for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(first.sort().values, digits.labels.sort().values)
    for _ in range(2):
        assert torch.equal(torch.cat([x for x, _ in test]), few.images)


def test_epoch_line_and_bar_go_to_stdout(digits, few, capsys):
    mc.fit(mc.VGG(4), digits, few, ONE)
    captured = capsys.readouterr()
    assert captured.err == ""
    last = captured.out.split("\r")[-1]
    assert last.startswith("epoch 1/1  train loss ")
    assert "test loss" in last


def test_a_stop_is_announced(digits, few, capsys):
    class Stopped(torch.optim.SGD):
        def step(self):
            raise KeyboardInterrupt

    model = mc.VGG(2)
    assert mc.fit(model, digits, few, optimizer=Stopped(model.parameters())).interrupted
    assert "stopped by the user after 0 epochs" in capsys.readouterr().out


def test_quiet_means_quiet(digits, few, capsys):
    fitted(digits, few)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "bad",
    [
        {"epochs": 0},
        {"epochs": -1},
        {"epochs": 2.5},
        {"batch_size": 0},
        {"lr": 0},
        {"lr": -0.1},
        {"lr": float("nan")},
        {"lr": float("inf")},
        {"seed": -1},
        {"seed": 2**32},
    ],
    ids=str,
)
def test_bad_settings_are_named(bad):
    name, value = next(iter(bad.items()))
    with pytest.raises(ValueError, match=f"expected {name} .* got {value}"):
        mc.TrainConfig(**bad)


def test_loaders_need_a_batch_size(digits, few):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        mc.make_loaders(digits, few, batch_size=0)


def test_config_is_frozen():
    with pytest.raises(AttributeError):
        ONE.epochs = 5


def test_pick_device_works():
    torch.zeros(1, device=mc.pick_device())


def test_a_device_that_fails_is_not_picked(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    current = torch.device("mps")
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: current)
    monkeypatch.setattr(torch, "zeros", fail)
    with pytest.warns(UserWarning, match="using the CPU, as mps fails: out of memory"):
        assert mc.pick_device().type == "cpu"


def test_seed_everything_fixes_every_generator():
    drawn = []
    for _ in range(2):
        mc.seed_everything(11)
        drawn.append((random.random(), np.random.rand(), torch.rand(()).item()))  # noqa: NPY002
    assert drawn[0] == drawn[1]


def test_a_last_step_that_goes_too_far_is_told(digits):
    config = mc.TrainConfig(epochs=1, batch_size=len(digits), lr=1e38)
    with pytest.raises(FloatingPointError, match="test loss became nan after"):
        mc.fit(mc.VGG(2), digits, digits, config, progress=False)


def test_settings_have_a_class_of_their_own(digits):
    with pytest.raises(ValueError, match="expected a TrainConfig, got 3"):
        mc.fit(mc.VGG(2), digits, digits, 3)


def test_seconds_are_those_of_the_training(digits, monkeypatch):
    clock = iter(range(0, 100, 7))
    monkeypatch.setattr(training.time, "perf_counter", lambda: next(clock))
    config = mc.TrainConfig(epochs=2)
    history = mc.fit(mc.VGG(2), digits, digits, config, progress=False)
    assert history.seconds == [0, 7, 7]


def test_seed_everything_fixes_the_weights():
    first, second = [], []
    for weights in (first, second):
        mc.seed_everything(11)
        weights.extend(mc.VGG().parameters())
    assert all(map(torch.equal, first, second))
