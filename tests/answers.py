"""Answers to the exercises, right and wrong, for ``test_exercises.py``.

By exercise, and as code in the words of a learner whose other names are those of the
solution.
"""

# Plausible answers that are wrong, and the slip that each is told of
WRONG = {
    "1.1": {
        "(least, most)": "reversed",
        "(3, least)": "other",
        "(most, 7)": "other",
        "most": "expected",
    },
    "1.2": {
        "zeros[far.argsort()[:5]]": "nearest",
        "train.images[(train.images - means[0]).square().sum((1, 2, 3)).topk(5)[1]]": (
            "too_far"
        ),
        "zeros[:5]": "too_near",
        "[*zeros[:5]]": "too_near",
        "[*five_images[:4]]": "shape",
        "[*five_images[:4], None]": "shape",
        "far.argsort(descending=True)[:5]": "positions",
        "far.argsort()[-5:].tolist()": "positions",
        "far.argsort(descending=True)[:4]": "shape",
    },
    "1.3": {
        "[mc.evaluate(model, d).accuracy for d in (test, shifted)]": "sharp",
        "[mc.evaluate(soft, d).accuracy for d in (test, shifted)]": "training",
        "(centred, centred)": "other",
        "(100 * centred, 100 * moved)": "percent",
        "('98.7', moved)": "percent",
        "('0,813', moved)": "expected",
        "(centred, mc.evaluate(soft, blurred(mc.Digits(test.images.roll(-2, 3), "
        "test.labels))).accuracy)": "left",
    },
    "1.4": {
        "1.0": "itself",
        "mc.evaluate(model, some).accuracy": "mean",
        "0.5": "other",
        "962": "count",
    },
    "2.1": {
        "kernel": "still_vertical",
        "-kernel.T": "sign",
        "kernel.T + 1": "full",
        "kernel + kernel.T": "vertical_too",
        "kernel.T.flatten()[:3]": "shape",
    },
    "2.2": {
        "19_610": "filters",
        "2 * 19_610": "doubled",
        "on_paper - 6 * 32 - 10": "biases",
        "on_paper - 10": "last_biases",
        "32 * 9 + 32 + 5 * (32 * 32 * 9 + 32) + 784 * 10 + 10": "features",
        "6 * (32 * 32 * 9 + 32) + 32 * 49 * 10 + 10": "channels",
        "50_000": "other",
        "'19,610'": "filters",
        "'19,61'": "expected",
    },
    "2.3": {
        "28": "padding",
        "26": "one",
        "25": "one_side",
        "14": "other",
        "(22, 28)": "not_square",
        "torch.tensor([22, 28])": "not_square",
        "(1, 16, 26, 26)": "one",
        "(1, 'many', 22, 22)": "expected",
        "(1, 1, 16, 22, 22)": "expected",
        "[22]": "expected",
        "bare(image.unsqueeze(0))": "expected",
    },
    "2.4": {
        "Yours": "class",
        "12_002": "expected",
        "mc.VGG()": "convolutions",
        "mc.linear_baseline()": "convolutions",
        "nn.Conv2d(1, 8, 3)": "logits",
        "nn.Linear(784, 10)": "fails",
    },
    "2.5": {
        "mc.VGG()": "pool",
        "with_layers(model, kernel_size=2)": "not_halved",
        "mc.linear_baseline()": "convolutions",
        "21_690": "expected",
    },
    "3.1": {
        "[-p for p in prices]": "minus",
        "[-math.log10(p) for p in (0.5, 0.9, 0.99)]": "log10",
        "[-math.log2(p) for p in (0.5, 0.9, 0.99)]": "log2",
        "[0.5, 0.1, 0.01]": "linear",
        "prices[::-1]": "other",
        "prices[0]": "expected",
    },
    "3.2": {
        "(0.3, by_adam)": "uphill",
        "(by_sgd, 0.4)": "uphill",
        "(by_sgd, by_sgd)": "exchanged",
        "(by_adam, by_adam)": "exchanged",
        "(0.2, 0.1)": "move",
    },
    "3.3": {
        "losses": "zero_grad",
        "[losses[0]] * 200": "no_step",
        "[0.02, *broken_losses[1:]]": "old_model",
        "broken_losses[-1]": "expected",
    },
    "3.4": {
        "(kernel, kernel)": "same",
        "(kernel, torch.zeros(3, 3))": "different",
        "(kernel, -learned)": "negative",
        "(0 * kernel, learned)": "zeros",
        "learned": "expected",
    },
    "3.5": {
        "(make_optimizer, [2.30] * 300)": "plateau",
        "(make_optimizer, sgd_losses[:250] + [math.nan] * 50)": "expected",
        "(make_optimizer, sgd_losses[:250])": "expected",
        "(lambda p: torch.optim.Adam(p), sgd_losses)": "not_sgd",
        "(lambda: None, sgd_losses)": "no_optimizer",
        "(0.3, sgd_losses)": "no_function",
        "sgd_losses": "expected",
    },
    "4.1": {
        "(~right).sum()": "all",
        "second / (~right).sum()": "share",
        "round((second / (~right).sum()).item(), 2)": "share",
        "(100 * second / (~right).sum()).round()": "percent",
        "(~right).sum() - second": "farther",
        "second + right.sum()": "right_too",
        "second + 1": "other",
    },
    "4.2": {
        "(recall_7, precision_7)": "exchanged",
        "(precision_7, right.float().mean())": "other",
        "(100 * precision_7, 100 * recall_7)": "percent",
        "(round(precision_7.item(), 2), recall_7)": "coarse",
    },
    "4.3": {
        "[0.1, 0.1, 0.1]": "mean",
        "[confidences[0], 7.5, 9.1]": "percent",
        "confidences[::-1]": "mirrored",
        "[0.3, *confidences[1:]]": "other",
    },
    "4.4": {
        "(only_means, only_network)": "reversed",
        "(right.sum(), only_means)": "score",
        "(only_network, means_right.sum())": "score",
        "((right & means_right).sum(), 0)": "both",
        "((~means_right).sum(), only_means)": "other",
        "((~right).sum(), only_means)": "mistakes",
        "only_network": "expected",
    },
    "4.5": {
        "484 - changed": "unchanged",
        "changed + 1": "other",
    },
    "5.1": {
        "by_hand[1:]": "corner",
        "mc.to_mnist(photos / '3.jpg').roll(-5, 1).roll(5, 2)": "corner",
        "box": "shape",
        "corner * 255": "range",
        "torch.nn.functional.pad(torch.tensor(mc.to_mnist(photos / '5.jpg', "
        "steps=True)[1]['box']), (0, 13, 0, 8))": "other_photo",
        "torch.nn.functional.pad(torch.tensor(mc.to_mnist(photos / '8.jpg', "
        "steps=True)[1]['box']), (0, 16, 0, 8))": "other_photo",
    },
    "5.2": {
        "7": "taken_for",
        "8": "other",
        "[1]": "expected",
    },
    "5.3": {
        "(answered[:2], lost)": "answered",
        "([*answered, 'empty'], lost)": "no_ink",
        "([*answered, '42'], lost)": "refused",
        "([*answered, 'yellow'], lost)": "no_ink",
        "(answered, 0)": "other",
        "(answered, 9)": "good_answered",
        "('heart', 1)": "no_list",
    },
    "6.1": {
        "96": "growth",
        "32": "one",
        "added + 192": "running",
        "19_802": "all",
        "100": "other",
    },
    "6.3": {
        "math.ceil((s / 0.02) ** 2)": "one_mean",
        "math.ceil(2**0.5 * s / 0.02)": "root",
        "10_000": "other",
        "135": "other",
        "1": "share",
        "128": "rounded",
        "0": "none",
    },
    "7.1": {
        "count - 1": "one_less",
        "((v := components(spaces['pixels'])[1]).cumsum(0) < 0.9 * v.sum()).sum() "
        "+ 1": "pixels",
        "784": "other",
        "0.9": "whole",
    },
    "7.2": {
        "0": "not_in_doubt",
        "20_000": "no_position",
        "known.images[position]": "expected",
    },
    "7.3": {
        "(mc.predict(model, push(some.images[:500], slope(model, "
        "some.images[:500], labels), 0.1)).argmax(dim=1) == "
        "labels).float().mean()": "one_step",
        "0.99": "other",
        "100 * accuracy": "percent",
    },
}

# Other right answers than those of the solutions
ALSO_RIGHT = {
    "1.1": [
        "torch.tensor([most, least])",
        "[float(most), float(least)]",
        "[str(most), f' {least} ']",
    ],
    "1.2": [
        "five_images.flip(0).numpy()",
        "[*five_images]",
        "tuple(five_images.squeeze(1))",
        "[image.numpy() for image in five_images]",
    ],
    "1.3": ["(round(centred, 3), round(moved, 3))", "(f'{centred:.3f}', str(moved))"],
    "2.1": ["[[-1, -2, -1], [0, 0, 0], [1, 2, 1]]", "kernel.T.reshape(1, 1, 3, 3) / 9"],
    "2.2": ["str(on_paper)", "f' {on_paper:,}\\n'"],
    "2.3": [
        "(22, 22)",
        "'22'",
        "('22', '22')",
        "torch.tensor([22])",
        "torch.tensor([22, 22])",
        "(1, 16, 22, 22)",
        "bare(image.unsqueeze(0)).shape",
        "bare(image).shape",
        "torch.tensor(bare(image).shape).numpy()",
    ],
    "2.5": ["with_layers(model, kernel_size=3, stride=2, padding=1)"],
    "3.1": ["[0.69, 0.11, 0.01]", "['0.69', '0.11', '0.01']"],
    "3.3": ["[2.3, 0.2, *[1.0] * 198]"],  # from better first weights
    "3.4": ["(kernel.numpy(), learned.detach().flatten().tolist())"],
    "4.1": ["f'{second}.0'"],
    "4.2": ["(round(precision_7.item(), 3), round(recall_7.item(), 3))"],
    "4.3": ["[round(c.item(), 2) for c in confidences]"],
    "4.4": [
        "torch.stack([only_network, only_means])",
        "(f'{only_network:,}', f'{only_means:,}')",
    ],
    "5.1": [
        "torch.nn.functional.pad(torch.tensor(jagged), (0, 14, 0, 8))",
        "torch.nn.functional.pad(torch.tensor(mc.to_mnist(photos / '3.jpg', steps=True)"
        "[1]['box']), (0, 13, 0, 8))",
    ],
    "5.3": ["(set(answered), torch.tensor(lost))"],
    "7.1": ["str(count.item())", "float(count)"],
    "7.2": ["found[-1].item()", "str(found[-1].item())"],
    "7.3": ["round(accuracy.item(), 2)", "f'{accuracy:.3f}'"],
}
