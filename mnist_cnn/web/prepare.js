// A drawing made like an image of MNIST, as mc.to_mnist does it: cropped, scaled into
// 20x20, and placed so that its centre of mass is the centre of 28x28.
// A drawing has even paper, and strokes as wide as the pad's pen: the search for ink in a
// photo, and the widening of thin strokes, are not needed here.

const FIELD = 28;
const BOX = 20;
const LEAST = 0.1; // of black: what is fainter is no ink
const RIM = 0.5; // of full ink: where a digit ends
const SPECK = 0.5 / BOX ** 2; // of the square of the size: less ink is no part of a digit
const CLOSE = 0.3; // of the size: what is farther away is no part of the digit either

// pixels: side x side numbers, 0 is paper and 255 ink. Returns 784 numbers from 0 to 1,
// or null where there is no digit.
export function prepare(pixels, side) {
  const most = pixels.reduce((a, b) => Math.max(a, b), 0);
  if (most < 64) return null;
  const ink = Float32Array.from(pixels, (v) => (v > 255 * LEAST ? v / most : 0));
  const kept = chooseInk(ink, side);
  return kept && centre(scale(crop(ink, kept, side)));
}

// The pieces of connected ink: the pixels and the box of each, and how much it is
function findPieces(ink, side) {
  const pieces = [];
  const seen = new Uint8Array(ink.length);
  for (let start = 0; start < ink.length; start += 1) {
    if (seen[start] || !ink[start]) continue;
    const piece = { pixels: [start], amount: 0 };
    seen[start] = 1;
    for (const p of piece.pixels) { // which grows
      piece.amount += ink[p];
      for (const q of around(p, side)) {
        if (!seen[q] && ink[q]) {
          seen[q] = 1;
          piece.pixels.push(q);
        }
      }
    }
    pieces.push({ ...piece, ...bounds(piece.pixels, side) });
  }
  return pieces;
}

function around(p, side) {
  const [y, x] = [Math.floor(p / side), p % side];
  const found = [];
  for (let j = Math.max(0, y - 1); j <= Math.min(side - 1, y + 1); j += 1) {
    for (let i = Math.max(0, x - 1); i <= Math.min(side - 1, x + 1); i += 1) {
      found.push(j * side + i);
    }
  }
  return found;
}

// The largest piece and those close to it, as pixels; null where that is but a speck.
// What is low and wide underlines, and is no part of a digit.
function chooseInk(ink, side) {
  const pieces = findPieces(ink, side).sort((a, b) => b.amount - a.amount);
  const low = (piece) => piece.width > 4 * piece.height;
  let [sum, weights] = [0, 0];
  for (const piece of pieces) {
    const weight = piece.amount ** 2 * (low(piece) ? 1e-6 : 1);
    [sum, weights] = [sum + weight * piece.height, weights + weight];
  }
  const usual = sum / weights; // height
  const rest = pieces.filter(
    (piece) =>
      piece.amount >= SPECK * usual ** 2 && !(low(piece) && piece.width >= 0.9 * usual),
  );
  const kept = rest.splice(0, 1);
  for (const piece of kept) { // which grows
    const close = rest.filter(
      (other) => !kept.includes(other) && gap(piece, other) <= CLOSE * usual,
    );
    kept.push(...close);
  }
  const pixels = kept.flatMap((piece) => piece.pixels);
  const { height } = bounds(pixels, side);
  return height >= Math.max(6, 0.3 * usual) ? pixels : null;
}

// Between two boxes
function gap(one, other) {
  const across = Math.max(one.left, other.left) - Math.min(one.right, other.right);
  const down = Math.max(one.top, other.top) - Math.min(one.bottom, other.bottom);
  return Math.hypot(Math.max(0, across), Math.max(0, down));
}

function bounds(pixels, side) {
  let [top, left, bottom, right] = [side, side, 0, 0];
  for (const p of pixels) {
    const [y, x] = [Math.floor(p / side), p % side];
    [top, left] = [Math.min(top, y), Math.min(left, x)];
    [bottom, right] = [Math.max(bottom, y + 1), Math.max(right, x + 1)];
  }
  return { top, left, bottom, right, width: right - left, height: bottom - top };
}

// What is kept, as { width, height, values }
function crop(ink, kept, side) {
  const rim = kept.filter((p) => ink[p] >= RIM); // half way to the paper it ends
  const { top, left, width, height } = bounds(rim.length ? rim : kept, side);
  const values = new Float32Array(width * height);
  for (const p of kept) {
    const [y, x] = [Math.floor(p / side) - top, (p % side) - left];
    if (y >= 0 && x >= 0 && y < height && x < width) values[y * width + x] = ink[p];
  }
  return { width, height, values };
}

// Scaled by means over areas, so that the long side has 20 pixels
function scale({ width, height, values }) {
  const ratio = BOX / Math.max(width, height);
  const [columns, rows] = [width, height].map((n) => Math.max(1, roundEven(n * ratio)));
  const [across, down] = [areas(width, columns), areas(height, rows)];
  const box = new Float32Array(columns * rows);
  down.forEach(([top, bottom], y) =>
    across.forEach(([left, right], x) => {
      let sum = 0;
      for (let j = top; j < bottom; j += 1) {
        for (let i = left; i < right; i += 1) sum += values[j * width + i];
      }
      box[y * columns + x] = sum / ((bottom - top) * (right - left));
    }),
  );
  const most = box.reduce((a, b) => Math.max(a, b), 0);
  return { width: columns, height: rows, values: box.map((value) => value / most) };
}

// Which of the old pixels make each new one, from the first to before the last. Where an
// edge falls on a pixel's middle, arithmetic decides: it is that of Pillow's box filter.
function areas(from, to) {
  const ratio = from / to;
  const wide = Math.max(ratio, 1);
  return Array.from({ length: to }, (_, i) => {
    const middle = (i + 0.5) * ratio;
    const away = (pixel) => (pixel - middle + 0.5) * (1 / wide);
    let start = Math.max(0, Math.floor(middle - 0.5 * wide + 0.5));
    let end = Math.min(from, Math.floor(middle + 0.5 * wide + 0.5));
    if (away(start) <= -0.5) start += 1;
    if (away(end - 1) > 0.5) end -= 1;
    return [start, end];
  });
}

function centre({ width, height, values }) {
  let [mass, down, along] = [0, 0, 0];
  values.forEach((value, p) => {
    mass += value;
    down += value * Math.floor(p / width);
    along += value * (p % width);
  });
  const [top, left] = [
    [down / mass, height],
    [along / mass, width],
  ].map(([at, n]) => Math.min(Math.max(roundEven(FIELD / 2 - at), 0), FIELD - n));
  const field = new Float32Array(FIELD * FIELD);
  values.forEach((value, p) => {
    field[(top + Math.floor(p / width)) * FIELD + left + (p % width)] = value;
  });
  return field;
}

// A half goes to the even neighbour, as in Python
function roundEven(value) {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}

// Moved to the right and turned against the clock, as notebook 6 does it; what comes in
// from outside is paper.
export function moveImage(image, pixels, degrees) {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const middle = (FIELD - 1) / 2;
  const at = (y, x) =>
    y < 0 || x < 0 || y >= FIELD || x >= FIELD ? 0 : image[y * FIELD + x];
  return Float32Array.from(image, (_, p) => {
    const down = Math.floor(p / FIELD) - middle;
    const along = (p % FIELD) - pixels - middle;
    if (Math.abs(along) > middle) return 0;
    const y = middle + sin * along + cos * down;
    const x = middle + cos * along - sin * down;
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const [v, u] = [y - top, x - left];
    return (
      (1 - v) * ((1 - u) * at(top, left) + u * at(top, left + 1)) +
      v * ((1 - u) * at(top + 1, left) + u * at(top + 1, left + 1))
    );
  });
}
