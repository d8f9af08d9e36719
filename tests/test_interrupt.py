"""Training that is stopped, or that goes wrong."""

import math
import os
import signal
import subprocess
import sys
import threading

import pytest
import torch
from torch import nn

import mnist_cnn as mc


@pytest.fixture(scope="module")
def digits():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(64, 1, 28, 28, generator=generator)
    return mc.Digits(images, torch.arange(64) % 10)


@pytest.fixture(autouse=True)
def one_thread():
    """A few images are no work for several threads, which would wait on each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def ctrl_c_is_heard():
    """A shell that starts tests in the background has told them to ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


LISTS = ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "seconds")


def assert_usable(model, history, digits):
    assert history.interrupted
    assert len({len(getattr(history, name)) for name in LISTS}) == 1
    assert not model.training
    assert mc.predict(model, digits.images).isfinite().all()
    again = mc.fit(model, digits, digits, mc.TrainConfig(epochs=1), progress=False)
    assert not again.interrupted
    assert len(again.train_loss) == 2


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to send on Windows")
@pytest.mark.parametrize("milliseconds", [0, 10, 50, 100, 400])
def test_ctrl_c_leaves_a_usable_model(digits, milliseconds):
    model = mc.VGG(filters=2)
    config = mc.TrainConfig(epochs=100_000, batch_size=8)
    stop = threading.Timer(
        milliseconds / 1000, lambda: os.kill(os.getpid(), signal.SIGINT)
    )

    def start(*_):
        if stop.ident is None:
            stop.start()

    model.register_forward_pre_hook(start)
    history = mc.fit(model, digits, digits, config, progress=False)
    stop.join()
    assert_usable(model, history, digits)


@pytest.mark.parametrize("call", [1, 2, 3, 10, 21])
def test_stop_button_at_any_call(digits, call):
    """Calls 1 and 2 evaluate the untrained model, the others train or evaluate."""
    model = mc.VGG(filters=2)
    calls = []

    def stop(*_):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt

    handle = model.register_forward_pre_hook(stop)
    config = mc.TrainConfig(epochs=9, batch_size=8)
    history = mc.fit(model, digits, digits, config, progress=False)
    handle.remove()
    assert len(history.train_loss) == (call > 2) + (call > 11) + (call > 20)
    assert_usable(model, history, digits)


def test_history_and_model_agree_after_a_stop(digits):
    model, steps = mc.VGG(filters=2), []

    def stop(module, _):
        steps.append(module.training)
        if sum(steps) == 20:  # the fourth step of the third epoch
            raise KeyboardInterrupt

    handle = model.register_forward_pre_hook(stop)
    config = mc.TrainConfig(epochs=5, batch_size=8, lr=0.01)
    history = mc.fit(model, digits, digits, config, progress=False)
    handle.remove()
    assert len(history.test_loss) == 3
    after = mc.evaluate(model, digits)
    assert after == (history.test_loss[-1], history.test_accuracy[-1])
    assert history.test_loss[-1] != history.test_loss[0]


def test_stop_while_an_epoch_is_noted_down(digits, monkeypatch):
    class Stop(list):
        def append(self, value):
            raise KeyboardInterrupt

    init = mc.History.__init__

    def interrupted(self):
        init(self)
        self.test_loss = Stop()

    monkeypatch.setattr(mc.History, "__init__", interrupted)
    model = mc.VGG(filters=2)
    history = mc.fit(model, digits, digits, progress=False)
    monkeypatch.undo()
    assert history.train_loss == history.seconds == []
    assert_usable(model, history, digits)


PROGRAM = """
import torch
import mnist_cnn as mc
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
    )
    assert any("epoch 2/" in line for line in process.stdout), process.stderr.read()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert output.endswith("stopped True True False\n")


def test_a_loss_that_is_no_number_stops_with_an_error(digits):
    model = mc.VGG(filters=2)
    steps = []

    def spoil(*_):
        steps.append(model.training)
        if sum(steps) == 11:  # batch 3 of epoch 2
            nn.init.constant_(model.classifier[1].bias, math.nan)

    handle = model.register_forward_pre_hook(spoil)
    config = mc.TrainConfig(batch_size=8)
    with pytest.raises(FloatingPointError, match=r"loss became nan in epoch 2/3"):
        mc.fit(model, digits, digits, config, progress=False)
    handle.remove()
    assert not model.training
    history = mc.fit(mc.VGG(filters=2), digits, digits, progress=False)
    assert len(history.train_loss) == 4
