// The pad on the home page: a 7 draws itself, then waits. What is drawn goes along to the
// page that shows every layer.

import { makeAnswer } from "./answer.js";
import { make } from "./dom.js";
import { doubt } from "./explain.js";
import { makeNetwork, softmax } from "./network.js";
import { makeFast } from "./simd.js";
import { paintTiles, tileSize } from "./paint.js";
import { prepare } from "./prepare.js";
import { encode } from "./strokes.js";
import { makeSurface } from "./surface.js";

const SEVEN = [[78, 56], [140, 56], [196, 53], [160, 140], [129, 235]]; // corners
const STEP_LONG = 8; // pixels between two points of it
const LAYER = 3; // the third convolution, whose maps look like strokes

// data: layers, unsure and side as for draw.js
function makeHome(node, data) {
  let network = null;
  let waiting = null;
  const surface = makeSurface(data.side, drawn, drawn);
  const view = makeAnswer();
  const maps = make("canvas", {
    class: "layers-maps",
    role: "img",
    "aria-label": "What 16 filters of the third layer find in it",
    ...tileSize(16, 28, 16),
  });
  const more = make("a", { class: "home-more", href: "draw.html" }, "See every layer of your digit");
  const part = (area, text, ...children) =>
    make("div", { class: area }, make("div", { class: "digit-pad-caption" }, text), ...children);
  node.append(
    part("pad", "Draw a digit", surface.node),
    part("says", "It reads", view.answer),
    part("sees", "It sees", view.seen),
    part("chart", "Probability", view.bars),
    part("maps", "", maps, more),
  );

  for (const press of ["click", "auxclick"]) {
    more.addEventListener(press, () => {
      const { strokes } = surface.drawing();
      more.href = strokes.length ? `draw.html#d=${encode(strokes)}` : "draw.html";
    });
  }

  function drawn() {
    waiting ??= setTimeout(look); // after the pad is painted
  }

  function look() {
    waiting = null;
    if (!network) return;
    const image = prepare(surface.read(), data.side);
    const stages = image ? network.run(image) : network.blank();
    const shares = image ? softmax(stages.at(-1).values) : [];
    view.show(image ?? [], shares, [], image ? doubt(stages, data.unsure) : "");
    paintTiles(maps, stages[LAYER], { across: 16, hatched: Boolean(image) });
  }

  // A layer at a time: whoever draws meanwhile is not held up
  function open(steps) {
    if (!steps.next().done) return setTimeout(open, 0, steps);
    const { strokes } = surface.drawing();
    if (strokes.length) drawn();
    else surface.replay([writeSeven()], true);
  }

  view.show([], []);
  (window.requestIdleCallback ?? setTimeout)(() => {
    network = makeNetwork(data.layers, makeFast() ?? undefined);
    open(network.steps(new Float32Array(784)));
  });
}

function writeSeven() {
  return SEVEN.flatMap(([x, y], i) => {
    const [fromX, fromY] = SEVEN[Math.max(0, i - 1)];
    const count = Math.max(1, Math.round(Math.hypot(x - fromX, y - fromY) / STEP_LONG));
    return Array.from({ length: count }, (_, k) => {
      const share = (k + 1) / count;
      return [fromX + share * (x - fromX), fromY + share * (y - fromY)];
    }).flat();
  });
}

makeHome(document.getElementById("home-pad"), DATA);
