// The drawing pad's page in a notebook. Where Python gives the layers of the network,
// they are computed here, without waiting for the kernel; else it shows what Python says.

import { makeAnswer } from "./answer.js";
import { make } from "./dom.js";
import { makeLayers } from "./layers.js";
import { makeNetwork, softmax } from "./network.js";
import { prepare } from "./prepare.js";
import { makeSurface } from "./surface.js";

const PAUSE = 120; // milliseconds between two messages to Python while drawing

function render({ model, el }) {
  const side = model.get("side");
  const surface = makeSurface(side, changed, cleared);
  const view = makeAnswer();
  const layers = makeLayers({ choose: view.mark, edited: () => look(surface.read()) });
  const inside = make(
    "details",
    { class: "digit-pad-layers", open: "" },
    make("summary", {}, "What every layer makes of it"),
    layers.node,
  );
  const caption = (text) => make("div", { class: "digit-pad-caption" }, text);
  el.append(
    make(
      "div",
      { class: "digit-pad", role: "group", "aria-label": "Digit drawing pad" },
      make("div", {}, caption("Draw one digit"), surface.node),
      make("div", {}, caption("What the network sees"), view.seen, view.answer),
      make("div", { class: "digit-pad-chart" }, caption("Probability"), view.bars),
      inside,
    ),
  );

  let network = null;
  let last = null; // what the network was shown here, and its logits
  let timer = null;
  let frame = null;
  let heard = true; // from Python, about what is drawn now
  let sent = null; // the drawing as last sent, to tell it from one set in Python

  function changed() {
    heard = false;
    timer ??= setTimeout(send, PAUSE);
    if (network) frame ??= requestAnimationFrame(() => look(surface.read()));
  }

  function cleared() {
    clearTimeout(timer);
    model.set("pixels", [0]); // or what looks empty here already would not be sent
    send();
    if (network) look([]);
  }

  function send() {
    timer = null;
    const pixels = surface.read();
    sent = Math.max(...pixels) < 64 ? [] : pixels; // too faint
    model.set("pixels", sent);
    model.save_changes();
  }

  function look(pixels) {
    cancelAnimationFrame(frame);
    frame = null;
    const image = pixels.length ? prepare(pixels, side) : null;
    const stages = image ? network.run(image) : network.blank();
    layers.show(stages, network.layers, { empty: !image });
    last = { image: stages[0].values, logits: image ? [...stages.at(-1).values] : [] };
    showAnswer();
  }

  function doubt() {
    return heard && model.get("refused") ? "but unlike any digit I know" : "";
  }

  function showNetwork() {
    const given = model.get("layers");
    network = given.length ? makeNetwork(given) : null;
    inside.hidden = !network;
    if (network) look(surface.read());
    else showAnswer();
  }

  function showDrawing() {
    const pixels = model.get("pixels");
    if (sent && `${pixels}` === `${sent}`) return; // our own
    sent = null;
    surface.show(pixels.length ? { pixels, side } : null);
    if (network) look(pixels);
  }

  function hear() {
    heard = true;
    showAnswer();
  }

  function showAnswer() {
    if (network) {
      const { image, logits } = last;
      view.show(image, softmax(logits).slice(0, 10), logits, doubt());
    } else {
      const seen = model.get("seen").map((value) => value / 255);
      view.show(seen, model.get("probabilities"), [], doubt());
    }
  }

  const listeners = {
    "change:pixels": showDrawing,
    "change:seen": hear,
    "change:probabilities": hear,
    "change:refused": hear,
    "change:layers": showNetwork,
  };
  showDrawing();
  showNetwork();
  for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
  return () => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
  };
}

export default { render };
