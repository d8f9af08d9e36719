// The drawing pad's page: a canvas, what the network sees, and ten bars.
// Plain DOM and pointer events; anywidget loads this file as it is.

const SIZE = 280; // of the canvas, in CSS pixels and in its own
const PEN = 22; // a digit that fills the pad gets strokes 2 pixels wide at 28x28
const STEP = 7; // how far one press of an arrow key moves the pen
// On what can have the focus itself, or JupyterLab takes the keys: "d d" cuts the cell
const KEYS = { "data-lm-suppress-shortcuts": "true" };
const PAUSE = 120; // milliseconds between two predictions while drawing

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function render({ model, el }) {
  const side = model.get("side");
  const canvas = make("canvas", {
    ...KEYS,
    class: "digit-pad-canvas",
    width: SIZE,
    height: SIZE,
    tabindex: "0",
    role: "application",
    "aria-label":
      "Drawing area. Draw one digit with mouse, finger or pen. With the keyboard: " +
      "arrow keys move the pen, space puts it down or lifts it, Delete clears.",
  });
  const clear = make("button", { ...KEYS, type: "button", class: "digit-pad-clear" });
  clear.append("Clear");
  const input = make("canvas", {
    class: "digit-pad-input",
    width: 28,
    height: 28,
    role: "img",
    "aria-label": "The 28 by 28 pixels the network sees: nothing yet",
  });
  const bars = make("div", {
    class: "digit-pad-bars",
    role: "list",
    "aria-label": "Probability of each digit",
  });
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const fill = make("span", { class: "digit-pad-fill" });
    const share = make("span", { class: "digit-pad-share" });
    const track = make("span", { class: "digit-pad-track", "aria-hidden": "true" }, fill);
    const row = make("div", { class: "digit-pad-row", role: "listitem" });
    row.append(make("span", { class: "digit-pad-digit" }, `${digit}`), track, share);
    bars.append(row);
    return { row, fill, share };
  });
  const answer = make("output", { class: "digit-pad-answer", "aria-live": "polite" });
  const caption = (text) => make("div", { class: "digit-pad-caption" }, text);
  const root = make(
    "div",
    {
      class: "digit-pad",
      role: "group",
      "aria-label": "Digit drawing pad",
    },
    make("div", {}, caption("Draw one digit"), canvas, clear),
    make("div", {}, caption("What the network sees"), input, answer),
    make("div", { class: "digit-pad-chart" }, caption("Probability"), bars),
  );
  el.append(root);

  const ink = canvas.getContext("2d", { willReadFrequently: true });
  const small = make("canvas", { width: side, height: side });
  const reduced = small.getContext("2d", { willReadFrequently: true });
  const pen = { x: SIZE / 2, y: SIZE / 2, down: false };
  let timer = null;
  let sent = null; // the drawing as last sent, to tell it from one set in Python

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

  function send() {
    timer = null;
    reduced.imageSmoothingEnabled = true;
    reduced.imageSmoothingQuality = "high";
    reduced.drawImage(canvas, 0, 0, side, side);
    const { data } = reduced.getImageData(0, 0, side, side);
    const pixels = Array.from({ length: side * side }, (_, i) => 255 - data[4 * i]);
    const faint = Math.max(...pixels) < 64;
    sent = faint ? [] : pixels;
    model.set("pixels", sent);
    model.save_changes();
  }

  function soon() {
    timer ??= setTimeout(send, PAUSE);
  }

  function wipe() {
    clearTimeout(timer);
    pen.down = false;
    blank();
    model.set("pixels", [0]); // or what looks empty here already would not be sent
    send();
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
    [pen.x, pen.y] = place(event);
    line(pen.x, pen.y, pen.x, pen.y);
    soon();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const step of passed.length ? passed : [event]) {
      const [x, y] = place(step);
      line(pen.x, pen.y, x, y);
      [pen.x, pen.y] = [x, y];
    }
    soon();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      if (event.pointerId === pointer) pointer = null;
    });
  }

  const ARROWS = {
    ArrowLeft: [-STEP, 0],
    ArrowRight: [STEP, 0],
    ArrowUp: [0, -STEP],
    ArrowDown: [0, STEP],
  };
  canvas.addEventListener("keydown", (event) => {
    const inside = (v) => Math.min(SIZE, Math.max(0, v));
    if (event.key in ARROWS) {
      const [dx, dy] = ARROWS[event.key];
      const [x, y] = [inside(pen.x + dx), inside(pen.y + dy)];
      if (pen.down) {
        line(pen.x, pen.y, x, y);
        soon();
      }
      [pen.x, pen.y] = [x, y];
    } else if (event.key === " ") {
      pen.down = !pen.down;
      if (pen.down) {
        line(pen.x, pen.y, pen.x, pen.y);
        soon();
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
  const cross = make("span", { class: "digit-pad-cross", "aria-hidden": "true" });
  cross.hidden = true;
  canvas.after(cross);
  canvas.addEventListener("focus", () => {
    if (canvas.matches(":focus-visible") && pointer === null) mark();
  });
  canvas.addEventListener("blur", () => (cross.hidden = true));
  canvas.addEventListener("pointerdown", () => (cross.hidden = true));

  function showDrawing() {
    const pixels = model.get("pixels");
    if (sent && `${pixels}` === `${sent}`) return; // our own
    sent = null;
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

  function showAnswer() {
    const seen = model.get("seen");
    const shares = model.get("probabilities");
    const context = input.getContext("2d");
    const image = context.createImageData(28, 28);
    for (let i = 0; i < 784; i += 1) {
      const value = seen[i] ?? 0;
      image.data.set([value, value, value, 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
    const best = shares.indexOf(Math.max(...shares));
    rows.forEach(({ row, fill, share }, digit) => {
      const value = shares[digit] ?? 0;
      fill.style.width = `${100 * value}%`;
      share.textContent = shares.length ? `${(100 * value).toFixed(1)} %` : "";
      row.classList.toggle("digit-pad-best", digit === best);
    });
    const percent = shares.length ? (100 * shares[best]).toFixed(1) : "";
    const doubt = model.get("foreign") ? ", but unlike any digit I know" : "";
    answer.textContent = shares.length
      ? `${best}: ${percent} %${doubt}`
      : "nothing to read yet";
    input.setAttribute(
      "aria-label",
      `The 28 by 28 pixels the network sees: ${answer.textContent}`,
    );
  }

  blank();
  sent = null;
  showDrawing();
  showAnswer();
  model.on("change:pixels", showDrawing);
  model.on("change:seen", showAnswer);
  model.on("change:probabilities", showAnswer);
  model.on("change:foreign", showAnswer);
  return () => {
    clearTimeout(timer);
    model.off("change:pixels", showDrawing);
    model.off("change:seen", showAnswer);
    model.off("change:probabilities", showAnswer);
    model.off("change:foreign", showAnswer);
  };
}

export default { render };
