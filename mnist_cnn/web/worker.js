// The training, apart from the page: it gets messages and posts messages, each with the
// number of its run, and knows nothing of what is shown.
//
// It gets, as { kind, run, ... }
//   start { images, labels, test, testLabels, filters, rule, seed, rate, batch, method,
//           shuffled, every, some }   a new training, which waits for go; after every so
//                         many steps it reads some of the test digits
//   go { steps }          on, for so many steps, or until pause; a step that a pause had
//                         cut short is finished first, and counts as the first
//   pause {}              stops before the next image, whether to learn or to test
//   set { rate }          from the next step on
//   want {}               posts the weights, once
//   score {}              reads all test digits, now
// and posts, as { kind, run, n, ... }, n being how many steps were made
//   ready { parameters }  how many numbers there are to learn
//   step { loss, right, batch, ms }   mean loss of the batch before the step, how many of
//                         it were right, which images it was of, and how long it took
//   layers { layers }     what gauge.js reads of the same batch
//   weights { buffer }    all weights, as floats in the order of weights.js
//   score { seen, of, loss, accuracy, predicted }   of the test digits seen so far
//   paused {}             it waits; after the steps that go asked for as well
//   failed { reason }     the loss is no finite number any more; it goes on no more

import { best } from "./dom.js";
import { makeGauge } from "./gauge.js";
import { crossEntropy, lossAndGradients, makeOptimizer } from "./learn.js";
import { makeNetwork } from "./network.js";
import { makeFast } from "./simd.js";
import { countNumbers, drawWeights, layersOf, makeRandom, shuffle } from "./weights.js";

// post(message, transferred) takes what it says; what is returned takes messages
export function makeTrainer(post) {
  const tick = makeTick();
  let training = null;
  return (message) => {
    const { kind, run } = message;
    if (kind === "start") {
      training?.pause();
      const say = (what, more, moved) => post({ kind: what, run, ...more }, moved);
      training = { run, ...makeTraining(message, say, tick) };
      say("ready", { n: 0, parameters: countNumbers(message.filters) });
    } else if (run === training?.run) {
      training[kind](message);
    }
  };
}

function makeTraining(settings, say, tick) {
  const { filters, rule, seed, method, images, test, testLabels } = settings;
  const { batch = 16, every = 25, some = 200 } = settings;
  const count = countNumbers(filters);
  const numbers = new Float32Array(count);
  const layers = layersOf(filters, numbers);
  drawWeights(layers, rule, makeRandom(seed));
  const network = makeNetwork(layers, makeFast() ?? undefined);
  const gradients = new Float64Array(count);
  const views = layersOf(filters, gradients);
  const optimize = makeOptimizer(method, count);
  const gauge = makeGauge(layers);
  const labels = settings.shuffled ? mix(settings.labels, seed) : settings.labels;
  const steps = learn(makeRandom(seed + 1));
  let rate = settings.rate;
  let n = 0; // steps made
  let left = 0; // steps to make
  let scoring = null;
  let working = false;

  // Step after step; pauses after each image, so that messages are heard in time
  function* learn(random) {
    const store = {};
    for (let order = []; ; ) {
      while (order.length < batch) order = [...order, ...shuffle(labels.length, random)];
      const chosen = order.splice(0, batch);
      let [loss, right, ms] = [0, 0, 0];
      gradients.fill(0);
      gauge.clear();
      for (const i of chosen) {
        const start = performance.now();
        const image = images.subarray(784 * i, 784 * (i + 1));
        const made = lossAndGradients(network, image, labels[i], views, store);
        loss += made.loss / batch;
        right += best(made.stages.at(-1).values) === labels[i];
        gauge.add(made.stages);
        ms += performance.now() - start;
        yield;
      }
      const start = performance.now();
      for (let i = 0; i < count; i += 1) gradients[i] /= batch; // the mean of the batch's
      optimize(numbers, gradients, rate);
      ms += performance.now() - start;
      n += 1;
      left -= 1;
      say("step", { n, loss, right, batch: chosen, ms });
      say("layers", { n, layers: gauge.read(views) });
      if (!Number.isFinite(loss)) fail();
      else if (n % every === 0) scoring = score(some);
      yield;
    }
  }

  // The first so many test digits, with the weights as they are
  function* score(of) {
    const predicted = new Uint8Array(of);
    let [loss, right] = [0, 0];
    for (let seen = 1; seen <= of; seen += 1) {
      const i = seen - 1;
      const logits = network.answer(test.subarray(784 * i, 784 * (i + 1)));
      predicted[i] = best(logits);
      right += predicted[i] === testLabels[i];
      loss += crossEntropy(logits, testLabels[i]).loss;
      if (seen % 100 === 0 || seen === of) {
        const told = { loss: loss / seen, accuracy: right / seen };
        say("score", { n, seen, of, ...told, predicted: predicted.slice(0, seen) });
      }
      yield;
    }
  }

  function fail() {
    left = -Infinity; // go does not help
    const reason = "expected a loss that is a number: the steps were too large";
    say("failed", { n, reason });
  }

  async function work() {
    if (working) return;
    working = true;
    while (scoring || left > 0) {
      if (!scoring) steps.next();
      else if (scoring.next().done) scoring = null;
      await tick();
    }
    working = false;
    say("paused", { n });
  }

  return {
    go({ steps: more = Infinity }) {
      left = left < 0 ? left : more;
      work();
    },
    pause() {
      left = Math.min(left, 0);
      scoring = null;
    },
    set(changed) {
      rate = changed.rate;
    },
    want() {
      const { buffer } = numbers.slice();
      say("weights", { n, buffer }, [buffer]);
    },
    score() {
      scoring = score(testLabels.length);
      work();
    },
  };
}

// The same labels, dealt out to the images by chance: nothing is left to understand
export function mix(labels, seed) {
  const order = shuffle(labels.length, makeRandom(seed + 2));
  return labels.map((_, i) => labels[order[i]]);
}

// Waits until the messages that came meanwhile are heard, and no longer, as a timer would:
// 4 ms.
function makeTick() {
  const { port1, port2 } = new MessageChannel();
  const waiting = [];
  port1.onmessage = () => waiting.shift()();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
}

// In a worker. A page without one calls makeTrainer itself.
if (typeof importScripts === "function") {
  const hear = makeTrainer((message, moved) => self.postMessage(message, moved));
  self.onmessage = ({ data }) => hear(data);
}
