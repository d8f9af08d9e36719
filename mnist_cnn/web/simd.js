// The same convolutions as in network.js and learn.js, several times as fast: with
// WebAssembly's instructions for four numbers at once. JavaScript has none of its own. Two
// short functions are put together here, byte by byte (webassembly.github.io/spec); sums
// are of 32 bits, not 64.

// The names of a few instructions; an address is on the stack, offset is added to it
const get = (local) => [0x20, local];
const set = (local) => [0x21, local];
const whole = (number) => [0x41, ...signed(number)];
const ADD = [0x6a];
const four = { load: load(0x00), spread: load(0x09), store: load(0x0b) };
const FOUR = { SPREAD: [0xfd, 0x13], ADD: [0xfd, 0xe4, 1], MUL: [0xfd, 0xe6, 1] };
FOUR.MAX = [0xfd, 0xe9, 1];
const KINDS = { whole: 0x7f, number: 0x7d, four: 0x7b };

function load(instruction) {
  return (offset) => [0xfd, instruction, 2, ...unsigned(offset)];
}

// Whole numbers take seven bits of each byte, the lowest first
function unsigned(number) {
  return number < 128 ? [number] : [(number & 127) | 128, ...unsigned(number >> 7)];
}

function signed(number) {
  const last = number >= -64 && number < 64;
  return last ? [number & 127] : [(number & 127) | 128, ...signed(number >> 7)];
}

// local counts down to 0; body is done each time
function repeat(local, ...body) {
  const again = [...get(local), ...whole(-1), ...ADD, 0x22, local, 0x0d, 0];
  return [0x03, 0x40, ...body.flat(Infinity), ...again, 0x0b];
}

function move(local, bytes) {
  return [...get(local), ...whole(bytes), ...ADD, ...set(local)];
}

// A map of side rows, each of so many fours, whose last may reach beyond it; with a border
function sizes(side) {
  const fours = Math.ceil(side / 4);
  const wide = 4 * fours + 2;
  return { fours, across: 4 * fours, wide, plane: (side + 2) * wide };
}

// A convolution, row by row, so that what it reads is still near the processor. The sums of
// a row stay in it while all maps are gone through and all nine weights: each weight is
// multiplied with a whole row, moved by 0, 1 or 2 pixels.
function convolveCode(side) {
  const { fours, across, wide, plane } = sizes(side);
  const [from, weights, biases, to, maps, filters, floor, ...own] = Array(15).keys();
  const [row, filter, map, at, weight, bias, out, one] = own;
  const sum = (i) => one + 1 + i;
  const parts = [...Array(fours).keys()];
  const products = tapsOf(wide).map((offset, tap) => [
    [get(weight), four.spread(4 * tap), set(one)],
    parts.map((i) => [
      [get(sum(i)), get(one), get(at), four.load(offset + 16 * i)],
      [FOUR.MUL, FOUR.ADD, set(sum(i))],
    ]),
  ]);
  const filterCode = [
    [get(bias), four.spread(0), set(one)],
    parts.map((i) => [get(one), set(sum(i))]),
    [get(from), set(at), get(maps), set(map)],
    repeat(map, products, move(at, 4 * plane), move(weight, 36)),
    parts.map((i) => [
      [get(out), get(sum(i)), get(floor), FOUR.SPREAD, FOUR.MAX],
      four.store(16 * i),
    ]),
    [move(bias, 4), move(out, 4 * side * across)],
  ];
  const code = [
    [whole(side), set(row)],
    repeat(
      row,
      [get(weights), set(weight), get(biases), set(bias), get(to), set(out)],
      [get(filters), set(filter), repeat(filter, filterCode)],
      [move(from, 4 * wide), move(to, 4 * across)],
    ),
  ];
  const given = [...Array(6).fill("whole"), "number"];
  return { given, own: [...Array(7).fill("whole"), ...Array(fours + 1).fill("four")], code };
}

// Of the nine weights, how far from a patch's upper left corner their pixel lies, in bytes
function tapsOf(wide) {
  return [0, 1, 2].flatMap((y) => [0, 1, 2].map((x) => 4 * (y * wide + x)));
}

// The gradients of one kernel: nine sums, over all pixels, of an output's gradient times
// what that weight was multiplied by. Each sum is left in four parts.
function gradientCode(side) {
  const { fours, across, wide } = sizes(side);
  const [from, gradient, to, row, one] = Array(5).keys();
  const sum = (tap) => one + 1 + tap;
  const taps = tapsOf(wide);
  const products = [...Array(fours).keys()].map((i) => [
    [get(gradient), four.load(16 * i), set(one)],
    taps.map((offset, tap) => [
      [get(sum(tap)), get(one), get(from), four.load(offset + 16 * i)],
      [FOUR.MUL, FOUR.ADD, set(sum(tap))],
    ]),
  ]);
  const code = [
    [whole(side), set(row)],
    repeat(row, products, move(from, 4 * wide), move(gradient, 4 * across)),
    taps.map((_, tap) => [get(to), get(sum(tap)), four.store(16 * tap)]),
  ];
  return { given: Array(3).fill("whole"), own: ["whole", ...Array(10).fill("four")], code };
}

// A module of functions, which share a memory with JavaScript
function assemble(functions) {
  const list = (parts) => [...unsigned(parts.length), ...parts.flat(Infinity)];
  const text = (letters) => list([...letters].map((letter) => letter.charCodeAt(0)));
  const section = (id, content) => [id, ...list(content)];
  const parts = Object.values(functions);
  const types = parts.map(({ given }) => [0x60, list(given.map((kind) => KINDS[kind])), 0]);
  const bodies = parts.map(({ own, code }) => {
    const locals = list(own.map((kind) => [1, KINDS[kind]]));
    return list([...locals, ...code.flat(Infinity), 0x0b]);
  });
  const names = Object.keys(functions);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "asm", version 1
    ...section(1, list(types)),
    ...section(2, list([[text("js"), text("memory"), 2, 0, 1]])),
    ...section(3, list(parts.map((_, i) => i))),
    ...section(7, list(names.map((name, i) => [text(name), 0, i]))),
    ...section(10, list(bodies)),
  ]);
}

// { convolve, addKernels }, as network.js and learn.js have them, or null where the browser
// has no such instructions
export function makeFast() {
  const memory = new WebAssembly.Memory({ initial: 4 });
  const ready = {}; // by side
  function functionsFor(side) {
    if (ready[side]) return ready[side];
    const parts = { convolve: convolveCode(side), gradient: gradientCode(side) };
    const module = new WebAssembly.Module(assemble(parts));
    ready[side] = new WebAssembly.Instance(module, { js: { memory } }).exports;
    return ready[side];
  }
  try {
    functionsFor(4);
  } catch {
    return null;
  }

  // All memory as floats, at least so many
  function floatsFor(count) {
    const missing = 4 * count - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    return new Float32Array(memory.buffer);
  }

  // Rows of side numbers into, or out of, rows that are across wide
  function spreadRows(floats, start, values, maps, side, { across }) {
    for (let row = 0, p = 0, at = start; row < maps * side; row += 1, at += across) {
      for (let x = 0; x < side; x += 1, p += 1) floats[at + x] = values[p];
      for (let x = side; x < across; x += 1) floats[at + x] = 0;
    }
  }

  function border(floats, values, maps, side, { wide, plane }) {
    floats.fill(0, 0, maps * plane);
    for (let map = 0, p = 0; map < maps; map += 1) {
      for (let y = 1; y <= side; y += 1) {
        const start = map * plane + y * wide + 1;
        for (let x = 0; x < side; x += 1, p += 1) floats[start + x] = values[p];
      }
    }
  }

  function convolve({ maps, side, values }, { weight, bias }, store, relu = true) {
    const size = sizes(side);
    const filters = bias.length;
    const weights = maps * size.plane; // where they begin
    const biases = weights + weight.length;
    const to = biases + filters;
    const floats = floatsFor(to + filters * side * size.across);
    border(floats, values, maps, side, size);
    floats.set(weight, weights);
    floats.set(bias, biases);
    const starts = [0, 4 * weights, 4 * biases, 4 * to];
    functionsFor(side).convolve(...starts, maps, filters, relu ? 0 : -Infinity);
    if (store.out?.length !== filters * side * side) {
      store.out = new Float32Array(filters * side * side);
    }
    for (let row = 0, p = 0, at = to; row < filters * side; row += 1, at += size.across) {
      for (let x = 0; x < side; x += 1, p += 1) store.out[p] = floats[at + x];
    }
    return { kind: "conv", maps: filters, side, values: store.out };
  }

  function addKernels(through, { maps, side, values }, { weight, bias }) {
    const size = sizes(side);
    const filters = bias.length;
    const from = maps * size.plane;
    const to = from + filters * side * size.across;
    const floats = floatsFor(to + 36);
    border(floats, values, maps, side, size);
    spreadRows(floats, from, through, filters, side, size);
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
