// What the network sees and says: its 28x28 pixels, and a bar for each digit.

import { make } from "./surface.js";

const QUIET = 600; // milliseconds without a stroke until screen readers say the answer

export const paint = (canvas, values, side) => {
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  for (let i = 0; i < side * side; i += 1) {
    const value = 255 * (values[i] ?? 0);
    image.data.set([value, value, value, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
};

// The 28x28 pixels, and a frame around some of them
export function makeInput() {
  const size = { width: 28, height: 28 };
  const canvas = make("canvas", { class: "digit-pad-input", role: "img", ...size });
  const frame = make("span", { class: "digit-pad-frame", "aria-hidden": "true" });
  const node = make("div", { class: "digit-pad-seen" }, canvas, frame);

  function mark(field) {
    frame.hidden = !field;
    if (!field) return;
    const inside = (pixel) => Math.min(28, Math.max(0, pixel));
    const [top, left] = [inside(field.top), inside(field.left)];
    const percent = (pixels) => `${(100 * pixels) / 28}%`;
    frame.style.top = percent(top);
    frame.style.left = percent(left);
    frame.style.height = percent(inside(field.bottom) - top);
    frame.style.width = percent(inside(field.right) - left);
  }

  function show(image, label) {
    paint(canvas, image, 28);
    if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
  }

  mark(null);
  return { node, show, mark };
}

export function makeAnswer() {
  const input = makeInput();
  const bars = make("div", {
    class: "digit-pad-bars",
    role: "list",
    "aria-label": "Probability of each digit",
  });
  const rows = Array.from({ length: 10 }, (_, digit) => {
    const fill = make("span", { class: "digit-pad-fill" });
    const share = make("span", { class: "digit-pad-share" });
    const logit = make("span", { class: "digit-pad-logit" });
    const track = make("span", { class: "digit-pad-track", "aria-hidden": "true" }, fill);
    const row = make("div", { class: "digit-pad-row", role: "listitem" });
    row.append(make("span", { class: "digit-pad-digit" }, `${digit}`), track, share, logit);
    bars.append(row);
    return { row, fill, share, logit };
  });
  const shown = make("div", { class: "digit-pad-answer" });
  const spoken = make("output", { class: "digit-pad-spoken", "aria-live": "polite" });
  const answer = make("div", {}, shown, spoken);
  let timer = null;

  // image: 784 numbers from 0 to 1. shares: ten probabilities, or none. logits, which
  // may be left out, are shown beside them; doubt is a remark to the answer.
  function show(image, shares, logits = [], doubt = "") {
    const best = shares.indexOf(Math.max(...shares));
    rows.forEach(({ row, fill, share, logit }, digit) => {
      const value = shares[digit] ?? 0;
      fill.style.width = `${100 * value}%`;
      share.textContent = shares.length ? `${(100 * value).toFixed(1)} %` : "";
      logit.textContent = logits[digit]?.toFixed(1) ?? "";
      row.classList.toggle("digit-pad-best", digit === best);
    });
    const text = shares.length
      ? `${best}: ${(100 * shares[best]).toFixed(1)} %${doubt}`
      : "nothing to read yet";
    input.show(image, `The 28 by 28 pixels the network sees: ${text}`);
    shown.textContent = text;
    clearTimeout(timer);
    timer = setTimeout(() => (spoken.textContent = text), QUIET);
  }

  return { seen: input.node, mark: input.mark, bars, answer, show };
}
