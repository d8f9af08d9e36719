"""The page of the website to train in: a training in a real browser, and its looks."""

import re

import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from hands import draw, pixels_seen, strokes_of, wait_for_answer
from playwright.sync_api import expect
from screens import PHONE, watch

import mnist_cnn as mc


@pytest.fixture
def page(chromium, folder, request):
    """The page, opened as a file and without a connection."""
    options = {"viewport": {"width": 1280, "height": 900}, "offline": True}
    context = chromium.new_context(**options | getattr(request, "param", {}))
    page, errors, requests = watch(context)
    page.goto((folder / "train.html").as_uri())
    page.get_by_text("random numbers").first.wait_for()
    yield page
    context.close()
    assert errors == []
    own = {(folder / name).as_uri() for name in ("train.html", "_static/favicon.svg")}
    assert {url for url in requests if not url.startswith("blob:")} <= own
    assert (folder / "train.html").stat().st_size <= 1_200_000


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def wait_for_pause(page) -> int:
    page.get_by_role("button", name="Train", exact=True).wait_for()
    progress = page.locator(".controls-progress").text_content()
    page.wait_for_timeout(1000)  # the last weights are on their way
    assert page.locator(".controls-progress").text_content() == progress
    return int(progress.split()[1])


def test_it_learns_to_read_and_can_be_taken_home(page, tmp_path):
    press(page, "about 2,500")
    press(page, "Train")
    page.get_by_text("You guessed: about 2,500. To be seen:").wait_for(timeout=300_000)
    share = page.locator(".controls-share")
    expect(share).to_have_text(re.compile(r"^9\d\.\d %$"), timeout=60_000)
    press(page, "Pause")
    draw(page, strokes_of(7))
    wait_for_answer(page, "^7: ")
    with page.expect_download() as found:
        press(page, "Save the weights")
    found.value.save_as(tmp_path / "mine.safetensors")
    press(page, "Read all 1,000")
    caption = page.locator(".matrix-table caption")
    expect(caption).to_have_text(re.compile(r"of 1000 "), timeout=60_000)
    right = int(caption.text_content().split()[0])
    assert right >= 850  # the first 200 are among the easier ones
    test = mc.load_mnist()[1].first(1000)
    images = (test.images * 15).round() / 15  # in 16 greys
    answers = mc.predict(mc.load(tmp_path / "mine.safetensors"), images).argmax(dim=1)
    assert abs((answers == test.labels).sum().item() - right) <= 1


def test_an_exhibit_sets_the_page_up_and_a_failure_is_said(page):
    page.get_by_role("link", name="He's cure").click()
    page.wait_for_url("**/train.html#he")
    page.get_by_label("Filters").select_option("16")
    page.wait_for_url("**/train.html#method=sgd&rate=0.01&batch=8")
    page.get_by_label("Learning rate").select_option("1")
    press(page, "Train")
    expect(page.get_by_role("alert")).to_contain_text("too large", timeout=60_000)
    press(page, "Start anew")
    expect(page.get_by_role("alert")).to_be_empty()


def test_a_tab_in_the_background_waits(page):
    hide = """hidden => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    press(page, "Train")
    expect(page.locator(".controls-progress")).to_contain_text("step ")
    page.evaluate(hide, True)
    made = wait_for_pause(page)
    page.evaluate(hide, False)
    expect(page.locator(".controls-progress")).to_contain_text(f"step {made + 1}")


@pytest.mark.parametrize("page", [{}, PHONE, {"color_scheme": "dark"}], indirect=True)
def test_rules_of_accessibility_and_room(page):
    press(page, "One step")
    assert wait_for_pause(page) == 1
    assert not page.evaluate("document.scrollingElement.scrollWidth > innerWidth")
    found = Axe().run(page).response["violations"]
    serious = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    assert [(r["id"], [n["html"][:90] for n in r["nodes"]][:3]) for r in serious] == []


def test_an_exported_page_draws_its_own_model(chromium, tmp_path):
    model = mc.VGG(3, batch_norm=True, double_filters=True)
    mc.export_page(model, tmp_path / "mine.html")
    page = chromium.new_page(offline=True)
    page.goto((tmp_path / "mine.html").as_uri())
    wait_for_answer(page, r"^\d: ")
    image = torch.tensor(pixels_seen(page)).view(1, 1, 28, 28) / 255
    logits = page.locator(".digit-pad-logit").all_text_contents()
    shown = [float(text.replace("\N{MINUS SIGN}", "-")) for text in logits]
    assert shown == pytest.approx(mc.predict(model, image)[0].tolist(), abs=0.051)
    page.close()
