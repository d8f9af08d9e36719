// The drawing surface: a canvas to draw one digit on with mouse, finger, pen or keys, and
// buttons that clear it and take a step back. Plain DOM and pointer events.

import { clamp, make, makeButton, withOthers } from "./dom.js";
import { isNear, snap } from "./strokes.js";

const SIZE = 280; // of the pad, in its own pixels
const PEN = 22; // a digit that fills the pad gets strokes 1.6 pixels wide at 28x28
const STEP = 7; // how far one press of an arrow key moves the pen
const KEPT = 200; // drawings to go back to
const POINTS = 1; // of a replayed stroke, in each frame
const ARROWS = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};
// On what can have the focus itself, or JupyterLab takes the keys: "d d" cuts the cell
const KEYS = { "data-lm-suppress-shortcuts": "true" };
const LABEL =
  "Drawing area. Draw one digit with mouse, finger or pen. With the keyboard: " +
  "arrow keys move the pen, space puts it down or lifts it, Delete clears.";

function makeCanvas(size, attributes) {
  const canvas = make("canvas", { width: size, height: size, ...attributes });
  return [canvas, canvas.getContext("2d", { willReadFrequently: size === SIZE })];
}

// changed() is called after each part of a stroke, cleared() when all is wiped.
// side: how many pixels a side read() gives.
export function makeSurface(side, changed, cleared) {
  const dense = clamp(Math.round(window.devicePixelRatio || 1), 1, 3);
  const [canvas, shown] = makeCanvas(SIZE * dense, {
    ...KEYS,
    class: "digit-pad-canvas",
    tabindex: "0",
    role: "application",
    "aria-label": LABEL,
  });
  shown.scale(dense, dense);
  const [, ink] = makeCanvas(SIZE); // what is read, the same on every screen
  const clear = makeButton("Clear", wipe, { ...KEYS, class: "digit-pad-clear" });
  const back = makeButton("Undo", undo, { ...KEYS, class: "digit-pad-undo" });
  const buttons = make("div", { class: "digit-pad-buttons" }, clear, back);
  const cross = make("span", { class: "digit-pad-cross", "aria-hidden": "true" });
  const node = make("div", { class: "digit-pad-surface" }, canvas, cross, buttons);
  const pen = { x: SIZE / 2, y: SIZE / 2, down: false };
  // picture: { pixels, side } under the strokes. A sample goes with the first stroke.
  let drawing = { picture: null, strokes: [], sample: false };
  let past = [];
  let pointer = null; // the one finger, pen or mouse that draws
  let replayed = null; // what is left to replay: { points, frame }

  function onBoth(draw) {
    for (const context of [ink, shown]) draw(context);
  }

  function line(fromX, fromY, toX, toY) {
    onBoth((context) => {
      context.strokeStyle = "#16181d";
      context.lineWidth = PEN;
      context.lineCap = context.lineJoin = "round";
      context.beginPath();
      context.moveTo(fromX, fromY);
      context.lineTo(toX, toY);
      context.stroke();
    });
  }

  function repaint() {
    const { picture, strokes } = drawing;
    const small = picture && makePicture(picture);
    onBoth((context) => {
      context.fillStyle = "#fff";
      context.fillRect(0, 0, SIZE, SIZE);
      if (small) context.drawImage(small, 0, 0, SIZE, SIZE);
    });
    for (const stroke of strokes) {
      line(...stroke.slice(0, 2), ...stroke.slice(0, 2));
      for (let i = 2; i < stroke.length; i += 2) line(...stroke.slice(i - 2, i + 2));
    }
    back.disabled = !past.length;
  }

  function isEmpty() {
    return !drawing.picture && !drawing.strokes.length;
  }

  // All changes but those of a stroke; undo goes back to what was there before them
  function put(next, keep = true) {
    finish();
    pen.down = false;
    if (keep && !isEmpty()) past = [...past.slice(1 - KEPT), drawing];
    drawing = { picture: null, strokes: [], sample: false, ...next };
    repaint();
  }

  function begin(x, y) {
    finish();
    const { picture, strokes, sample } = drawing;
    past = [...past.slice(1 - KEPT), drawing];
    drawing = { picture, strokes: [...strokes, [x, y]], sample: false };
    if (sample) drawing = { ...drawing, picture: null, strokes: [[x, y]] };
    if (sample || past.length === 1) repaint();
    line(x, y, x, y);
  }

  function extend(x, y) {
    const stroke = drawing.strokes.at(-1);
    if (isNear(stroke, x, y)) return;
    line(...stroke.slice(-2), x, y);
    stroke.push(x, y);
  }

  function tell() {
    if (isEmpty()) cleared();
    else changed();
  }

  function wipe() {
    put({});
    cleared();
  }

  function undo() {
    if (!past.length) return;
    const before = past.at(-1);
    past = past.slice(0, -1);
    put(before, false);
    tell();
  }

  // The drawing, reduced: side x side numbers from 0, paper, to 255, ink. Own means, as
  // each browser has another way of making pictures smaller.
  function read() {
    const { data } = ink.getImageData(0, 0, SIZE, SIZE);
    const wide = SIZE / side;
    return Array.from({ length: side * side }, (_, p) => {
      const corner = (Math.floor(p / side) * SIZE + (p % side)) * wide;
      let sum = 0;
      for (let y = 0; y < wide; y += 1) {
        for (let x = 0; x < wide; x += 1) sum += data[4 * (corner + y * SIZE + x)];
      }
      return Math.round(255 - sum / wide ** 2);
    });
  }

  // Strokes are drawn anew, point by point; at once for those who want no motion
  function replay(strokes = drawing.strokes, sample = false) {
    if (!strokes.length) return;
    const whole = strokes.map((stroke) => [...stroke]);
    put({ strokes: whole, sample }, strokes !== drawing.strokes);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return tell();
    drawing.strokes = [];
    repaint();
    const points = whole.flatMap((stroke) =>
      Array.from({ length: stroke.length / 2 }, (_, i) => [i === 0, stroke[2 * i], stroke[2 * i + 1]]),
    );
    replayed = { points, frame: requestAnimationFrame(next) };
  }

  function add([first, x, y]) {
    if (first) {
      drawing.strokes.push([x, y]);
      line(x, y, x, y);
    } else {
      line(...drawing.strokes.at(-1).slice(-2), x, y);
      drawing.strokes.at(-1).push(x, y);
    }
  }

  function next() {
    replayed.points.splice(0, POINTS).forEach(add);
    const more = replayed.points.length > 0;
    replayed = more ? { ...replayed, frame: requestAnimationFrame(next) } : null;
    changed();
  }

  function finish() {
    if (!replayed) return;
    cancelAnimationFrame(replayed.frame);
    const { points } = replayed;
    replayed = null;
    points.forEach(add);
  }

  function place(event) {
    const frame = canvas.getBoundingClientRect();
    const inside = (at, start, extent) => snap(((at - start) / extent) * SIZE);
    return [
      inside(event.clientX, frame.left, frame.width),
      inside(event.clientY, frame.top, frame.height),
    ];
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    cross.hidden = true;
    pen.down = false;
    begin(...place(event));
    changed();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const step of passed.length ? passed : [event]) extend(...place(step));
    changed();
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(end, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      [pen.x, pen.y] = drawing.strokes.at(-1)?.slice(-2) ?? [pen.x, pen.y];
    });
  }

  canvas.addEventListener("keydown", (event) => {
    const undoes = event.key === "z" && (event.ctrlKey || event.metaKey);
    if (withOthers(event) && !undoes) return;
    if (undoes) {
      undo();
    } else if (event.key in ARROWS) {
      const [dx, dy] = ARROWS[event.key];
      [pen.x, pen.y] = [clamp(pen.x + dx, 0, SIZE), clamp(pen.y + dy, 0, SIZE)];
      if (pen.down) {
        extend(pen.x, pen.y);
        changed();
      }
    } else if (event.key === " ") {
      if (event.repeat) return event.preventDefault();
      pen.down = !pen.down;
      if (pen.down) {
        begin(pen.x, pen.y);
        changed();
      }
    } else if (event.key === "Delete" || event.key === "Backspace") {
      wipe();
    } else {
      return; // Tab goes on to the buttons
    }
    event.preventDefault();
    event.stopPropagation();
    placePen();
  });

  // Where the pen of the keyboard is: a ring over the canvas, shown with the focus
  function placePen() {
    cross.style.left = `${canvas.offsetLeft + (pen.x / SIZE) * canvas.offsetWidth}px`;
    cross.style.top = `${canvas.offsetTop + (pen.y / SIZE) * canvas.offsetHeight}px`;
    cross.classList.toggle("digit-pad-down", pen.down);
    cross.hidden = false;
  }
  cross.hidden = true;
  canvas.addEventListener("focus", () => {
    if (canvas.matches(":focus-visible") && pointer === null) placePen();
  });
  canvas.addEventListener("blur", () => (cross.hidden = true));

  repaint();
  const show = (picture, sample = false) => put({ picture, sample });
  const isReplaying = () => replayed !== null;
  return { node, buttons, read, show, replay, isReplaying, drawing: () => drawing };
}

// pixels: side x side numbers from 0, paper, to 255, ink
function makePicture({ pixels, side }) {
  const [canvas, context] = makeCanvas(side);
  const image = context.createImageData(side, side);
  pixels.forEach((value, i) => {
    image.data.set([255 - value, 255 - value, 255 - value, 255], 4 * i);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}
