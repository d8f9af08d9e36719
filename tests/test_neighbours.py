"""``Neighbours``: the training images most like an image, by the network's features."""

import pytest
import torch
from torch.nn import functional as F

import mnist_cnn as mc


def some_digits(count=40, seed=0):
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, 1, 28, 28, generator=generator)
    return mc.Digits(images, torch.arange(count) % 10)


@pytest.mark.parametrize("count", [0, 7, 501])  # 501: in more than one part
def test_is_the_cosine_to_each_computed_plainly(count):
    model, train, asked = mc.load(), some_digits(), some_digits(501, seed=1).images
    asked = asked[:count]
    similarities, indices = mc.Neighbours(model, train).find(asked, k=3)
    with torch.inference_mode():
        a, b = (model.features(x).flatten(1) for x in (asked, train.images))
        expected = F.cosine_similarity(a[:, None], b[None], dim=2)  # (N, 40)
    assert similarities.shape == indices.shape == (count, 3)
    values = expected.sort(dim=1, descending=True).values[:, :3]
    assert torch.allclose(similarities, values, atol=1e-5)
    assert torch.allclose(expected.gather(1, indices), values, atol=1e-5)


def test_an_image_is_its_own_nearest():
    train = some_digits()
    similarities, indices = mc.Neighbours(mc.VGG(), train).find(train.images)
    assert torch.equal(indices[:, 0], torch.arange(len(train)))
    assert torch.allclose(similarities[:, 0], torch.ones(len(train)), atol=1e-5)
    assert similarities.shape == (40, 5)
    assert (similarities.diff(dim=1) <= 0).all()


def trained(model):
    for p in model.parameters():
        p.data *= 0.9  # unseen by the version counter


def without_relu(model):
    model.features[1] = torch.nn.Identity()  # with the same numbers


@pytest.mark.parametrize("change", [trained, without_relu])
def test_a_changed_network_has_others_and_the_old_ones_stay(change):
    model, train, asked = mc.load(), some_digits(), some_digits(5, seed=1).images
    old = mc.Neighbours(model, train)
    before = old.find(asked)[0]
    change(model)
    new = mc.Neighbours(model, train)
    assert not torch.allclose(new.find(asked)[0], before)
    assert torch.equal(old.find(asked)[0], before)
    for likeness in (old, new):
        itself = likeness.find(train.images, k=1)[0]
        assert torch.allclose(itself, torch.ones(40, 1), atol=1e-5)


def test_training_images_are_read_once(monkeypatch):
    seen = []
    predict = mc.neighbours.predict
    monkeypatch.setattr(
        mc.neighbours, "predict", lambda m, x: seen.append(len(x)) or predict(m, x)
    )
    found = mc.Neighbours(mc.VGG(), some_digits())
    for _ in range(3):
        found.find(some_digits(2).images)
    assert seen == [40, 2, 2, 2]


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_model_stays_as_it_was(batch_norm):
    model = mc.VGG(batch_norm=batch_norm).train()
    before = {name: t.clone() for name, t in model.state_dict().items()}
    mc.Neighbours(model, some_digits()).find(some_digits().images)
    assert all(layer.training for layer in model.modules())
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model": mc.linear_baseline()}, "expected a VGG, got"),
        ({"train": torch.rand(9, 1, 28, 28)}, "expected Digits"),
        ({"images": torch.rand(1, 28, 28)}, "expected"),
        ({"images": torch.full((1, 1, 28, 28), 255.0)}, r"expected pixels in \[0, 1\]"),
        ({"k": 0}, "expected k"),
        ({"k": 2.5}, "expected k"),
        ({"k": 41}, "expected k of at most 40, got 41"),
    ],
)
def test_what_it_refuses(change, reason):
    train = some_digits()
    good = {"model": mc.VGG(), "train": train, "images": train.images, "k": 5}
    asked = good | change
    with pytest.raises(ValueError, match=reason):
        mc.Neighbours(asked["model"], asked["train"]).find(asked["images"], asked["k"])
