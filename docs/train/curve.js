// The loss of every step, and below it how many digits are read right: of the batches
// that it learns from, and of the test digits. The run before stays, in grey.

import { make } from "./dom.js";

const WINDOW = 25; // steps that a mean is of, as one batch of 8 says little
const CEILING = 4; // the loss at the upper edge; what is larger lies on it
const NARROWEST = 100; // steps from left to right
const EDGE = { left: 44, right: 10, top: 8, gap: 22, bottom: 20 };
const GUESSING = Math.log(10); // the loss of one who gives each digit a tenth

function emptyRun() {
  return { losses: [], means: [], shares: [], scores: [] };
}

export function makeCurve() {
  const canvas = make("canvas", { class: "curve-canvas", role: "img" });
  const key = (name, text) => make("span", {}, make("i", { class: `curve-${name}` }), text);
  const legend = make(
    "div",
    { class: "curve-legend", "aria-hidden": "true" },
    key("train", `what it learns from, ${WINDOW} steps`),
    key("test", "test digits"),
    key("before", "run before"),
  );
  legend.lastChild.hidden = true;
  const node = make("div", { class: "curve" }, canvas, legend);
  let now = emptyRun();
  let before = emptyRun();
  let waiting = null;

  // A new run
  function clear() {
    if (now.losses.length) before = now;
    legend.lastChild.hidden = !before.losses.length;
    now = emptyRun();
    draw();
  }

  // share: of the batch, how much was right
  function step(loss, share) {
    const recent = (values, next) => {
      const last = [...values.slice(1 - WINDOW), next];
      return last.reduce((sum, value) => sum + value, 0) / last.length;
    };
    now.losses.push(loss);
    now.rights ??= [];
    now.rights.push(share);
    now.means.push(recent(now.losses.slice(0, -1), loss));
    now.shares.push(recent(now.rights.slice(0, -1), share));
    draw();
  }

  // Of the test digits, after n steps; one that is better known replaces one of the same n
  function score(n, accuracy) {
    if (now.scores.at(-1)?.n === n) now.scores.pop();
    now.scores.push({ n, accuracy });
    draw();
  }

  function draw() {
    waiting ??= requestAnimationFrame(paint);
  }

  function paint() {
    waiting = null;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width) return;
    const dense = window.devicePixelRatio || 1;
    const size = [Math.round(width * dense), Math.round(height * dense)];
    if (canvas.width !== size[0]) [canvas.width] = size;
    if (canvas.height !== size[1]) [, canvas.height] = size;
    const context = canvas.getContext("2d");
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "12px system-ui, sans-serif";
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const steps = niceAbove(Math.max(NARROWEST, now.losses.length, now.scores.at(-1)?.n ?? 0));
    const half = (height - EDGE.top - EDGE.gap - EDGE.bottom) / 2;
    const x = (n) => EDGE.left + (n / steps) * (width - EDGE.left - EDGE.right);
    const upper = { top: EDGE.top, most: CEILING, ticks: [0, 1, 2, 3, 4], name: "loss" };
    const lower = { top: EDGE.top + half + EDGE.gap, most: 1, ticks: [0, 0.5, 1], name: "right" };
    const y = ({ top, most }) => (value) => top + half * (1 - Math.min(value, most) / most);
    const pen = { context, x, width, half, steps, colour };
    axes(pen, upper, y(upper), GUESSING);
    axes(pen, lower, y(lower), 0.1);
    line(pen, before.means, y(upper), colour("--curve-before"), 1.5);
    line(pen, before.shares, y(lower), colour("--curve-before"), 1.5);
    dots(pen, now.losses, y(upper), colour("--curve-train"));
    line(pen, now.means, y(upper), colour("--curve-train"), 2);
    line(pen, now.shares, y(lower), colour("--curve-train"), 2);
    marks(pen, before.scores, y(lower), colour("--curve-before"));
    marks(pen, now.scores, y(lower), colour("--curve-test"));
    describe();
  }

  function describe() {
    const n = now.losses.length;
    const test = now.scores.at(-1);
    const words = n
      ? `After ${n} steps the loss is ${now.means.at(-1).toFixed(2)}`
      : "Loss and accuracy, before the first step";
    const more = test ? `; ${(100 * test.accuracy).toFixed(1)} % of the test digits are right` : "";
    canvas.setAttribute("aria-label", words + more);
  }

  new ResizeObserver(draw).observe(canvas);
  return { node, clear, step, score, draw };
}

// 100, 200, 500, 1000, ... steps: the axis changes rarely
function niceAbove(count) {
  const power = 10 ** Math.floor(Math.log10(count));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= count);
}

function axes({ context, x, width, half, steps, colour }, { top, most, ticks, name }, y, guess) {
  context.lineWidth = 1;
  context.fillStyle = colour("--curve-ink");
  context.textBaseline = "middle";
  for (const tick of ticks) {
    context.strokeStyle = colour("--curve-grid");
    segment(context, x(0), y(tick), x(steps), y(tick));
    context.textAlign = "right";
    context.fillText(most === 1 ? `${100 * tick} %` : tick, EDGE.left - 6, y(tick));
  }
  context.setLineDash([4, 4]);
  context.strokeStyle = colour("--curve-ink");
  segment(context, x(0), y(guess), x(steps), y(guess));
  context.setLineDash([]);
  context.textBaseline = "bottom";
  context.fillText(most === 1 ? "guessing: 10 %" : "guessing: 2.30", width - EDGE.right - 2, y(guess) - 2);
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillText(name, EDGE.left + 6, top + 2);
  if (most !== 1) return;
  context.fillText("0", EDGE.left, top + half + 5);
  context.textAlign = "right";
  context.fillText(`${steps.toLocaleString("en")} steps`, width - EDGE.right, top + half + 5);
}

function segment(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

// values: one a step
function line({ context, x, steps }, values, y, colour, thick) {
  context.strokeStyle = colour;
  context.lineWidth = thick;
  context.beginPath();
  values.slice(0, steps).forEach((value, i) => context.lineTo(x(i + 1), y(value)));
  context.stroke();
}

function dots({ context, x }, values, y, colour) {
  context.fillStyle = colour;
  context.globalAlpha = 0.35;
  values.forEach((value, i) => context.fillRect(x(i + 1) - 1, y(value) - 1, 2, 2));
  context.globalAlpha = 1;
}

// scores: { n, accuracy }, rarer than steps
function marks({ context, x, steps }, scores, y, colour) {
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 1.5;
  const shown = scores.filter(({ n }) => n <= steps);
  context.beginPath();
  for (const { n, accuracy } of shown) context.lineTo(x(n), y(accuracy));
  context.stroke();
  for (const { n, accuracy } of shown) {
    context.beginPath();
    context.arc(x(n), y(accuracy), 3, 0, 7);
    context.fill();
  }
}
