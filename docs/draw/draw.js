// The page: pad, input, answer, two sliders, and all layers, computed at every stroke.

import { makeAnswer, paint } from "./answer.js";
import { makeLayers } from "./layers.js";
import { makeNetwork, softmax } from "./network.js";
import { move, prepare } from "./prepare.js";
import { make, makeSurface } from "./surface.js";

const PAUSE = 250; // milliseconds after the last stroke, until the sliders' rows follow
const DATA = JSON.parse(document.getElementById("data").textContent);
const SIDE = DATA.side; // pixels of a reduced drawing, as in the notebook's pad
const SLIDERS = {
  shift: { label: "Shift, in pixels to the right", most: 8, step: 1, unit: "pixels" },
  turn: { label: "Turn, in degrees against the clock", most: 60, step: 5, unit: "degrees" },
};
const TOLD = {
  "conv 1": ["02_a_pattern_anywhere", "a-convolution-by-hand", "a convolution by hand"],
  "conv 2": ["02_a_pattern_anywhere", "many-filters", "many filters"],
  "conv 3": ["06_how_good_is_it", "what-it-has-learned", "what it has learned"],
  "pool 1": ["02_a_pattern_anywhere", "max-pooling-a-quarter-of-the-numbers", "max-pooling"],
  "conv 4": ["03_the_whole_network", "a-vgg-block", "a VGG block"],
  "conv 5": ["03_the_whole_network", "what-one-unit-sees", "what one unit sees"],
  "conv 6": ["03_the_whole_network", "the-whole-model", "the whole model"],
  "pool 2": ["09_inside_the_network", "a-map-of-the-digits", "a map of these numbers"],
};

function link([page, anchor, text]) {
  return make("a", { href: `notebooks/${page}.html#${anchor}` }, text);
}

const networks = {};
let name = "plain";
let image = null; // 784 numbers before the sliders; null while there is no digit
let waiting = null;
let later = null;

const surface = makeSurface(SIDE, drawn, cleared);
const view = makeAnswer();
const layers = makeLayers(view.mark, (layer) => (TOLD[layer] ? link(TOLD[layer]) : ""));

function network() {
  networks[name] ??= makeNetwork(DATA.networks[name]);
  return networks[name];
}

function drawn() {
  press(null);
  waiting ??= requestAnimationFrame(() => {
    waiting = null;
    performance.clearMarks("stroke");
    performance.mark("stroke");
    image = prepare(surface.read(), SIDE);
    show();
    performance.measure("update", "stroke");
  });
}

function cleared() {
  cancelAnimationFrame(waiting);
  waiting = image = null;
  press(null);
  show();
}

function show() {
  const [pixels, degrees] = [sliders.shift, sliders.turn].map(({ input }) => +input.value);
  const seen = image ? move(image, pixels, degrees) : new Float32Array(784);
  const stages = network().run(seen);
  const logits = image ? [...stages.at(-1).values] : [];
  view.show(seen, softmax(logits), logits);
  layers.show(stages, network().layers);
  clearTimeout(later);
  later = setTimeout(() => answerAll(tries()), PAUSE);
}

// What the network would answer with either slider elsewhere, one try after the other
function* tries() {
  const value = (which) => +sliders[which].input.value;
  for (const [which, { input, marks }] of Object.entries(sliders)) {
    const answers = marks.map((mark) => {
      const at = { shift: value("shift"), turn: value("turn"), [which]: +mark.dataset.at };
      return () => {
        const seen = move(image, at.shift, at.turn);
        const logits = network().run(seen).at(-1).values;
        return logits.indexOf(Math.max(...logits));
      };
    });
    const here = marks.findIndex((mark) => mark.dataset.at === input.value);
    const own = image ? answers[here]() : null;
    for (const [i, mark] of marks.entries()) {
      const digit = image ? answers[i]() : null;
      mark.textContent = digit ?? "";
      mark.classList.toggle("other", digit !== own);
      mark.classList.toggle("here", i === here);
      yield;
    }
    const list = marks.map((mark) => mark.textContent).join(" ");
    input.setAttribute("aria-description", image ? `Answers from left to right: ${list}` : "");
  }
}

function answerAll(steps) {
  if (!steps.next().done) later = setTimeout(() => answerAll(steps));
}

function makeSlider({ label, most, step, unit }) {
  const input = make("input", { type: "range", min: -most, max: most, step, value: 0 });
  const value = make("span", {}, "0");
  const marks = Array.from({ length: (2 * most) / step + 1 }, (_, i) =>
    make("span", { "data-at": i * step - most }),
  );
  const row = make("div", { class: "marks", "aria-hidden": "true" }, ...marks);
  input.addEventListener("input", () => {
    value.textContent = input.value;
    input.setAttribute("aria-valuetext", `${input.value} ${unit}`);
    show();
  });
  const title = make("span", {}, `${label}: `, value);
  return { node: make("label", { class: "slider" }, title, input, row), input, marks };
}
const sliders = Object.fromEntries(
  Object.entries(SLIDERS).map(([which, options]) => [which, makeSlider(options)]),
);

function makeChoice() {
  const options = Object.keys(DATA.networks).map((which) => {
    const input = make("input", { type: "radio", name: "weights", value: which });
    input.checked = which === name;
    input.addEventListener("change", () => {
      name = which;
      show();
    });
    const text = make("span", {}, make("strong", {}, which), ` ${DATA.trained[which]}`);
    return make("label", { class: "weights" }, input, text);
  });
  const legend = make("legend", {}, "Trained by recipe ");
  legend.append(link(["08_making_it_better", "together", "(see notebook 8)"]));
  return make("fieldset", {}, legend, ...options);
}

// The ten images, as buttons; the one that is shown is pressed
function makeDigits() {
  const bytes = Uint8Array.from(atob(DATA.digits), (letter) => letter.charCodeAt(0));
  return DATA.labels.map((label, i) => {
    const pixels = Array.from(bytes.subarray(784 * i, 784 * (i + 1)), (v) => v / 255);
    const picture = make("canvas", { width: 28, height: 28, "aria-hidden": "true" });
    paint(picture, pixels, 28);
    const button = make("button", { type: "button", "aria-pressed": "false" }, picture);
    button.setAttribute("aria-label", `Test image, a ${label}`);
    button.addEventListener("click", () => {
      cancelAnimationFrame(waiting);
      waiting = null;
      image = Float32Array.from(pixels);
      surface.show(enlarge(pixels));
      press(button);
      show();
    });
    return button;
  });
}
const digits = makeDigits();

function press(pressed) {
  for (const button of digits) button.setAttribute("aria-pressed", button === pressed);
}

// 28x28 pixels from 0 to 1 as a drawing, between whose pixels the surface smooths
function enlarge(pixels) {
  return Array.from({ length: SIDE * SIDE }, (_, p) => {
    const [y, x] = [Math.floor(p / SIDE), p % SIDE].map((v) => Math.floor((v * 28) / SIDE));
    return Math.round(255 * pixels[y * 28 + x]);
  });
}

function part(title, more, ...children) {
  const head = make("h2", {}, title, " ", link(more));
  return make("section", {}, head, ...children);
}

document.getElementById("digits").append(...digits);
document.getElementById("top").append(
  part("Draw", ["07_your_own_digits", "what-was-done-to-mnist", "what happens to it"], surface.node),
  part(
    "What it sees",
    ["06_how_good_is_it", "a-few-pixels-aside", "digits out of place"],
    view.seen,
    view.answer,
    sliders.shift.node,
    sliders.turn.node,
  ),
  part(
    "Probability and logit",
    ["03_the_whole_network", "what-an-untrained-network-says", "what these are"],
    view.bars,
    makeChoice(),
  ),
);
document.getElementById("layers").append(layers.node);
const theme = (() => {
  try {
    return localStorage.getItem("theme"); // as chosen on the other pages
  } catch {
    return null;
  }
})();
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
digits[DATA.first].click();
layers.select({ stage: 1, map: 15, y: 14, x: 16 });
performance.mark("first answer");
