"""Answers to the exercises, right and wrong, for ``test_exercises.py``.

By exercise, and as code in the words of a learner whose other names are those of the
solution.
"""

# Plausible answers that are wrong, and what each must be told
WRONG = {
    "1.1": {
        "(least, most)": "the other way round",
        "(3, least)": "the 3 holds 0.1",
        "(most, 7)": "the 7 holds 0.1",
        "most": "expected two digits, with the most ink and with the least, got int",
    },
    "1.2": {
        "zeros[far.argsort()[:5]]": "these are the nearest",
        "train.images[(train.images - means[0]).square().sum((1, 2, 3)).topk(5)[1]]": (
            "farther than any 0"
        ),
        "zeros[:5]": "and five zeros lie",
        "[*zeros[:5]]": "and five zeros lie",
        "[*five_images[:4]]": "got a list of 4",
        "[*five_images[:4], None]": "five images, each of shape (1, 28, 28), got None",
        "far.argsort(descending=True)[:5]": "positions: pass the five images at them",
        "far.argsort()[-5:].tolist()": "those are positions",
        "far.argsort(descending=True)[:4]": "got Tensor of shape (4,)",
    },
    "1.3": {
        "[mc.evaluate(model, d).accuracy for d in (test, shifted)]": (
            "on centred digits is the score with no images blurred"
        ),
        "[mc.evaluate(soft, d).accuracy for d in (test, shifted)]": (
            "on centred digits is the score with only training images blurred"
        ),
        "(centred, centred)": "on moved digits is not what a blur by 3x3 gives",
        "(100 * centred, 100 * moved)": "in percent, so divide by 100",
        "('98.7', moved)": "in percent, so divide by 100",
        "('0,813', moved)": "got text that is no number",
        "(centred, mc.evaluate(soft, blurred(mc.Digits(test.images.roll(-2, 3), "
        "test.labels))).accuracy)": "the score after a move to the left, not to the",
    },
    "1.4": {
        "1.0": "search among the training images",
        "mc.evaluate(model, some).accuracy": "is the score of the nearest mean",
        "0.5": "50.0% is not the score",
        "962": "that is a count, so divide by all of them",
    },
    "2.1": {
        "kernel": "still finds vertical edges",
        "-kernel.T": "ink below gives -3, above 3: the first should be above 0",
        "kernel.T + 1": "no edge, it gives 9, not 0",
        "kernel + kernel.T": "each column must sum to 0",
        "kernel.T.flatten()[:3]": "got Tensor of shape (3,)",
    },
    "2.2": {
        "19_610": "that is with 16 filters",
        "2 * 19_610": "twice the channels",
        "on_paper - 6 * 32 - 10": "the biases are missing",
        "on_paper - 10": "the ten biases of the linear layer",
        "32 * 9 + 32 + 5 * (32 * 32 * 9 + 32) + 784 * 10 + 10": "32 x 7 x 7 features",
        "6 * (32 * 32 * 9 + 32) + 32 * 49 * 10 + 10": "the first layer reads one",
        "50_000": "there are more",
        "'19,610'": "that is with 16 filters",
        "'19,61'": "got text that is no number",
    },
    "2.3": {
        "28": "28 would be right with padding 1",
        "26": "after one layer",
        "25": "one on either side",
        "14": "14 is not three frames less than 28",
        "(22, 28)": "got 22 and 28",
        "torch.tensor([22, 28])": "got 22 and 28",
        "(1, 16, 26, 26)": "after one layer",
        "(1, 'many', 22, 22)": "got text that is no number",
        "(1, 1, 16, 22, 22)": "got a tuple of 5",
        "[22]": "got a list of 1",
        "bare(image.unsqueeze(0))": "got Tensor of shape (1, 16, 22, 22)",
    },
    "2.4": {
        "Yours": "that is the class; make one of it: Yours()",
        "12_002": "expected a model, got int",
        "mc.VGG()": "its convolutions make 16x28x28",
        "mc.linear_baseline()": "its convolutions make nothing",
        "nn.Conv2d(1, 8, 3)": "7 images give (7, 8, 26, 26)",
        "nn.Linear(784, 10)": "no image passes through it",
    },
    "2.5": {
        "mc.VGG()": "there still is a pool, features.6 and features.13",
        "with_layers(model, kernel_size=2)": "16x26x26, 10,816 numbers",
        "mc.linear_baseline()": "expected eight convolutions, two of them new, got 0",
        "21_690": "expected a model, got int",
    },
    "3.1": {
        "[-p for p in prices]": "a minus is missing",
        "[-math.log10(p) for p in (0.5, 0.9, 0.99)]": "not to base 10",
        "[-math.log2(p) for p in (0.5, 0.9, 0.99)]": "not to base 2",
        "[0.5, 0.1, 0.01]": "that is 1 - p",
        "prices[::-1]": "-ln(0.5) is not 0.01",
        "prices[0]": "expected three losses, at 0.5, 0.9 and 0.99, got 0.69",
    },
    "3.2": {
        "(0.3, by_adam)": "SGD: 0.3 is uphill",
        "(by_sgd, 0.4)": "Adam: 0.4 is uphill",
        "(by_sgd, by_sgd)": "that is SGD's step",
        "(by_adam, by_adam)": "not by its sign",
        "(0.2, 0.1)": "the move, not the weight after it",
    },
    "3.3": {
        "losses": "zero_grad() was there",
        "[losses[0]] * 200": "no optimizer.step(), or an optimizer made for another",
        "[0.02, *broken_losses[1:]]": "begin with a new model",
        "broken_losses[-1]": "expected the list of 200 losses",
    },
    "3.4": {
        "(kernel, kernel)": "that is your kernel twice",
        "(kernel, torch.zeros(3, 3))": "still differ by 1.00 in one place",
        "(kernel, -learned)": "is yours with every sign changed",
        "(0 * kernel, learned)": "your kernel is all zeros",
        "learned": "expected two kernels",
    },
    "3.5": {
        "(make_optimizer, [2.30] * 300)": "2.30 is the plateau",
        "(make_optimizer, sgd_losses[:250] + [math.nan] * 50)": "got nan",
        "(make_optimizer, sgd_losses[:250])": "got a list of 250",
        "(lambda p: torch.optim.Adam(p), sgd_losses)": "that is Adam, and the question",
        "(lambda: None, sgd_losses)": "no optimizer comes of it",
        "(0.3, sgd_losses)": "a function that makes the optimizer, got 0.3",
        "sgd_losses": "expected two, what makes the optimizer and the list",
    },
    "4.1": {
        "(~right).sum()": "those are all mistakes",
        "second / (~right).sum()": "how many",
        "round((second / (~right).sum()).item(), 2)": "that is their share, and",
        "(100 * second / (~right).sum()).round()": "that is their share in percent",
        "(~right).sum() - second": "farther down",
        "second + right.sum()": "counts the right answers, too",
        "second + 1": "mistakes of the package's weights",
    },
    "4.2": {
        "(recall_7, precision_7)": "the precision divides by how many were called a 7",
        "(precision_7, right.float().mean())": "the recall is not",
        "(100 * precision_7, 100 * recall_7)": "in percent",
        "(round(precision_7.item(), 2), recall_7)": "may be the precision, rounded",
    },
    "4.3": {
        "[0.1, 0.1, 0.1]": "take the largest",
        "[confidences[0], 7.5, 9.1]": "the softmax is missing, or it is in percent",
        "confidences[::-1]": "is for mirrored digits, not for blank paper",
        "[0.3, *confidences[1:]]": "confidence for blank paper is not 0.300",
    },
    "4.4": {
        "(only_means, only_network)": "the network's count comes first",
        "(right.sum(), only_means)": "for the network, is its whole score",
        "(only_network, means_right.sum())": "for the means, is its whole score",
        "((right & means_right).sum(), 0)": "is how many the other reads, too",
        "((~means_right).sum(), only_means)": "not the count of what it alone reads",
        "((~right).sum(), only_means)": "is the count of its mistakes",
        "only_network": "expected two counts",
    },
    "4.5": {
        "484 - changed": "that change nothing",
        "changed + 1": "of the 22 x 22, with the package's",
    },
    "5.1": {
        "by_hand[1:]": "the ink begins in row 4 and column",
        "mc.to_mnist(photos / '3.jpg').roll(-5, 1).roll(5, 2)": "the ink begins in row",
        "box": "got ndarray of shape (20, 14)",
        "corner * 255": "with ink from 0 to 1",
        "torch.nn.functional.pad(torch.tensor(mc.to_mnist(photos / '5.jpg', steps=True)"
        "[1]['box']), (0, 13, 0, 8))": "more like the box of photo 5",
        "torch.nn.functional.pad(torch.tensor(mc.to_mnist(photos / '8.jpg', steps=True)"
        "[1]['box']), (0, 16, 0, 8))": "more like the box of photo 8",
    },
    "5.2": {
        "7": "7 is what it is taken for",
        "8": "the 8 is still read as 8",
        "[1]": "expected a digit, got a list of 1",
    },
    "5.3": {
        "(answered[:2], lost)": "heart gets 0.99",
        "([*answered, 'empty'], lost)": "empty: no ink found",
        "([*answered, '42'], lost)": "42 gets 0.88",
        "([*answered, 'yellow'], lost)": "yellow: no ink found",
        "(answered, 0)": "look at the 1, with 0.85",
        "(answered, 9)": "those are answered",
        "('heart', 1)": "got str for the list",
    },
    "6.1": {
        "96": "a scale and a shift",
        "32": "after one convolution",
        "added + 192": "are not trained",
        "19_802": "the network's own included",
        "100": "not two numbers a channel",
    },
    "6.3": {
        "math.ceil((s / 0.02) ** 2)": "both means are uncertain",
        "math.ceil(2**0.5 * s / 0.02)": "so square",
        "10_000": "the standard error is 0.00233 points, and fewer do",
        "135": "the standard error is 0.02002 points",
        "1": "s is a share there",
        "128": "0.16 is rounded",
        "0": "0 is no number of seeds",
    },
    "7.1": {
        "count - 1": "it takes one more",
        "((v := components(spaces['pixels'])[1]).cumsum(0) < 0.9 * v.sum()).sum() "
        "+ 1": "that is for the pixels",
        "784": "it does not take 784 components",
        "0.9": "a whole number, got 0.9",
    },
    "7.2": {
        "0": "the nearest others of image 0 are [",
        "20_000": "below 20,000, got 20000",
        "known.images[position]": "got Tensor of shape (1, 28, 28)",
    },
    "7.3": {
        "(mc.predict(model, push(some.images[:500], slope(model, some.images[:500], "
        "labels), 0.1)).argmax(dim=1) == labels).float().mean()": "take a new one each",
        "0.99": "ten steps of 0.01 do not leave 0.990",
        "100 * accuracy": "in percent",
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
