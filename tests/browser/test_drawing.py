"""The drawing pad of notebook 7, drawn on with a mouse and with the keyboard."""

import re

import pytest
from hands import clear, draw, draw_with_keys, strokes_of, wait_for_answer
from pages import ROOT
from test_run_all import check_all_ran

NOTEBOOK = ROOT / "notebooks" / "07_your_own_digits.ipynb"


@pytest.fixture
def pad(shown_pad):
    """The pad, empty."""
    clear(shown_pad)
    return shown_pad


@pytest.fixture(scope="module")
def shown_pad(run_all):
    """The pad, on the page, after Run All went well."""
    page = run_all(NOTEBOOK.name)
    check_all_ran(page, NOTEBOOK)
    page.evaluate(
        """() => {
             const { content } = jupyterapp.shell.currentWidget;
             const isPad = (cell) => cell.model.sharedModel.id === 'pad';
             content.scrollToItem(content.widgets.findIndex(isPad), 'center');
           }"""
    )
    pad, place = page.locator(".digit-pad").first, None
    pad.wait_for()
    for _ in range(20):  # figures above it may still come, and move it
        if place == (place := pad.bounding_box()):
            break
        page.wait_for_timeout(500)
    return pad


def draw_and_wait(pad, digit: int, pattern: str) -> str:
    """Draw, and wait until the last strokes, which are on their way, are read too."""
    draw(pad, strokes_of(digit))
    wait_for_answer(pad, pattern)
    pad.page.wait_for_timeout(500)
    return wait_for_answer(pad, pattern)


@pytest.mark.parametrize("digit", [1, 3, 7])
def test_digits_drawn_with_the_mouse_are_read(pad, digit):
    answer = draw_and_wait(pad, digit, f"^{digit}: ")
    assert float(re.search(r"([\d.]+) %", answer)[1]) > 50
    best = pad.locator(".digit-pad-best .digit-pad-digit")
    assert best.text_content() == str(digit)


def test_the_keyboard_draws_and_clears(pad):
    keyboard = pad.page.keyboard
    draw_with_keys(pad)
    wait_for_answer(pad, "^1: ")
    count = "jupyterapp.shell.currentWidget.content.widgets.length"
    cells = pad.page.evaluate(count)
    keyboard.press("Delete")
    wait_for_answer(pad, "^nothing")
    keyboard.press("d")  # twice: JupyterLab would delete the cell
    keyboard.press("d")
    assert cells == pad.page.evaluate(count)
    keyboard.press("Tab")
    focused = pad.page.evaluate("document.activeElement.className")
    assert focused == "digit-pad-clear"


def test_a_drawing_set_in_python_is_shown(pad):
    draw_and_wait(pad, 7, "^7: ")
    assert ink(pad) > 100
    run(pad, "saved = pad.pixels; pad.pixels = []")
    wait_for_answer(pad, "^nothing")
    assert ink(pad) == 0
    run(pad, "pad.pixels = saved")
    wait_for_answer(pad, "^7: ")
    assert ink(pad) > 100


def test_clear_works_where_the_page_looks_empty_already(pad):
    """So it is after Python, which alone reads, empties it while strokes arrive."""
    draw_and_wait(pad, 7, "^7: ")
    run(pad, "kept, pad.network = pad.network, torch.nn.Sequential(pad.network)")
    run(pad, "maps, saved, pad.pixels = pad.layers, pad.pixels, []")
    wait_for_answer(pad, "^nothing")
    run(pad, "comm, pad.comm = pad.comm, None; pad.pixels = saved; pad.comm = comm")
    run(pad, "pad.send_state(['seen', 'probabilities'])")
    wait_for_answer(pad, "^7: ")
    assert ink(pad) == 0
    clear(pad)
    run(pad, "assert pad.prediction is None; pad.network = kept; pad.layers = maps")


def test_layers_and_answer_do_not_wait_for_python(pad):
    """They are computed in the page; Python hears of the drawing, and reads it, too."""
    maps = pad.locator("canvas.layers-maps")
    assert maps.count() == 9
    maps.nth(3).scroll_into_view_if_needed()  # or it is not painted
    before = maps.nth(3).evaluate("canvas => canvas.toDataURL()")
    run(pad, "import mnist_cnn.pad as page; prepare = page.to_mnist")
    run(pad, "def silent(drawing): raise ValueError")
    run(pad, "page.to_mnist = silent")
    draw(pad, strokes_of(3))
    wait_for_answer(pad, "^3: ")
    maps.nth(3).scroll_into_view_if_needed()
    pad.page.wait_for_timeout(300)
    assert maps.nth(3).evaluate("canvas => canvas.toDataURL()") != before
    maps.nth(1).click(position={"x": 90, "y": 20})
    pad.get_by_role("heading", name="conv 2").wait_for()
    run(pad, "assert pad.prediction is None, pad.prediction")
    run(pad, "page.to_mnist = prepare")
    run(pad, "saved = pad.pixels; pad.pixels = []; pad.pixels = saved")
    run(pad, "assert pad.prediction == 3, pad.prediction")


def test_other_models_are_read_by_the_kernel(pad):
    run(pad, "kept, pad.network = pad.network, mc.linear_baseline()")
    run(pad, "with torch.no_grad(): pad.network[1].bias[4] = 100")
    run(pad, "maps, pad.layers = pad.layers, []")
    assert not pad.locator(".digit-pad-layers").is_visible()
    draw_and_wait(pad, 7, "^4: ")
    run(pad, "pad.network = kept; pad.layers = []; pad.layers = maps; pad.pixels = []")
    wait_for_answer(pad, "^nothing")
    assert pad.locator(".digit-pad-layers").is_visible()


def test_what_is_refused_is_said(pad):
    run(pad, "pad.refuse = lambda images: torch.tensor([True])")
    draw(pad, strokes_of(7))
    wait_for_answer(pad, r"^\d: (> )?[\d.]+ %, but unlike any digit I know$")
    pad.page.wait_for_timeout(500)  # the last strokes are on their way
    run(pad, "pad.refuse = None; pad.pixels = []")
    wait_for_answer(pad, "^nothing")
    draw(pad, strokes_of(7))
    wait_for_answer(pad, r"^\d: (> )?[\d.]+ %$")


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
    assert pad.get_attribute("role") == "group"
    assert pad.get_attribute("aria-label") == "Digit drawing pad"
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
