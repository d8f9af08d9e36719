"""Training that is stopped, or that goes wrong."""

import itertools
import math
import os
import signal
import subprocess
import sys

import pytest
import torch
from torch import nn

import mnist_cnn as mc
from mnist_cnn import bar, training

CONFIG = mc.TrainConfig(epochs=5, batch_size=8, lr=0.01)


@pytest.fixture(scope="module")
def digits(digits):
    return digits.first(64)


def assert_usable(model, history, digits):
    """Whole epochs only, the model as after the last of them, and both go on."""
    assert history.interrupted
    lists = [entries for entries in vars(history).values() if isinstance(entries, list)]
    assert len({len(entries) for entries in lists}) == 1
    assert not model.training
    if history.test_loss:
        noted = history.test_loss[-1], history.test_accuracy[-1]
        assert mc.evaluate(model, digits) == noted
    again = mc.fit(model, digits, digits, mc.TrainConfig(epochs=1), progress=False)
    assert not again.interrupted
    assert len(again.train_loss) == 2


@pytest.mark.parametrize("call", [1, 2, 3, 10, 11, 12, 21])
def test_stop_button_at_any_call(digits, call):
    """Calls 1 and 2 evaluate the untrained model, the others train or evaluate."""
    model, calls = mc.VGG(filters=2), []

    def stop(*_):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt

    handle = model.register_forward_pre_hook(stop)
    history = mc.fit(model, digits, digits, CONFIG, progress=False)
    handle.remove()
    assert len(history.train_loss) == (call > 2) + (call > 11) + (call > 20)
    assert_usable(model, history, digits)


def test_a_stop_is_announced(digits, capsys):
    class Stopped(torch.optim.SGD):
        def step(self):
            raise KeyboardInterrupt

    model = mc.VGG(2)
    optimizer = Stopped(model.parameters())
    assert mc.fit(model, digits, digits, optimizer=optimizer).interrupted
    assert "stopped by the user after 0 epochs" in capsys.readouterr().out


PROGRAM = """
import sys
import torch
import mnist_cnn as mc
sys.stdout.isatty = lambda: True  # so there is a bar
digits = mc.Digits(torch.rand(64, 1, 28, 28), torch.arange(64) % 10)
model = mc.VGG(filters=2)
history = mc.fit(model, digits, digits, mc.TrainConfig(epochs=100_000))
print("stopped", history.interrupted, len(history.seconds) > 1, model.training)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to send on Windows")
def test_ctrl_c_in_a_terminal():
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that starts tests in the background tells them to ignore SIGINT
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert any("2/100000:" in line for line in process.stdout), process.stderr.read()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert output.endswith("stopped True True False\n")


def test_a_loss_that_is_no_number_stops_with_an_error(digits):
    model, trained = mc.VGG(filters=2), []

    def spoil(*_):
        trained.append(model.training)
        if sum(trained) == 11:  # batch 3 of epoch 2
            nn.init.constant_(model.classifier[1].bias, math.nan)

    handle = model.register_forward_pre_hook(spoil)
    with pytest.raises(FloatingPointError, match=r"loss became nan in epoch 2/5"):
        mc.fit(model, digits, digits, CONFIG, progress=False)
    handle.remove()
    assert not model.training


def test_a_last_step_that_goes_too_far_is_told(digits):
    config = mc.TrainConfig(epochs=1, batch_size=len(digits), lr=1e38)
    with pytest.raises(FloatingPointError, match="test loss became nan after"):
        mc.fit(mc.VGG(2), digits, digits, config, progress=False)


def test_the_time_left_is_that_of_all_epochs(digits, monkeypatch):
    told, clock = [], itertools.count()  # each look at it takes a second
    monkeypatch.setattr(training, "time_left", told.append)
    monkeypatch.setattr(training.time, "monotonic", lambda: next(clock))
    mc.fit(mc.VGG(2), digits, digits, mc.TrainConfig(epochs=3), progress=False)
    assert told == [2, 1, 0]  # of 1 second an epoch


@pytest.mark.parametrize("seconds", [40, 100, 500])
def test_a_notebook_is_told_what_to_do_about_a_long_wait(seconds, monkeypatch):
    assert "take" not in bar.time_left(seconds)  # in a terminal
    monkeypatch.setattr(bar, "in_notebook", lambda: True)
    assert ("train.take" in bar.time_left(seconds)) is (seconds > bar.PATIENCE)
