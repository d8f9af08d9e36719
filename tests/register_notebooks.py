"""The claims of the notebooks, as ``register.py`` explains them: one dict a notebook.

What a notebook prints needs no line here; see ``claims.py``.
"""

import math

import facts
import facts_mnist as mnist
import torch
from claims import Phrases
from facts import BATCHES, RECIPE, SEEDS, STEPS, TEST, TRAIN

DATA: Phrases = {
    "A tenth of the images gives {} %, a hundredth {} %": lambda: (
        mnist.neighbours(TRAIN // 10),
        mnist.neighbours(TRAIN // 100),
    ),
    "score {} % with nothing but": lambda: facts.accuracy("nearest mean digit"),
    "through {} images? And {}?": lambda: (TRAIN, TEST),
    "{} / 32 is {} exactly": lambda: (TRAIN, BATCHES),
    "{} / 32 is {}, so": lambda: (TEST, TEST / RECIPE.batch_size),
    "rows 5 to 13, columns 12 to 20": None,
    "Suppose 90 % of the images were ones": None,
    'Then "always say 1" would score 90 %': None,
    "one time in {}, {} %": lambda: (facts.CLASSES, facts.GUESS),
    "{} pixels in {} are blank": lambda: (facts.blank_of_five(), 5),
    "summed squared differences over all {} pixels": lambda: facts.PIXELS,
    "a network with 85 % would not impress": None,
    "this network, {} seeds could": lambda: facts.study_row("normalised inputs")["n"],
    "Two pixels to the right cost {} points": lambda: mnist.cost_of_moving(2),
    "at most {} % of the ink": lambda: mnist.ink_on_a_side(4),
    "the last with {} images": lambda: facts.LAST_BATCH,
    "{} % of the pixels are blank": lambda: facts.shown("01", "ink")[0][1],
    "{} to {} %, and shifted ones": lambda: (
        facts.accuracy("nearest mean digit"),
        mnist.blurred(0),
    ),
    "gain, {} to {} %": lambda: (facts.shown("01", "shift")[0][2], mnist.blurred(2)),
    "right about {} % of": mnist.neighbours,
    "{} million numbers instead of {}": lambda: (
        TRAIN * facts.PIXELS / 1e6,
        facts.MEANS,
    ),
    "the means read {} % of these {}.": lambda: (mnist.means_on_first(1000), 1000),
}

ARCHITECTURE: Phrases = {
    "at column 10 or 11?": None,
    "Columns 10 and 11 share a square, 11 and 12": None,
    "Its {} x {} x {} = {} features": lambda: (*facts.LAST, facts.FEATURES),
    "falls on the padding: {}x{} remain": facts.seen_in_the_corner,
    "The image had {} pixels, too": lambda: facts.PIXELS,
    "{} and {} halve evenly": lambda: (facts.INPUT[1], facts.HALF[1]),
    "photos into {} classes": lambda: facts.vgg16()[-1].output_shape[-1],
    "{} % of its {} million parameters. It needs about {} times": facts.vgg16_costs,
    "receptive field of {}x{} after": lambda: facts.SEES,
    "share rises from {} to {} %": lambda: (
        facts.share_of_last_five(facts.FILTERS),
        facts.share_of_last_five(32),
    ),
    "Solution {}x{}: each layer": lambda: tuple(n - 3 * 2 for n in facts.INPUT[1:]),
    "{} is {} x {} x {}: a pool is missing": lambda: (
        math.prod(facts.HALF),
        *facts.HALF,
    ),
    "in place of the maximum, it still reads {} %": lambda: math.floor(
        100 * facts.study_row("without ReLU")["mean"]
    ),
    "linear layer reads, about {} %": lambda: (
        100 * facts.study_row("all linear")["mean"]
    ),
    "larger, reads {} points less": lambda: facts.points_lost("one block"),
    "three blocks {}: {} runs do not": lambda: (
        facts.points_lost("three blocks"),
        facts.study_row("three blocks")["n"],
    ),
    "with two blocks of two convolutions, {} filters in the first and {}": None,
    "{} parameters: the linear layer has two thirds": facts.written_by_oneself,
    "the field stays at {}. You pay {} parameters and {} % more": facts.strided,
}

TRAINING: Phrases = {
    "then {} of them": lambda: STEPS,
    "on the {} pixels: {} parameters": lambda: (facts.PIXELS, facts.LINEAR),
    "about {} %, up from {} %": lambda: (
        facts.accuracy("linear layer"),
        facts.accuracy("nearest mean digit"),
    ),
    "{} runs with {} seeds read between": lambda: (len(SEEDS), len(SEEDS)),
    "between {} % and {} % after one epoch": lambda: facts.seeds_after(1),
    "and between {} % and {} % after three": lambda: facts.seeds_after(3),
    "CNN {} % on average": lambda: facts.SEEDS_MEAN,
    "in the 300 steps of": None,
    "{} seeds for each of {} settings": lambda: (
        facts.left("Adam 0.001")[1],
        sum(
            len(facts.learning_rates(kind, weights))
            for kind in ("Adam", "SGD")
            for weights in ("", ", He")
        ),
    ),
    "leaves the plateau within {} steps": lambda: facts.slowest("Adam 0.001"),
    "each of the last {} images twice": lambda: facts.LAST_BATCH,
    "one row of {} for each digit": lambda: facts.PIXELS,
    "after {} to {} steps; the fifth": lambda: facts.left_between("SGD 0.1"),
    "learns nothing, with any of {} seeds": lambda: facts.left("Adam 0.01")[1],
    "count the features, {} an image": lambda: facts.FEATURES,
    "walks off it at {}, not at {}": lambda: (
        RECIPE.lr,
        facts.hopeless_rate("Adam"),
    ),
    "Do larger steps help (0.3)": None,
    "Can 300 steps of Adam at 0.1": None,
    "From {} to {} it learns": lambda: facts.steady("Adam"),
    "SGD does best at {}, where": lambda: facts.best_rate("SGD"),
    "SGD learns at {}, and so does Adam": lambda: min(
        facts.learning_rates("SGD", ", He")
    ),
    "At {} SGD learns with neither": lambda: max(facts.learning_rates("SGD", ", He")),
    "{} seeds an optimizer": lambda: facts.left("SGD 0.1")[1],
    "leaves with {} seeds of {}": lambda: facts.left("SGD 0.1"),
    "a whole epoch of {} steps": lambda: BATCHES,
    "means of {} steps": lambda: facts.PLATEAU["block"],
    "stays below {}.": lambda: facts.PLATEAU["threshold"],
    "gradients are {} to {} in the convolutions; {} in the last": mnist.first_gradients,
    "begins with steps of {} anyhow": lambda: RECIPE.lr,
    "For the first {} steps": lambda: facts.flat_until("SGD 0.1"),
    "hold SGD at {} on a": facts.held_rate,
    "linear layer about {} %, CNN": lambda: facts.accuracy("linear layer"),
    "Solution {}, {}, {}: each": lambda: tuple(-math.log(p) for p in (0.5, 0.9, 0.99)),
}

RESULTS: Phrases = {
    "95 in 100 contain it": None,
    '"{} % accurate"': lambda: facts.accuracy("VGG"),
    "A lead of {} points, ten images": lambda: 100 * 10 / TEST,
    "the mean digits make {} mistakes": lambda: facts.mistakes("nearest mean digit"),
    "the linear layer {}, the CNN {}": lambda: (
        facts.mistakes("linear layer"),
        facts.mistakes("VGG"),
    ),
    "That is {} % fewer": lambda: facts.fewer_mistakes("VGG", "linear layer"),
    "count {} or {} mistakes more": mnist.mistakes_by_chance,
    "to the right costs {} points": lambda: facts.accuracy("VGG") - mnist.moved(4),
    "upwards it costs {}.": lambda: facts.accuracy("VGG") - mnist.moved(down=-4),
    "luck alone would put {}, give or take {}.": lambda: (
        facts.mistakes("VGG") / 2,
        math.sqrt(facts.mistakes("VGG")),  # two standard deviations
    ),
    "Taken blindly, {} images hold": lambda: 0.02 * TEST,
    "Filters 8 and 13 look": None,
    "lower right, 11 for ink": None,
    "at 2 pixels it keeps {} %, they {} %": facts.kept_at_two_pixels,
    "turn of 45 degrees costs {} to {}": facts.cost_of_turning,
    "{} of the {} dots are in the upper half": lambda: (
        facts.shown("04", "interval")[1][0],
        facts.mistakes("VGG"),
    ),
    "removes {} of the {} mistakes": lambda: mnist.caught(2),
    "confidence {}, {} % are right": lambda: (0.8, 100 * 0.8),
    "reads {} % of the test digits. For endless": lambda: facts.accuracy("VGG"),
    "95 % interval is {} % to {} %": lambda: facts.recorded("VGG")[1:],
    "maps of channels {} to {} after": lambda: (0, facts.FILTERS - 1),
    "On MNIST {} of {}, {} in ten": mnist.second_place,
    "{} of the {}, the right digit gets less than {}.": lambda: (
        *mnist.second_below(0.2),
        0.2,
    ),
    "blank paper gets {},": lambda: mnist.sureness(mnist.paper()),
    "noise gets {}, give": lambda: mnist.sureness(mnist.noise()),
    "mirrored digits {}.": lambda: mnist.sureness(mnist.mirrored()),
    "without those it is {}.": lambda: mnist.sureness(mnist.mirrored((0, 1, 8))),
    "On MNIST {} against {}.": mnist.read_by_one,
    "{} of the {} positions": mnist.changed_by_covering,
}

OWN_DIGITS: Phrases = {
    "{} of {}, and a guess gets one": lambda: mnist.photos_read(mnist.shrunk),
    "that is {} of {} digits lost": lambda: (facts.lost_of_three(), 3),
    "No: {} of {}.": lambda: tuple(facts.shown("05", "invert-only")[1]),
    "From {} of ten to all {}": lambda: (
        mnist.photos_read(mnist.shrunk)[0],
        mnist.photos_read()[0],
    ),
    "{} of {} right, one of them": lambda: mnist.photos_read(mnist.shrunk),
    "same network reads {} of {}": mnist.photos_read,
    "The first {} test digits are read": None,  # as many as the cell compares
    "make {} real photos": lambda: 30 * facts.CLASSES,
    "{} of {} would give {} % to {} %": lambda: (270, 300, *facts.interval(270, 300)),
    "a probability below 0.99": None,
    "The 42 is refused": None,
    # A result, of cutting a digit out by hand
    "each with less than 50 %": None,
    "refused too ({} %)": lambda: mnist.sureness_of_photo("1"),
    "Just above {}, and then {} % of the held-out": mnist.refused_with_the_heart,
    "layer gets {} numbers": lambda: facts.FEATURES,
    "them by 90 degrees": None,
    "the heart ({} %)": lambda: mnist.sureness_of_photo("heart"),
}

GOING_FURTHER: Phrases = {
    "learn from 20,000 other images": None,
    "After 35 steps both": None,  # the next code cell asserts it
    "{} seeds a change ({} where": lambda: (
        facts.study_row("batch norm")["n"],
        facts.study_row("long")["n"],
    ),
    "{} of {} networks end up": lambda: (facts.stuck(), len(facts.constant_rate())),
    "best of the others reads {} %": lambda: max(facts.constant_rate()),
    "first {} or {} seeds": lambda: (
        facts.study_row("batch norm")["n"],
        facts.study_row("32 filters")["n"],
    ),
    "numbers of {} bits, and keep their weights in {}, where": lambda: (
        facts.bits(torch.bfloat16),
        facts.bits(facts.WEIGHTS),
    ),
    "below {} / {} = {}": lambda: (0.05, 8, 0.05 / 8),
    "one to {} runs each": lambda: facts.most_validated(),
    "({} epochs read {} % of them": lambda: (
        12,
        facts.validated("doubling, 12 epochs, batch 128, lr 0.02"),
    ),
    "of them, {} {} %;": lambda: (
        facts.epochs_together(),
        facts.validated("doubling, 8 epochs, batch 128, lr 0.02"),
    ),
    "target is {} for the right digit, {} for each": lambda: facts.smoothed(0.1),
    "take to reach 99 %": None,
    "took {} epochs to 99 %, the": lambda: len(facts.to_target("usual loop")),
    "the example {} longer": lambda: len(facts.to_target("PyTorch's example")),
    "buys the next {} points with about {} times": lambda: (
        facts.points_from_length(),
        facts.times_longer(),
    ),
    "Batches of 1 are {} times as slow as batches of {}": lambda: (
        facts.slower_one_by_one(),
        RECIPE.batch_size,
    ),
    "beyond {} they slow": facts.fastest_batch,
    "pass over 6,000 images with {} filters in batches of {}, as one of the three": (
        lambda: (facts.FILTERS, RECIPE.batch_size)
    ),
    "From {} filters on, doubling": lambda: facts.FILTERS,
    "for each of {} channels": lambda: facts.FILTERS,
    "of six convolutions: {}. The network grows by {} only": lambda: (
        2 * 6 * facts.FILTERS,
        facts.growth_by_batch_norm(),
    ),
    "n is {}, and {} seeds leave {} points": lambda: (
        facts.seeds_for(0.02),
        facts.study_row("batch norm")["n"],
        facts.standard_error(facts.study_row("batch norm")["n"]),
    ),
}


def pushed(line: int) -> list[float]:
    """What notebook 7 prints of a push: its sizes (0), then the accuracies left."""
    return facts.shown("07", "push")[line]


INSIDE: Phrases = {
    "into {} numbers, its features": lambda: facts.FEATURES,
    "An image has {} pixels, too": lambda: facts.PIXELS,
    "a space of {} dimensions": lambda: facts.FEATURES,
    "decomposition finds all {}": lambda: facts.FEATURES,
    "in all {} dimensions": lambda: facts.FEATURES,
    "reads {} % of the test digits, in place": lambda: facts.accuracy(
        "nearest mean digit"
    ),
    "20,000 x {} numbers; the last layer has {}": lambda: (
        facts.FEATURES,
        facts.LINEAR,
    ),
    # As many as the cell "load" keeps
    "these means are of 20,000 images": None,
    "at ε = {}, how many of the first {} are": lambda: (pushed(0)[2], 2_000),
    "which reads {} % of the first {}?": lambda: (
        facts.shown("07", "vote")[2][0],
        2_000,
    ),
    "the price of {} % of the digits it refuses {} % of the turned ones, the "
    "confidence {} %": lambda: tuple(facts.shown("07", "refusal-figure")[0]),
    "Random signs at {} cost": lambda: pushed(0)[2],
    "leave {} %, and {} % at {}.": lambda: (
        pushed(2)[2],
        pushed(2)[4],
        pushed(0)[4],
    ),
    "At {}, `long` is ahead, {} % to {} %. From {} on it is far behind, {} %; at {} "
    "random signs alone leave {} %": lambda: (
        *(pushed(0)[1], pushed(4)[1], pushed(2)[1]),
        *(pushed(0)[2], pushed(4)[2], pushed(0)[3], pushed(3)[3]),
    ),
    "with 95 % intervals, for": None,
    "at ε = {}; above": lambda: pushed(0)[4],
    "A margin of {} looks safe. With a sum of {}, a step of {} uses": lambda: (
        *(facts.shown("07", "why")[0][i] for i in (0, 1, 4)),
    ),
    "A push of {} would hide, and in the table above {} costs": lambda: (
        facts.shown("07", "grain")[0][0],
        pushed(0)[0],
    ),
    "A push of {} is ten times": lambda: 10 * facts.shown("07", "grain")[0][0],
    "correlate at {}, with the untrained one's at {}.": lambda: (
        facts.shown("07", "sanity")[1][0],
        facts.shown("07", "sanity")[2][0],
    ),
    "untrained maps get {}:": lambda: facts.shown("07", "sanity")[2][1],
    "next to nothing of it: {}.": lambda: facts.shown("07", "sanity")[3][0],
    "to the fifth, is {}.": lambda: facts.shown("07", "neighbours")[2][-1],
    "accuracy on 2,000 test images": None,
    "every threshold, on 2,000 test": None,
    "digits turned by 90 degrees": None,
    "`long`, which reads {} %": lambda: facts.recorded_long()[1],
    "sum, over {} pixels": lambda: facts.PIXELS,
    "{}, and for the pixels {}": mnist.components_needed,
    "On MNIST there are {}.": mnist.labels_in_doubt,
    "image 10994 is a 9": None,
    "beside one step of 0.1": None,
    "{} %; one step leaves {} %": lambda: (mnist.left_after(10), mnist.left_after(1)),
}

CLAIMS = {
    "01_data_exploration": DATA,
    "02_architecture": ARCHITECTURE,
    "03_training": TRAINING,
    "04_results": RESULTS,
    "05_your_own_digits": OWN_DIGITS,
    "06_going_further": GOING_FURTHER,
    "07_inside_the_network": INSIDE,
}
