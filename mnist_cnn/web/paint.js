// Maps as pictures: tiles side by side on one canvas, from black to white, or where signs
// matter in two colours, with frames around some units.

const GAP = 1; // pixels of the canvas between two tiles
// As a canvas has them in memory where the first byte is the lowest, which it is in all
// processors that browsers run on: alpha, blue, green, red
const GREYS = Uint32Array.from({ length: 256 }, (_, v) => 0xff000000 | (v * 0x010101));
const SIGNS = Uint32Array.from({ length: 511 }, (_, i) => {
  const colour = i < 255 ? [0xe6, 0x9f, 0x00] : [0x56, 0xb4, 0xe9]; // Okabe and Ito's
  const [red, green, blue] = colour.map((v) => Math.round((v * Math.abs(i - 255)) / 255));
  return 0xff000000 | (blue << 16) | (green << 8) | red;
});
const FRAME = 0xff005ed5; // the orange of what is chosen, #d55e00
const HATCH = GREYS[72];
const STRIPE = 7; // from one stripe of a tile that is all 0 to the next

// How large a canvas has to be for tiles of so many pixels a side
export function tileSize(maps, size, across) {
  const extent = (count) => count * (size + GAP) - GAP;
  return { width: extent(across), height: extent(Math.ceil(maps / across)) };
}

export function largest(values) {
  let most = 1e-6;
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value);
  return most;
}

// What a canvas is painted with, emptied; one for each, as large ones are slow to be had
function pictureOf(canvas) {
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  canvas.picture ??= context.createImageData(width, height);
  const pixels = new Uint32Array(canvas.picture.data.buffer).fill(0);
  return { context, width, height, image: canvas.picture, pixels };
}

// scale: pixels of the canvas for a unit. most: what is white, or fully coloured. marks:
// squares to frame, each { map, top, left, size } in units. end: units after which
// nothing is painted yet. A map that is 0 everywhere is hatched where that is asked for.
export function paintTiles(canvas, { maps, side, values }, options = {}) {
  const { across = 1, scale = 1, signed = false, hatched = false, marks = [] } = options;
  const { most = largest(values), end = side * side } = options;
  const { context, width, height, image, pixels } = pictureOf(canvas);
  const size = side * scale;
  const cornerOf = (map) =>
    Math.floor(map / across) * (size + GAP) * width + (map % across) * (size + GAP);
  const row = new Uint32Array(size);
  const [colours, zero] = signed ? [SIGNS, 255] : [GREYS, 0];
  for (let map = 0; map < maps; map += 1) {
    const first = map * side * side;
    let silent = hatched;
    for (let p = first; silent && p < first + side * side; p += 1) silent = values[p] === 0;
    for (let y = 0; y < side; y += 1) {
      for (let x = 0; x < side; x += 1) {
        const share = y * side + x < end ? values[first + y * side + x] / most : 0;
        const level = Math.round(255 * Math.min(1, Math.max(signed ? -1 : 0, share)));
        const colour = colours[zero + level];
        for (let i = x * scale; i < (x + 1) * scale; i += 1) row[i] = colour;
      }
      for (let line = y * scale; line < (y + 1) * scale; line += 1) {
        const start = cornerOf(map) + line * width;
        pixels.set(row, start);
        if (!silent) continue;
        for (let x = 0; x < size; x += 1) if ((x + line) % STRIPE === 0) pixels[start + x] = HATCH;
      }
    }
  }
  for (const mark of marks) {
    const corner = [mark.map % across, Math.floor(mark.map / across)].map((n) => n * (size + GAP));
    frame(pixels, width, height, corner, mark, scale);
  }
  context.putImageData(image, 0, 0);
}

// Around a square of units, in the gap where it lies at the edge of its tile
function frame(pixels, width, height, [column, row], { top, left, size }, scale) {
  const thick = scale < 8 ? 1 : 2;
  const within = (v, extent) => Math.min(extent, Math.max(0, v));
  const ends = (start, first, extent) => [
    within(start + first * scale - thick, extent),
    within(start + (first + size) * scale + thick, extent),
  ];
  const [from, to] = ends(column, left, width);
  const [upper, lower] = ends(row, top, height);
  for (let y = upper; y < lower; y += 1) {
    const edge = y < upper + thick || y >= lower - thick;
    for (let x = from; x < to; x += 1) {
      if (edge || x < from + thick || x >= to - thick) pixels[y * width + x] = FRAME;
    }
  }
}
