// What the network sees and says: its 28x28 pixels, its digit, and a bar for each digit.

import { best, clamp, fixed, make, percent, write } from "./dom.js";
import { paintTiles } from "./paint.js";

const QUIET = 600; // milliseconds without a stroke until screen readers say the answer

// The 28x28 pixels, and a frame around some of them
export function makeInput() {
  const size = { width: 28, height: 28 };
  const canvas = make("canvas", { class: "digit-pad-input", role: "img", ...size });
  const frame = make("span", { class: "digit-pad-frame", "aria-hidden": "true" });
  const node = make("div", { class: "digit-pad-seen" }, canvas, frame);

  function mark(field) {
    frame.hidden = !field;
    if (!field) return;
    const inside = (pixel) => clamp(pixel, 0, 28);
    const [top, left] = [inside(field.top), inside(field.left)];
    const part = (pixels) => `${(100 * pixels) / 28}%`;
    frame.style.top = part(top);
    frame.style.left = part(left);
    frame.style.height = part(inside(field.bottom) - top);
    frame.style.width = part(inside(field.right) - left);
  }

  function show(image, label) {
    const values = image.length ? image : new Float32Array(784);
    paintTiles(canvas, { maps: 1, side: 28, values }, { most: 1 });
    if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
  }

  mark(null);
  return { node, show, mark };
}

function makeBars() {
  const node = make("div", {
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
    node.append(row);
    return { row, fill, share, logit };
  });

  function show(shares, logits) {
    const first = best(shares);
    rows.forEach(({ row, fill, share, logit }, digit) => {
      const value = shares[digit] ?? 0;
      fill.style.transform = `scaleX(${value})`;
      write(share, shares.length ? percent(value) : "");
      write(logit, logits.length ? fixed(logits[digit], 1) : "");
      row.classList.toggle("digit-pad-best", shares.length > 0 && digit === first);
    });
  }
  return { node, show };
}

export function makeAnswer() {
  const input = makeInput();
  const bars = makeBars();
  const digit = make("span", { class: "digit-pad-large" });
  const colon = make("span", { class: "digit-pad-spoken" }, ": ");
  const comma = make("span", { class: "digit-pad-spoken" }, ", ");
  const sure = make("span", { class: "digit-pad-sure" });
  const doubt = make("span", { class: "digit-pad-doubt" });
  const nothing = make("span", {}, "nothing to read yet");
  const shown = make("div", { class: "digit-pad-answer" });
  const spoken = make("output", { class: "digit-pad-spoken", "aria-live": "polite" });
  const answer = make("div", { class: "digit-pad-says" }, shown, spoken);
  let timer = null;

  // image: 784 numbers from 0 to 1. shares: ten probabilities, or none. logits, which
  // may be left out, are shown beside them; remark is a doubt about the answer.
  function show(image, shares, logits = [], remark = "") {
    bars.show(shares, logits);
    const first = best(shares);
    write(digit, `${first}`);
    write(sure, shares.length ? percent(shares[first]) : "");
    write(doubt, remark);
    const wanted = shares.length ? [digit, colon, sure] : [nothing];
    if (remark) wanted.push(comma, doubt);
    if (shown.childNodes.length !== wanted.length || shown.firstChild !== wanted[0]) {
      shown.replaceChildren(...wanted);
    }
    shown.classList.toggle("digit-pad-unsure", remark !== "");
    const text = shown.textContent;
    input.show(image, `The 28 by 28 pixels the network sees: ${text}`);
    clearTimeout(timer);
    timer = setTimeout(() => (spoken.textContent = text), QUIET);
  }

  return { seen: input.node, mark: input.mark, bars: bars.node, answer, show };
}
