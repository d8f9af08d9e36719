// A picture from a file or a camera as ink on the pad, which then goes the way of every
// drawing. Paper may be grey and unevenly lit, and the board dark with light chalk.

const LARGE = 4; // pixels a side of the picture for one of the pad's, before it is reduced
const AROUND = 0.12; // of the side: how far from a pixel its paper is looked for
const RARE = 0.01; // the share of pixels that are darker than what counts as full ink
const FAINT = 0.4; // of full ink: less is grain and shadow

// Returns side x side numbers from 0, paper, to 255, ink
export async function readPicture(file, side) {
  const bitmap = await createImageBitmap(file);
  const large = LARGE * side;
  const ratio = large / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width, bitmap.height].map((n) => Math.round(n * ratio));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const grey = Float32Array.from(
    { length: width * height },
    (_, p) => 0.299 * data[4 * p] + 0.587 * data[4 * p + 1] + 0.114 * data[4 * p + 2],
  );
  return reduce(findInk(grey, width, height), width, height, side);
}

// How much darker than around it each pixel is, from 0 to 1; lighter, on a dark board
function findInk(grey, width, height) {
  const paper = means(grey, width, height, Math.round(AROUND * Math.max(width, height)));
  const away = paper.map((value, p) => value - grey[p]);
  const sorted = Float32Array.from(away).sort();
  const rare = Math.floor(RARE * sorted.length);
  const [light, dark] = [-sorted[rare], sorted[sorted.length - 1 - rare]];
  const [sign, full] = dark >= light ? [1, dark] : [-1, light];
  return away.map((value) => {
    const share = (sign * value) / full;
    return Math.min(1, Math.max(0, (share - FAINT) / (1 - FAINT)));
  });
}

// Of each pixel the mean of the square around it, by sums of all above and to the left
function means(values, width, height, reach) {
  const wide = width + 1;
  const sums = new Float64Array(wide * (height + 1));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0, row = 0; x < width; x += 1) {
      row += values[y * width + x];
      sums[(y + 1) * wide + x + 1] = sums[y * wide + x + 1] + row;
    }
  }
  return values.map((_, p) => {
    const [y, x] = [Math.floor(p / width), p % width];
    const [top, bottom] = [Math.max(0, y - reach), Math.min(height, y + reach + 1)];
    const [left, right] = [Math.max(0, x - reach), Math.min(width, x + reach + 1)];
    const sum =
      sums[bottom * wide + right] - sums[top * wide + right] -
      sums[bottom * wide + left] + sums[top * wide + left];
    return sum / ((bottom - top) * (right - left));
  });
}

// The darkest of each square, or thin strokes would fade; in the middle of the pad
function reduce(ink, width, height, side) {
  const [across, down] = [width, height].map((n) => Math.floor(n / LARGE));
  const [left, top] = [across, down].map((n) => Math.floor((side - n) / 2));
  const pixels = new Array(side * side).fill(0);
  for (let p = 0; p < across * down; p += 1) {
    const [y, x] = [Math.floor(p / across), p % across];
    let most = 0;
    for (let j = 0; j < LARGE; j += 1) {
      for (let i = 0; i < LARGE; i += 1) {
        most = Math.max(most, ink[(y * LARGE + j) * width + x * LARGE + i]);
      }
    }
    pixels[(top + y) * side + left + x] = Math.round(255 * most);
  }
  return pixels;
}
