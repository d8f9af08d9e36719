"""A hand that draws on a pad, in a page or in a notebook, and eyes that read it."""

import re

from playwright.sync_api import Locator, Page, expect

Points = list[tuple[float, float]]

# Corners of the strokes of each digit, in hundredths of the pad
CORNERS = [
    ["50 14, 34 24, 30 50, 36 76, 50 86, 64 76, 70 50, 64 24, 50 14"],
    ["44 28, 54 16, 50 50, 47 84"],
    ["32 28, 42 16, 58 16, 66 28, 60 46, 44 64, 32 82, 50 80, 70 82"],
    ["32 25, 42 16, 56 16, 65 26, 62 40, 47 47, 62 54, 68 67, 60 82, 44 85, 31 77"],
    ["40 16, 34 50, 68 52", "62 30, 58 86"],
    ["66 16, 40 16, 36 46, 52 42, 66 52, 66 70, 54 84, 34 80"],
    ["60 14, 44 30, 36 54, 38 76, 52 84, 64 74, 62 60, 50 54, 38 64"],
    ["28 20, 50 20, 70 19, 57 50, 46 84"],
    ["62 24, 50 16, 38 26, 46 42, 60 54, 66 70, 52 84, 36 74, 42 56, 58 42, 62 24"],
    ["64 26, 50 16, 38 28, 42 42, 56 44, 64 28, 62 50, 56 84"],
]


def strokes_of(digit: int) -> list[Points]:
    return [
        [(float(x), float(y)) for x, y in map(str.split, stroke.split(", "))]
        for stroke in CORNERS[digit]
    ]


def draw(pad: Page | Locator, strokes: list[Points], steps: int = 8) -> None:
    """Draw with the mouse; ``steps`` are the moves between two corners."""
    canvas = pad.locator(".digit-pad-canvas")
    canvas.scroll_into_view_if_needed()
    frame, mouse = canvas.bounding_box(), canvas.page.mouse
    for stroke in strokes:
        for i, (x, y) in enumerate(stroke):
            right, down = x / 100 * frame["width"], y / 100 * frame["height"]
            mouse.move(frame["x"] + right, frame["y"] + down, steps=steps)
            if i == 0:
                mouse.down()
        mouse.up()


def draw_with_keys(pad: Page | Locator) -> None:
    """A 1 from top to bottom."""
    area = pad.get_by_role("application", name="Drawing area")
    area.focus()
    for key in ["ArrowUp"] * 13 + [" "] + ["ArrowDown"] * 26 + [" "]:
        area.page.keyboard.press(key)


def wait_for_answer(pad: Page | Locator, pattern: str) -> str:
    answer = pad.locator(".digit-pad-answer")
    expect(answer).to_have_text(re.compile(pattern), timeout=15_000)
    return answer.text_content()


def clear(pad: Page | Locator) -> None:
    pad.get_by_role("button", name="Clear").click()
    wait_for_answer(pad, "^nothing")


def pixels_seen(pad: Page | Locator) -> list[int]:
    """The 784 grey levels of what the network sees."""
    return pad.locator(".digit-pad-input").first.evaluate(
        """canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]
             .filter((_, i) => i % 4 === 0)"""
    )
