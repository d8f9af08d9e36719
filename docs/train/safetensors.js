// The weights as a file that mc.load reads: github.com/huggingface/safetensors. The length
// of what follows, in 8 bytes; then names, shapes and places as JSON; then the numbers.

const FEATURES = [0, 2, 4, 7, 9, 11]; // places of the convolutions among VGG's layers

// numbers: in the order of weights.js, as floats whose lowest byte comes first, as in all
// processors that browsers run on
export function safetensors(filters, numbers) {
  const header = {};
  let start = 0;
  function add(name, ...shape) {
    const end = start + 4 * shape.reduce((product, size) => product * size, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [start, end] };
    start = end;
  }
  for (const [i, place] of FEATURES.entries()) {
    add(`features.${place}.weight`, filters, i === 0 ? 1 : filters, 3, 3);
    add(`features.${place}.bias`, filters);
  }
  add("classifier.1.weight", 10, 49 * filters);
  add("classifier.1.bias", 10);
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json.padEnd(8 * Math.ceil(json.length / 8)));
  const length = new DataView(new ArrayBuffer(8));
  length.setUint32(0, text.length, true);
  return new Blob([length, text, numbers]);
}

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
