// Small explanations that open in place, each with a link to where the series says more.

import { make } from "./dom.js";

const NOTES = {
  sees: [
    "What you draw is cut out, made 20 pixels high or wide, and centred by its mass, as the images of MNIST were. These 784 numbers, from 0 (black) to 1 (white), are all that the network gets.",
    "07_your_own_digits", "what-was-done-to-mnist", "What was done to MNIST",
  ],
  tip: [
    "Under each slider stands what the network answers at each of its places; another answer than now is dark.",
    "06_how_good_is_it", "a-few-pixels-aside", "A few pixels aside",
  ],
  answer: [
    "For each digit the network computes a logit, a number without limits; softmax makes ten probabilities of them that sum to 100 %. So one digit is the likeliest even for an X. Where what the last layer gets is too unlike what it gets for digits, the page says that none fits well.",
    "03_the_whole_network", "from-scores-to-shares", "From scores to shares",
  ],
  weights: [
    "Two trainings of one design: the second longer, on moved and turned images, with more maps.",
    "10_making_it_better", "together", "What was changed",
  ],
  "conv 1": [
    "A kernel of 3×3 numbers slides over the image. Nine products and a bias make each number of its map; ReLU turns what is below 0 into 0.",
    "02_a_pattern_anywhere", "nine-numbers-that-find-an-edge", "Nine numbers that find an edge",
  ],
  "conv 2": [
    "Each filter has a kernel for each map below, and adds up all their products.",
    "02_a_pattern_anywhere", "sixteen-pictures-in-one-out", "Sixteen pictures in, one out",
  ],
  "conv 3": [
    "What a filter looks for, nobody wrote down: training found its numbers.",
    "02_a_pattern_anywhere", "why-the-same-nine-numbers", "Why the same nine numbers?",
  ],
  "pool 1": [
    "Of every 2×2 numbers the largest stays. What was found counts, a little less where.",
    "02_a_pattern_anywhere", "a-quarter-of-the-numbers", "Max-pooling",
  ],
  "conv 4": [
    "Three convolutions and a pool are a block. Here the second begins.",
    "03_the_whole_network", "one-block-twice", "One block, twice",
  ],
  "conv 5": [
    "The deeper the layer, the more pixels of the image a unit sees.",
    "03_the_whole_network", "what-one-number-sees", "What one number sees",
  ],
  "conv 6": [
    "The last convolution. Many of its numbers are 0: few filters have found what they look for.",
    "03_the_whole_network", "the-whole-model-line-by-line", "The whole model, line by line",
  ],
  "pool 2": [
    "These numbers, and nothing else, decide on the answer: its features.",
    "11_inside_the_network", "a-map-of-the-digits", "A map of the digits",
  ],
  linear: [
    "Each digit has a weight for each feature. The products for one digit sum to its logit; the largest logit is the answer.",
    "03_the_whole_network", "ten-scores-from-784-numbers", "Ten scores from 784 numbers",
  ],
};

// A question mark that opens the note of this name
export function makeNote(name) {
  if (!NOTES[name]) return "";
  const [text, page, anchor, title] = NOTES[name];
  const { home = "" } = document.body.dataset; // where the website is, if not here
  const link = make("a", { href: `${home}notebooks/${page}.html#${anchor}` }, title);
  const mark = make("summary", { "aria-label": `What is this? (${name})` }, "?");
  const node = make("details", { class: "note" }, mark, make("div", {}, `${text} `, link));
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    node.open = false;
    mark.focus();
  });
  return node;
}
