"""Take the pictures of the page to draw on and of the one to train in.

First make site, then python tools/shots.py. Needs the browser extra and Chromium. Each
picture says what page it is of, and tests/test_web.py when that has changed since.
"""

import hashlib
import io
import shutil
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

ROOT = Path(__file__).parent.parent
SEVEN = [(28, 20), (50, 20), (70, 19), (57, 50), (46, 84)]  # hundredths of the pad


def looks(name: str) -> str:
    """A digest of the files that give the page its words and its looks."""
    web, train = ROOT / "mnist_cnn" / "web", ROOT / "docs" / "train"
    files = {
        "draw": [web / f for f in ("draw.html", "draw.css", "draw.js", "sliders.js")],
        "train": [*sorted(train.iterdir()), web / "draw.css"],
    }
    text = "".join(
        p.read_text(encoding="utf-8") for p in [*files[name], web / "pad.css"]
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def draw(page) -> None:
    """A seven, and a unit that is chosen."""
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


def train(page) -> None:
    """Until it reads nine of ten."""
    page.get_by_role("button", name="Train").click()
    page.get_by_text("To be seen:").wait_for(timeout=300_000)
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(1500)


def main() -> None:
    from playwright.sync_api import sync_playwright  # the tests do without

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        for act, theme, end in (
            (draw, "light", ""),
            (draw, "dark", "-dark"),
            (train, "light", ""),
        ):
            name = act.__name__
            note = PngInfo()
            note.add_text("page", looks(name))
            page = browser.new_page(
                viewport={"width": 1400, "height": 1130}, color_scheme=theme
            )
            page.goto((ROOT / "build" / "site" / f"{name}.html").as_uri())
            act(page)
            page.evaluate("scrollTo(0, 0)")
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            path = ROOT / "images" / f"{name}{end}.png"
            picture.quantize(128).save(
                path, optimize=True, pnginfo=note
            )  # half the bytes
        browser.close()


if __name__ == "__main__":
    main()
