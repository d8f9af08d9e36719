"""The digits for those who have no network."""

import hashlib

import pytest
import torch

import mnist_cnn as mc
from mnist_cnn.sources import standin


@pytest.fixture(scope="module")
def digits():
    return mc.load_mnist(source="standin")


def test_always_the_same(digits):
    """To the last grey level, whatever the processor and the number of threads."""
    digest = hashlib.sha256()
    for part in digits:
        assert part.source == "standin"
        pixels = part.images.mul(255).round()
        assert torch.equal(pixels / 255, part.images)
        digest.update(pixels.byte().numpy())
        digest.update(part.labels.byte().numpy())
    assert digest.hexdigest() == DIGEST


DIGEST = "9bc0d88e1aeefaa3d1f6a48608433eda4a1a1dd5cc057d0664498bcffc93ae86"


def test_looks_like_mnist(digits):
    """Ink, contrast and balance are near MNIST's: mean 0.131, deviation 0.308."""
    train, test = digits
    assert train.images.mean().item() == pytest.approx(0.131, abs=0.02)
    assert train.images.std().item() == pytest.approx(0.308, abs=0.02)
    for part in digits:
        shares = part.labels.bincount(minlength=10) / len(part)
        assert (shares > 0.08).all()
        assert (shares < 0.12).all()
    edge = torch.ones(28, 28, dtype=torch.bool)
    edge[1:-1, 1:-1] = False
    assert test.images[:, 0, edge].mean() < 0.01  # digits are not cut off


def test_no_source_digit_serves_both_sets(monkeypatch):
    seen = []
    monkeypatch.setattr(standin, "_vary", lambda *a: seen.append(a) or a[:2])
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    standin.make_standin()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)  # has random numbers of its own
    train, test = (set(map(bytes, sources.numpy())) for sources, *_ in seen)
    assert len(train) + len(test) > 1_790  # of 1,797, nearly all differ
    assert not train & test


def test_shipped_weights_read_it(digits):
    _, test = digits
    assert mc.evaluate(mc.load(source="standin"), test).accuracy >= 0.94
