// What test_train_page.py calls in Node, after the page's own scripts.

const { writeFileSync } = require("fs");

function finish(told, floats) {
  writeFileSync("told", JSON.stringify(told));
  writeFileSync("floats", Buffer.concat(floats.map(({ buffer }) => Buffer.from(buffer))));
  process.exit();
}

// For each image its gradients, and to which pixel of its map before it each number of the
// pools goes back: numbered, and sent back through them.
function gradients({ filters, weights, images, labels, fast }) {
  const layers = layersOf(filters, Float32Array.from(weights));
  const network = makeNetwork(layers, fast ? makeFast() : undefined);
  const found = new Float64Array(countNumbers(filters));
  const store = {};
  const rows = labels.flatMap((label, i) => {
    found.fill(0);
    const image = images.slice(784 * i, 784 * (i + 1));
    const views = layersOf(filters, found);
    const { stages } = lossAndGradients(network, image, label, views, store);
    const routes = [4, 8].map((pool) => {
      const around = { input: stages[pool - 1], output: stages[pool] };
      const numbers = stages[pool].values.map((_, p) => p + 1);
      const back = poolBackward(numbers, {}, around, {}, {});
      const cells = [...back.keys()].filter((cell) => back[cell]);
      cells.sort((a, b) => back[a] - back[b]);
      return Float32Array.from(cells, (cell) => cell % around.input.side ** 2);
    });
    return [Float32Array.from(found), ...routes];
  });
  finish(null, rows);
}

// All messages of a training by kind; its weights at first, and after so many more steps
async function training({ digits, counts, ...settings }) {
  const { images, labels } = await unpackDigits(digits);
  const [told, weights] = [{}, []];
  const hear = makeTrainer((message) => {
    if (message.kind === "weights") weights.push(new Float32Array(message.buffer));
    else (told[message.kind] ??= []).push(message);
    if (message.kind === "ready" || message.kind === "paused") {
      hear({ kind: "want", run: 1 });
      if (counts.length === 0) finish(told, weights);
      hear({ kind: "go", run: 1, steps: counts.shift() });
    }
  });
  const all = { images, labels, test: images, testLabels: labels, ...settings };
  hear({ kind: "start", run: 1, ...all });
}

async function unpacked({ digits }) {
  const { images, labels } = await unpackDigits(digits);
  finish(null, [images, Float32Array.from(labels)]);
}
