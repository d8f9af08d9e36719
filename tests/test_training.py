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
from mnist_cnn.augment import augment

ONE = mc.TrainConfig(epochs=1)


def fitted(digits, few, config=ONE):
    mc.seed_everything(3)
    model = mc.VGG(filters=4)
    return model, mc.fit(model, digits, few, config, progress=False)


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


# Epochs


def test_it_learns_and_history_has_an_entry_an_epoch_and_one_before(digits, few):
    model = mc.linear_baseline()  # off the plateau at once, unlike the VGG
    before = mc.evaluate(model, digits), mc.evaluate(model, few)
    config = mc.TrainConfig(epochs=20, lr=0.01)
    history = mc.fit(model, digits, few, config, progress=False)
    lists = [v for v in vars(history).values() if isinstance(v, list)]
    assert [len(entries) for entries in lists] == [21] * 5
    assert (history.train_loss[0], history.train_accuracy[0]) == before[0]
    assert (history.test_loss[0], history.test_accuracy[0]) == before[1]
    assert history.test_accuracy[0] < 0.5
    assert mc.evaluate(model, few) == (history.test_loss[-1], 1.0)
    assert history.test_accuracy[-1] == 1.0
    assert not model.training


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_training_figures_are_means_over_images(digits, few, smoothing):
    """At a learning rate of nearly nothing they are those of the model, by hand.

    Smoothed by 0.1 the target is 0.91 for the right digit and 0.01 for each other.
    """
    config = mc.TrainConfig(epochs=1, lr=1e-12, label_smoothing=smoothing)
    model, history = fitted(digits, few, config)
    target = torch.full((len(digits), 10), smoothing / 10)
    target[torch.arange(len(digits)), digits.labels] += 1 - smoothing
    chances = mc.predict(model, digits.images).log_softmax(dim=1)
    by_hand = -(target * chances).sum(dim=1).mean().item()
    assert history.train_loss[1] == pytest.approx(by_hand, rel=1e-5)
    still = mc.evaluate(model, digits).accuracy
    assert history.train_accuracy[1] == pytest.approx(still)
    assert history.test_loss[1] == mc.evaluate(model, few).loss  # not smoothed


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


@pytest.mark.parametrize(("shift", "rotation"), [(0, 0), (2, 10)])
def test_fit_sees_the_batches_of_make_loaders_in_their_order(
    digits, few, shift, rotation
):
    """Moved where the config says so, while still ones are measured."""
    seen = {True: [], False: []}
    model = mc.linear_baseline()
    model.register_forward_hook(
        lambda m, inputs, out: seen[m.training].append(inputs[0].clone())
    )
    config = mc.TrainConfig(2, 32, seed=5, shift=shift, rotation=rotation)
    before = torch.get_rng_state()
    mc.fit(model, digits, few, config, progress=False)
    assert torch.equal(torch.get_rng_state(), before)  # it has generators of its own
    loader, _ = mc.make_loaders(digits, few, 32, seed=5)
    wanted = [images for images, _ in itertools.chain(loader, loader)]
    if shift:
        own = torch.Generator().manual_seed(5)
        wanted = [augment(images, shift, rotation, own) for images in wanted]
    assert len(seen[True]) == len(wanted) == 8
    assert all(map(torch.equal, seen[True], wanted))
    assert torch.equal(seen[False][-1], few.images)


def test_epoch_line_and_bar_go_to_stdout(digits, few, capsys):
    mc.fit(mc.VGG(4), digits, few, ONE)
    captured = capsys.readouterr()
    assert captured.err == ""
    last = captured.out.split("\r")[-1]
    assert last.startswith("epoch 1/1  train loss ")
    assert "test loss" in last
    mc.fit(mc.VGG(4), digits, few, ONE, progress=False)
    assert capsys.readouterr() == ("", "")


# What is refused, and where it runs


def test_arguments_of_another_kind_are_told_at_the_call(digits):
    model = mc.linear_baseline()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for call, arguments, message in (
        (mc.steps, (mc.VGG, [], optimizer), "expected a model, .*, got"),
        (mc.steps, (model, 3, optimizer), "expected batches, .*, got 3"),
        (mc.steps, (model, [], torch.optim.SGD), "expected an optimizer, got"),
        (mc.fit, (model, digits, digits, 3), "expected a TrainConfig, got 3"),
        (mc.make_loaders, (digits, digits, 0), "at least 1, got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            call(*arguments)
    with pytest.raises(ValueError, match="expected label_smoothing to be"):
        mc.steps(model, [], optimizer, label_smoothing=1)
    for odd in ({"augment": 5}, {"schedule": "one cycle"}):
        with pytest.raises(ValueError, match=r"expected .*, got"):
            mc.steps(model, [], optimizer, **odd)


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
