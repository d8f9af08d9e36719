// Every map of every layer, and how the unit that is chosen in one came about.

import { makeInput } from "./answer.js";
import { explainUnit, receptiveField } from "./network.js";
import { make, withOthers } from "./surface.js";

const ACROSS = 16; // maps in a row, where there is room
const REST = 100; // milliseconds between two looks at the numbers of a unit
const NARROW = 560; // CSS pixels, with less of which there is room for half
const GAP = 1; // pixels of a map between two
const KINDS = {
  conv: (stage) => `${stage.maps} maps of ${stage.side}x${stage.side}, after ReLU`,
  pool: (stage) => `${stage.maps} maps of ${stage.side}x${stage.side}`,
};
const MOVES = {
  ArrowLeft: [0, 0, -1],
  ArrowRight: [0, 0, 1],
  ArrowUp: [0, -1, 0],
  ArrowDown: [0, 1, 0],
  PageUp: [-1, 0, 0],
  PageDown: [1, 0, 0],
};

// show(stages, layers) draws; choose is called with the square of the input that the
// chosen unit sees, or with null. note(name) may give a node to stand beside a name.
export function makeLayers(choose, note = () => "") {
  const rows = make("div", { class: "layers-rows" });
  const input = makeInput();
  const text = make("div");
  const numbers = make("div", { class: "layers-pairs" });
  const panel = make(
    "div", // which may scroll, and so takes the focus
    { class: "layers-unit", tabindex: "0", role: "region", "aria-label": "The chosen unit" },
    input.node,
    text,
    numbers,
  );
  const node = make("div", { class: "layers" }, rows, panel);
  let form = ""; // what the rows were made for
  let now = { stages: [], layers: [] };
  let strips = [];
  let chosen = null; // { stage, map, y, x }
  let timer = null;

  function makeRow(stage, index) {
    const across = Math.min(room(), stage.maps);
    const down = Math.ceil(stage.maps / across);
    const cell = stage.side + GAP;
    const what = KINDS[stage.kind](stage);
    const canvas = make("canvas", {
      class: "layers-maps",
      width: across * cell - GAP,
      height: down * cell - GAP,
      tabindex: "0",
      role: "application",
      "data-lm-suppress-shortcuts": "true",
      "aria-label":
        `${stage.name}: ${what}. Choose a unit with pointer or arrow keys, ` +
        "another map with Page Up and Page Down.",
    });
    const ring = make("span", { class: "layers-ring", "aria-hidden": "true" });
    ring.hidden = true;
    const title = make("div", { class: "layers-title" });
    title.append(make("strong", {}, stage.name), ` ${what} `, note(stage.name));
    const frame = make("div", { class: "layers-frame" }, canvas, ring);
    rows.append(make("div", { class: "layers-row" }, title, frame));

    const pick = (map, y, x) => select({ stage: index, map, y, x });
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      const px = ((event.clientX - box.left) / box.width) * canvas.width;
      const py = ((event.clientY - box.top) / box.height) * canvas.height;
      const map = Math.floor(py / cell) * across + Math.floor(px / cell);
      const inside = (v) => Math.min(stage.side - 1, Math.max(0, Math.floor(v % cell)));
      const within = px >= 0 && px < canvas.width && py >= 0 && map < stage.maps;
      if (within) pick(map, inside(py), inside(px));
    };
    canvas.addEventListener("click", point); // a finger that scrolls makes none
    canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      point(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" && event.buttons === 1) point(event);
    });
    canvas.addEventListener("keydown", (event) => {
      const step = MOVES[event.key];
      if (!step || withOthers(event)) return;
      event.preventDefault();
      event.stopPropagation();
      const middle = Math.floor(stage.side / 2);
      const from =
        chosen?.stage === index ? chosen : { map: 0, y: middle, x: middle };
      const limit = (v, most) => Math.min(most - 1, Math.max(0, v));
      pick(
        limit(from.map + step[0], stage.maps),
        limit(from.y + step[1], stage.side),
        limit(from.x + step[2], stage.side),
      );
    });
    return { canvas, ring, across, cell };
  }

  function room() {
    const width = rows.clientWidth;
    return width && width < NARROW ? ACROSS / 2 : ACROSS;
  }

  function select(unit) {
    chosen = unit;
    strips.forEach((strip, i) => placeRing(strip, i + 1));
    tell("polite");
  }

  function placeRing({ canvas, ring, across, cell }, index) {
    ring.hidden = chosen?.stage !== index;
    if (ring.hidden) return;
    const left = (chosen.map % across) * cell + chosen.x;
    const top = Math.floor(chosen.map / across) * cell + chosen.y;
    ring.style.left = `${(100 * left) / canvas.width}%`;
    ring.style.top = `${(100 * top) / canvas.height}%`;
    ring.style.width = `${100 / canvas.width}%`;
    ring.style.height = `${100 / canvas.height}%`;
  }

  // live: whether screen readers say it, as they need not after each part of a stroke
  function tell(live) {
    clearTimeout(timer);
    timer = null;
    const { stages, layers } = now;
    if (!chosen || !stages.length) {
      choose(null);
      input.node.hidden = true;
      text.replaceChildren("Choose a unit in any map: its numbers are shown here.");
      numbers.replaceChildren();
      return;
    }
    const field = receptiveField(stages, chosen.stage, chosen.y, chosen.x);
    choose(field);
    input.node.hidden = false;
    input.show(stages[0].values, "The pixels that the unit sees, framed");
    input.mark(field);
    text.setAttribute("aria-live", live);
    const unit = describeUnit(stages, layers, chosen, field);
    text.replaceChildren(...unit.text);
    numbers.replaceChildren(...unit.numbers);
  }

  function show(stages, layers) {
    const shown = stages.slice(1, -1);
    const wanted = `${room()}: ${shown.map(({ maps, side }) => `${maps}x${side}`)}`;
    now = { stages, layers };
    if (wanted !== form) {
      form = wanted;
      rows.replaceChildren();
      strips = shown.map((stage, i) => makeRow(stage, i + 1));
      if (chosen && chosen.map >= (stages[chosen.stage]?.maps ?? 0)) chosen = null;
      select(chosen);
    }
    shown.forEach((stage, i) => paintMaps(strips[i], stage));
    timer ??= setTimeout(tell, REST, "off"); // nobody reads them faster
  }

  const resized = new ResizeObserver(() => {
    if (now.stages.length && !form.startsWith(`${room()}: `)) show(now.stages, now.layers);
  });
  resized.observe(rows);
  return { node, show, select };
}

// The maps side by side; in each layer, white is the largest value of all its maps
function paintMaps({ canvas, across, cell }, { maps, side, values }) {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  let most = 1e-6;
  for (const value of values) if (value > most) most = value;
  let from = 0;
  for (let map = 0; map < maps; map += 1) {
    const corner = Math.floor(map / across) * cell * width + (map % across) * cell;
    for (let y = 0; y < side; y += 1) {
      const to = corner + y * width;
      for (let x = 0; x < side; x += 1, from += 1) {
        const grey = Math.round((255 * values[from]) / most);
        pixels[to + x] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
      }
    }
  }
  context.putImageData(image, 0, 0);
}

function describeUnit(stages, layers, { stage, map, y, x }, field) {
  const { name, kind, side, values } = stages[stage];
  const value = values[(map * side + y) * side + x];
  const height = Math.min(28, field.bottom) - Math.max(0, field.top);
  const width = Math.min(28, field.right) - Math.max(0, field.left);
  const head = make("h3", {}, `${name}, map ${map}, row ${y}, column ${x}`);
  const sees = make("p", {}, `It sees the ${height}x${width} pixels in the frame.`);
  if (kind === "pool") {
    const below = stages[stage - 1];
    const four = [0, 1, below.side, below.side + 1].map(
      (step) =>
        below.values[(map * below.side + 2 * y) * below.side + 2 * x + step],
    );
    const text = make("p", {}, `The largest of these four: ${told(value)}.`);
    const numbers = [grid(four, 2, Math.max(...four), "four values below")];
    return { text: [head, sees, text], numbers };
  }
  const { parts, bias, sum, output } = explainUnit(stages, layers, stage, map, y, x);
  const products = parts.reduce((total, part) => total + part.sum, 0);
  const text = make(
    "p",
    {},
    `Patch times kernel, summed over ${parts.length === 1 ? "the image" : `${parts.length} maps`}: ` +
      `${told(products)}. With the bias, ${told(bias)}, it is ${told(sum)}; ` +
      `ReLU makes ${told(output)} of it.`,
  );
  const brightest = Math.max(...parts.flatMap((part) => part.patch), 1e-6);
  const largest = Math.max(...parts.flatMap((part) => part.kernel.map(Math.abs)));
  const pairs = parts.map((part, from) =>
    make(
      "div",
      { class: "layers-pair", role: "group", "aria-label": `Map ${from} below` },
      make("span", { class: "layers-from" }, `${from}`),
      grid(part.patch, 3, brightest, "patch"),
      "×",
      grid(part.kernel, 3, largest, "kernel"),
      make("span", { class: "layers-sum" }, `= ${told(part.sum)}`),
    ),
  );
  return { text: [head, sees, text], numbers: pairs };
}

function told(number) {
  return number.toFixed(2).replace(/^-(?=[0.]+$)/, ""); // no -0.00
}

// Numbers in a square; the larger, the bluer, and below 0 the redder
function grid(values, across, most, label) {
  const cells = values.map((value) => {
    const cell = make("span", {}, told(value));
    const share = Math.round((70 * Math.abs(value)) / most);
    const hue = value < 0 ? "--layers-below" : "--layers-above";
    cell.style.backgroundColor = `color-mix(in srgb, var(${hue}) ${share}%, transparent)`;
    return cell;
  });
  return make(
    "span",
    { class: "layers-grid", role: "img", style: `--across: ${across}`,
      "aria-label": `${label}: ${values.map(told).join(", ")}` },
    ...cells,
  );
}
