// The panel of one unit: what it sees, its map before and after ReLU, large enough to aim
// at, and the products that it is the sum of.

import { makeInput } from "./answer.js";
import { clamp, fixed, make, makeButton } from "./dom.js";
import { explainPool, explainUnit, mapBeforeReLU } from "./explain.js";
import { makeKernelEditor } from "./kernel.js";
import { makeGrid, makePairs } from "./pairs.js";
import { largest, paintTiles } from "./paint.js";

const LOUPE = 224; // pixels of a map that is shown large
const SLOW = 4; // frames for a step of the walk in its first row; then as many steps a frame

function makeLoupe(label, size) {
  const canvas = make("canvas", { width: size, height: size, role: "img", "aria-label": label });
  const node = make("figure", { class: "unit-loupe" }, canvas, make("figcaption", {}, label));
  return { node, canvas };
}

// select(unit, end) chooses another one; edited() tells of a kernel that was changed
export function makeUnit(select, edited) {
  const title = make("h3");
  const close = makeButton("×", () => select(null), { class: "unit-close", "aria-label": "Close" });
  const input = makeInput();
  const before = makeLoupe("before ReLU", LOUPE / 2);
  const after = makeLoupe("after ReLU", LOUPE);
  const text = make("div");
  const walk = makeButton("Walk the kernel over the map", startWalk);
  const numbers = makeButton("Numbers", toggleNumbers, { "aria-pressed": "false" });
  const editor = makeKernelEditor(edited);
  const pairs = makePairs((map) => select({ ...shown, stage: shown.stage - 1, map }));
  const four = makeGrid(2);
  const figures = make("div", { class: "unit-figures" }, input.node, before.node, after.node);
  const buttons = make("div", { class: "unit-buttons" }, walk, numbers);
  const node = make(
    "div", // which may scroll, and so takes the focus
    { class: "layers-unit", tabindex: "0", role: "region", "aria-label": "The chosen unit" },
    make("div", { class: "unit-head" }, title, close),
    figures,
    text,
    buttons,
    four.node,
    pairs.node,
    editor.node,
  );
  let shown = null; // the unit
  let side = 1; // of its map
  let frame = null; // of a walk

  for (const { canvas } of [before, after]) {
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !shown) return;
      const box = canvas.getBoundingClientRect();
      const at = (v, extent) => clamp(Math.floor((v / extent) * side), 0, side - 1);
      const y = at(event.clientY - box.top, box.height);
      select({ ...shown, y, x: at(event.clientX - box.left, box.width) });
    });
  }

  function toggleNumbers() {
    const on = node.classList.toggle("unit-numbers");
    numbers.setAttribute("aria-pressed", on);
    pairs.showNumbers(on);
  }

  function startWalk() {
    stop();
    let [place, tick] = [0, 0];
    const step = () => {
      tick += 1;
      if (place >= side) place += SLOW;
      else if (tick % SLOW === 0) place += 1;
      const last = place >= side * side - 1;
      const p = Math.min(place, side * side - 1);
      frame = last ? null : requestAnimationFrame(step);
      select({ ...shown, y: Math.floor(p / side), x: p % side }, last ? undefined : p + 1);
    };
    frame = requestAnimationFrame(step);
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = null;
  }

  // What there is to show of a unit of this kind, or of none
  function arrange(kind) {
    figures.hidden = close.hidden = !kind;
    four.node.hidden = kind !== "pool";
    for (const part of [before.node, buttons, pairs.node, editor.node]) {
      part.hidden = kind !== "conv";
    }
    node.classList.toggle("unit-none", !kind);
  }

  // live: how screen readers hear of it; end: how far a walk of the kernel came
  function show({ stages, layers, linear, digit }, unit, field, { live = "off", end } = {}) {
    if (!unit && node.classList.contains("unit-none")) return;
    shown = unit;
    if (!unit) {
      arrange(null);
      title.textContent = "Choose a unit in any map";
      text.replaceChildren(
        make("p", {}, "Its inputs are framed in the layer below, and its numbers stand here."),
      );
      return;
    }
    const { stage, map, y, x } = unit;
    const { name, kind, maps, side: own, values } = stages[stage].kind === "linear"
      ? { ...linear, name: "linear", kind: "linear" }
      : stages[stage];
    side = own;
    title.textContent = `${name}, map ${map}, row ${y}, column ${x}`;
    text.setAttribute("aria-live", live);
    input.show(stages[0].values, "The pixels that the unit sees, framed");
    input.mark(field);
    const square = values.subarray(map * side * side, (map + 1) * side * side);
    const scale = LOUPE / side;
    const options = { scale, marks: [{ map: 0, top: y, left: x, size: 1 }], end };
    const signed = kind === "linear";
    const most = largest(values);
    paintTiles(after.canvas, { maps: 1, side, values: square }, { ...options, most, signed });
    after.node.lastChild.textContent = { conv: "after ReLU", pool: "its map" }[kind] ?? "products";
    arrange(kind);
    if (kind === "conv") {
      const sums = mapBeforeReLU(stages, layers, unit);
      const largestSum = largest(sums.values);
      const half = { ...options, scale: scale / 2, most: largestSum, signed: true };
      paintTiles(before.canvas, sums, half);
    }
    const height = clamp(field.bottom, 0, 28) - clamp(field.top, 0, 28);
    const width = clamp(field.right, 0, 28) - clamp(field.left, 0, 28);
    const lines = [`It sees the ${height}×${width} pixels in the frame.`];
    const value = square[y * side + x];
    if (kind === "conv") {
      const { parts, products, bias, sum, output } = explainUnit(stages, layers, unit);
      const over = parts.length === 1 ? "the image" : `${parts.length} maps`;
      lines.push(
        `Patch times kernel, summed over ${over}: ${fixed(products)}. With the bias, ` +
          `${fixed(bias)}, it is ${fixed(sum)}; ReLU makes ${fixed(output)} of it.`,
      );
      const hurried = end && parts.length > 1; // too many to write in each frame
      pairs.node.style.visibility = hurried ? "hidden" : "";
      if (!hurried) pairs.show(parts, stage > 1);
      editor.show(stage === 1 ? layers[0] : null, map);
    } else if (kind === "pool") {
      lines.push(`The largest of these four: ${fixed(value)}.`);
      const below = explainPool(stages, unit);
      four.show(below, Math.max(...below, 1e-6), "four values below");
    } else {
      const place = (map * side + y) * side + x;
      const feature = stages[stage - 1].values[place];
      lines.push(
        `${fixed(feature)} in ${stages[stage - 1].name} times the weight ` +
          `${fixed(linear.weights[place])} for the ${digit}: ${fixed(value)}. ` +
          `Its logit is the sum of ${maps * side * side} such products.`,
      );
    }
    text.replaceChildren(...lines.map((line) => make("p", {}, line)));
  }

  return { node, show, stop, restore: editor.restore };
}
