"""``neighbours``: the training images most like an image, by the network's features."""

import pytest
import torch
from torch.nn import functional as F

import mnist_cnn as mc
from mnist_cnn import likeness


def some_digits(count=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, 1, 28, 28, generator=generator)
    return mc.Digits(images, torch.arange(count) % 10)


def test_is_the_cosine_to_each_computed_plainly():
    model, train, asked = mc.load(), some_digits(), some_digits(7, seed=1).images
    similarities, indices = mc.neighbours(model, train, asked, k=3)
    with torch.inference_mode():
        a, b = (model.features(x).flatten(1) for x in (asked, train.images))
    expected = F.cosine_similarity(a[:, None], b[None], dim=2)  # (7, 40)
    values, places = expected.sort(dim=1, descending=True)
    assert torch.allclose(similarities, values[:, :3], atol=1e-5)
    assert torch.equal(indices, places[:, :3])


def test_an_image_is_its_own_nearest():
    train = some_digits()
    similarities, indices = mc.neighbours(mc.VGG(), train, train.images)
    assert torch.equal(indices[:, 0], torch.arange(len(train)))
    assert torch.allclose(similarities[:, 0], torch.ones(len(train)), atol=1e-5)
    assert similarities.shape == (40, 5)
    assert (similarities.diff(dim=1) <= 0).all()


def test_what_is_kept_is_never_old():
    """The features of the training images are kept: not of another network or image."""
    model, train, asked = mc.VGG(), some_digits(), some_digits(5, seed=1).images

    def fresh():
        likeness._known = None
        return mc.neighbours(model, train, asked)[0]

    before = mc.neighbours(model, train, asked)[0]
    with torch.no_grad():
        model.features[0].weight.data.add_(0.1)  # unseen by the version counter
    assert torch.equal(kept := mc.neighbours(model, train, asked)[0], fresh())
    assert not torch.equal(before, kept)
    train.images[:20] = 0.5
    assert torch.equal(mc.neighbours(model, train, asked)[0], fresh())
    train = some_digits(seed=2)
    assert torch.equal(mc.neighbours(model, train, asked)[0], fresh())


def test_training_images_are_read_once(monkeypatch):
    seen = []
    predict = likeness.predict
    monkeypatch.setattr(
        likeness, "predict", lambda m, x: seen.append(len(x)) or predict(m, x)
    )
    likeness._known = None
    model, train = mc.VGG(), some_digits()
    for _ in range(3):
        mc.neighbours(model, train, train.images[:2])
    assert seen == [2, 40, 2, 2]


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_model_stays_as_it_was(batch_norm):
    model = mc.VGG(batch_norm=batch_norm).train()
    before = {name: t.clone() for name, t in model.state_dict().items()}
    mc.neighbours(model, some_digits(), some_digits().images)
    assert all(layer.training for layer in model.modules())
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())


def test_no_images_have_no_neighbours():
    similarities, indices = mc.neighbours(
        mc.VGG(), some_digits(), torch.empty(0, 1, 28, 28)
    )
    assert similarities.shape == indices.shape == (0, 5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": mc.linear_baseline()}, "expected a VGG, got"),
        ({"train": torch.rand(9, 1, 28, 28)}, "expected Digits"),
        ({"images": torch.rand(1, 28, 28)}, "expected"),
        ({"images": torch.full((1, 1, 28, 28), 255.0)}, r"expected pixels in \[0, 1\]"),
        ({"k": 0}, "expected k"),
        ({"k": 2.5}, "expected k"),
        ({"k": 41}, "expected k of at most 40 images, got 41"),
    ],
)
def test_what_it_refuses(change, reason):
    train = some_digits()
    good = {"model": mc.VGG(), "train": train, "images": train.images, "k": 5}
    with pytest.raises(ValueError, match=reason):
        mc.neighbours(**good | change)
