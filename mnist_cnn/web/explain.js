// How one number came about: what a unit sees, and the products that it is the sum of.

import { convolve, kernel, pad } from "./network.js";

// The square of units in the stage below that a unit (y, x) is computed from; it may
// reach beyond the map. map: the one it is in, or null where all of them count.
export function inputsOf(kind, map, y, x) {
  if (kind === "conv") return { map: null, top: y - 1, left: x - 1, size: 3 };
  if (kind === "pool") return { map, top: 2 * y, left: 2 * x, size: 2 };
  return { map, top: y, left: x, size: 1 }; // a product of the linear layer
}

// The pixels of the image that the unit (y, x) of a stage sees: the square from top, left
// to before bottom, right, where it reaches beyond the image as well.
export function receptiveField(stages, stage, y, x) {
  let [top, left, bottom, right] = [y, x, y + 1, x + 1];
  for (let s = stage; s > 0; s -= 1) {
    const { kind } = stages[s];
    const first = inputsOf(kind, 0, top, left);
    const last = inputsOf(kind, 0, bottom - 1, right - 1);
    [top, left] = [first.top, first.left];
    [bottom, right] = [last.top + last.size, last.left + last.size];
  }
  return { top, left, bottom, right };
}

// Of each map below, the patch of 3x3 values, the kernel, and their products with the
// sum; the bias; all of it; and that after ReLU.
export function explainUnit(stages, layers, { stage, map, y, x }) {
  const { maps, side, values } = stages[stage - 1];
  const { weight, bias } = layers[stage - 1];
  const padded = pad(values, maps, side);
  const wide = side + 2;
  const parts = Array.from({ length: maps }, (_, from) => {
    const corner = (from * wide + y) * wide + x;
    const rows = [0, wide, 2 * wide].map((row) => corner + row);
    const patch = rows.flatMap((row) => [...padded.subarray(row, row + 3)]);
    const weights = [...kernel(weight, map * maps + from)];
    const products = patch.map((value, i) => value * weights[i]);
    return { patch, kernel: weights, products, sum: total(products) };
  });
  const products = total(parts.map((part) => part.sum));
  const sum = parts.reduce((found, part) => found + part.sum, bias[map]);
  return { parts, products, bias: bias[map], sum, output: Math.max(0, sum) };
}

// The four values that a unit of a pool is the largest of
export function explainPool(stages, { stage, map, y, x }) {
  const { side, values } = stages[stage - 1];
  const corner = (map * side + 2 * y) * side + 2 * x;
  return [0, 1, side, side + 1].map((step) => values[corner + step]);
}

// A map of a convolution before ReLU, where there are numbers below 0 as well
export function mapBeforeReLU(stages, layers, { stage, map }) {
  const { weight, bias } = layers[stage - 1];
  const size = 9 * stages[stage - 1].maps;
  const one = {
    weight: weight.subarray(map * size, (map + 1) * size),
    bias: bias.subarray(map, map + 1),
  };
  return convolve(stages[stage - 1], one, {}, false);
}

// The logit of a digit: a product for each number that the linear layer gets, and the bias
export function explainLogit(stages, layers, digit) {
  const { maps, side, values } = stages.at(-2);
  const { weight, bias } = layers.at(-1);
  const weights = weight.subarray(digit * values.length, (digit + 1) * values.length);
  const products = values.map((value, i) => value * weights[i]);
  return { maps, side, values: products, weights, bias: bias[digit], sum: total(products) };
}

// A remark where none of the ten digits fits, as softmax shares 100 % among them, whatever
// was drawn. unsure: { limit, typical }, of docs/typical.json, or undefined.
export function doubt(stages, unsure) {
  if (!unsure || sureness(stages, unsure.typical) >= unsure.limit) return "";
  return "but none of the ten fits well";
}

// What the likeliest digit gets, its logit, for features of length 1, and how close these
// are, in 4x4 squares of which the largest counts, to the closest of typical ones: a
// cosine. An X has features as long as a 7's, but they point to none of them.
// typical: one after the other, a byte for each number, in base64
export function sureness(stages, typical) {
  const { maps, side, values } = stages.at(-2);
  const coarse = new Float32Array(16 * maps);
  values.forEach((value, p) => {
    const [map, y, x] = [Math.floor(p / side ** 2), Math.floor(p / side) % side, p % side];
    const at = 16 * map + 4 * (y >> 1) + (x >> 1);
    coarse[at] = Math.max(coarse[at], value);
  });
  const known = atob(typical);
  let most = 0;
  for (let start = 0; start < known.length; start += coarse.length) {
    most = Math.max(most, cosine(coarse, known, start));
  }
  return Math.max(...stages.at(-1).values) / Math.hypot(...values) + most;
}

function cosine(values, bytes, start) {
  let [product, one, other] = [0, 0, 0];
  values.forEach((value, i) => {
    const byte = bytes.charCodeAt(start + i);
    product += value * byte;
    one += value ** 2;
    other += byte ** 2;
  });
  return product / Math.sqrt(one * other);
}

function total(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0);
}
