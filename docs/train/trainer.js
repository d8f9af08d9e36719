// The worker that trains, from its script in the page, as a file that was opened from a
// folder may load no other. Where there are no workers, it is done here, image by image.

import { makeTrainer } from "./worker.js";

// hear(message) gets what it says; returns a function that takes messages to it
export function startTrainer(script, hear) {
  try {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    const worker = new Worker(address);
    worker.onmessage = ({ data }) => hear(data);
    return (message) => worker.postMessage(message);
  } catch {
    return makeTrainer((message) => setTimeout(hear, 0, message));
  }
}
