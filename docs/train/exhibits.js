// Trainings that show one thing each: settings, a question to answer before Train is
// pressed, and after so many steps what was to be seen.

import { make, makeButton } from "./dom.js";
import { DEFAULTS, fromAddress, toAddress } from "./settings.js";

const EXHIBITS = {
  start: {
    title: "Just train",
    settings: {},
    question:
      "All its numbers are random, so it reads one digit in ten right, by chance. It learns from 16 digits a step. How many must it learn from, to read nine of ten that it has never seen?",
    choices: ["about 200", "about 2,500", "all 4,000, many times"],
    after: 175,
    seen: "About 2,500, in some 160 steps, and none of them twice. Most of the way is done by step 50.",
    more: ["05_the_training_loop", "Notebook 5, the training loop"],
  },
  plateau: {
    title: "The plateau",
    settings: { rule: "pytorch", method: "sgd", rate: 0.01, batch: 8, filters: 8 },
    question:
      "First weights as PyTorch draws them unasked, and plain SGD at 0.01, a common choice. What will the loss do in its first 300 steps?",
    choices: ["fall slowly", "stay where it is", "rise"],
    after: 300,
    seen: "It stays at 2.30, the loss of guessing. The table says why: from layer to layer the digits differ less, until the last layer has nearly the same numbers for all ten, and with so little to go by, gradients are too small to move anything.",
    more: ["05_the_training_loop", "Notebook 5, the plateau"],
  },
  he: {
    title: "He's cure",
    settings: { method: "sgd", rate: 0.01, batch: 8, filters: 8 },
    question:
      "The same network, the same SGD at 0.01. Only the first weights are larger, by He's rule. In the table, the digits then differ as much in the last layers as in the first. Does it learn?",
    choices: ["no, SGD is too slow", "yes, within 300 steps"],
    after: 300,
    seen: "It does: after 300 steps it reads more than eight of ten. Nothing but the size of the first weights was changed.",
    more: ["09_when_it_does_not_learn", "Notebook 9"],
  },
  "too-large": {
    title: "A rate too large",
    settings: { method: "sgd", rate: 1, batch: 8, filters: 8 },
    question:
      "SGD at 0.01 learns with these first weights, as He's cure shows. Here it is at 1, so each step goes a hundred times as far. What happens in the first 40?",
    choices: ["it learns faster", "it learns, with a shaky curve", "it learns nothing"],
    after: 40,
    seen: "Nothing is learned. A slope is true close by only, so the first steps overshoot, and with four of the five seeds the loss leaps beyond the upper edge of the chart. Then it is back at 2.30 for good: in some layer all maps have fallen silent, and pass nothing on.",
    more: ["04_learning_from_mistakes", "Notebook 4, one step downhill"],
  },
  dead: {
    title: "Dead units",
    settings: { rule: "pytorch", rate: 0.01, batch: 8, filters: 8 },
    question:
      "Adam, at ten times its usual rate, with PyTorch's first weights. Watch the last column of the table. How many maps of conv 6 will still say something after 60 steps?",
    choices: ["all 8", "about half", "none"],
    after: 60,
    seen: "None. Its sums are below 0 for every digit that it meets, and ReLU makes 0 of them. Where it does, no gradient comes through either, so all gradients but the last biases' are 0, and nothing can wake these units again. They are called dead.",
    more: ["09_when_it_does_not_learn", "Notebook 9, ten times the rate"],
  },
  "by-heart": {
    title: "200 by heart",
    settings: { rate: 0.003, batch: 8, filters: 8, count: 200 },
    question:
      "Now it has 200 images only, and meets each again after 25 steps. After 300 steps it has met each twelve times. How many of them does it read right, and how many new ones?",
    choices: ["about 86 % of both", "all, and 86 % of the new", "all of both"],
    after: 300,
    seen: "All of its own, with a loss near 0, so nothing is left to learn from. Of new digits it reads about 86 %, and more steps do not help: what lies between the two curves is called overfitting.",
    more: ["05_the_training_loop", "Notebook 5"],
  },
  shuffled: {
    title: "Shuffled labels",
    settings: { rate: 0.003, batch: 8, filters: 8, count: 200, shuffled: "yes" },
    question:
      "The same 200 images, but their labels are dealt out by chance: a 7 may be called 2. There is nothing to understand. Can it learn them?",
    choices: ["no, the loss stays at 2.30", "yes, all of them"],
    after: 400,
    seen: "It can: it takes longer, but then it has nearly all by heart, and of digits it knows nothing. So being right about what one learns from proves nothing; test digits do.",
    more: ["05_the_training_loop", "Notebook 5"],
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
  const asked = make("div", { class: "question-asked" }, question, choices);
  const node = make("div", {}, asked, seen);
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
