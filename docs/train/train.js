// The page: a worker trains, and here is shown what it says: the loss, the digits it
// reads, and what the network makes of the digit on the pad.

import { makeAnswer } from "./answer.js";
import { makeBatch } from "./batch.js";
import { makeControls } from "./controls.js";
import { makeCurve } from "./curve.js";
import { unpackDigits } from "./digits.js";
import { make, makeButton } from "./dom.js";
import { makeExhibits } from "./exhibits.js";
import { makeGauges } from "./gauges.js";
import { makeKernels } from "./kernels.js";
import { makeLayers } from "./layers.js";
import { makeMatrix } from "./matrix.js";
import { makeNetwork, softmax } from "./network.js";
import { makeNote } from "./notes.js";
import { prepare } from "./prepare.js";
import { download, safetensors } from "./safetensors.js";
import { makeSamples } from "./samples.js";
import { makeSurface } from "./surface.js";
import { startTrainer } from "./trainer.js";
import { countNumbers, layersOf } from "./weights.js";

const FRESH = 200; // milliseconds from one look at the weights to the next

// data: train and test digits, as docs/train.py packs them; samples, ten test images;
// side, of a reduced drawing; first, which of the ten is shown
async function makePage(data, script) {
  const test = await unpackDigits(data.test);
  const train = await unpackDigits(data.train);
  const surface = makeSurface(data.side, drawn, cleared);
  const samples = makeSamples(data.samples, choose);
  const view = makeAnswer();
  const curve = makeCurve();
  const batch = makeBatch(train);
  const gauges = makeGauges();
  const matrix = makeMatrix(test, () => tell("score"));
  const kernels = makeKernels();
  const layers = makeLayers({ choose: view.mark, note: makeNote });
  const exhibits = makeExhibits(open);
  const controls = makeControls({ train: go, pause, step, anew: start, changed });
  const post = startTrainer(script, hear);

  let run = 0; // messages of another are late
  let network = null; // of the weights as they were last heard of
  let numbers = null;
  let image = null; // on the pad: 784 numbers, or null
  let told = null; // the last layers that were measured, not shown yet
  let wanted = false; // weights are on their way
  let keeping = false; // they are to be saved
  let resting = false; // while the tab is in the background
  let waiting = null;

  function tell(kind, more = {}) {
    post({ kind, run, ...more });
  }

  // A new network, with the settings as they are
  function start() {
    const settings = controls.get();
    const { count, shuffled } = settings;
    run += 1;
    numbers = new Float32Array(countNumbers(settings.filters));
    network = makeNetwork(layersOf(settings.filters, numbers));
    kernels.clear();
    curve.clear();
    matrix.show([]);
    gauges.show(network.layers.filter(({ weight }) => weight).map(({ name }) => ({ name })));
    batch.start({ ...settings, shuffled: shuffled === "yes" });
    controls.start(numbers.length);
    exhibits.reach(0);
    tell("start", {
      ...settings,
      shuffled: shuffled === "yes",
      images: train.images.subarray(0, 784 * count).slice(),
      labels: train.labels.slice(0, count),
      test: test.images,
      testLabels: test.labels,
    });
    tell("want"); // the first ones, whatever is on its way from the run before
  }

  function go() {
    controls.running(true);
    tell("go");
  }

  function step() {
    controls.running(true);
    tell("go", { steps: 1 });
  }

  function pause() {
    tell("pause");
  }

  // One at a time, and not more often than can be looked at
  function want() {
    if (wanted) return;
    wanted = true;
    tell("want");
  }

  const hearers = {
    ready: () => {},
    step({ n, loss, right, batch: chosen, ms }) {
      curve.step(loss, right / chosen.length);
      controls.step(n, chosen.length, ms);
      exhibits.reach(n);
      batch.show(chosen, right);
      want();
    },
    layers(message) {
      told = message.layers;
    },
    weights({ n, buffer }) {
      numbers.set(new Float32Array(buffer));
      if (keeping) save(n);
      kernels.show(network.layers[0]);
      if (told) gauges.show(told);
      told = null;
      look();
      setTimeout(() => (wanted = false), FRESH);
    },
    score({ n, seen, of, accuracy, predicted }) {
      if (seen === of) curve.score(n, accuracy);
      if (seen === of) controls.score(accuracy, of);
      matrix.show(predicted);
    },
    paused() {
      controls.running(false);
      setTimeout(want, FRESH); // the last ones
    },
    failed({ n, reason }) {
      controls.fail(`After step ${n}: ${reason}.`);
      exhibits.reach(Infinity);
    },
  };

  function hear(message) {
    if (message.run === run) hearers[message.kind](message);
    else if (message.kind === "weights") wanted = false;
  }

  // What was changed begins anew; only the rate can change on the way
  function changed(settings, name) {
    exhibits.press(settings);
    if (name === "rate") tell("set", { rate: settings.rate });
    else start();
  }

  // An exhibit, or what an address says
  function open(settings) {
    controls.set(settings);
    exhibits.press(controls.get());
    start();
  }

  function keep() {
    keeping = true;
    tell("want");
  }

  function save(n) {
    keeping = false;
    const { filters } = controls.get();
    download(safetensors(filters, numbers), `vgg_${n}_steps.safetensors`);
  }

  function drawn() {
    waiting ??= requestAnimationFrame(read);
  }

  function read() {
    waiting = null;
    const { picture, strokes } = surface.drawing();
    const chosen = samples.press(picture);
    image = chosen && !strokes.length ? chosen.image : prepare(surface.read(), data.side);
    look();
  }

  function cleared() {
    cancelAnimationFrame(waiting);
    waiting = image = null;
    samples.press(null);
    look();
  }

  function choose(digit) {
    surface.show(digit.picture, true);
    cancelAnimationFrame(waiting);
    read();
  }

  // What the network, as it is now, makes of what is on the pad
  function look() {
    const stages = image ? network.run(image) : network.blank();
    const logits = image ? [...stages.at(-1).values] : [];
    view.show(image ?? [], softmax(logits), logits);
    layers.show(stages, network.layers, { empty: !image });
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden && controls.isRunning()) {
      resting = true;
      pause();
    } else if (!document.hidden && resting) {
      resting = false;
      go();
    }
  });

  const part = (area, text, ...children) =>
    make("section", { class: area }, make("div", { class: "digit-pad-caption" }, text), ...children);
  document.getElementById("exhibits").append(exhibits.links);
  document.getElementById("question").append(exhibits.node);
  document.getElementById("controls").append(controls.node);
  document.getElementById("play").append(
    make("section", { class: "learn-curve" }, controls.status, curve.node),
    part("pad", "Draw here", surface.node),
    part("says", "It reads", view.answer),
    part("sees", "It sees", view.seen),
    part("choose", "Or choose one", samples.node),
    make("section", { class: "learn-gauges" }, gauges.node, batch.node),
  );
  const home = make(
    "div",
    { class: "learn-home" },
    make("div", { class: "digit-pad-caption" }, "Take it home"),
    make("div", { class: "unit-buttons" }, makeButton("Save the weights", keep)),
    make("p", {}, "A file that ", make("code", {}, "mc.load"), " reads, to test it in Python, or to train it on."),
  );
  const about = document.getElementById("layers-about");
  layers.node.querySelector(".layers-column").prepend(about, kernels.node);
  const unit = layers.node.lastChild;
  layers.node.append(make("div", { class: "learn-side" }, matrix.node, home, unit));
  document.getElementById("layers").append(layers.node);

  surface.show(samples.digits[data.first].picture, true);
  image = samples.digits[data.first].image;
  exhibits.openAddress();
}

makePage(
  JSON.parse(document.getElementById("data").textContent),
  document.getElementById("worker").textContent,
);
