"""``Neighbours``: the training images most like an image, by the network's features."""

import pytest
import torch
from torch.nn import functional as F

import mnist_cnn as mc


@pytest.mark.parametrize("count", [0, 7, 501])  # 501: in more than one part
def test_is_the_cosine_to_each_computed_plainly(count, digits, few):
    model, asked = mc.load(), digits.images.repeat(6, 1, 1, 1)[:count]
    similarities, indices = mc.Neighbours(model, few).find(asked, k=3)
    with torch.inference_mode():
        a, b = (model.features(x).flatten(1) for x in (asked, few.images))
        expected = F.cosine_similarity(a[:, None], b[None], dim=2)  # (N, 40)
    assert similarities.shape == indices.shape == (count, 3)
    values = expected.sort(dim=1, descending=True).values[:, :3]
    assert torch.allclose(similarities, values, atol=1e-5)
    assert torch.allclose(expected.gather(1, indices), values, atol=1e-5)


def test_a_changed_network_has_others_and_the_old_ones_stay(digits, few):
    model, asked = mc.load(), digits.images[:5]
    old = mc.Neighbours(model, few)
    before = old.find(asked)[0]
    for p in model.parameters():
        p.data *= 0.9  # unseen by the version counter
    model.features[1] = torch.nn.Identity()
    new = mc.Neighbours(model, few)
    assert not torch.allclose(new.find(asked)[0], before)
    assert torch.equal(old.find(asked)[0], before)
    for likeness in (old, new):
        itself = likeness.find(few.images, k=1)[0]
        assert torch.allclose(itself, torch.ones(40, 1), atol=1e-5)


def test_training_images_are_read_once(few):
    found, seen = mc.Neighbours(mc.VGG(), few), []
    found.body.register_forward_hook(lambda body, x, out: seen.append(len(out)))
    for _ in range(3):
        found.find(few.images[:2])
    assert seen == [2, 2, 2]


def test_what_it_refuses(few):
    with pytest.raises(ValueError, match="expected a VGG, got"):
        mc.Neighbours(mc.linear_baseline(), few)
    with pytest.raises(ValueError, match="expected Digits"):
        mc.Neighbours(mc.VGG(), few.images)
    for k in (0, 2.5, len(few) + 1):
        with pytest.raises(ValueError, match=f"expected k .* got {k}"):
            mc.Neighbours(mc.VGG(), few).find(few.images, k)
