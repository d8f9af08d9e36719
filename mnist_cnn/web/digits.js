// The digits of the training page: two pixels in a byte, 16 greys each.

// packed: in base64, as docs/train.py writes it, 392 bytes an image and then a byte for
// each label. Gives images, 784 numbers from 0 to 1 each, one after the other; labels.
export function unpackDigits({ count, packed }) {
  const letters = atob(packed);
  const images = new Float32Array(784 * count);
  for (let i = 0; i < 392 * count; i += 1) {
    const byte = letters.charCodeAt(i);
    images[2 * i] = (byte >> 4) / 15;
    images[2 * i + 1] = (byte & 15) / 15;
  }
  const labels = Uint8Array.from({ length: count }, (_, i) =>
    letters.charCodeAt(392 * count + i),
  );
  return { images, labels };
}
