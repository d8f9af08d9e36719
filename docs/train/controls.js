// Train, pause, a step, anew; the settings; how far it is.

import { make, makeButton } from "./dom.js";
import { makeSettings } from "./settings.js";

// train, pause, step and anew are called when their button is pressed, and
// changed(settings, name) when a setting was
export function makeControls({ train, pause, step, anew, changed }) {
  const toggle = makeButton("Train", () => (running ? pause() : train()), { class: "controls-train" });
  const once = makeButton("One step", step);
  const again = makeButton("Start anew", anew);
  const settings = makeSettings(changed);
  const progress = make("div", { class: "controls-progress" });
  const share = make("span", { class: "controls-share" });
  const of = make("div");
  const spoken = make("output", { class: "digit-pad-spoken", "aria-live": "polite" });
  const trouble = make("div", { class: "controls-trouble", role: "alert" });
  const buttons = make("div", { class: "unit-buttons" }, toggle, once, again);
  const status = make("div", { class: "controls-status" }, share, make("div", {}, of, progress), spoken);
  const more = make("details", { class: "controls-more", open: "" });
  more.append(make("summary", {}, "Settings"), settings.node);
  const node = make("div", { class: "controls" }, buttons, more, trouble);
  let running = false;
  let failed = false;
  let pace = 0; // milliseconds a step

  function setRunning(on) {
    running = on;
    toggle.textContent = on ? "Pause" : "Train";
    toggle.disabled = failed;
    once.disabled = on || failed;
  }

  // A new network, of so many numbers
  function start(count) {
    failed = false;
    setRunning(false);
    pace = 0;
    trouble.textContent = "";
    share.textContent = "";
    of.textContent = "Not a step yet";
    progress.textContent = `${count.toLocaleString("en")} random numbers`;
  }

  function showStep(n, batch, ms) {
    pace = pace ? 0.9 * pace + 0.1 * ms : ms;
    const digits = (n * batch).toLocaleString("en");
    progress.textContent = `step ${n} · ${digits} digits · ${Math.round(pace)} ms a step`;
  }

  function score(accuracy, count) {
    share.textContent = `${(100 * accuracy).toFixed(1)} %`;
    of.textContent = `of ${count.toLocaleString("en")} test digits read right`;
    spoken.textContent = `${share.textContent} ${of.textContent}, ${progress.textContent}`;
  }

  function fail(reason) {
    failed = true;
    setRunning(false);
    trouble.textContent = `${reason} Start anew, with a smaller learning rate.`;
  }

  const narrow = matchMedia("(max-width: 899px)").matches;
  if (narrow) more.open = false;
  return {
    node, status, start, step: showStep, score, fail,
    running: setRunning,
    isRunning: () => running,
    set: settings.set,
    get: settings.get,
  };
}
