// The same convolutions as in network.js and learn.js, several times as fast: by
// WebAssembly's instructions for four numbers at once, which JavaScript lacks. Sums are of
// 32 bits, as PyTorch's are, not 64.

import { advance, assemble, FOURS, local, putWhole, repeat, setLocal } from "./assemble.js";
import { kept } from "./network.js";

// How maps lie in the memory: side rows, each of so many fours, the last of which may
// reach beyond the map; with a border of one pixel, rows are wide and a map is plane.
function rowsOf(side) {
  const fours = Math.ceil(side / 4);
  const wide = 4 * fours + 2;
  return { fours, across: 4 * fours, wide, plane: (side + 2) * wide };
}

// Of the nine weights, how far from a patch's upper left corner their pixel lies, in bytes
function tapsOf(wide) {
  return [0, 1, 2].flatMap((y) => [0, 1, 2].map((x) => 4 * (y * wide + x)));
}

// A convolution, row by row, so that what it reads is still near the processor. A row's
// sums stay in it while all maps are gone through, and of each the nine weights: a weight
// is multiplied with a whole row at once, moved by 0, 1 or 2 pixels.
function convolveCode(side) {
  const { fours, across, wide, plane } = rowsOf(side);
  const [from, weights, biases, to, maps, filters, floor, ...own] = Array(15).keys();
  const [row, filter, map, at, weight, bias, out, one] = own;
  const sums = Array.from({ length: fours }, (_, i) => one + 1 + i);
  const products = tapsOf(wide).map((offset, tap) => [
    [local(weight), FOURS.loadSpread(4 * tap), setLocal(one)],
    sums.map((sum, i) => [
      [local(sum), local(one), local(at), FOURS.load(offset + 16 * i)],
      [FOURS.MULTIPLY, FOURS.ADD, setLocal(sum)],
    ]),
  ]);
  const filterCode = [
    [local(bias), FOURS.loadSpread(0), setLocal(one)],
    sums.map((sum) => [local(one), setLocal(sum)]),
    [local(from), setLocal(at), local(maps), setLocal(map)],
    repeat(map, [products, advance(at, 4 * plane), advance(weight, 36)]),
    sums.map((sum, i) => [
      [local(out), local(sum), local(floor), FOURS.SPREAD, FOURS.MAX],
      FOURS.store(16 * i),
    ]),
    [advance(bias, 4), advance(out, 4 * side * across)],
  ];
  const rowCode = [
    [local(weights), setLocal(weight), local(biases), setLocal(bias)],
    [local(to), setLocal(out), local(filters), setLocal(filter)],
    repeat(filter, filterCode),
    [advance(from, 4 * wide), advance(to, 4 * across)],
  ];
  return {
    given: [...Array(6).fill("whole"), "number"],
    own: [...Array(7).fill("whole"), ...Array(1 + fours).fill("fours")],
    code: [putWhole(side), setLocal(row), repeat(row, rowCode)],
  };
}

// The gradients of one kernel: nine sums, over all pixels, of an output's gradient times
// what that weight was multiplied by. Each sum is left in four parts.
function gradientCode(side) {
  const { fours, across, wide } = rowsOf(side);
  const [from, gradient, to, row, one] = Array(5).keys();
  const sums = Array.from({ length: 9 }, (_, tap) => one + 1 + tap);
  const products = Array.from({ length: fours }, (_, i) => [
    [local(gradient), FOURS.load(16 * i), setLocal(one)],
    tapsOf(wide).map((offset, tap) => [
      [local(sums[tap]), local(one), local(from), FOURS.load(offset + 16 * i)],
      [FOURS.MULTIPLY, FOURS.ADD, setLocal(sums[tap])],
    ]),
  ]);
  const rowCode = [products, advance(from, 4 * wide), advance(gradient, 4 * across)];
  return {
    given: Array(3).fill("whole"),
    own: ["whole", ...Array(10).fill("fours")],
    code: [
      [putWhole(side), setLocal(row), repeat(row, rowCode)],
      sums.map((sum, tap) => [local(to), local(sum), FOURS.store(16 * tap)]),
    ],
  };
}

// { convolve, addKernels }, to be used in place of those of network.js and learn.js; null
// where the browser has no such instructions, or is told to run none.
export function makeFast() {
  const ready = {}; // the functions by side, which their code knows
  try {
    const memory = new WebAssembly.Memory({ initial: 4 }); // of 64 KiB each
    const functionsFor = (side) => {
      ready[side] ??= assemble(
        { convolve: convolveCode(side), gradient: gradientCode(side) },
        memory,
      );
      return ready[side];
    };
    functionsFor(28);
    return useFast(memory, functionsFor);
  } catch {
    return null;
  }
}

function useFast(memory, functionsFor) {
  let floats = new Float32Array(memory.buffer); // all of it

  function makeRoom(count) {
    const missing = 4 * count - memory.buffer.byteLength;
    if (missing <= 0) return;
    memory.grow(Math.ceil(missing / 65536));
    floats = new Float32Array(memory.buffer);
  }

  // The maps, with a border of zeros, at the memory's beginning
  function putPadded(values, maps, side, { wide, plane }) {
    floats.fill(0, 0, maps * plane);
    for (let map = 0, p = 0; map < maps; map += 1) {
      for (let y = 1; y <= side; y += 1) {
        const start = map * plane + y * wide + 1;
        for (let x = 0; x < side; x += 1, p += 1) floats[start + x] = values[p];
      }
    }
  }

  // Maps without a border; what the last four of a row has too many is 0
  function put(start, values, side, { across }) {
    floats.fill(0, start, start + (values.length / side) * across);
    for (let p = 0, at = start; p < values.length; at += across) {
      for (let x = 0; x < side; x += 1, p += 1) floats[at + x] = values[p];
    }
  }

  function take(start, values, side, { across }) {
    for (let p = 0, at = start; p < values.length; at += across) {
      for (let x = 0; x < side; x += 1, p += 1) values[p] = floats[at + x];
    }
  }

  function convolve({ maps, side, values }, { weight, bias }, store, relu = true) {
    const size = rowsOf(side);
    const filters = bias.length;
    const weights = maps * size.plane; // where they begin
    const biases = weights + weight.length;
    const to = biases + filters;
    makeRoom(to + filters * side * size.across);
    putPadded(values, maps, side, size);
    floats.set(weight, weights);
    floats.set(bias, biases);
    const starts = [0, 4 * weights, 4 * biases, 4 * to]; // in bytes
    functionsFor(side).convolve(...starts, maps, filters, relu ? 0 : -Infinity);
    const out = kept(store, "out", Float32Array, filters * side * side);
    take(to, out, side, size);
    return { kind: "conv", maps: filters, side, values: out };
  }

  function addKernels(through, { maps, side, values }, { weight, bias }) {
    const size = rowsOf(side);
    const filters = bias.length;
    const from = maps * size.plane; // where the gradients of the outputs begin
    const to = from + filters * side * size.across;
    makeRoom(to + 36);
    putPadded(values, maps, side, size);
    put(from, through, side, size);
    const { gradient } = functionsFor(side);
    for (let filter = 0; filter < filters; filter += 1) {
      const one = from + filter * side * size.across;
      for (let p = one; p < one + side * size.across; p += 1) bias[filter] += floats[p];
      for (let map = 0; map < maps; map += 1) {
        gradient(4 * map * size.plane, 4 * one, 4 * to);
        const kernel = 9 * (filter * maps + map);
        for (let tap = 0, at = to; tap < 9; tap += 1, at += 4) {
          weight[kernel + tap] +=
            floats[at] + floats[at + 1] + floats[at + 2] + floats[at + 3];
        }
      }
    }
  }
  return { convolve, addKernels };
}
