"""Write docs/typical.json, by which the page to draw on says that none of the ten fits.

Two typical images a digit, by their features, and a limit that refuses 2 % of notebook
7's held-out digits. Of turned and mirrored ones (no 0, 1, 8), letters, noise, drawn Xs,
and 200 drawings of X, plus, heart, star and scribble, plain then refuses 88, 74, 74,
100, 98 and 77 % (of hearts 12), long 96, 87, 82, 100, 100 and 93 %. mc.Neighbours,
which needs the training images, refuses 95, 73, 72, 100, 98 and 82 %, and 95, 88, 81,
100, 100 and 88.
"""

import base64
import json
from pathlib import Path

import numpy as np
import torch
from scipy.cluster.vq import kmeans2
from torch.nn.functional import max_pool2d, normalize

import mnist_cnn as mc

PATH = Path(__file__).parent.parent / "docs" / "typical.json"


def coarse(features):
    return normalize(max_pool2d(features, 2, ceil_mode=True).flatten(1))


def sureness(model, images, typical):
    """As in mnist_cnn/web/explain.js."""
    features = mc.predict(model.features, images)
    logit = mc.predict(model, images).amax(dim=1) / features.flatten(1).norm(dim=1)
    known = torch.tensor([*base64.b64decode(typical)]).view(20, -1)
    return logit + (coarse(features) @ normalize(known.float()).T).amax(dim=1)


def find(model, train):
    known = coarse(mc.predict(model.features, train.images[:50_000])).numpy()
    kinds = [known[train.labels[:50_000] == digit] for digit in range(10)]
    means = np.stack([kmeans2(kind, 2, minit="++", seed=0)[0] for kind in kinds])
    levels = (means * 255 / means.max()).round().astype(np.uint8)
    typical = base64.b64encode(levels.tobytes()).decode()
    limit = sureness(model, train.images[50_000:55_000], typical).quantile(0.02)
    return {"limit": round(limit.item(), 4), "typical": typical}


if __name__ == "__main__":
    train = mc.load_mnist()[0]
    found = {name: find(mc.load(recipe=name), train) for name in ("plain", "long")}
    PATH.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
