// What a training starts from, as fields to choose from and as an address to share.

import { make } from "./dom.js";

const number = (value) => value.toLocaleString("en");
// Of each setting the words before it, and its choices; the first letters of an address
// are the names
const FIELDS = {
  rule: { label: "First weights", words: { he: "He's", pytorch: "PyTorch's" } },
  method: { label: "Optimizer", words: { sgd: "SGD", momentum: "SGD, momentum 0.9", adam: "Adam" } },
  rate: { label: "Learning rate", values: [0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1] },
  batch: { label: "Batch", values: [8, 16, 32] },
  filters: { label: "Filters", values: [4, 8, 16] },
  count: { label: "Images", values: [200, 1000, 2000, 4000], say: number },
  shuffled: { label: "Labels", words: { no: "as they are", yes: "shuffled" } },
  seed: { label: "Seed", values: [1, 2, 3, 4, 5] },
};
export const DEFAULTS = {
  rule: "he",
  method: "adam",
  rate: 0.001,
  batch: 16,
  filters: 16,
  count: 4000,
  shuffled: "no",
  seed: 1,
};

// changed(settings, name) is called with all settings when the one of this name was
export function makeSettings(changed) {
  const settings = { ...DEFAULTS };
  const selects = {};
  const node = make("div", { class: "settings" });
  for (const [name, { label, words, values, say = String }] of Object.entries(FIELDS)) {
    const choices = words ? Object.entries(words) : values.map((value) => [value, say(value)]);
    const options = choices.map(([value, text]) => make("option", { value }, text));
    const select = make("select", { name }, ...options);
    select.addEventListener("change", () => {
      settings[name] = words ? select.value : Number(select.value);
      changed({ ...settings }, name);
    });
    selects[name] = select;
    node.append(make("label", {}, label, select));
  }

  function set(next) {
    Object.assign(settings, DEFAULTS, next);
    for (const [name, select] of Object.entries(selects)) select.value = settings[name];
  }
  set({});
  return { node, set, get: () => ({ ...settings }) };
}

// What differs from the defaults, as rate=0.1&rule=pytorch
export function toAddress(settings) {
  const changed = Object.entries(settings).filter(([name, value]) => value !== DEFAULTS[name]);
  return changed.map(([name, value]) => `${name}=${value}`).join("&");
}

// The settings that an address names; what it names wrongly stays as it is
export function fromAddress(text) {
  const found = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const { words, values } = FIELDS[name] ?? {};
    if (words && value in words) found[name] = value;
    else if (values?.includes(Number(value))) found[name] = Number(value);
  }
  return found;
}
