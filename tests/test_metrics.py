"""Metrics are means over images, and measuring changes nothing."""

import math

import pytest
import torch
from sklearn.metrics import log_loss
from torch import nn

import mnist_cnn as mc


class Fixed(nn.Module):
    """Answers with the logits it was given, in order; fails when called too often."""

    def __init__(self, logits):
        super().__init__()
        self.logits, self.at = logits, 0

    def forward(self, images):
        part = self.logits[self.at : self.at + len(images)]
        self.at += len(images)
        return part


def test_evaluate_agrees_with_scikit_learn(digits):
    logits = torch.randn(100, 10, generator=torch.Generator().manual_seed(0))
    result = mc.evaluate(Fixed(logits), digits)
    by_sklearn = log_loss(digits.labels, logits.double().softmax(1), labels=range(10))
    assert math.isclose(result.loss, by_sklearn, rel_tol=1e-5)
    assert result.accuracy == (logits.argmax(1) == digits.labels).float().mean()


@pytest.mark.parametrize("batch_size", [1, 7, 99, 1000])
def test_an_uneven_last_batch_changes_nothing(digits, batch_size):
    model = mc.VGG()
    whole = mc.predict(model, digits.images, batch_size=100)
    parts = mc.predict(model, digits.images, batch_size=batch_size)
    torch.testing.assert_close(parts, whole, atol=1e-5, rtol=1e-5)


def test_a_mean_of_batch_means_would_differ():
    """Three images right in a batch of three, the one in the last batch wrong."""
    logits = torch.eye(10)[[0, 1, 2, 0]] * 9
    digits = mc.Digits(torch.zeros(4, 1, 28, 28), torch.arange(4))
    losses = nn.functional.cross_entropy(logits, digits.labels, reduction="none")
    result = mc.evaluate(Fixed(logits), digits)
    assert result.accuracy == 0.75
    assert math.isclose(result.loss, losses.mean().item(), rel_tol=1e-5)
    assert not math.isclose(result.loss, (losses[:3].mean() + losses[3]).item() / 2)


def test_predict_restores_the_mode_after_an_error(digits):
    class Broken(nn.Module):
        def forward(self, images):
            raise RuntimeError("broken")

    model = Broken().train()
    with pytest.raises(RuntimeError, match="broken"):
        mc.predict(model, digits.images)
    assert model.training


def test_predict_runs_in_eval_mode(digits):
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(784, 10)).train()
    first, second = (mc.predict(model, digits.images) for _ in range(2))
    assert torch.equal(first, second)


def test_measuring_draws_no_random_numbers_and_keeps_no_graph(digits):
    model = mc.VGG()
    before = torch.get_rng_state()
    logits = mc.predict(model, digits.images)
    mc.evaluate(model, digits)
    assert torch.equal(torch.get_rng_state(), before)
    assert not logits.requires_grad
    assert logits.shape == (100, 10)
    assert mc.predict(model, digits.images[:0]).shape == (0, 10)


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    # Wilson's interval from statsmodels 0.14: proportion_confint(method="wilson")
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (9890, 10_000, 0.9868, 0.9909)],
)
def test_interval(correct, total, low, high):
    assert mc.accuracy_interval(correct, total) == pytest.approx((low, high), abs=6e-5)
    assert mc.accuracy_interval(total, total)[1] == 1.0


@pytest.mark.parametrize("spoil", [torch.nan, torch.inf, 255.0], ids=str)
def test_images_that_no_network_was_trained_on_get_no_answer(digits, spoil):
    images = digits.images.clone()
    images[7, 0, 3, 3] = spoil
    with pytest.raises(ValueError, match=r"expected .*pixels .*got"):
        mc.predict(mc.VGG(2), images)


def test_normalised_images_are_welcome(digits):
    images = (digits.images - 0.1307) / 0.3081
    normalised = mc.Digits(images, digits.labels)
    assert mc.evaluate(mc.VGG(2), normalised).accuracy <= 1
    assert len(mc.predict(mc.VGG(2), images)) == len(digits)


@pytest.mark.parametrize("bad", [3, None, mc.VGG, "model"], ids=str)
def test_what_is_no_model_is_named(digits, bad):
    for use in (
        lambda: mc.predict(bad, digits.images),
        lambda: mc.evaluate(bad, digits),
        lambda: mc.trace(bad),
        lambda: mc.fit(bad, digits, digits, progress=False),
    ):
        with pytest.raises(ValueError, match=r"expected a model, as mc\.VGG\(\), got"):
            use()


@pytest.mark.parametrize("part", [0, 1])
def test_what_are_no_digits_is_named(digits, part):
    parts = [digits, digits]
    parts[part] = (digits.images, digits.labels)
    for use in (
        lambda: mc.evaluate(mc.VGG(2), parts[part]),
        lambda: mc.fit(mc.VGG(2), *parts, progress=False),
        lambda: mc.make_loaders(*parts),
    ):
        with pytest.raises(ValueError, match="expected Digits, as of load_mnist, got"):
            use()


def test_too_few_classes_are_named(digits):
    with pytest.raises(
        ValueError, match=r"gives 10 logits an image or more, got .*5\)"
    ):
        mc.fit(mc.VGG(2, 5), digits, digits, progress=False)
