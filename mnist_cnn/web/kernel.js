// Nine numbers to change by hand: a kernel of the first convolution, whose map follows.

import { make, makeButton } from "./dom.js";
import { kernel } from "./network.js";

const VERTICAL = [-1, 2, -1, -1, 2, -1, -1, 2, -1]; // bright between two dark neighbours

// edited(changed) is called after each change, which is in the weights by then; changed
// tells whether any kernel differs from what was learned.
export function makeKernelEditor(edited) {
  const learned = new Map(); // the weights before any change, by layer
  const fields = Array.from({ length: 9 }, (_, i) => {
    const place = `row ${Math.floor(i / 3)}, column ${i % 3}`;
    const field = make("input", { type: "number", step: "0.25", "aria-label": place });
    field.addEventListener("input", () => change(i, field.valueAsNumber));
    return field;
  });
  const vertical = makeButton("Vertical strokes", () => set(VERTICAL));
  const back = makeButton("As learned", () => set(kernel(learned.get(layer), map)));
  const node = make(
    "details",
    { class: "kernel" },
    make("summary", {}, "Change this kernel"),
    make("div", { class: "kernel-fields" }, ...fields),
    make("div", { class: "unit-buttons" }, vertical, back),
  );
  let layer = null;
  let map = 0;

  function change(i, value) {
    if (!Number.isFinite(value)) return; // half typed
    if (!learned.has(layer)) learned.set(layer, layer.weight.slice());
    layer.weight[9 * map + i] = value;
    edited(true);
  }

  function set(numbers) {
    if (!learned.has(layer)) learned.set(layer, layer.weight.slice());
    layer.weight.set(numbers, 9 * map);
    fill();
    edited(isChanged());
  }

  function isChanged() {
    return [...learned].some(([one, weights]) => one.weight.some((w, i) => w !== weights[i]));
  }

  // All kernels as they were learned
  function restore() {
    for (const [one, weights] of learned) one.weight.set(weights);
    if (layer) fill();
    edited(false);
  }

  function fill() {
    const numbers = kernel(layer.weight, map);
    fields.forEach((field, i) => {
      if (field !== document.activeElement) field.value = numbers[i].toFixed(2);
    });
    back.disabled = !learned.has(layer);
  }

  // which: a convolution with one map below, or null; row: the filter
  function show(which, row) {
    node.hidden = !which;
    [layer, map] = [which, row];
    if (which) fill();
  }
  return { node, show, restore };
}
