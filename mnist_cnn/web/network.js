// The network in plain JavaScript, from the layers that mnist_cnn.web.layers writes.
// Maps come first: pixel (y, x) of map c, S pixels a side, is at (c * S + y) * S + x.

function floats(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

// Its layers, and run, which takes an image, 784 numbers from 0 to 1, and returns what
// every layer makes of it: the image itself, the maps of each convolution after ReLU and of each
// pool, and last the ten logits, each as { name, kind, maps, side, values }.
export function makeNetwork(layers) {
  const ready = layers.map((layer) => ({
    ...layer,
    weight: layer.weight && floats(layer.weight),
    bias: layer.bias && floats(layer.bias),
  }));
  return {
    layers: ready,
    run(image) {
      const stages = [
        { name: "input", kind: "input", maps: 1, side: 28, values: Float32Array.from(image) },
      ];
      for (const layer of ready) {
        stages.push({ ...STEPS[layer.kind](stages.at(-1), layer), name: layer.name });
      }
      return stages;
    },
  };
}

const STEPS = { conv: convolve, pool: pool, linear: connect };

function convolve({ maps, side, values }, { weight, bias }) {
  const padded = pad(values, maps, side);
  const wide = side + 2;
  const out = new Float32Array(bias.length * side * side);
  const sum = new Float64Array(side * side);
  for (let filter = 0; filter < bias.length; filter += 1) {
    sum.fill(bias[filter]);
    for (let map = 0; map < maps; map += 1) {
      const [a, b, c, d, e, f, g, h, i] = kernel(weight, filter * maps + map);
      for (let y = 0; y < side; y += 1) {
        let over = (map * wide + y) * wide; // the patch's upper left corner
        let at = over + wide;
        let under = at + wide;
        const end = (y + 1) * side;
        for (let p = y * side; p < end; p += 1, over += 1, at += 1, under += 1) {
          sum[p] +=
            a * padded[over] + b * padded[over + 1] + c * padded[over + 2] +
            d * padded[at] + e * padded[at + 1] + f * padded[at + 2] +
            g * padded[under] + h * padded[under + 1] + i * padded[under + 2];
        }
      }
    }
    const start = filter * side * side;
    for (let p = 0; p < sum.length; p += 1) out[start + p] = Math.max(0, sum[p]); // ReLU
  }
  return { kind: "conv", maps: bias.length, side, values: out };
}

function kernel(weight, which) {
  return weight.subarray(9 * which, 9 * which + 9);
}

// The maps with a border of zeros, one pixel wide
function pad(values, maps, side) {
  const wide = side + 2;
  const padded = new Float64Array(maps * wide * wide); // JavaScript computes in 64 bits
  for (let row = 0; row < maps * side; row += 1) {
    const map = Math.floor(row / side);
    const start = (map * wide + (row % side) + 1) * wide + 1;
    padded.set(values.subarray(row * side, (row + 1) * side), start);
  }
  return padded;
}

function pool({ maps, side, values }) {
  const half = side / 2;
  const out = new Float32Array(maps * half * half);
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

// The pixels of the image that the unit (y, x) of a stage sees: the square from top, left
// to before bottom, right, where it reaches beyond the image as well.
export function receptiveField(stages, stage, y, x) {
  let [top, left, bottom, right] = [y, x, y + 1, x + 1];
  for (let s = stage; s > 0; s -= 1) {
    if (stages[s].kind === "conv") {
      [top, left, bottom, right] = [top - 1, left - 1, bottom + 1, right + 1];
    } else {
      [top, left, bottom, right] = [2 * top, 2 * left, 2 * bottom, 2 * right];
    }
  }
  return { top, left, bottom, right };
}

// How one unit of a convolution came about: of each map below, the patch of 3x3 values,
// the kernel, and the sum of their products; the bias; all of it; and that after ReLU.
export function explainUnit(stages, layers, stage, map, y, x) {
  const { maps, side, values } = stages[stage - 1];
  const { weight, bias } = layers[stage - 1];
  const padded = pad(values, maps, side);
  const wide = side + 2;
  const parts = Array.from({ length: maps }, (_, from) => {
    const corner = (from * wide + y) * wide + x;
    const rows = [0, wide, 2 * wide].map((row) => corner + row);
    const patch = rows.flatMap((row) => [...padded.subarray(row, row + 3)]);
    const weights = [...kernel(weight, map * maps + from)];
    const sum = patch.reduce((total, value, i) => total + value * weights[i], 0);
    return { patch, kernel: weights, sum };
  });
  const sum = parts.reduce((total, part) => total + part.sum, bias[map]);
  return { parts, bias: bias[map], sum, output: Math.max(0, sum) };
}
