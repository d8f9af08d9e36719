"""The claims of the prose, one a line: the words around a number, and what computes it.

A phrase is text as a reader sees it, on one line, without emphasis and addresses; {}
stands for a number, in figures or as a word. Its function returns the number in the
unit of the text, several as a tuple; a list holds alternatives. None in place of a
function: these numbers are no results, or, where noted, results not computed here.

Here are the phrases of any file and of the pages; ``register_notebooks.py`` has those
of the notebooks. ``facts.py`` and ``facts_mnist.py`` compute.
"""

import math

import facts
import facts_mnist as mnist
import register_notebooks
import torch
from claims import Phrases
from facts import BATCHES, PARAMETERS, RECIPE, STEPS, TEST, TRAIN

SHARED: Phrases = {  # in any file, wherever the words fit; lists leave room for others
    "{} training and {} test images": lambda: (TRAIN, TEST),
    "{} training images": lambda: [TRAIN],
    "{} test images": lambda: [TEST],
    "all {} images": lambda: [TRAIN],
    "{} images": lambda: [TRAIN, RECIPE.batch_size],
    "batches of {}": lambda: [RECIPE.batch_size],
    "batches of ({}, {}, {}, {})": lambda: (RECIPE.batch_size, *facts.INPUT),
    "Download | {} MB": lambda: facts.DOWNLOAD,
    "{} epochs": lambda: [RECIPE.epochs],
    "{} passes over": lambda: [RECIPE.epochs],
    "95 % interval": None,  # the level of Wilson's interval, held by test_metrics.py
    "100 %": None,  # the end of the scale
    "{} is perfect, {} a coin": lambda: (1, 0.5),  # the AUROC of the best, of a guess
    "(N, {}, {}, {})": lambda: [facts.INPUT],
    "({}, {}, {})": lambda: [facts.INPUT, facts.FIRST, facts.HALF, facts.LAST],
    "{}x{}": lambda: [shape[1:] for shape in (facts.INPUT, facts.HALF, facts.LAST)],
    "to {}x{}": lambda: [facts.INPUT[1:], facts.BOX],
    "{} parameters": lambda: [PARAMETERS],
    "{} million multiply-adds": lambda: facts.WORK / 1e6,
    "{} M multiply-adds": lambda: facts.WORK / 1e6,
    "ln 10 = {}": lambda: facts.LN_10,
    "{} % is a guess, 100 % perfect": lambda: facts.GUESS,
    "a guess {} %": lambda: facts.GUESS,
    "Adam at {}": lambda: RECIPE.lr,
}

README: Phrases = {
    "PyTorch: {} parameters, {} passes": lambda: (PARAMETERS, RECIPE.epochs),
    "It reads {} % of {} digits": lambda: (facts.accuracy("VGG"), TEST),
    "one linear layer here reads {} %": lambda: facts.accuracy("linear layer"),
    "The diagonal holds {} of {} test images": lambda: (
        TEST - facts.mistakes("VGG"),
        TEST,
    ),
    "is true {}, predicted {}, with {}.": mnist.most_confused,
    "reach {} % with ten pictures": lambda: facts.accuracy("nearest mean digit"),
    "ten pictures | {} min | {} s |": lambda: facts.stated_times("01"),
    "every layer | {} min | {} s |": lambda: facts.stated_times("02"),
    "then {} of them": lambda: STEPS,
    "meet a plateau | {} min | {} s |": lambda: facts.stated_times("03"),
    "network breaks | {} min | {} s |": lambda: facts.stated_times("04"),
    "see {} of {} photos read": lambda: mnist.photos_read(mnist.shrunk),
    "as MNIST was, see {} of {}": mnist.photos_read,
    "that it does not know | {} min | {} s |": lambda: facts.stated_times("05"),
    "error bars | {} min | {} s |": lambda: facts.stated_times("06"),
    "ask which pixels | {} min | {} s |": lambda: facts.stated_times("07"),
    "Python {} or newer": facts.python_version,
    "MNIST ({} MB)": lambda: facts.DOWNLOAD,
    "made from {} other": facts.standin_sources,
    "handwritten digits, {}x{} pixels": lambda: facts.INPUT[1:],
    "batches of {} that is {} batches": lambda: (RECIPE.batch_size, BATCHES),
    "{} for testing, the last with {}": lambda: (facts.TEST_BATCHES, facts.LAST_BATCH),
    "A grid of {} handwritten digits": lambda: facts.SAMPLES,
    "{} random training images": lambda: facts.SAMPLES,
    "Two blocks of three": None,
    "{}x{}x{}, goes through three convolutions of {}x{}x{};": lambda: (
        facts.INPUT + facts.FIRST
    ),
    "a pool to {}x{}x{} and three": lambda: facts.HALF,
    "a pool to {}x{}x{}, a flatten to {} and a linear layer to {}.": lambda: (
        *facts.LAST,
        facts.FEATURES,
        facts.CLASSES,
    ),
    "linear layer holds {} % of the parameters": lambda: facts.LINEAR_SHARE,
    "does {} % of the work": lambda: facts.LINEAR_WORK,
    "at the flatten sees {}x{} pixels": lambda: facts.SEES,
    "Filters | {} in every": lambda: facts.FILTERS,
    "Adam, learning rate {} |": lambda: RECIPE.lr,
    "Batch size | {} |": lambda: RECIPE.batch_size,
    "Epochs | {}, fixed": lambda: RECIPE.epochs,
    "the loss falls from {} to {};": lambda: (facts.LOSSES[0], facts.LOSSES[-1]),
    "accuracy rises from {} % to {} %": lambda: (
        facts.ACCURACIES[0],
        facts.ACCURACIES[-1],
    ),
    "A guess | {} | {} %": lambda: (0, facts.GUESS),
    "Nearest mean digit | {} | {} % | {} to {} %": lambda: (
        facts.MEANS,
        *facts.recorded("nearest mean digit"),
    ),
    "linear layer | {} | {} % | {} to {} %": lambda: (
        facts.LINEAR,
        *facts.recorded("linear layer"),
    ),
    "VGG | {} | {} % | {} to {} %": lambda: (PARAMETERS, *facts.recorded("VGG")),
    "VGG by the recipe `long` | {} | {} % | {} to {} %": facts.recorded_long,
    "trains for {} epochs; notebook": lambda: facts.epochs_together(),
    "notebook 6 has {} runs of it": lambda: facts.study_row("long")["n"],
    "trained on moved digits, falls to {} %": lambda: mnist.moved(4, recipe="long"),
    "{} trainings that differ in the seed": lambda: len(facts.SEEDS),
    "seed alone give {} % on average": lambda: facts.SEEDS_MEAN,
    "standard deviation of {} points": lambda: facts.SEEDS_DEVIATION,
    "the lowest reads {} %, the highest {} %": lambda: (
        min(facts.SEEDS),
        max(facts.SEEDS),
    ),
    "together pay: {} mistakes": lambda: facts.mistakes("VGG"),
    "linear layer's {}.": lambda: facts.mistakes("linear layer"),
    "taken for a nine, {} of the {}.": lambda: (
        mnist.most_confused()[2],
        facts.mistakes("VGG"),
    ),
    "the {} % of the images it is least sure of hold {} of the {} mistakes": lambda: (
        2,
        *mnist.caught(2),
    ),
    "Moved 4 pixels to the right, its accuracy falls to {} %": lambda: mnist.moved(4),
}

GLOSSARY: Phrases = {
    "reads {} of the {} test images: {} %": lambda: (
        TEST - facts.mistakes("VGG"),
        TEST,
        facts.accuracy("VGG"),
    ),
    "puts it at pixel ({}, {})": mnist.centre_of_mass,
    "weight here by about {},": lambda: RECIPE.lr,
    "does it for all {}.": lambda: PARAMETERS,
    "a guess, {} %, the nearest mean digit, {} %, and one linear layer, {} %": lambda: (
        facts.GUESS,
        facts.accuracy("nearest mean digit"),
        facts.accuracy("linear layer"),
    ),
    "training step uses, here {}. The training set makes {} batches": lambda: (
        RECIPE.batch_size,
        BATCHES,
    ),
    "the test set makes {}, the last with {}": lambda: (
        facts.TEST_BATCHES,
        facts.LAST_BATCH,
    ),
    "A number in {} bits": lambda: facts.bits(torch.bfloat16),
    "with {} bits of precision in place of {}": lambda: (
        facts.precision(torch.bfloat16),
        facts.precision(torch.float32),
    ),
    "each logit has one: {} of the": lambda: facts.BIASES,
    "with confidence 0.8, 80 % should": None,
    "convolution here makes {}": lambda: facts.FILTERS,
    "For {} of the {} test images it is above {}": lambda: (
        *mnist.surer_than(0.99),
        0.99,
    ),
    "95 times in 100": None,  # the level of Wilson's interval, as above
    "shipped network: {} to {} %": lambda: facts.recorded("VGG")[1:],
    "the largest count off it is {}, fours": lambda: mnist.most_confused()[2],
    "After the first block, {} of {} are 0 for all of the first {}": lambda: (
        *mnist.dark(1000),
        1000,
    ),
    "training set: {} steps": lambda: BATCHES,
    "The recipe has {}": lambda: RECIPE.epochs,
    "over all {} pixels": lambda: facts.PIXELS,
    "After the last pool there are {} of": lambda: facts.LAST[0],
    "7x7: the {} features": lambda: facts.FEATURES,
    "have {}x{}x{} numbers, those of the other five {}x{}x{}": lambda: (
        facts.kernel(0) + facts.kernel(2)
    ),
    "with {}, towards {} for the right digit and {} for each": lambda: (
        0.1,
        *facts.smoothed(0.1),
    ),
    "This one has {}: six convolutions": lambda: len(facts.LAYERS),
    "steps. Here {}, with Adam": lambda: RECIPE.lr,
    "with Adam; at {}, from the same": lambda: facts.hopeless_rate("Adam"),
    "connected. Here {} to {}: {} % of the parameters and {} % of the work": lambda: (
        facts.FEATURES,
        facts.CLASSES,
        facts.LINEAR_SHARE,
        facts.LINEAR_WORK,
    ),
    "On the test set, {} for the untrained network and {} for": lambda: (
        facts.LOSSES[0],
        facts.LOSSES[-1],
    ),
    "height and width: {} to {} to {}.": lambda: (
        facts.FIRST[1],
        facts.HALF[1],
        facts.LAST[1],
    ),
    "This one takes {} for an image": lambda: facts.WORK,
    "1 / ln 2 = {} bits": lambda: 1 / math.log(2),
    "A model of {} numbers": lambda: facts.MEANS,
    "that gets {} % of the test images": lambda: facts.accuracy("nearest mean digit"),
    "Of {}, the six convolutions have {} and the linear layer {}.": lambda: (
        PARAMETERS,
        PARAMETERS - facts.LINEAR,
        facts.LINEAR,
    ),
    "of the 28x28 = {} points": lambda: facts.PIXELS,
    "with {} seeds each, Adam at {} left within {} steps, SGD at {} not": lambda: (
        facts.left("Adam 0.001")[1],
        RECIPE.lr,
        facts.slowest("Adam 0.001"),
        0.01,
    ),
    "Lowest for the {}: {} %. Notebook": lambda: [mnist.lowest(0), mnist.lowest(1)],
    "and {}x{} after the last pool": lambda: facts.SEES,
    "Adam at {}, {}, and {}.": lambda: (RECIPE.lr, RECIPE.batch_size, RECIPE.epochs),
    "A batch here has ({}, {}, {}, {})": lambda: (RECIPE.batch_size, *facts.INPUT),
    "{} images made from {} other": lambda: (TRAIN + TEST, facts.standin_sources()),
    "pixels have mean {} and standard deviation {}": mnist.pixel_statistics,
    "The recipe takes {}.": lambda: STEPS,
    "The {} images that only measure": lambda: TEST,
    "choice. Here {}.": facts.held_out,
    "After the last pool there are {}.": lambda: facts.FEATURES,
    "at every position, {} times in the first block": lambda: math.prod(
        facts.FIRST[1:]
    ),
    "It stays between 0 and": None,
}

HOME: Phrases = {
    "network learns {} numbers": lambda: PARAMETERS,
    "it reads {} % of {} digits": lambda: (facts.accuracy("VGG"), TEST),
}

CLAIMS = {
    "README": README,
    "home": HOME,
    "GLOSSARY": GLOSSARY,
    **register_notebooks.CLAIMS,
}
