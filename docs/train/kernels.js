// The kernels of the first convolution, each above its map, and as they were at first.

import { make } from "./dom.js";
import { tilesAcross } from "./maps.js";
import { largest, paintTiles, tileSize } from "./paint.js";

const EACH = 9; // pixels of the canvas for each of the nine numbers: as wide as a map

export function makeKernels() {
  const rows = ["now", "at first"].map((when) => {
    const canvas = make("canvas", { class: "layers-maps", role: "img" });
    canvas.setAttribute("aria-label", `The kernels of conv 1 ${when}, nine numbers each`);
    const title = make("div", { class: "layers-title" }, make("strong", {}, "kernels"), ` of conv 1, ${when}`);
    return { canvas, node: make("div", {}, title, canvas) };
  });
  const node = make("div", { class: "kernels" }, ...rows.map((row) => row.node).reverse());
  let first = null;
  let across = 0;

  function paint({ canvas }, weight, most) {
    const maps = weight.length / 9;
    paintTiles(canvas, { maps, side: 3, values: weight }, { across, scale: EACH, signed: true, most });
  }

  // layer: the convolution, with the weights as they are now
  function show({ weight }) {
    const room = tilesAcross(node.clientWidth);
    if (!first || room !== across) {
      across = room; // as many as maps below
      for (const { canvas } of rows) Object.assign(canvas, tileSize(weight.length / 9, 3 * EACH, across));
    }
    first ??= weight.slice();
    const most = Math.max(largest(first), largest(weight));
    paint(rows[0], weight, most);
    paint(rows[1], first, most);
  }
  return { node, show, clear: () => (first = null) };
}
