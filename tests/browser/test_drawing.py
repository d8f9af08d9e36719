"""The drawing pad of notebook 05, drawn on with a mouse and with the keyboard."""

import re
from pathlib import Path

import pytest
from test_run_all import check_all_ran

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "05_your_own_digits.ipynb"

# Corners of the one stroke of each digit, in hundredths of the pad's width and height
STROKES = {
    "1": "44 28, 54 16, 50 50, 47 84",
    "3": "32 25, 42 16, 56 16, 65 26, 62 40, 47 47, 62 54, 68 67, 60 82, 44 85, 31 77",
    "7": "28 20, 50 20, 70 19, 57 50, 46 84",
}


@pytest.fixture
def pad(shown_pad):
    """The pad, empty."""
    shown_pad.get_by_role("button", name="Clear").click()
    wait_for_answer(shown_pad, "^nothing")
    return shown_pad


@pytest.fixture(scope="module")
def shown_pad(run_all, shoot):
    """The pad, on the page, after Run All went well."""
    page = run_all(NOTEBOOK.name)
    check_all_ran(page, NOTEBOOK, shoot)
    index = page.evaluate(
        """() => jupyterapp.shell.currentWidget.content.widgets.findIndex(
             (cell) => cell.model.sharedModel.id === 'pad')"""
    )
    page.evaluate(
        "i => jupyterapp.shell.currentWidget.content.scrollToItem(i, 'center')", index
    )
    pad = page.locator(".digit-pad")
    pad.wait_for()
    place = None
    for _ in range(20):  # figures above it may still come, and move it
        if place == (place := pad.bounding_box()):
            break
        page.wait_for_timeout(500)
    return pad


def draw(pad, stroke: str) -> None:
    mouse, canvas = pad.page.mouse, pad.locator(".digit-pad-canvas")
    canvas.scroll_into_view_if_needed()
    frame = canvas.bounding_box()
    shares = [map(float, point.split()) for point in stroke.split(", ")]
    points = [
        (frame["x"] + x / 100 * frame["width"], frame["y"] + y / 100 * frame["height"])
        for x, y in shares
    ]
    mouse.move(*points[0])
    mouse.down()
    for x, y in points[1:]:
        mouse.move(x, y, steps=8)
    mouse.up()


def wait_for_answer(pad, pattern: str) -> str:
    answer = pad.locator(".digit-pad-answer")
    pad.page.wait_for_function(
        "([node, pattern]) => new RegExp(pattern).test(node.textContent)",
        arg=[answer.element_handle(), pattern],
        timeout=15_000,
    )
    return answer.text_content()


def test_digits_drawn_with_the_mouse_are_read(pad, shoot):
    for digit, stroke in STROKES.items():
        draw(pad, stroke)
        answer = wait_for_answer(pad, f"^{digit}: ")
        pad.page.wait_for_timeout(500)  # the last strokes are on their way
        answer = wait_for_answer(pad, f"^{digit}: ")
        assert float(re.search(r"([\d.]+) %", answer)[1]) > 50
        best = pad.locator(".digit-pad-best .digit-pad-digit")
        assert best.text_content() == digit
        shoot(pad, f"pad-{digit}")
        pad.get_by_role("button", name="Clear").click()
        wait_for_answer(pad, "^nothing")


def test_the_keyboard_draws_and_clears(pad, shoot):
    page = pad.page
    canvas = pad.get_by_role("application", name="Drawing area")
    canvas.focus()
    for key in ["ArrowUp"] * 13 + [" "] + ["ArrowDown"] * 26 + [" "]:
        page.keyboard.press(key)
    wait_for_answer(pad, "^1: ")
    cells = page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length")
    shoot(pad, "pad-keyboard")
    page.keyboard.press("Delete")
    wait_for_answer(pad, "^nothing")
    page.keyboard.press("d")  # twice: JupyterLab would delete the cell
    page.keyboard.press("d")
    assert cells == page.evaluate(
        "jupyterapp.shell.currentWidget.content.widgets.length"
    )
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.className")
    assert focused == "digit-pad-clear"


def test_a_drawing_set_in_python_is_shown(pad):
    draw(pad, STROKES["7"])
    wait_for_answer(pad, "^7: ")
    pad.page.wait_for_timeout(500)  # the last strokes are on their way
    assert ink(pad) > 100
    run(pad, "saved = pad.pixels; pad.pixels = []")
    wait_for_answer(pad, "^nothing")
    assert ink(pad) == 0
    run(pad, "pad.pixels = saved")
    wait_for_answer(pad, "^7: ")
    assert ink(pad) > 100


def test_clear_works_where_the_page_looks_empty_already(pad):
    """So it is after Python empties a drawing whose last strokes were on their way."""
    draw(pad, STROKES["7"])
    wait_for_answer(pad, "^7: ")
    pad.page.wait_for_timeout(500)  # the last strokes are on their way
    run(pad, "saved = pad.pixels; pad.pixels = []; pad.layers = []")
    wait_for_answer(pad, "^nothing")
    run(pad, "comm, pad.comm = pad.comm, None; pad.pixels = saved; pad.comm = comm")
    run(pad, "pad.send_state(['seen', 'probabilities'])")
    wait_for_answer(pad, "^7: ")
    assert ink(pad) == 0
    pad.get_by_role("button", name="Clear").click()
    wait_for_answer(pad, "^nothing")
    run(pad, "assert pad.prediction is None; pad.version = -1; pad.pixels = []")


def test_layers_and_answer_do_not_wait_for_python(pad, shoot):
    """They are computed in the page; Python hears of the drawing, and reads it, too."""
    maps = pad.locator("canvas.layers-maps")
    assert maps.count() == 8
    before = maps.nth(3).evaluate("canvas => canvas.toDataURL()")
    run(pad, "import mnist_cnn.pad as page; prepare = page.to_mnist")
    run(pad, "def silent(drawing): raise ValueError")
    run(pad, "page.to_mnist = silent")
    draw(pad, STROKES["3"])
    wait_for_answer(pad, "^3: ")
    assert maps.nth(3).evaluate("canvas => canvas.toDataURL()") != before
    maps.nth(1).click(position={"x": 90, "y": 20})
    pad.get_by_role("heading", name="conv 2").wait_for()
    shoot(pad, "pad-layers")
    run(pad, "assert pad.prediction is None, pad.prediction")
    run(pad, "page.to_mnist = prepare")
    run(pad, "saved = pad.pixels; pad.pixels = []; pad.pixels = saved")
    run(pad, "assert pad.prediction == 3, pad.prediction")
    run(pad, "assert len(pad.probabilities) == 10")


def test_other_models_are_read_by_the_kernel(pad):
    run(pad, "kept, pad.network = pad.network, mc.linear_baseline()")
    run(pad, "with torch.no_grad(): pad.network[1].bias[4] = 100")
    run(pad, "pad.layers = []")
    assert not pad.locator(".digit-pad-layers").is_visible()
    draw(pad, STROKES["7"])
    wait_for_answer(pad, "^4: ")
    run(pad, "pad.network = kept; pad.pixels = []")
    wait_for_answer(pad, "^nothing")
    assert pad.locator(".digit-pad-layers").is_visible()


def test_what_is_refused_is_said(pad):
    run(pad, "pad.refuse = lambda images: torch.tensor([True])")
    draw(pad, STROKES["7"])
    wait_for_answer(pad, r"^\d: [\d.]+ %, but unlike any digit I know$")
    pad.page.wait_for_timeout(500)  # the last strokes are on their way
    run(pad, "pad.refuse = None; pad.pixels = []")
    wait_for_answer(pad, "^nothing")
    draw(pad, STROKES["7"])
    wait_for_answer(pad, r"^\d: [\d.]+ %$")


def run(pad, code: str) -> None:
    """Run some code in the notebook's kernel; its error is one here."""
    pad.page.evaluate(
        """async (code) => {
             const { session } = jupyterapp.shell.currentWidget.sessionContext;
             const { content } = await session.kernel.requestExecute({ code }).done;
             if (content.status !== "ok") throw new Error(content.evalue);
           }""",
        code,
    )


def ink(pad) -> int:
    """How many pixels of the drawing are dark."""
    return pad.locator(".digit-pad-canvas").evaluate(
        """canvas => canvas.getContext("2d").getImageData(0, 0, 280, 280).data
             .filter((value, i) => i % 4 === 0 && value < 128).length"""
    )


def test_labels_for_screen_readers(pad):
    group = pad.page.get_by_role("group", name="Digit drawing pad")
    assert group.count() == 1
    assert pad.get_by_role("application", name="Drawing area").count() == 1
    seen = pad.get_by_role("img", name="The 28 by 28 pixels")
    assert seen.get_attribute("aria-label").endswith("read yet")
    assert pad.get_by_role("listitem").count() == 10
    assert pad.get_by_role("status").get_attribute("aria-live") == "polite"


def test_a_term_opens_the_glossary(pad):
    """Last in this file: another tab lies over the pad then."""
    page = pad.page
    page.locator("a", has_text="closing").first.click()
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.context?.path === 'GLOSSARY.md'",
        timeout=15_000,
    )
