// Ten test images to choose from: one stop of the Tab key, arrows go from one to another.

import { clamp, make, makeButton } from "./dom.js";
import { paintTiles } from "./paint.js";

// bytes: 784 a digit, in base64. choose(digit) gets { image, picture }.
export function makeSamples(bytes, choose) {
  const letters = atob(bytes);
  const node = make("div", {
    class: "digits",
    role: "toolbar",
    "aria-label": "Ten test images",
  });
  const digits = Array.from({ length: letters.length / 784 }, (_, label) => {
    const pixels = Array.from({ length: 784 }, (_, i) => letters.charCodeAt(784 * label + i));
    const image = Float32Array.from(pixels, (v) => v / 255);
    const canvas = make("canvas", { width: 28, height: 28, "aria-hidden": "true" });
    paintTiles(canvas, { maps: 1, side: 28, values: image }, { most: 1 });
    const digit = { image, picture: { pixels, side: 28 } };
    digit.button = makeButton(canvas, () => choose(digit), {
      "aria-pressed": "false",
      "aria-label": `Test image, a ${label}`,
      tabindex: label ? "-1" : "0",
    });
    node.append(digit.button);
    return digit;
  });
  node.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const from = digits.findIndex(({ button }) => button === document.activeElement);
    if (!step || from < 0) return;
    event.preventDefault();
    const to = clamp(from + step, 0, digits.length - 1);
    digits[from].button.tabIndex = -1;
    digits[to].button.tabIndex = 0;
    digits[to].button.focus();
  });

  // The one whose picture is on the pad is pressed; returns it
  function press(picture) {
    for (const digit of digits) {
      const pressed = `${digit.picture === picture}`;
      if (digit.button.getAttribute("aria-pressed") !== pressed) {
        digit.button.setAttribute("aria-pressed", pressed);
      }
    }
    return digits.find((digit) => digit.picture === picture);
  }
  return { node, digits, press };
}
