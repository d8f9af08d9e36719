"""The loop learns, records honestly, and is not disturbed by measuring."""

import io
import itertools
import random
import sys

import numpy as np
import pytest
import torch
from ipykernel.iostream import OutStream
from torch.nn import functional as F

import mnist_cnn as mc
from mnist_cnn import training

ONE = mc.TrainConfig(epochs=1)


def fitted(digits, few, config=ONE, **options):
    mc.seed_everything(3)
    model = mc.VGG(filters=4)
    history = mc.fit(model, digits, few, config, progress=False, **options)
    return model, history


def assert_same(first, second):
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


# A step at a time


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_steps_are_the_loop_written_by_hand(digits, smoothing):
    models, found = [], []
    for by_hand in (True, False):
        mc.seed_everything(0)
        model = mc.VGG(4, batch_norm=True)
        models.append(model)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        loader, _ = mc.make_loaders(digits, digits, seed=1)
        if by_hand:
            model.train()
            for images, labels in loader:
                logits = model(images)
                loss = F.cross_entropy(logits, labels, label_smoothing=smoothing)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                correct = (logits.argmax(dim=1) == labels).sum().item()
                found.append((loss.item(), correct, len(labels)))
        else:
            model.eval()  # it is told to train
            taken = mc.steps(model, loader, optimizer, label_smoothing=smoothing)
            again = [(s.loss.item(), s.correct.item(), s.images) for s in taken]
    assert found == again
    assert [images for *_, images in found] == [32, 32, 32, 4]
    assert_same(*models)


def test_steps_stop_where_the_reader_stops(digits):
    model, seen = mc.linear_baseline(), []
    model.register_forward_pre_hook(lambda *_: seen.append(1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader, _ = mc.make_loaders(digits, digits)
    taken = list(itertools.islice(mc.steps(model, loader, optimizer), 2))
    assert len(taken) == len(seen) == 2
    assert not taken[0].loss.requires_grad  # no graph is kept alive


def test_what_is_wrong_is_told_at_the_call(digits):
    model = mc.linear_baseline()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for bad in (
        (mc.VGG, [], optimizer),
        (model, 3, optimizer),
        (model, [], torch.optim.SGD),
    ):
        with pytest.raises(ValueError, match=r"expected .*, got"):
            mc.steps(*bad)
    with pytest.raises(ValueError, match="expected label_smoothing to be"):
        mc.steps(model, [], optimizer, label_smoothing=1)


# Epochs


def test_it_learns(digits, few):
    model = mc.linear_baseline()  # off the plateau at once, unlike the VGG
    config = mc.TrainConfig(epochs=20, lr=0.01)
    history = mc.fit(model, digits, few, config, progress=False)
    assert history.test_accuracy[0] < 0.5
    assert history.test_accuracy[-1] == 1.0
    assert mc.evaluate(model, few) == (history.test_loss[-1], 1.0)
    assert not model.training


def test_history_has_an_entry_an_epoch_and_one_before(digits, few):
    _, history = fitted(digits, few, mc.TrainConfig(epochs=2))
    lists = [v for v in vars(history).values() if isinstance(v, list)]
    assert [len(entries) for entries in lists] == [3] * 5
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
    assert_same(first, second)


def test_evaluating_does_not_change_training(digits, few, monkeypatch):
    """The same run with evaluations that draw random numbers in between."""
    plain, _ = fitted(digits, few, mc.TrainConfig(epochs=2))
    evaluate = training.evaluate

    def noisy(*arguments):
        torch.rand(7)
        return evaluate(*arguments)

    monkeypatch.setattr(training, "evaluate", noisy)
    disturbed, _ = fitted(digits, few, mc.TrainConfig(epochs=2))
    assert_same(plain, disturbed)


def test_fit_leaves_the_global_random_state_alone(digits, few):
    model = mc.VGG(filters=4)
    before = torch.get_rng_state()
    config = mc.TrainConfig(epochs=1, shift=2, rotation=10)
    mc.fit(model, digits, few, config, progress=False)
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


def test_a_subset_of_digits_is_digits(digits, few):
    """As ``random_split`` of PyTorch makes them."""
    part, rest = torch.utils.data.random_split(digits, [0.8, 0.2])
    history = mc.fit(mc.VGG(2), part, rest, ONE, progress=False)
    assert len(history.test_loss) == 2
    assert mc.evaluate(mc.VGG(2), part).accuracy <= 1


def test_epoch_line_and_bar_go_to_stdout(digits, few, capsys):
    mc.fit(mc.VGG(4), digits, few, ONE)
    captured = capsys.readouterr()
    assert captured.err == ""
    last = captured.out.split("\r")[-1]
    assert last.startswith("epoch 1/1  train loss ")
    assert "test loss" in last
    mc.fit(mc.VGG(4), digits, few, ONE, progress=False)
    assert capsys.readouterr() == ("", "")


def test_seconds_are_those_of_the_training(digits, monkeypatch):
    clock = iter(range(0, 100, 7))
    monkeypatch.setattr(training.time, "perf_counter", lambda: next(clock))
    config = mc.TrainConfig(epochs=2)
    history = mc.fit(mc.VGG(2), digits, digits, config, progress=False)
    assert history.seconds == [0, 7, 7]


def test_settings_have_a_class_of_their_own(digits):
    with pytest.raises(ValueError, match="expected a TrainConfig, got 3"):
        mc.fit(mc.VGG(2), digits, digits, 3)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        mc.make_loaders(digits, digits, batch_size=0)


def test_a_device_that_fails_is_not_picked(monkeypatch):
    torch.zeros(1, device=mc.pick_device())

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
        weights = mc.VGG().classifier[1].weight.sum().item()
        drawn.append((random.random(), np.random.rand(), weights))  # noqa: NPY002
    assert drawn[0] == drawn[1]


def test_a_notebook_has_a_bar(digits, few, monkeypatch):
    """Though its standard output says that it is no terminal."""
    output = type("Output", (io.StringIO,), {"__module__": OutStream.__module__})()
    monkeypatch.setattr(sys, "stdout", output)
    mc.fit(mc.VGG(2), digits, few, ONE)
    assert "epoch 1/1:   0%|" in output.getvalue()
