"""The website's own script beside onnxruntime-web, in Chromium, with the same weights.

    npm pack onnxruntime-web && tar xf onnxruntime-web-*.tgz
    python benchmarks/browser.py package/dist

Prints the milliseconds of one image, in turn, and what each makes a reader load. Needs
the browser extra and Chromium.
"""

import argparse
import json
import shutil
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import sync_playwright

import mnist_cnn as mc
from mnist_cnn.web import FOLDER, bundle, layers

ORT = ["ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]
MEASURE = """async (layers) => {
  const image = Float32Array.from({ length: 784 }, (_, i) => ((i * 7919) % 97) / 97);
  const network = makeNetwork(layers);
  ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create("model.onnx");
  const input = { images: new ort.Tensor("float32", image, [1, 1, 28, 28]) };
  const runs = {
    own: async () => network.run(image).at(-1).values,
    ort: async () => (await session.run(input)).logits.data,
  };
  const times = { own: [], ort: [] };
  for (let round = 0; round < 40; round += 1) {
    for (const [name, run] of Object.entries(runs)) {
      const start = performance.now();
      for (let i = 0; i < 10; i += 1) await run();
      times[name].push((performance.now() - start) / 10);
    }
  }
  const [one, other] = [await runs.own(), await runs.ort()];
  const away = Math.max(...one.map((logit, i) => Math.abs(logit - other[i])));
  const middle = (list) => list.slice(5).sort((a, b) => a - b)[17];
  return { own: middle(times.own), ort: middle(times.ort), away };
}"""


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder and keeps quiet about it."""

    def log_message(self, *args):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dist", type=Path, help="the folder dist of onnxruntime-web")
    dist = parser.parse_args().dist
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        own = bundle(FOLDER / "network.js")
        script = f"{own}\nwindow.makeNetwork = makeNetwork;"
        (folder / "own.js").write_text(f"(() => {{ {script} }})()", encoding="utf-8")
        page = '<script src="ort.wasm.min.js"></script><script src="own.js"></script>'
        (folder / "index.html").write_text(page, encoding="utf-8")
        for part in ORT:
            shutil.copy(dist / part, folder)
        handler = partial(Handler, directory=folder)
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for recipe in ("plain", "long"):
            model = mc.load(recipe=recipe)
            mc.export_onnx(model, folder / "model.onnx")
            tab = browser.new_page()
            tab.goto(f"http://127.0.0.1:{server.server_port}/index.html")
            found = tab.evaluate(MEASURE, layers(model))
            tab.close()
            own = len(json.dumps(layers(model))) + (folder / "own.js").stat().st_size
            ort = sum((folder / part).stat().st_size for part in [*ORT, "model.onnx"])
            print(
                f"{recipe}: own {found['own']:.2f} ms, {own:,} bytes; "
                f"onnxruntime-web {found['ort']:.2f} ms, {ort:,} bytes; "
                f"logits {found['away']:.1e} apart"
            )
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
