// Where the answer is made: the linear layer's products for one digit, whose sum is its
// logit, and softmax, which makes probabilities of ten logits.

import { fixed, make, makeButton, percent, write } from "./dom.js";

// pick(digit) is called when another digit is asked for
export function makeLogit(pick) {
  const digits = make("div", { class: "logit-digits", role: "group", "aria-label": "Logits" });
  const chips = Array.from({ length: 10 }, (_, digit) => {
    const logit = make("span");
    const power = make("span");
    const share = make("span");
    const button = makeButton(make("strong", {}, `${digit}`), () => pick(digit), {
      class: "logit-digit",
      "aria-pressed": "false",
    });
    button.append(logit, power, share);
    digits.append(button);
    return { button, logit, power, share };
  });
  const sum = make("p", { class: "logit-sum" });
  const softmax = make("p", { class: "logit-softmax" });
  const legend = make("div", { class: "logit-legend", "aria-hidden": "true" });
  legend.append(...["digit", "logit", "e^logit", "share"].map((text) => make("span", {}, text)));
  const table = make("div", { class: "logit-table" }, legend, digits);
  const node = make("div", { class: "logit" }, sum, table, softmax);

  // part: what explainLogit says of the digit
  function show(digit, part, logits, shares) {
    const powers = logits.map(Math.exp);
    chips.forEach(({ button, logit, power, share }, which) => {
      button.setAttribute("aria-pressed", which === digit);
      write(logit, fixed(logits[which], 1));
      write(power, short(powers[which]));
      write(share, percent(shares[which]));
    });
    const count = part.values.length;
    sum.textContent =
      `For the ${digit}: ${count} numbers times ${count} ` +
      `weights, blue above 0 and yellow below, sum to ${fixed(part.sum, 3)}. With the bias, ` +
      `${fixed(part.bias, 3)}, the logit is ${fixed(part.sum + part.bias, 3)}.`;
    const total = powers.reduce((all, power) => all + power, 0);
    softmax.textContent =
      `Softmax: e^${fixed(logits[digit], 1)} ÷ the sum of all ten = ` +
      `${short(powers[digit])} ÷ ${short(total)} = ${percent(shares[digit])}`;
  }
  return { node, show };
}

function short(number) {
  if (number >= 1e7) return number.toExponential(1).replace("e+", "×10^");
  if (number >= 100) return number.toLocaleString("en", { maximumFractionDigits: 1 });
  return number < 0.001 ? "0.000" : `${+number.toPrecision(2)}`;
}
