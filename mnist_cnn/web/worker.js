// The training, apart from the page: it gets messages and posts messages, each with the
// number of its run, and knows nothing of what is shown.
//
// It gets, as { kind, run, ... }
//   start { images, labels, test, testLabels, filters, rule, seed, rate, batch, method,
//           shuffled, every, scored }   a new training, which waits for go
//   go { steps }          on, for so many steps, or until pause; a step that a pause had
//                         cut short is finished first, and counts as the first
//   pause {}              stops before the next image
//   set { rate }          from the next step on
//   want {}               the weights, once
//   score {}              all test digits, now
// and posts, as { kind, run, n, ... }, n being how many steps were made
//   ready { parameters }  how many numbers there are to learn
//   step { loss, right, batch, ms }   mean loss of the batch before the step, how many of
//                         it were right, which images it was of, and how long it took
//   layers { layers }     of the same batch, by name: spread, gradient, silent
//   weights { buffer }    all weights, as floats in the order of weights.js
//   score { seen, of, loss, accuracy, predicted }   of the test digits seen so far
//   paused {}             it waits
//   failed { reason }     the loss is no finite number any more; it has stopped

import { lossAndGradients, makeOptimizer } from "./learn.js";
import { makeNetwork } from "./network.js";
import { countNumbers, drawWeights, layersOf, makeRandom, shuffle } from "./weights.js";

// post(message, transferred) takes what it says; what is returned takes messages
export function makeTrainer(post) {
  throw new Error("to come");
}
