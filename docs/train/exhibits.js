// Trainings that show one thing each: settings, a question to answer before Train is
// pressed, and after so many steps what was to be seen.

import { make, makeButton } from "./dom.js";
import { DEFAULTS, fromAddress, toAddress } from "./settings.js";

const EXHIBITS = {
  start: {
    title: "Just train",
    settings: {},
    question:
      "All its numbers are random, so it reads one digit in ten right, by chance. It learns from eight digits a step. How many steps until it reads nine of ten that it has never seen?",
    choices: ["about 20", "about 130", "about 1,000"],
    after: 150,
    seen: "About 130 steps: a thousand digits, and none of them twice. Most of the way is done in the first 50.",
    more: ["05_the_training_loop", "Notebook 5, the training loop"],
  },
};

// open(settings) is called when one is chosen, or the address names some
export function makeExhibits(open) {
  const links = make("div", { class: "exhibits-links" });
  const anchors = Object.entries(EXHIBITS).map(([name, { title }]) => {
    const link = make("a", { id: name, href: `#${name}` }, title);
    links.append(link);
    return link;
  });
  const question = make("p", { class: "question-text" });
  const choices = make("div", { class: "unit-buttons", role: "group", "aria-label": "Your guess" });
  const seen = make("p", { class: "question-seen", role: "status" });
  const node = make("div", {}, question, choices, seen);
  let shown = null; // the exhibit, or null where the settings are of none
  let guess = null;
  let told = false;

  function pick(text) {
    guess = text;
    for (const button of choices.children) button.setAttribute("aria-pressed", button.textContent === text);
  }

  function show(name) {
    shown = EXHIBITS[name] ?? null;
    guess = null;
    node.parentElement.hidden = !shown;
    anchors.forEach((link) => {
      if (link.id === name) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    if (!shown) return;
    question.replaceChildren(make("strong", {}, "Before you press Train. "), shown.question);
    choices.replaceChildren(
      ...shown.choices.map((text) => makeButton(text, () => pick(text), { "aria-pressed": "false" })),
    );
  }

  // After so many steps, it is said what was to be seen; with 0 a new run begins
  function reach(n) {
    if (!shown || (told && n)) return;
    told = n >= shown.after;
    seen.replaceChildren();
    if (!told) return;
    const [page, title] = shown.more;
    const own = guess ? `You guessed: ${guess}. ` : "";
    seen.append(
      make("strong", {}, own, "To be seen: "), `${shown.seen} `,
      make("a", { href: `notebooks/${page}.html` }, title),
    );
  }

  // The one with these settings, if any; the address follows
  function press(settings) {
    const text = toAddress(settings);
    const same = ([, exhibit]) => toAddress({ ...DEFAULTS, ...exhibit.settings }) === text;
    const name = Object.entries(EXHIBITS).find(same)?.[0];
    if (EXHIBITS[name] !== shown || !shown) show(name);
    const address = name === "start" ? "" : `#${name ?? text}`;
    if (location.hash !== address && location.hash !== `#${name}`) {
      history.replaceState(null, "", address || location.pathname);
    }
  }

  function openAddress() {
    const text = location.hash.slice(1);
    open(EXHIBITS[text]?.settings ?? fromAddress(text));
  }
  addEventListener("hashchange", openAddress);
  return { links, node, press, reach, openAddress };
}
