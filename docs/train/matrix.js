// How the test digits are read: ten rows of what they are, ten columns of what is read,
// and some of those that are read wrong.

import { make, makeButton } from "./dom.js";
import { paintTiles } from "./paint.js";

const SHOWN = 12; // digits that are read wrong

// test: { images, labels }; all() is called when all of them are to be read
export function makeMatrix(test, all) {
  const digits = Array.from({ length: 10 }, (_, digit) => digit);
  const head = make("tr", {}, make("th", { scope: "col" }, "is ↓ read as →"));
  head.append(...digits.map((digit) => make("th", { scope: "col" }, `${digit}`)));
  const cells = digits.map(() => digits.map(() => make("td")));
  const rows = digits.map((digit) =>
    make("tr", {}, make("th", { scope: "row" }, `${digit}`), ...cells[digit]),
  );
  const caption = make("caption");
  const table = make("table", { class: "matrix-table" }, caption);
  table.append(make("thead", {}, head), make("tbody", {}, ...rows));
  const wrong = make("div", { class: "matrix-wrong", role: "list", "aria-label": "Read wrong" });
  const count = test.labels.length;
  const button = makeButton(`Read all ${count.toLocaleString("en")}`, all);
  const buttons = make("div", { class: "unit-buttons" }, button);
  const node = make("div", { class: "matrix" }, table, wrong, buttons);

  // predicted: of the first so many test digits, in their order
  function show(predicted) {
    const counts = digits.map(() => new Array(10).fill(0));
    predicted.forEach((digit, i) => (counts[test.labels[i]][digit] += 1));
    const sums = counts.map((row) => row.reduce((sum, n) => sum + n, 0));
    const right = digits.reduce((sum, digit) => sum + counts[digit][digit], 0);
    caption.textContent = predicted.length
      ? `${right} of ${predicted.length} test digits are read right`
      : "Test digits, which it never learns from";
    for (const is of digits) {
      for (const read of digits) {
        const n = counts[is][read];
        const cell = cells[is][read];
        cell.textContent = n || "";
        const share = Math.round((100 * n) / Math.max(1, sums[is]));
        cell.style.setProperty("--share", `${n ? Math.max(8, share) : 0}%`);
        cell.className = is === read ? "matrix-right" : "";
      }
    }
    const missed = [...predicted.keys()].filter((i) => predicted[i] !== test.labels[i]);
    wrong.replaceChildren(...missed.slice(0, SHOWN).map((i) => makeMissed(i, predicted[i])));
  }

  function makeMissed(i, read) {
    const canvas = make("canvas", { width: 28, height: 28, "aria-hidden": "true" });
    const values = test.images.subarray(784 * i, 784 * (i + 1));
    paintTiles(canvas, { maps: 1, side: 28, values }, { most: 1 });
    return make("div", { role: "listitem" }, canvas, `${test.labels[i]} as ${read}`);
  }

  show([]);
  return { node, show };
}
