// The page: pad, input, answer, two sliders, and all layers, computed at every stroke.

import { makeAnswer } from "./answer.js";
import { make, makeButton } from "./dom.js";
import { doubt } from "./explain.js";
import { makeLayers } from "./layers.js";
import { makeNetwork, softmax } from "./network.js";
import { makeFast } from "./simd.js";
import { makeNote } from "./notes.js";
import { readPicture } from "./picture.js";
import { prepare } from "./prepare.js";
import { makeSamples } from "./samples.js";
import { makeSliders } from "./sliders.js";
import { decode, encode } from "./strokes.js";
import { makeSurface } from "./surface.js";

const PAUSE = 250; // milliseconds after the last stroke, until the address has it

// data: networks by name, each { layers } and, where that is known, unsure, as for
// doubt, and trained, in words; digits, the test images; first, which of them is shown;
// side, of a reduced drawing, as in the notebook's pad
function makePage(data) {
  const networks = {};
  let [name] = Object.keys(data.networks);
  let image = null; // 784 numbers before the sliders; null while there is no digit
  let wasSample = false;
  let waiting = null;
  let later = null;

  const surface = makeSurface(data.side, drawn, cleared);
  const view = makeAnswer();
  const sliders = makeSliders(show);
  const digits = makeSamples(data.digits, choose);
  const relearn = makeButton("a kernel was changed: put back", () => layers.restore(), {
    class: "chip",
  });
  relearn.hidden = true;
  const layers = makeLayers({
    choose: view.mark,
    note: makeNote,
    edited: (changed) => {
      relearn.hidden = !changed;
      show();
    },
  });

  function network() {
    networks[name] ??= makeNetwork(data.networks[name].layers, makeFast() ?? undefined);
    return networks[name];
  }

  function drawn() {
    waiting ??= setTimeout(update); // after the pad is painted
  }

  function update() {
    waiting = null;
    const { picture, strokes, sample } = surface.drawing();
    const chosen = digits.press(picture);
    if (wasSample && !sample) sliders.reset(); // a new drawing stands upright
    wasSample = sample;
    image = chosen && !strokes.length ? chosen.image : prepare(surface.read(), data.side);
    show();
  }

  function cleared() {
    clearTimeout(waiting);
    waiting = image = null;
    digits.press(null);
    sliders.reset();
    show();
  }

  function choose(digit) {
    surface.show(digit.picture, true);
    sliders.reset();
    clearTimeout(waiting);
    update();
  }

  function show() {
    const { layers: rows, unsure } = data.networks[name];
    const most = rows.map((row) => row.most);
    const seen = image ? sliders.moved(image) : [];
    const stages = image ? network().run(seen) : network().blank();
    const logits = image ? [...stages.at(-1).values] : [];
    view.show(seen, softmax(logits), logits, image ? doubt(stages, unsure) : "");
    layers.show(stages, network().layers, { most, empty: !image });
    sliders.show(image, network().answer);
    clearTimeout(later);
    later = setTimeout(keepInAddress, PAUSE);
  }

  // Behind the #, which no server is sent: a drawing can be kept as a bookmark, or shared
  function keepInAddress() {
    if (surface.isReplaying()) return;
    const { strokes, picture } = surface.drawing();
    const end = strokes.length && !picture ? `#d=${encode(strokes)}` : "";
    if (end !== location.hash) history.replaceState(null, "", end || location.pathname);
  }

  function fromAddress() {
    const strokes = decode(location.hash.replace(/^#d=/, ""));
    if (strokes.length) surface.replay(strokes);
    return strokes.length > 0;
  }

  // "#conv-2" leads to the row of that layer
  function toLayer() {
    const name = location.hash.slice(1).replace("-", " ");
    const titles = [...document.querySelectorAll(".layers-title strong")];
    titles.find((title) => title.textContent === name)?.scrollIntoView();
  }

  function makeChoice() {
    const options = Object.entries(data.networks).map(([which, { trained }]) => {
      const input = make("input", { type: "radio", name: "weights", value: which });
      input.checked = which === name;
      input.addEventListener("change", () => {
        name = which;
        show();
      });
      const text = make("span", {}, make("strong", {}, which), ` ${trained}`);
      return make("label", { class: "weights" }, input, text);
    });
    if (options.length === 1) return "";
    const legend = make("legend", {}, "Trained by recipe ", makeNote("weights"));
    return make("fieldset", {}, legend, ...options);
  }

  function makePhoto() {
    const input = make("input", { type: "file", accept: "image/*", class: "digit-pad-spoken" });
    input.addEventListener("change", async () => {
      const [file] = input.files;
      input.value = "";
      if (!file) return;
      try {
        surface.show({ pixels: await readPicture(file, data.side), side: data.side });
        sliders.reset();
        drawn();
      } catch {
        photo.firstChild.textContent = "No picture";
      }
    });
    const photo = make("label", { title: "A photo of one digit, from a file or the camera" }, "Photo", input);
    return photo;
  }

  function caption(text, note) {
    return make("div", { class: "digit-pad-caption" }, text, " ", note ? makeNote(note) : "");
  }

  const replay = makeButton("Replay", () => surface.replay(), { class: "replay" });
  surface.buttons.append(replay, makePhoto());
  const part = (area, ...children) => make("section", { class: area }, ...children);
  document.getElementById("play").prepend(
    part("pad", caption("Draw here"), surface.node),
    part("says", caption("It reads", "answer"), view.answer, sliders.back, relearn),
    part("sees", caption("It sees", "sees"), view.seen),
    part("choose", caption("Or choose one it has never seen"), digits.node),
    part("chart", caption("Probability and logit", "answer"), view.bars),
    part("tries", caption("Where does the answer tip?", "tip"), sliders.node, makeChoice()),
  );
  document.getElementById("layers").append(layers.node);

  const wide = matchMedia("(min-width: 900px)").matches;
  document.getElementById("tasks").open = wide; // where there is room beside

  // A layer at a time, as the first pass through cold code is slow, and the page can be
  // drawn on meanwhile
  function open(steps) {
    if (!steps.next().done) return setTimeout(open, 0, steps);
    if (!fromAddress()) update();
    toLayer();
    performance.mark("first answer");
  }
  surface.show(digits.digits[data.first].picture, true);
  setTimeout(() => open(network().steps(digits.digits[data.first].image)));
  addEventListener("hashchange", () => fromAddress() || toLayer());
}

makePage(JSON.parse(document.getElementById("data").textContent));
