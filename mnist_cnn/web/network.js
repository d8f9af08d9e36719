// The network in plain JavaScript, from the layers that mnist_cnn.web.layers writes.
// Maps come first: pixel (y, x) of map c, S pixels a side, is at (c * S + y) * S + x.

function floats(text) {
  if (typeof text !== "string") return text; // numbers already, as the training has them
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

// layers: weights, in base64 or as a Float32Array, may be changed in place. run(image), of
// 784 numbers from 0 to 1, gives what every layer makes of it: the image itself, the maps
// of each convolution after ReLU and of each pool, and last the ten logits, each as
// { name, kind, maps, side, values }; with outs, a {} a layer, each run writes into the
// arrays of the one before. answer(image) gives the logits alone, and leaves no garbage.
// by: with what to convolve, if not with this file's own (see simd.js).
export function makeNetwork(layers, by = { convolve }) {
  const ready = layers.map((layer) => ({
    ...layer,
    weight: layer.weight && floats(layer.weight),
    bias: layer.bias && floats(layer.bias),
    scratch: {}, // of its convolution, from one image to the next
  }));
  const spare = ready.map(() => ({})); // the maps of which only the logits are asked for
  function* steps(image, outs = []) {
    const stages = [
      { name: "input", kind: "input", maps: 1, side: 28, values: Float32Array.from(image) },
    ];
    for (const [i, layer] of ready.entries()) {
      const make = layer.kind === "conv" ? by.convolve : STEPS[layer.kind];
      const made = make(stages[i], layer, outs[i] ?? {});
      stages.push({ ...made, name: layer.name });
      yield;
    }
    return stages;
  }
  function run(image, outs) {
    const made = steps(image, outs);
    for (;;) {
      const { done, value } = made.next();
      if (done) return value;
    }
  }
  // The same stages without an image, all 0: nothing is computed, biases say nothing
  function blank() {
    const stages = [{ name: "input", kind: "input", maps: 1, side: 28 }];
    for (const { name, kind, bias } of ready) {
      const { maps, side } = stages.at(-1);
      const half = { conv: side, pool: side / 2, linear: 1 }[kind];
      stages.push({ name, kind, maps: bias?.length ?? maps, side: half });
    }
    return stages.map((stage) => ({
      ...stage,
      values: new Float32Array(stage.maps * stage.side ** 2),
    }));
  }
  return {
    layers: ready,
    by,
    blank,
    steps: (image) => steps(image), // run, with a pause after each layer
    run: (image, outs) => run(image, outs),
    answer: (image) => run(image, spare).at(-1).values,
  };
}

const STEPS = { pool, linear: connect };

// An array that is made once and used again
export function kept(store, name, Type, length) {
  if (store[name]?.length !== length) store[name] = new Type(length);
  return store[name];
}

// Two filters at a time, as each of the nine values is then read once for both, and from
// one pixel to the next only three are new: half the time. The order of all sums is the
// same as one by one, and so is the last bit.
export function convolve({ maps, side, values }, layer, store, relu = true) {
  const { weight, bias, scratch = {} } = layer;
  const padded = pad(values, maps, side, scratch);
  const [wide, area, filters] = [side + 2, side * side, bias.length];
  const out = kept(store, "out", Float32Array, filters * area);
  const sum = kept(scratch, "sum", Float64Array, area);
  const sums = kept(scratch, "sums", Float64Array, area);
  const floor = relu ? 0 : -Infinity;
  for (let filter = 0; filter < filters; filter += 2) {
    const other = Math.min(filter + 1, filters - 1); // an odd last one is done twice
    sum.fill(bias[filter]);
    sums.fill(bias[other]);
    for (let map = 0; map < maps; map += 1) {
      const [one, two] = [9 * (filter * maps + map), 9 * (other * maps + map)];
      const a = weight[one], b = weight[one + 1], c = weight[one + 2];
      const d = weight[one + 3], e = weight[one + 4], f = weight[one + 5];
      const g = weight[one + 6], h = weight[one + 7], i = weight[one + 8];
      const j = weight[two], k = weight[two + 1], l = weight[two + 2];
      const m = weight[two + 3], n = weight[two + 4], o = weight[two + 5];
      const q = weight[two + 6], r = weight[two + 7], s = weight[two + 8];
      for (let y = 0; y < side; y += 1) {
        let over = (map * wide + y) * wide; // the patch's upper left corner
        let at = over + wide;
        let under = at + wide;
        let p1 = padded[over];
        let p2 = padded[over + 1];
        let p4 = padded[at];
        let p5 = padded[at + 1];
        let p7 = padded[under];
        let p8 = padded[under + 1];
        const end = (y + 1) * side;
        for (let p = y * side; p < end; p += 1) {
          const p3 = padded[over + 2];
          const p6 = padded[at + 2];
          const p9 = padded[under + 2];
          sum[p] +=
            a * p1 + b * p2 + c * p3 + d * p4 + e * p5 + f * p6 + g * p7 + h * p8 + i * p9;
          sums[p] +=
            j * p1 + k * p2 + l * p3 + m * p4 + n * p5 + o * p6 + q * p7 + r * p8 + s * p9;
          p1 = p2;
          p2 = p3;
          p4 = p5;
          p5 = p6;
          p7 = p8;
          p8 = p9;
          over += 1;
          at += 1;
          under += 1;
        }
      }
    }
    for (let p = 0; p < area; p += 1) {
      out[filter * area + p] = Math.max(floor, sum[p]); // ReLU
      out[other * area + p] = Math.max(floor, sums[p]);
    }
  }
  return { kind: "conv", maps: filters, side, values: out };
}

export function kernel(weight, which) {
  return weight.subarray(9 * which, 9 * which + 9);
}

// The maps with a border of zeros, one pixel wide, which nobody writes to
export function pad(values, maps, side, store = {}) {
  const wide = side + 2; // JavaScript computes in 64 bits
  const padded = kept(store, "padded", Float64Array, maps * wide * wide);
  for (let row = 0; row < maps * side; row += 1) {
    const map = Math.floor(row / side);
    const start = (map * wide + (row % side) + 1) * wide + 1;
    padded.set(values.subarray(row * side, (row + 1) * side), start);
  }
  return padded;
}

function pool({ maps, side, values }, _layer, store) {
  const half = side / 2;
  const out = kept(store, "out", Float32Array, maps * half * half);
  for (let p = 0; p < out.length; p += 1) {
    const corner = 2 * Math.floor(p / half) * side + 2 * (p % half);
    out[p] = Math.max(
      values[corner],
      values[corner + 1],
      values[corner + side],
      values[corner + side + 1],
    );
  }
  return { kind: "pool", maps, side: half, values: out };
}

function connect({ values }, { weight, bias }) {
  const out = bias.map((start, row) => {
    let sum = start;
    const first = row * values.length;
    for (let p = 0; p < values.length; p += 1) sum += weight[first + p] * values[p];
    return sum;
  });
  return { kind: "linear", maps: out.length, side: 1, values: out };
}

export function softmax(logits) {
  const most = Math.max(...logits);
  const parts = Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => part / sum);
}
