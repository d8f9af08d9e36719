// At each layer: how much digits differ in it, how large its gradients are, how many of
// its maps say nothing. What gauge.js reads, as a table with bars.

import { make } from "./dom.js";

// title; what it means; from which size to which a bar grows, in powers of ten
const COLUMNS = {
  spread: ["Digits differ by", "the standard deviation of a number over the batch, mean of the layer", -5, 1],
  gradient: ["Gradient", "the root of the mean square of the gradients of its weights", -6, 0],
  silent: ["Silent", "maps, or logits, that are 0 everywhere for the whole batch"],
};

export function makeGauges() {
  const heads = Object.values(COLUMNS).map(([title, meaning]) =>
    make("th", { scope: "col", title: meaning }, title),
  );
  const body = make("tbody");
  const node = make(
    "table",
    { class: "gauges" },
    make("caption", {}, "Inside, for this batch"),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Layer"), ...heads)),
    body,
  );
  let rows = [];

  function makeRow(name) {
    const row = make("tr", {}, make("th", { scope: "row" }, name));
    const cells = {};
    for (const column of Object.keys(COLUMNS)) {
      const text = make("span", {}, "–");
      const bar = make("i", { "aria-hidden": "true" });
      row.append(make("td", {}, text, bar));
      cells[column] = { text, bar };
    }
    return { row, cells };
  }

  // layers: { name, spread, gradient, silent }, or only names before the first step
  function show(layers) {
    if (rows.length !== layers.length) {
      rows = layers.map(({ name }) => makeRow(name));
      body.replaceChildren(...rows.map(({ row }) => row));
    }
    layers.forEach((layer, i) => {
      for (const [column, [, , least, most]] of Object.entries(COLUMNS)) {
        const value = layer[column];
        const { text, bar } = rows[i].cells[column];
        const known = Number.isFinite(value);
        text.textContent = !known ? "–" : column === "silent" ? `${Math.round(100 * value)} %` : figures(value);
        const share = column === "silent" ? value : (Math.log10(value) - least) / (most - least);
        bar.style.width = `${known ? 100 * Math.min(1, Math.max(0, share)) : 0}%`;
      }
    });
  }
  return { node, show };
}

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// Two digits; small ones with a power of ten
function figures(value) {
  if (value === 0) return "0";
  if (value >= 0.01 && value < 1000) return `${+value.toPrecision(2)}`;
  const [digits, power] = value.toExponential(0).split("e");
  const raised = [...`${Math.abs(power)}`].map((figure) => RAISED[figure]).join("");
  return `${digits}·10${power < 0 ? "⁻" : ""}${raised}`;
}
