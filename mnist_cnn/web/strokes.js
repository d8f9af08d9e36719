// Strokes as text, so that an address can hold a drawing. A stroke is a list of numbers,
// x and y in turn, in quarters of a pixel of the pad, 280 pixels wide.

const FINE = 4; // steps in a pixel
const BEYOND = 22; // pixels outside the pad, where the pen leaves no ink any more
const NEAR = 1.5; // pixels: a point closer to the one before it adds nothing
const MOST = 12_000; // letters: an address that is longer is no drawing of ours

// To the nearest quarter, so that a drawing and its copy are the same to the last pixel
export function snap(value) {
  const quarter = Math.round(value * FINE) / FINE;
  return Math.min(280 + BEYOND - 1, Math.max(-BEYOND, quarter));
}

export function isNear(stroke, x, y) {
  return Math.hypot(stroke.at(-2) - x, stroke.at(-1) - y) < NEAR;
}

// Two letters a number, to the base of 36
export function encode(strokes) {
  const pair = (value) => ((value + BEYOND) * FINE).toString(36).padStart(2, "0");
  return strokes.map((stroke) => stroke.map(pair).join("")).join(".");
}

// The strokes, or none where the text has no drawing
export function decode(text) {
  if (text.length > MOST || !/^([0-9a-z]{4})+(\.([0-9a-z]{4})+)*$/.test(text)) return [];
  return text.split(".").map((part) =>
    part.match(/../g).map((pair) => snap(parseInt(pair, 36) / FINE - BEYOND)),
  );
}
