// The numbers of a VGG with so many filters, in one row, and how they begin.

// All its layers as network.js takes them. weight and bias are views of numbers, which
// are in the order of PyTorch's state_dict; inputs is how many numbers each sum is of.
export function layersOf(filters, numbers) {
  const layers = [];
  let start = 0;
  function add(name, kind, outputs, inputs) {
    const weight = numbers.subarray(start, start + outputs * inputs);
    const bias = numbers.subarray(start + outputs * inputs, start + outputs * (inputs + 1));
    start += outputs * (inputs + 1);
    layers.push({ name, kind, weight, bias, inputs });
  }
  for (const block of [0, 1]) {
    for (const place of [1, 2, 3]) {
      const maps = block === 0 && place === 1 ? 1 : filters; // the image has one
      add(`conv ${3 * block + place}`, "conv", filters, 9 * maps);
    }
    layers.push({ name: `pool ${block + 1}`, kind: "pool" });
  }
  add("linear", "linear", 10, 49 * filters);
  return layers;
}

// How many that are: 19,610 with 16 filters
export function countNumbers(filters) {
  const convolutions = 10 * filters + 5 * (9 * filters + 1) * filters;
  return convolutions + 10 * (49 * filters + 1);
}

// Fills the layers with random weights. "pytorch": what PyTorch does unasked, all between
// -1 and 1 over the root of inputs. "he": as large as keeps the spread of the activations
// from layer to layer (arXiv:1502.01852); ReLU takes half away, hence the 2.
export function drawWeights(layers, rule, random) {
  for (const { kind, weight, bias, inputs } of layers) {
    if (kind === "pool") continue;
    const limit = 1 / Math.sqrt(inputs);
    const spread = Math.sqrt((kind === "conv" ? 2 : 1) / inputs);
    const draw =
      rule === "he" ? () => spread * normal(random) : () => limit * (2 * random() - 1);
    for (let i = 0; i < weight.length; i += 1) weight[i] = draw();
    for (let i = 0; i < bias.length; i += 1) bias[i] = rule === "he" ? 0 : draw();
  }
}

// Numbers from 0 to below 1, the same for the same seed: mulberry32, public domain. What
// browsers have themselves, Math.random, takes no seed.
export function makeRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Of a bell with mean 0 and spread 1, made of two even ones (Box and Muller, 1958)
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

// The numbers from 0 to before count, in an order drawn by chance (Fisher and Yates)
export function shuffle(count, random) {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i -= 1) {
    const other = Math.floor((i + 1) * random());
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}
