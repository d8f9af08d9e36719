"""Take the pictures of the page to draw on: make site, then python tools/shots.py.

Needs the browser extra and Chromium. Each picture says what page it is of, and
tests/test_web.py when that has changed since.
"""

import hashlib
import io
import shutil
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

ROOT = Path(__file__).parent.parent
SEVEN = [(28, 20), (50, 20), (70, 19), (57, 50), (46, 84)]  # hundredths of the pad


def looks() -> str:
    """A digest of the files that give the page its words and its looks."""
    web = ROOT / "mnist_cnn" / "web"
    names = ("draw.html", "draw.css", "draw.js", "sliders.js", "pad.css")
    text = "".join((web / name).read_text(encoding="utf-8") for name in names)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def main() -> None:
    from playwright.sync_api import sync_playwright  # the tests do without

    note = PngInfo()
    note.add_text("page", looks())
    page_address = (ROOT / "build" / "site" / "draw.html").as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        for theme, end in (("light", ""), ("dark", "-dark")):
            page = browser.new_page(
                viewport={"width": 1400, "height": 1130}, color_scheme=theme
            )
            page.goto(page_address)
            page.wait_for_timeout(1500)  # it has opened
            frame = page.locator(".digit-pad-canvas").bounding_box()
            for i, (x, y) in enumerate(SEVEN):
                right, down = x / 100 * frame["width"], y / 100 * frame["height"]
                page.mouse.move(frame["x"] + right, frame["y"] + down, steps=8)
                if i == 0:
                    page.mouse.down()
            page.mouse.up()
            page.locator(".layers-maps").nth(1).click(position={"x": 250, "y": 15})
            page.evaluate("document.activeElement.blur()")
            page.mouse.move(0, 0)
            page.wait_for_timeout(1500)  # the sliders' rows
            page.evaluate("scrollTo(0, 0)")
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            path = ROOT / "images" / f"draw{end}.png"
            picture.quantize(128).save(
                path, optimize=True, pnginfo=note
            )  # half the bytes
        browser.close()


if __name__ == "__main__":
    main()
