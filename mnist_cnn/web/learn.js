// How a network learns: the loss, its gradients layer by layer from the last to the
// first, and the steps that the optimizers make of them.

import { convolve, kept, pad, softmax } from "./network.js";

// Cross-entropy: minus the logarithm of what the right digit gets. Its gradient with
// respect to the logits is the answer, less 1 for the right digit.
export function crossEntropy(logits, label) {
  const gradient = softmax(logits);
  const most = Math.max(...logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
  gradient[label] -= 1;
  return { loss: Math.log(sum) + most - logits[label], gradient };
}

// Runs one image forward, then backward, and adds its gradients to those of the images
// before it: gradients has, for each layer, a weight and a bias to add to (layersOf of a
// Float64Array). store, an {} at first, holds arrays from one image to the next.
export function lossAndGradients(network, image, label, gradients, store) {
  store.outs ??= network.layers.map(() => ({}));
  store.back ??= network.layers.map(() => ({}));
  const by = { convolve, addKernels, ...network.by };
  const stages = network.run(image, store.outs);
  const { loss, gradient } = crossEntropy(stages.at(-1).values, label);
  let after = gradient; // of the loss with respect to what the layer made
  for (let i = network.layers.length - 1; i >= 0; i -= 1) {
    const layer = network.layers[i];
    const around = { input: stages[i], output: stages[i + 1], by, first: i === 0 };
    after = BACKWARD[layer.kind](after, layer, around, gradients[i], store.back[i]);
  }
  return { loss, stages };
}

const BACKWARD = {
  conv: convolveBackward,
  pool: poolBackward,
  linear: connectBackward,
};

// A logit is a sum of products weight * value: a weight's gradient is its value times the
// logit's gradient, and a value's is its weight times that, summed over the ten logits.
function connectBackward(after, { weight }, { input }, gradients, store) {
  const { values } = input;
  const before = kept(store, "before", Float32Array, values.length).fill(0);
  for (let row = 0; row < after.length; row += 1) {
    const first = row * values.length;
    const size = after[row];
    gradients.bias[row] += size;
    for (let p = 0; p < values.length; p += 1) {
      gradients.weight[first + p] += size * values[p];
      before[p] += size * weight[first + p];
    }
  }
  return before;
}

// Only the largest of four was passed on, so it alone gets the gradient; of equal ones
// the first, as in PyTorch.
function poolBackward(after, _layer, { input, output }, _gradients, store) {
  const { side, values } = input;
  const half = output.side;
  const before = kept(store, "before", Float32Array, values.length).fill(0);
  for (let p = 0; p < after.length; p += 1) {
    const corner = 2 * Math.floor(p / half) * side + 2 * (p % half);
    const most = output.values[p];
    if (values[corner] === most) before[corner] = after[p];
    else if (values[corner + 1] === most) before[corner + 1] = after[p];
    else if (values[corner + side] === most) before[corner + side] = after[p];
    else before[corner + side + 1] = after[p];
  }
  return before;
}

// Where ReLU made a 0 of it, an output answers to nothing: no gradient goes through. Else
// each of the nine weights gets what it was multiplied by, times the output's gradient;
// and each input what it was multiplied by, so the gradients are convolved in turn, with
// the kernels turned by half a circle, as they now lead from outputs back to inputs.
function convolveBackward(after, layer, { input, output, by, first }, gradients, store) {
  const { maps, side } = input;
  const through = kept(store, "through", Float32Array, after.length);
  for (let p = 0; p < after.length; p += 1) {
    through[p] = output.values[p] > 0 ? after[p] : 0;
  }
  by.addKernels(through, input, gradients, store);
  if (first) return null; // nobody asks for the gradient of the pixels
  const turned = {
    weight: turnKernels(layer.weight, maps, output.maps, store),
    bias: kept(store, "zeros", Float32Array, maps),
    scratch: store,
  };
  const from = { maps: output.maps, side, values: through };
  return by.convolve(from, turned, store, false).values;
}

// through: of the loss with respect to each output before ReLU, adds to the kernels'
function addKernels(through, { maps, side, values }, { weight, bias }, store) {
  const [wide, area] = [side + 2, side * side];
  const padded = pad(values, maps, side, store);
  for (let filter = 0; filter < bias.length; filter += 1) {
    for (let p = 0; p < area; p += 1) {
      const size = through[filter * area + p];
      if (size === 0) continue; // as of all that a pool did not pass on
      bias[filter] += size;
      const corner = Math.floor(p / side) * wide + (p % side);
      for (let map = 0; map < maps; map += 1) {
        const one = 9 * (filter * maps + map);
        for (let tap = 0; tap < 9; tap += 1) {
          const at = map * wide * wide + corner + Math.floor(tap / 3) * wide + (tap % 3);
          weight[one + tap] += size * padded[at];
        }
      }
    }
  }
}

// Of each kernel the nine numbers last to first, by map and then by filter
function turnKernels(weight, maps, filters, store) {
  const turned = kept(store, "turned", Float32Array, weight.length);
  for (let filter = 0; filter < filters; filter += 1) {
    for (let map = 0; map < maps; map += 1) {
      const [from, to] = [9 * (filter * maps + map), 9 * (map * filters + filter)];
      for (let tap = 0; tap < 9; tap += 1) turned[to + tap] = weight[from + 8 - tap];
    }
  }
  return turned;
}

// A step of each method changes numbers, given the gradient of each and the learning
// rate. PyTorch's SGD, SGD(momentum=0.9) and Adam, with its own settings.
const METHODS = {
  sgd: () => (numbers, gradients, rate) => {
    for (let i = 0; i < numbers.length; i += 1) numbers[i] -= rate * gradients[i];
  },
  // What was gathered in the steps before goes on, nine tenths of it each time
  momentum: (count) => {
    const speed = new Float64Array(count);
    return (numbers, gradients, rate) => {
      for (let i = 0; i < count; i += 1) {
        speed[i] = 0.9 * speed[i] + gradients[i];
        numbers[i] -= rate * speed[i];
      }
    };
  },
  // The mean of the last gradients over the root of their mean square, so that each
  // number moves about as far as the rate says (arXiv:1412.6980)
  adam: (count) => {
    const [mean, square] = [new Float64Array(count), new Float64Array(count)];
    let n = 0;
    return (numbers, gradients, rate) => {
      n += 1;
      const [start, startSquare] = [1 - 0.9 ** n, 1 - 0.999 ** n]; // both began at 0
      for (let i = 0; i < count; i += 1) {
        mean[i] = 0.9 * mean[i] + 0.1 * gradients[i];
        square[i] = 0.999 * square[i] + 0.001 * gradients[i] ** 2;
        const root = Math.sqrt(square[i] / startSquare) + 1e-8;
        numbers[i] -= (rate * (mean[i] / start)) / root;
      }
    };
  },
};

// method: "sgd", "momentum" or "adam"; count: of how many numbers
export function makeOptimizer(method, count) {
  return METHODS[method](count);
}
