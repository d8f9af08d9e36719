// All maps of all layers, a row a layer, and in them the units that can be chosen.

import { clamp, fixed, make, withOthers } from "./dom.js";
import { paintTiles, tileSize } from "./paint.js";

const TILE = 28; // pixels of the canvas a side, however many units a map has
const ACROSS = 16; // maps in a row, where there is room
const NARROW = 560; // CSS pixels, with less of which there is room for half
const MARGIN = "80px"; // outside the screen, and painted already
const ABOUT = {
  conv: ({ maps, side }) => `${maps} maps of ${side}×${side}, after ReLU`,
  pool: ({ maps, side }) => `${maps} maps of ${side}×${side}`,
  linear: ({ maps, side }) => `${maps * side ** 2} products for one digit`,
};
const MOVES = {
  ArrowLeft: [0, 0, -1],
  ArrowRight: [0, 0, 1],
  ArrowUp: [0, -1, 0],
  ArrowDown: [0, 1, 0],
  PageUp: [-1, 0, 0],
  PageDown: [1, 0, 0],
};

export function tilesAcross(width) {
  return width && width < NARROW ? ACROSS / 2 : ACROSS;
}

// select({ stage, map, y, x }) is called with a unit; note(name) may give a node to stand
// beside a layer's name. show(rows) takes for each layer { stage, name, kind, maps, side,
// values, most, signed, hatched }, and mark(marks) a list of frames for some stages.
export function makeMaps(select, note) {
  const node = make("div", { class: "layers-rows" });
  let form = { across: 0, shape: "" }; // what the strips were made for
  let strips = [];
  let marked = {}; // frames, by stage
  let chosen = null;
  const waiting = new Set(); // strips to paint, which waits longest first
  let timer = null;
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const strip = strips.find(({ canvas }) => canvas === target);
        if (strip) strip.seen = isIntersecting;
      }
      paintSoon();
    },
    { rootMargin: MARGIN },
  );

  // A row in each task, with what it has by then: a slow phone follows the finger between
  function paintSoon() {
    node.setAttribute("aria-busy", true);
    timer ??= setTimeout(paintNext);
  }

  function paintNext() {
    timer = null;
    const strip = [...waiting].find(({ seen }) => seen); // what nobody sees waits
    if (!strip) return node.setAttribute("aria-busy", false);
    paint(strip);
    paintSoon();
  }

  function paint(strip) {
    waiting.delete(strip);
    const { row, canvas, scale } = strip;
    const { most, signed, hatched } = row;
    const marks = marked[row.stage] ?? [];
    const options = { across: form.across, scale, signed, hatched, marks };
    paintTiles(canvas, row, most ? { ...options, most } : options);
  }

  function makeStrip(row) {
    const canvas = make("canvas", {
      class: "layers-maps",
      ...tileSize(row.maps, TILE, form.across),
      tabindex: "0",
      role: "application",
      "data-lm-suppress-shortcuts": "true",
      "aria-label":
        `${row.name}: ${ABOUT[row.kind](row)}. Choose a unit with pointer or arrow keys, ` +
        "another map with Page Up and Page Down.",
    });
    const value = make("span", { class: "layers-value", "aria-hidden": "true" });
    const title = make("div", { class: "layers-title" });
    title.append(make("strong", {}, row.name), ` ${ABOUT[row.kind](row)} `, note(row.name), value);
    const frame = make("div", { class: "layers-frame" }, canvas);
    node.append(make("div", { class: "layers-row" }, title, frame));
    const strip = { row, canvas, value, scale: TILE / row.side, seen: false };
    watcher.observe(canvas);
    listen(strip);
    return strip;
  }

  // The unit under the pointer, or null between and beyond the tiles
  function unitAt(strip, event) {
    const { row, canvas, scale } = strip;
    const box = canvas.getBoundingClientRect();
    const px = ((event.clientX - box.left) / box.width) * canvas.width;
    const py = ((event.clientY - box.top) / box.height) * canvas.height;
    const map = Math.floor(py / (TILE + 1)) * form.across + Math.floor(px / (TILE + 1));
    const inside = (v) => clamp(Math.floor((v % (TILE + 1)) / scale), 0, row.side - 1);
    if (px < 0 || px >= canvas.width || py < 0 || map >= row.maps) return null;
    return { stage: row.stage, map, y: inside(py), x: inside(px) };
  }

  function listen(strip) {
    const { canvas, value } = strip;
    const point = (event) => {
      const unit = unitAt(strip, event);
      if (unit) select(unit);
    };
    canvas.addEventListener("click", point); // a finger that scrolls makes none
    canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      point(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "mouse") return;
      if (event.buttons === 1) point(event);
      const unit = unitAt(strip, event);
      const { side, values } = strip.row;
      value.textContent = unit
        ? `map ${unit.map}, row ${unit.y}, column ${unit.x}: ` +
          fixed(values[(unit.map * side + unit.y) * side + unit.x])
        : "";
    });
    canvas.addEventListener("pointerleave", () => (value.textContent = ""));
    canvas.addEventListener("keydown", (event) => {
      const step = MOVES[event.key];
      if (!step || withOthers(event)) return;
      event.preventDefault();
      event.stopPropagation();
      const { stage, maps, side } = strip.row;
      const middle = Math.floor(side / 2);
      const from = chosen?.stage === stage ? chosen : { map: 0, y: middle, x: middle };
      select({
        stage,
        map: clamp(from.map + step[0], 0, maps - 1),
        y: clamp(from.y + step[1], 0, side - 1),
        x: clamp(from.x + step[2], 0, side - 1),
      });
    });
  }

  // Asked for once: it makes the browser lay out the page
  function across() {
    return tilesAcross(node.clientWidth);
  }

  function show(rows) {
    const shape = rows.map(({ name, maps, side }) => `${name} ${maps}x${side}`).join();
    if (shape !== form.shape) {
      form = { across: across(), shape };
      watcher.disconnect();
      waiting.clear();
      node.replaceChildren();
      strips = rows.map(makeStrip);
    }
    strips.forEach((strip, i) => {
      strip.row = rows[i];
      waiting.add(strip);
    });
    paintSoon();
  }

  // unit: the chosen one, or null; marks: lists of frames, by stage
  function mark(unit, marks) {
    chosen = unit;
    const before = marked;
    marked = marks;
    for (const strip of strips) {
      if (before[strip.row.stage] || marks[strip.row.stage]) paint(strip);
    }
  }

  const resized = new ResizeObserver(() => {
    if (!strips.length || across() === form.across) return;
    form.shape = ""; // made anew
    show(strips.map(({ row }) => row));
  });
  resized.observe(node);
  return { node, show, mark };
}
