// The drawing surface: a canvas to draw one digit on with mouse, finger, pen or keys,
// and the button that clears it. Plain DOM and pointer events.

const SIZE = 280; // of the canvas, in CSS pixels and in its own
const PEN = 22; // a digit that fills the pad gets strokes 1.6 pixels wide at 28x28
const STEP = 7; // how far one press of an arrow key moves the pen
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

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// Alt with an arrow goes a page back: such keys are the browser's
export function withOthers(event) {
  return event.altKey || event.ctrlKey || event.metaKey;
}

// changed() is called after each part of a stroke, cleared() when all is wiped.
// side: how many pixels a side read() gives and show() takes.
export function makeSurface(side, changed, cleared) {
  const canvas = make("canvas", {
    ...KEYS,
    class: "digit-pad-canvas",
    width: SIZE,
    height: SIZE,
    tabindex: "0",
    role: "application",
    "aria-label": LABEL,
  });
  const clear = make(
    "button",
    { ...KEYS, type: "button", class: "digit-pad-clear" },
    "Clear",
  );
  const cross = make("span", { class: "digit-pad-cross", "aria-hidden": "true" });
  const node = make("div", { class: "digit-pad-surface" }, canvas, cross, clear);
  const ink = canvas.getContext("2d", { willReadFrequently: true });
  const small = make("canvas", { width: side, height: side });
  const reduced = small.getContext("2d", { willReadFrequently: true });
  const pen = { x: SIZE / 2, y: SIZE / 2, down: false };

  function blank() {
    ink.fillStyle = "#fff";
    ink.fillRect(0, 0, SIZE, SIZE);
  }

  function line(fromX, fromY, toX, toY) {
    ink.strokeStyle = "#16181d";
    ink.lineWidth = PEN;
    ink.lineCap = ink.lineJoin = "round";
    ink.beginPath();
    ink.moveTo(fromX, fromY);
    ink.lineTo(toX, toY);
    ink.stroke();
  }

  // The drawing, reduced: side x side numbers from 0, paper, to 255, ink
  function read() {
    reduced.imageSmoothingEnabled = true;
    reduced.imageSmoothingQuality = "high";
    reduced.drawImage(canvas, 0, 0, side, side);
    const { data } = reduced.getImageData(0, 0, side, side);
    return Array.from({ length: side * side }, (_, i) => 255 - data[4 * i]);
  }

  function show(pixels) {
    blank();
    if (!pixels.length) return;
    const image = reduced.createImageData(side, side);
    pixels.forEach((value, i) => {
      const paper = 255 - value;
      image.data.set([paper, paper, paper, 255], 4 * i);
    });
    reduced.putImageData(image, 0, 0);
    ink.drawImage(small, 0, 0, SIZE, SIZE);
  }

  function wipe() {
    pen.down = false;
    blank();
    cleared();
  }

  function place(event) {
    const frame = canvas.getBoundingClientRect();
    return [
      ((event.clientX - frame.left) / frame.width) * SIZE,
      ((event.clientY - frame.top) / frame.height) * SIZE,
    ];
  }

  let pointer = null; // the one finger, pen or mouse that draws
  canvas.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    cross.hidden = true;
    [pen.x, pen.y] = place(event);
    line(pen.x, pen.y, pen.x, pen.y);
    changed();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const step of passed.length ? passed : [event]) {
      const [x, y] = place(step);
      line(pen.x, pen.y, x, y);
      [pen.x, pen.y] = [x, y];
    }
    changed();
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(end, (event) => {
      if (event.pointerId === pointer) pointer = null;
    });
  }

  canvas.addEventListener("keydown", (event) => {
    const inside = (v) => Math.min(SIZE, Math.max(0, v));
    if (withOthers(event)) return;
    if (event.key in ARROWS) {
      const [dx, dy] = ARROWS[event.key];
      const [x, y] = [inside(pen.x + dx), inside(pen.y + dy)];
      if (pen.down) {
        line(pen.x, pen.y, x, y);
        changed();
      }
      [pen.x, pen.y] = [x, y];
    } else if (event.key === " ") {
      if (!event.repeat) pen.down = !pen.down;
      if (pen.down) {
        line(pen.x, pen.y, pen.x, pen.y);
        changed();
      }
    } else if (event.key === "Delete" || event.key === "Backspace") {
      wipe();
    } else {
      return; // Tab goes on to the button
    }
    event.preventDefault();
    event.stopPropagation();
    mark();
  });
  clear.addEventListener("click", wipe);

  // Where the pen of the keyboard is: a ring over the canvas, shown with the focus
  function mark() {
    cross.style.left = `${canvas.offsetLeft + (pen.x / SIZE) * canvas.offsetWidth}px`;
    cross.style.top = `${canvas.offsetTop + (pen.y / SIZE) * canvas.offsetHeight}px`;
    cross.classList.toggle("digit-pad-down", pen.down);
    cross.hidden = false;
  }
  cross.hidden = true;
  canvas.addEventListener("focus", () => {
    if (canvas.matches(":focus-visible") && pointer === null) mark();
  });
  canvas.addEventListener("blur", () => (cross.hidden = true));

  blank();
  return { node, read, show };
}
