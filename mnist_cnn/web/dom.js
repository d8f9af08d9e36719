// Small helpers: nodes, keys, numbers as they are written.

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export function makeButton(text, onClick, attributes = {}) {
  const button = make("button", { type: "button", ...attributes }, text);
  button.addEventListener("click", onClick);
  return button;
}

// Where it is another one: the browser lays out what is written, changed or not
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Alt with an arrow goes a page back: such keys are the browser's
export function withOthers(event) {
  return event.altKey || event.ctrlKey || event.metaKey;
}

// Where the largest value stands, the first of several
export function best(values) {
  let at = 0;
  for (let i = 1; i < values.length; i += 1) if (values[i] > values[at]) at = i;
  return at;
}

export function clamp(value, least, most) {
  return Math.min(most, Math.max(least, value));
}

// With a minus sign that is as wide as a plus, and no minus before 0.00
export function fixed(number, digits = 2) {
  return number.toFixed(digits).replace(/^-(?=[0.]+$)/, "").replace("-", "−");
}

// A probability; what only rounding makes 100 % is not called so
export function percent(share) {
  return share >= 0.9995 ? "> 99.9 %" : `${(100 * share).toFixed(1)} %`;
}
