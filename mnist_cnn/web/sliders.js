// Two sliders that move and turn the digit, and under each the answers all along it.

import { best, make, makeButton, write } from "./dom.js";
import { moveImage } from "./prepare.js";

const LATER = 250; // milliseconds after the last change, until the answers follow
const SLIDERS = {
  shift: { label: "Shift to the right", most: 8, step: 1, unit: "pixel" },
  turn: { label: "Turn against the clock", most: 60, step: 5, unit: "degree" },
};

function withUnit(value, unit) {
  return `${value} ${unit}${Math.abs(value) === 1 ? "" : "s"}`;
}

function makeSlider({ label, most, step, unit }, changed) {
  const input = make("input", { type: "range", min: -most, max: most, step, value: 0 });
  const value = make("span");
  const marks = Array.from({ length: (2 * most) / step + 1 }, (_, i) =>
    make("span", { "data-at": i * step - most }),
  );
  const row = make("div", { class: "marks", "aria-hidden": "true" }, ...marks);
  const title = make("span", {}, `${label}: `, value);
  const node = make("label", { class: "slider" }, title, input, row);

  function set(to) {
    input.value = to;
    write(value, withUnit(input.value, unit).replace("-", "−"));
    input.setAttribute("aria-valuetext", withUnit(input.value, unit));
    for (const mark of marks) mark.classList.toggle("here", mark.dataset.at === input.value);
  }
  function forget() {
    for (const mark of marks) {
      mark.textContent = "";
      mark.classList.remove("other");
    }
    input.removeAttribute("aria-description");
  }
  input.addEventListener("input", () => {
    set(input.value);
    changed();
  });
  set(0);
  return { node, input, marks, set, forget, at: () => +input.value, unit };
}

// changed() is called when one was moved, or both were put back
export function makeSliders(changed) {
  const sliders = Object.fromEntries(
    Object.entries(SLIDERS).map(([which, options]) => [which, makeSlider(options, changed)]),
  );
  const all = Object.values(sliders);
  const node = make("div", { class: "sliders" }, ...all.map((slider) => slider.node));
  const back = makeButton("", () => { // beside the answer, as the sliders may be out of sight
    reset();
    changed();
  }, { class: "chip" });
  let timer = null;
  let told = false; // whether there are answers under the sliders

  function reset() {
    for (const slider of all) slider.set(0);
  }

  function moved(image) {
    if (!sliders.shift.at() && !sliders.turn.at()) return image;
    return moveImage(image, sliders.shift.at(), sliders.turn.at());
  }

  // answer(image) gives ten logits; image is null where there is none
  function show(image, answer) {
    const away = all.filter((slider) => slider.at());
    back.hidden = !away.length;
    const words = away.map(({ at, unit }) => `${unit === "pixel" ? "moved" : "turned"} by ${at()}`);
    write(back, `${words.join(", ").replaceAll("-", "−")}: put back`);
    if (told) for (const slider of all) slider.forget(); // it was of another drawing
    told = false;
    clearTimeout(timer);
    if (image) timer = setTimeout(() => step(tries(image, answer)), LATER);
  }

  function step(steps) {
    if (!steps.next().done) timer = setTimeout(() => step(steps));
  }

  // The answer at each place of either slider, from where it stands outwards
  function* tries(image, answer) {
    for (const [which, { input, marks, at }] of Object.entries(sliders)) {
      const place = { shift: sliders.shift.at(), turn: sliders.turn.at() };
      const digits = new Map();
      const away = (mark) => Math.abs(+mark.dataset.at - at());
      for (const mark of [...marks].sort((a, b) => away(a) - away(b))) {
        const { shift, turn } = { ...place, [which]: +mark.dataset.at };
        digits.set(mark, best(answer(moveImage(image, shift, turn))));
        mark.textContent = digits.get(mark);
        told = true;
        const [own] = digits.values();
        mark.classList.toggle("other", digits.get(mark) !== own);
        yield;
      }
      const list = marks.map((mark) => digits.get(mark)).join(" ");
      input.setAttribute("aria-description", `Answers from left to right: ${list}`);
    }
  }

  return { node, back, reset, moved, show };
}
