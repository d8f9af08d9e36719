// The digits of the training page: two pixels in a byte, 16 greys each, compressed.

// What docs/train.py packs. Gives images, 784 numbers from 0 to 1 each, one after the
// other, and labels.
export async function unpackDigits({ count, packed }) {
  const letters = atob(packed);
  const squeezed = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) squeezed[i] = letters.charCodeAt(i);
  const stream = new Blob([squeezed]).stream();
  const opened = stream.pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(opened).arrayBuffer());
  const images = new Float32Array(784 * count);
  for (let i = 0; i < 392 * count; i += 1) {
    images[2 * i] = (bytes[i] >> 4) / 15;
    images[2 * i + 1] = (bytes[i] & 15) / 15;
  }
  return { images, labels: bytes.slice(392 * count) };
}
