// The digits of the last step, each with the label that it was learned with.

import { make } from "./dom.js";
import { paintTiles } from "./paint.js";
import { mix } from "./worker.js";

const SHOWN_TILES = 16; // of a batch

// train: { images, labels }
export function makeBatch(train) {
  const strip = make("div", { class: "batch-strip", role: "list", "aria-label": "The last batch" });
  const words = make("span", { class: "batch-words" });
  const title = make("div", { class: "digit-pad-caption" }, "It learns from ", words);
  const node = make("div", { class: "batch" }, title, strip);
  let tiles = [];
  let labels = train.labels;

  // A new run, with its own labels where they are shuffled
  function start({ count, shuffled, seed }) {
    labels = train.labels.slice(0, count);
    if (shuffled) labels = mix(labels, seed);
    words.textContent = "";
    tiles = [];
    strip.replaceChildren();
  }

  function makeTile() {
    const canvas = make("canvas", { width: 28, height: 28, "aria-hidden": "true" });
    const label = make("span");
    const node = make("div", { role: "listitem" }, canvas, label);
    strip.append(node);
    return { canvas, label };
  }

  // chosen: which images; right: how many of them were read right
  function show(chosen, right) {
    const some = chosen.slice(0, SHOWN_TILES);
    if (!tiles.length) tiles = some.map(makeTile);
    some.forEach((i, k) => {
      const values = train.images.subarray(784 * i, 784 * (i + 1));
      paintTiles(tiles[k].canvas, { maps: 1, side: 28, values }, { most: 1 });
      tiles[k].label.textContent = labels[i];
    });
    words.textContent = `· ${right} of ${chosen.length} read as labelled`;
  }
  return { node, start, show };
}
