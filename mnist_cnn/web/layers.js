// Every map of every layer down to the logit, and how the chosen unit came about.

import { best, make } from "./dom.js";
import { explainLogit, inputsOf, receptiveField } from "./explain.js";
import { makeLogit } from "./logit.js";
import { makeMaps } from "./maps.js";
import { softmax } from "./network.js";
import { makeUnit } from "./unit.js";

const REST = 150; // milliseconds without a change, until numbers are written again

// choose(field) gets the square of the input that the chosen unit sees, or null; edited(changed)
// is called when a kernel was; note(name) may give a node to stand beside a name.
// show(stages, layers, { most, empty }): most is what is white in each stage, where it is
// not the largest value; empty tells that there is no image, and all of this is 0.
export function makeLayers({ choose = () => {}, edited = () => {}, note = () => "" }) {
  const maps = makeMaps((unit) => select(unit), note);
  const logit = makeLogit(pick);
  const unit = makeUnit(select, edited);
  const column = make("div", { class: "layers-column" }, maps.node, logit.node);
  const node = make("div", { class: "layers" }, column, unit.node);
  let now = null; // { stages, layers, most, empty, linear }
  let chosen = null; // { stage, map, y, x }; the stage after the last is a product
  let asked = null; // the digit whose products are shown, where it is not the answer
  let timer = null;

  function digit() {
    return asked ?? best(now.stages.at(-1).values.subarray(0, 10));
  }

  function show(stages, layers, { most = [], empty = false } = {}) {
    now = { stages, layers, most, empty };
    if (empty) asked = null;
    showMaps();
    clearTimeout(timer);
    timer = setTimeout(tell, REST, "off"); // nobody reads numbers while drawing
  }

  function showMaps() {
    const { stages, layers, most, empty } = now;
    const rows = stages.slice(1, -1).map((stage, i) => ({
      ...stage,
      stage: i + 1,
      most: most[i],
      hatched: !empty,
    }));
    now.linear = explainLogit(stages, layers, digit());
    const last = { ...now.linear, name: "linear", kind: "linear", signed: true };
    maps.show([...rows, { ...last, stage: stages.length - 1 }]);
    if (chosen && chosen.map >= ([...stages.slice(0, -1), now.linear][chosen.stage]?.maps ?? 0)) {
      select(null);
    }
  }

  function pick(which) {
    asked = which;
    showMaps();
    tell("polite");
  }

  // end: of a walk of the kernel over the map, how far it came
  function select(next, end = undefined) {
    if (!end) unit.stop();
    chosen = next;
    maps.mark(chosen, now ? marks() : {});
    tell(end ? "off" : "polite", end);
  }

  // Frames around the chosen unit, and around what it is computed from in the layer below
  function marks() {
    if (!chosen) return {};
    const { stage, map, y, x } = chosen;
    const found = { [stage]: [{ map, top: y, left: x, size: 1 }] };
    const { kind } = now.stages[stage];
    const below = inputsOf(kind, map, y, x);
    const count = now.stages[stage - 1].maps;
    const all = below.map === null ? Array.from({ length: count }, (_, i) => i) : [below.map];
    if (stage > 1) found[stage - 1] = all.map((each) => ({ ...below, map: each }));
    return found;
  }

  // live: whether screen readers say it, as they need not after each part of a stroke
  function tell(live, end) {
    clearTimeout(timer);
    if (!now) return;
    const { stages, layers, empty, linear } = now;
    const logits = [...stages.at(-1).values].slice(0, 10);
    logit.node.hidden = empty || logits.length < 10;
    if (!logit.node.hidden && !end) logit.show(digit(), linear, logits, softmax(logits));
    const last = stages.length - 2; // a product sees what its factor sees
    const field =
      chosen && receptiveField(stages, Math.min(chosen.stage, last), chosen.y, chosen.x);
    choose(field);
    unit.show({ stages, layers, linear, digit: digit() }, chosen, field, { live, end });
  }

  return { node, show, select, restore: unit.restore };
}
