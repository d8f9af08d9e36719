// Patch times kernel, once for each map below: as coloured squares, with their numbers on
// demand. Nodes are kept, and get new numbers.

import { fixed, make, makeButton, write } from "./dom.js";
import { largest } from "./paint.js";

// Numbers in a square: the larger, the bluer, and below 0 the more orange
export function makeGrid(across) {
  const cells = Array.from({ length: across * across }, () => make("span"));
  const node = make("span", { class: "layers-grid", role: "img", style: `--across: ${across}` });
  node.append(...cells);

  function show(values, most, label, written = true) {
    cells.forEach((cell, i) => {
      const share = Math.round((60 * Math.abs(values[i])) / most);
      const hue = values[i] < 0 ? "--layers-below" : "--layers-above";
      write(cell, written ? fixed(values[i]) : "");
      cell.style.backgroundColor = `color-mix(in srgb, var(${hue}) ${share}%, transparent)`;
    });
    node.setAttribute("aria-label", `${label}: ${[...values].map((v) => fixed(v)).join(", ")}`);
  }
  return { node, show };
}

function makePair(from, choose) {
  const number = makeButton(`${from}`, () => choose(from), {
    class: "layers-from",
    "aria-label": `Choose map ${from} below`,
  });
  const [patch, kernel, product] = [makeGrid(3), makeGrid(3), makeGrid(3)];
  const sum = make("span", { class: "layers-sum" });
  const attributes = { class: "layers-pair", role: "group", "aria-label": `Map ${from} below` };
  const node = make("div", attributes, number, patch.node, "×", kernel.node, "→", product.node, sum);
  return { node, number, patch, kernel, product, sum };
}

// choose(map) is called with a map of the layer below
export function makePairs(choose) {
  const node = make("div", { class: "layers-pairs" });
  let pairs = [];
  let written = false; // numbers as well, hundreds of them
  let last = null;

  // parts: those of explainUnit; choosable: whether a map below is
  function show(parts, choosable) {
    last = [parts, choosable];
    if (parts.length !== pairs.length) {
      pairs = parts.map((_, from) => makePair(from, choose));
      node.replaceChildren(...pairs.map((pair) => pair.node));
    }
    const over = (name) => Math.max(...parts.map((part) => largest(part[name])));
    const most = { patch: over("patch"), kernel: over("kernel"), products: over("products") };
    parts.forEach((part, i) => {
      const pair = pairs[i];
      pair.number.disabled = !choosable;
      pair.patch.show(part.patch, most.patch, "patch", written);
      pair.kernel.show(part.kernel, most.kernel, "kernel", written);
      pair.product.show(part.products, most.products, "products", written);
      write(pair.sum, `= ${fixed(part.sum)}`);
    });
  }

  function showNumbers(on) {
    written = on;
    if (last) show(...last);
  }
  return { node, show, showNumbers };
}
