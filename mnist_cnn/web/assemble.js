// WebAssembly put together byte by byte: as much of it as simd.js needs. What each number
// says is in webassembly.github.io/spec, "Binary Format".

const TYPES = { whole: 0x7f, number: 0x7d, fours: 0x7b }; // of 32, 32 and 4 x 32 bits

export const local = (which) => [0x20, which];
export const setLocal = (which) => [0x21, which];
export const putWhole = (number) => [0x41, ...signed(number)];

// Four numbers at once. spread makes four of one. An address lies on the stack, in bytes,
// and offset is added to it.
export const FOURS = {
  load: (offset) => [0xfd, 0x00, 2, ...unsigned(offset)],
  loadSpread: (offset) => [0xfd, 0x09, 2, ...unsigned(offset)],
  store: (offset) => [0xfd, 0x0b, 2, ...unsigned(offset)],
  SPREAD: [0xfd, 0x13],
  ADD: [0xfd, 0xe4, 1],
  MULTIPLY: [0xfd, 0xe6, 1],
  MAX: [0xfd, 0xe9, 1],
};

// Adds to a local
export function advance(which, number) {
  return [...local(which), ...putWhole(number), 0x6a, ...setLocal(which)];
}

// The body as often as a local says, which is 0 afterwards
export function repeat(which, body) {
  const again = [...advance(which, -1), ...local(which), 0x0d, 0];
  return [0x03, 0x40, ...body.flat(Infinity), ...again, 0x0b];
}

// functions: { name: { given, own, code } }, the types of what a function is given and of
// its other locals, and its instructions; a memory is shared with JavaScript.
export function assemble(functions, memory) {
  const parts = Object.values(functions);
  const names = Object.keys(functions).map(text);
  const types = parts.map(({ given }) => [0x60, list(given.map((type) => TYPES[type])), 0]);
  const bodies = parts.map(({ own, code }) => {
    const locals = list(own.map((type) => [1, TYPES[type]]));
    return list([...locals, ...code.flat(Infinity), 0x0b]);
  });
  const section = (id, content) => [id, ...list(content)];
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "asm", version 1
    ...section(1, list(types)),
    ...section(2, list([[text("js"), text("memory"), 2, 0, 1]])),
    ...section(3, list(parts.map((_, i) => i))),
    ...section(7, list(names.map((name, i) => [name, 0, i]))),
    ...section(10, list(bodies)),
  ];
  const module = new WebAssembly.Module(Uint8Array.from(bytes));
  return new WebAssembly.Instance(module, { js: { memory } }).exports;
}

function list(parts) {
  return [...unsigned(parts.length), ...parts.flat(Infinity)];
}

function text(letters) {
  return list([...letters].map((letter) => letter.charCodeAt(0)));
}

// Whole numbers take seven bits of each byte, the lowest first; the eighth says "go on"
function unsigned(number) {
  return number < 128 ? [number] : [(number & 127) | 128, ...unsigned(number >> 7)];
}

function signed(number) {
  if (number >= -64 && number < 64) return [number & 127];
  return [(number & 127) | 128, ...signed(number >> 7)];
}
