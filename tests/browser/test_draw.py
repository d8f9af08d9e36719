"""The page of the website to draw on: its arithmetic, its hands, and its looks."""

import base64
import collections
import io
import itertools
import json
import math
import random
import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from hands import clear, draw, draw_with_keys, pixels_seen, strokes_of, wait_for_answer
from pages import ROOT
from PIL import Image
from playwright.sync_api import expect
from screens import PHONE, watch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import rotate

import mnist_cnn as mc
from mnist_cnn.pad import SIDE
from mnist_cnn.web import FOLDER, bundle, layers

PHOTOS = Path(mc.__file__).parent / "photos"
TYPICAL = runpy.run_path(str(ROOT / "tools" / "typical.py"))

# Its arithmetic: that of the package


@pytest.fixture(scope="module")
def scripts(chromium):
    """An empty page that has the shared scripts' functions."""
    page = chromium.new_page()
    names = "makeNetwork, makeSurface, prepare, sureness"
    script = bundle(FOLDER / "pad.js").replace("export default", "")
    page.add_script_tag(
        content=f"(() => {{ {script} Object.assign(window, {{ {names} }}); }})()"
    )
    yield page
    page.close()


@pytest.mark.parametrize("recipe", ["plain", "long"])
def test_logits_and_doubts_are_those_of_pytorch(scripts, recipe):
    model, images = mc.load(recipe=recipe), mc.load_mnist()[1].images[:300]
    grey = (255 * images).round().byte().numpy().tobytes()
    typical = json.loads(TYPICAL["PATH"].read_text("utf-8"))[recipe]["typical"]
    found = scripts.evaluate(
        """([layers, images, typical]) => {
             const network = makeNetwork(layers);
             const bytes = Uint8Array.from(atob(images), (c) => c.charCodeAt(0));
             const pixels = Float32Array.from(bytes, (byte) => byte / 255);
             return Array.from({ length: bytes.length / 784 }, (_, i) => {
               const stages = network.run(pixels.subarray(784 * i, 784 * (i + 1)));
               return [...stages.at(-1).values, sureness(stages, typical)];
             });
           }""",
        [layers(model), base64.b64encode(grey).decode(), typical],
    )
    found, expected = torch.tensor(found), mc.predict(model, images)
    sure = TYPICAL["sureness"](model, images, typical)
    assert (found - torch.column_stack([expected, sure])).abs().max() < 1e-4
    assert torch.equal(found[:, :10].argmax(dim=1), expected.argmax(dim=1))


def vary(strokes, dice):
    """The strokes moved, turned, in another size, a little shaky."""
    size, turn = dice.uniform(0.45, 1.05), math.radians(dice.uniform(-20, 20))
    right, down = dice.uniform(-12, 12), dice.uniform(-8, 8)
    cos, sin = size * math.cos(turn), size * math.sin(turn)

    def change(x, y):
        x, y = x - 50 + dice.gauss(0, 1), y - 50 + dice.gauss(0, 1)
        return 50 + right + cos * x - sin * y, 50 + down + sin * x + cos * y

    return [[change(x, y) for x, y in stroke] for stroke in strokes]


def test_drawings_are_prepared_as_by_to_mnist(scripts):
    scripts.evaluate(
        """side => {
             window.surface = makeSurface(side, () => {}, () => {});
             document.body.append(surface.node);
           }""",
        SIDE,
    )
    dice, away, same, right = random.Random(0), [], 0, 0
    for digit, _ in itertools.product(range(10), range(5)):
        scripts.get_by_role("button", name="Clear").click()
        draw(scripts, vary(strokes_of(digit), dice), steps=1)
        pixels, image = scripts.evaluate(
            "side => { const p = surface.read(); return [p, [...prepare(p, side)]]; }",
            SIDE,
        )
        drawing = np.array(pixels, np.uint8).reshape(SIDE, SIDE)
        expected = mc.to_mnist(np.pad(drawing, 1))  # as the notebook's pad does
        found = torch.tensor(image).reshape(1, 28, 28)
        away.append((found - expected).abs().mean().item())
        answers = mc.predict(mc.load(), torch.stack([found, expected])).argmax(dim=1)
        same += int(answers[0] == answers[1])
        right += int(answers[0] == digit)
    assert max(away) < 0.02
    assert same >= 49  # of 50
    assert right > 40  # these are digits


def test_what_is_no_digit_is_none(scripts):
    for pixels in ([0] * SIDE**2, [50] * SIDE**2, [255] * 2 + [0] * (SIDE**2 - 2)):
        assert scripts.evaluate(
            "([p, side]) => prepare(p, side) === null", [pixels, SIDE]
        )


# Its hands


@pytest.fixture
def page(chromium, folder, request):
    """The page, opened as a file and without a connection."""
    options = {"viewport": {"width": 1400, "height": 1000}, "reduced_motion": "reduce"}
    context = chromium.new_context(**options | getattr(request, "param", {}))
    context.set_offline(True)
    page, errors, requests = watch(context)
    page.goto((folder / "draw.html").as_uri())
    yield page
    context.close()
    assert errors == []
    own = {(folder / name).as_uri() for name in ("draw.html", "_static/favicon.svg")}
    assert set(requests) <= own
    assert (folder / "draw.html").stat().st_size <= 500_000


def test_test_images_are_read(page):
    """Also when it opens: a 7 stands there."""
    wait_for_answer(page, r"^7: > 99\.9 %$")
    buttons = page.get_by_role("toolbar", name="Ten test images").get_by_role("button")
    for digit, button in enumerate(buttons.all()):
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        assert button.get_attribute("aria-label") == f"Test image, a {digit}"
        image = torch.tensor(pixels_seen(page)).reshape(1, 1, 28, 28) / 255
        shares = mc.predict(mc.load(), image).softmax(dim=1)[0]
        share = f"{100 * shares.max():.1f} %".replace("100.0", "> 99.9")
        text = f"{shares.argmax().item()}: {share}"
        assert page.locator(".digit-pad-answer").text_content().startswith(text)
    assert buttons.count() == 10


def test_the_first_stroke_makes_room_and_undo_brings_back(page):
    """A 7 stands there, turned: a newcomer draws over it, without Clear."""
    wait_for_answer(page, "^7: ")
    page.get_by_role("slider", name="Turn").fill("45")
    page.get_by_text("turned by 45: put back").wait_for()
    draw(page, strokes_of(3))
    wait_for_answer(page, "^3: ")
    three = pixels_seen(page)
    assert page.get_by_role("slider", name="Turn").input_value() == "0"
    assert page.locator(".digits [aria-pressed=true]").count() == 0
    clear(page)
    draw(page, strokes_of(3))
    wait_for_answer(page, "^3: ")
    assert pixels_seen(page) == three  # nothing was left of the 7
    for pattern in ("^nothing", "^3: ", "^7: "):
        page.get_by_role("button", name="Undo").click()
        wait_for_answer(page, pattern)
    assert page.locator(".digits [aria-pressed=true]").count() == 1


def test_a_photo_goes_the_same_way(page):
    texts = []
    for digit in range(10):
        clear(page)
        page.locator("input[type=file]").set_input_files(PHOTOS / f"{digit}.jpg")
        texts.append(wait_for_answer(page, r"^\d"))
    assert sum(text.startswith(f"{i}: ") for i, text in enumerate(texts)) >= 8, texts


def test_what_is_no_digit_is_doubted(page):
    draw(page, [[(25, 20), (75, 80)], [(75, 20), (25, 80)]])  # an X
    wait_for_answer(page, "none of the ten fits well$")


# Work, as a clock would measure the machine: calls, while the pen is down

MAPS = "[...document.querySelectorAll('canvas.layers-maps')].map((c) => c.toDataURL())"
SETTLED = ".layers-rows[aria-busy=false]"


def test_an_update_is_one_pass_and_paints_what_is_seen(page):
    """A row in each task, and in the end all that rows made anew have."""
    wait_for_answer(page, "^7: ")
    profiler = page.context.new_cdp_session(page)
    profiler.send("Profiler.enable")
    box, mouse = page.locator(".digit-pad-canvas").bounding_box(), page.mouse
    mouse.move(box["x"] + 60, box["y"] + 60)
    mouse.down()
    page.wait_for_timeout(500)
    profiler.send("Profiler.startPreciseCoverage", {"callCount": True})
    for step in range(20):
        mouse.move(box["x"] + 60 + 8 * step, box["y"] + 60 + 3 * step)
    scripts = profiler.send("Profiler.takePreciseCoverage")["result"]
    mouse.up()
    calls = collections.Counter()
    for function in itertools.chain(*(script["functions"] for script in scripts)):
        calls[function["functionName"]] += function["ranges"][0]["count"]
    assert (updates := calls["update"]) > 10  # it follows the pen
    assert 6 * (updates - 1) <= calls["convolve"] <= 6 * updates  # a dot is no digit
    assert 0 < calls["paint"] <= calls["paintNext"]  # no task paints two
    assert calls["paintTiles"] <= 7 * updates  # of ten: what is out of sight waits
    assert not any(calls[name] for name in ("explainUnit", "mapBeforeReLU", "tries"))
    page.wait_for_timeout(300)
    page.locator(SETTLED).wait_for()
    drawn = page.evaluate(MAPS)
    for recipe in ("long", "plain"):
        page.get_by_role("radio", name=recipe).check()
    page.wait_for_function(f"drawn => `${{drawn}}` === `${{{MAPS}}}`", arg=drawn)


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_a_finger_draws_and_the_page_stays(page):
    wait_for_answer(page, "^7: ")
    canvas = page.locator(".digit-pad-canvas")
    frame, before = canvas.bounding_box(), page.evaluate("scrollY")
    touch = page.context.new_cdp_session(page)
    kinds = itertools.chain(["touchStart"], itertools.repeat("touchMove"))
    for kind, (x, y) in zip(kinds, strokes_of(7)[0], strict=False):
        right, down = x / 100 * frame["width"], y / 100 * frame["height"]
        points = [{"x": frame["x"] + right, "y": frame["y"] + down}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    wait_for_answer(page, "^7: ")
    assert page.evaluate("scrollY") == before == 0
    assert not page.evaluate("document.scrollingElement.scrollWidth > innerWidth")


def test_an_address_leads_to_a_layer(page, folder):
    page.goto((folder / "draw.html").as_uri() + "#conv-6")
    page.reload()
    row = page.locator(".layers-title", has_text="conv 6")
    page.wait_for_function("scrollY > 0")
    assert 0 <= row.bounding_box()["y"] < page.viewport_size["height"]


@pytest.mark.parametrize(("width", "height"), [(390, 664), (320, 568)])
@pytest.mark.parametrize("name", ["draw.html", "index.html"])
def test_pad_and_answer_share_the_first_screen(chromium, folder, name, width, height):
    """And the home page hands over what was drawn."""
    viewport = {"width": width, "height": height}
    page = chromium.new_page(**PHONE | {"viewport": viewport})
    page.goto((folder / name).as_uri())
    wait_for_answer(page, "^7: ")
    for part in ("canvas", "seen", "answer"):
        box = page.locator(f".digit-pad-{part}").first.bounding_box()
        assert 0 <= box["x"] <= width - box["width"], part
        assert 0 <= box["y"] <= height - box["height"], part
    if name == "index.html":
        draw(page, strokes_of(3))
        wait_for_answer(page, "^3: ")
        page.get_by_role("link", name="See every layer").click()
        page.wait_for_url("**/draw.html#d=*")
        wait_for_answer(page, "^3: ")
    page.close()


def test_keys_draw_choose_and_slide(page):
    for _ in range(4):
        page.keyboard.press("Tab")
    area = page.get_by_role("application", name="Drawing area")
    expect(area).to_be_focused()
    area.press("Delete")
    wait_for_answer(page, "^nothing")
    area.press(" ")
    draw(page, strokes_of(7))  # the mouse lifts the pen of the keys
    wait_for_answer(page, "^7: ")
    seen = pixels_seen(page)
    area.press("ArrowLeft")
    page.wait_for_timeout(200)
    assert pixels_seen(page) == seen
    area.press("Delete")
    draw_with_keys(page)
    wait_for_answer(page, "^1: ")
    page.get_by_role("button", name="Test image, a 7").press("Enter")
    wait_for_answer(page, "^7: ")
    maps = page.get_by_role("application", name="conv 4")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "PageDown", "PageDown"):
        maps.press(key)
    unit = page.get_by_role("region", name="The chosen unit").get_by_role("heading")
    assert unit.text_content() == "conv 4, map 2, row 6, column 9"
    before = torch.tensor(pixels_seen(page)).reshape(28, 28)
    slider = page.get_by_role("slider", name="Shift")
    for _ in range(8):
        slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "8 pixels"
    wait_for_answer(page, "^[^7]")
    after = torch.tensor(pixels_seen(page)).reshape(28, 28)
    assert torch.equal(after[:, 8:], before[:, :-8])


def test_sliders_tell_where_the_answer_tips(page):
    test = mc.load_mnist()[1]
    page.get_by_role("button", name="Test image, a 7").click()
    turn = page.get_by_role("slider", name="Turn")
    expect(turn).to_have_attribute("aria-description", re.compile(r"\d$"))
    assert page.locator(".marks .other").count() > 0
    if test.source == "mnist":  # as the page's own digits are
        image = test.images[(test.labels == 7).nonzero()[0]]
        turned = [
            rotate(image, degrees, InterpolationMode.BILINEAR)
            for degrees in range(-60, 61, 5)
        ]
        answers = mc.predict(mc.load(), torch.cat(turned)).argmax(dim=1).tolist()
        told = turn.get_attribute("aria-description")
        assert told.endswith(" ".join(map(str, answers)))


def numbers_in(node):
    text = node.text_content().replace("\N{MINUS SIGN}", "-")
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text)]


@pytest.mark.parametrize(("row", "seen"), [(0, 3), (1, 5), (4, 12), (6, 20)])
def test_a_unit_is_the_sum_that_is_shown(page, row, seen):
    """What stands in the panel is what PyTorch computes for that unit."""
    page.locator("canvas.layers-maps").nth(row).click(position={"x": 90, "y": 20})
    unit = page.get_by_role("region", name="The chosen unit")
    name, *place = unit.get_by_role("heading").text_content().split(", ")
    which, y, x = (int(part.split()[1]) for part in place)
    scale = 2 if row > 3 else 1  # pixels a unit, across
    reach = (seen - 1) // 2  # pixels to either side
    ends = [(scale * at - reach, scale * (at + 1) + reach) for at in (y, x)]
    height, width = (min(28, end) - max(0, start) for start, end in ends)
    assert f" {height}\N{MULTIPLICATION SIGN}{width} pixels" in unit.text_content()

    model, caught = mc.load(), []
    convolutions = [m for m in model.features if isinstance(m, torch.nn.Conv2d)]
    convolution = convolutions[int(name.split()[1]) - 1]
    convolution.register_forward_hook(lambda _m, into, _out: caught.append(into[0]))
    mc.predict(model, torch.tensor(pixels_seen(page)).reshape(1, 1, 28, 28) / 255)
    patch = torch.nn.functional.pad(caught[0][0], (1, 1, 1, 1))[:, y : y + 3, x : x + 3]
    sums = (patch * convolution.weight[which].detach()).sum(dim=(1, 2)).tolist()
    total = sum(sums) + convolution.bias[which].item()
    shown = [numbers_in(row)[0] for row in unit.locator(".layers-sum").all()]
    assert shown == pytest.approx(sums, abs=0.0051)
    numbers = numbers_in(unit.locator("p").nth(1))
    assert {round(total, 2), round(max(0, total), 2)} <= set(numbers)
    frame = page.locator(".sees .digit-pad-frame").bounding_box()
    assert 0 < frame["width"] <= seen * 6 + 1  # 168 CSS pixels for 28


def test_the_last_layer_sums_to_the_logit(page):
    """Of any digit that is asked for."""
    wait_for_answer(page, "^7: ")
    image = torch.tensor(pixels_seen(page)).reshape(1, 1, 28, 28) / 255
    for digit in (7, 2):
        page.locator(".logit-digit").nth(digit).click()
        products, bias, logit = numbers_in(page.locator(".logit-sum"))
        assert products + bias == pytest.approx(logit, abs=0.0015)
        expected = mc.predict(mc.load(), image)[0, digit].item()
        assert logit == pytest.approx(expected, abs=0.002)


def test_a_kernel_is_changed_and_put_back(page):
    wait_for_answer(page, "^7: ")
    maps = page.locator("canvas.layers-maps").first
    maps.click(position={"x": 90, "y": 20})
    page.locator(".kernel summary").click()
    learned = page.evaluate(MAPS)[0]
    page.get_by_label("row 1, column 1").fill("5")
    page.locator(SETTLED).wait_for()
    assert page.evaluate(MAPS)[0] != learned
    page.get_by_text("a kernel was changed: put back").click()
    page.locator(SETTLED).wait_for()
    assert page.evaluate(MAPS)[0] == learned


def test_other_weights(page):
    """The first 3 of the test set: moved digits in training help to read it."""
    page.get_by_role("button", name="Test image, a 3").click()
    wait_for_answer(page, "^5: ")
    page.get_by_role("radio", name="long").check()
    wait_for_answer(page, "^3: ")
    maps = page.locator("canvas.layers-maps")
    assert maps.count() == 9
    expect(maps.nth(4)).to_have_attribute("aria-label", re.compile("32 maps of 14"))


# Its looks


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_themes_and_rules_of_accessibility(page, theme):
    page.emulate_media(color_scheme=theme)
    page.locator("canvas.layers-maps").nth(1).click(position={"x": 90, "y": 20})
    page.wait_for_timeout(300)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(19, 20, 22)"}[theme]
    found = Axe().run(page).response["violations"]
    serious = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    assert [(r["id"], [n["html"][:90] for n in r["nodes"]][:3]) for r in serious] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_forced_colours_leave_bars_frames_and_the_pen(page, theme):
    def colours(selector):  # the most frequent first
        image = Image.open(io.BytesIO(page.locator(selector).screenshot()))
        counted = sorted(image.convert("RGB").getcolors(10**6), reverse=True)
        return [colour for _, colour in counted]

    page.emulate_media(forced_colors="active", color_scheme=theme)
    full, empty = ".digit-pad-best .digit-pad-fill", ".digit-pad-track >> nth=0"
    assert colours(full)[0] != colours(empty)[0]
    page.locator("canvas.layers-maps").nth(1).click(position={"x": 90, "y": 20})
    for frame in (".sees .digit-pad-seen", ".layers-frame >> nth=1"):
        assert (213, 94, 0) in colours(frame)  # orange
    draw_with_keys(page)
    assert (0, 114, 178) in colours(".digit-pad-cross")  # blue
