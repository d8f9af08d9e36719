"""The training page's own scripts beside TensorFlow.js, in Chromium, equal weights.

    npm pack @tensorflow/tfjs @tensorflow/tfjs-backend-wasm
    for f in *.tgz; do mkdir -p ${f%-4*} && tar xf $f -C ${f%-4*}; done
    python benchmarks/train_page.py FOLDER

FOLDER is where that was done. In turn, a batch of 8: forward beside the WebAssembly
backend with SIMD on one thread, a whole step of SGD beside the plain "cpu" backend, as
the other has no gradient of filters. Prints the median milliseconds of each and, round
by round, how many times theirs ours takes. Needs the browser extra and Chromium.
"""

import argparse
import json
import shutil
import tempfile
import threading
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from statistics import median

from browser import Handler
from playwright.sync_api import sync_playwright

from mnist_cnn.web import FOLDER, bundle

BATCH, RATE = 8, 0.001
DIST = {
    "tensorflow-tfjs": ["tf.min.js"],
    "tensorflow-tfjs-backend-wasm": [
        "tf-backend-wasm.min.js",
        "tfjs-backend-wasm.wasm",
        "tfjs-backend-wasm-simd.wasm",
    ],
}
SCRIPTS = ["tf.min.js", "tf-backend-wasm.min.js", "own.js", "compare.js"]
COMPARE = """
async function compare({ filters, rounds, batch, rate }) {
  const random = makeRandom(1);
  const images = Float32Array.from({ length: 784 * batch }, () => random());
  const labels = Int32Array.from({ length: batch }, (_, i) => i % 10);
  const numbers = new Float32Array(countNumbers(filters));
  const layers = layersOf(filters, numbers);
  drawWeights(layers, "he", makeRandom(0));
  const own = makeOwn(layers, numbers, images, labels, rate);
  const theirs = {};
  for (const backend of ["wasm", "cpu"]) {
    if (backend === "wasm") tf.wasm.setThreadsCount(1);
    await tf.setBackend(backend);
    theirs[backend] = makeTheirs(layers, filters, images, labels, rate);
  }
  const runs = {
    ownForward: ["cpu", own.forward],
    wasmForward: ["wasm", theirs.wasm.forward],
    ownStep: ["cpu", own.step],
    cpuStep: ["cpu", theirs.cpu.step],
  };
  const times = { ownForward: [], wasmForward: [], ownStep: [], cpuStep: [] };
  const losses = { ownStep: [], cpuStep: [] };
  const slow = 10; // steps are made in every tenth round
  const away = Math.max(
    ...own.forward().map((logit, i) => Math.abs(logit - theirs.cpu.forward()[i])),
  );
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, [backend, run]] of Object.entries(runs)) {
      if (losses[name] && round % slow) continue;
      await tf.setBackend(backend);
      const start = performance.now();
      const loss = run();
      times[name].push(performance.now() - start);
      losses[name]?.push(loss);
    }
  }
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  return { times, losses, away, simd };
}

function makeOwn(layers, numbers, images, labels, rate) {
  const network = makeNetwork(layers, makeFast());
  const gradients = new Float64Array(numbers.length);
  const views = layersOf(layers[0].bias.length, gradients);
  const optimize = makeOptimizer("sgd", numbers.length);
  const store = {};
  const all = [...labels.keys()].map((i) => images.subarray(784 * i, 784 * (i + 1)));
  function step() {
    let loss = 0;
    gradients.fill(0);
    for (const [i, image] of all.entries()) {
      loss += lossAndGradients(network, image, labels[i], views, store).loss;
    }
    for (let i = 0; i < gradients.length; i += 1) gradients[i] /= labels.length;
    optimize(numbers, gradients, rate);
    return loss / labels.length;
  }
  return { step, forward: () => all.flatMap((image) => [...network.answer(image)]) };
}

// The same weights as its tensors: its maps come last
function makeTheirs(layers, filters, images, labels, rate) {
  const x = tf.tensor4d(images, [labels.length, 28, 28, 1]);
  const right = tf.oneHot(tf.tensor1d(labels, "int32"), 10);
  const parts = layers.map(({ kind, weight, bias }) => {
    if (kind === "pool") return { kind };
    const shape = kind === "conv" ? [filters, -1, 3, 3] : [10, filters, 7, 7];
    const whole = tf.transpose(tf.tensor(weight.slice()).reshape(shape), [2, 3, 1, 0]);
    const filter = kind === "conv" ? whole : whole.reshape([-1, 10]);
    const start = tf.tensor(bias.slice());
    return { kind, filter: tf.variable(filter), bias: tf.variable(start) };
  });
  const relu = { strides: 1, pad: "same", activation: "relu" };
  function logits() {
    let out = x;
    for (const { kind, filter, bias } of parts) {
      if (kind === "conv") out = tf.fused.conv2d({ x: out, filter, bias, ...relu });
      if (kind === "pool") out = tf.maxPool(out, 2, 2, "valid");
      if (kind === "linear") {
        out = tf.fused.matMul({ a: out.reshape([labels.length, -1]), b: filter, bias });
      }
    }
    return out;
  }
  const optimizer = tf.train.sgd(rate);
  const loss = () => tf.losses.softmaxCrossEntropy(right, logits());
  return {
    forward: () => tf.tidy(() => logits().dataSync()),
    step: () => tf.tidy(() => optimizer.minimize(loss, true).dataSync()[0]),
  };
}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where npm pack and tar were run")
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        for package, files in DIST.items():
            for file in files:
                shutil.copy(given.folder / package / "package" / "dist" / file, folder)
        own = bundle(*(FOLDER / f"{name}.js" for name in ("learn", "simd", "weights")))
        (folder / "own.js").write_text(own, encoding="utf-8")
        (folder / "compare.js").write_text(COMPARE, encoding="utf-8")
        page = "".join(f'<script src="{script}"></script>' for script in SCRIPTS)
        (folder / "index.html").write_text(page, encoding="utf-8")
        handler = partial(Handler, directory=folder)
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for filters in (16, 8, 4):
            tab = browser.new_page()
            tab.goto(f"http://127.0.0.1:{server.server_port}/index.html")
            settings = {"rounds": given.rounds, "batch": BATCH, "rate": RATE}
            found = tab.evaluate(
                f"compare({json.dumps(settings | {'filters': filters})})"
            )
            tab.close()
            report(filters, found)
        browser.close()
        server.shutdown()


def report(filters: int, found: dict) -> None:
    """A line each for forward and for a step, the first few left out."""
    times = {name: row[len(row) // 5 :] for name, row in found["times"].items()}
    curves = zip(*found["losses"].values(), strict=True)
    print(
        f"{filters} filters, batch of {BATCH}, SIMD {found['simd']}: logits "
        f"{found['away']:.1e} apart, losses {max(abs(a - b) for a, b in curves):.1e}"
    )
    for own, other in (("ownForward", "wasmForward"), ("ownStep", "cpuStep")):
        ratios = [a / b for a, b in zip(times[own], times[other], strict=True)]
        print(
            f"  {own} {median(times[own]):.1f} ms, {other} {median(times[other]):.1f} "
            f"ms; ratio: median {median(ratios):.2f}, of the fastest "
            f"{min(times[own]) / min(times[other]):.2f}"
        )


if __name__ == "__main__":
    main()
