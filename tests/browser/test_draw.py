"""The page of the website to draw on: its arithmetic, its hands, and its looks."""

import base64
import itertools
import math
import random
import statistics

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import rotate

import mnist_cnn as mc
from mnist_cnn.web import bundle, layers

SIDE = 70
SOME = 1_000
# Corners of the strokes of each digit, in hundredths of the pad
STROKES = {
    0: ["50 14, 34 24, 30 50, 36 76, 50 86, 64 76, 70 50, 64 24, 50 14"],
    1: ["44 28, 54 16, 50 50, 47 84"],
    2: ["32 28, 42 16, 58 16, 66 28, 60 46, 44 64, 32 82, 50 80, 70 82"],
    3: ["32 25, 42 16, 56 16, 65 26, 62 40, 47 47, 62 54, 68 67, 60 82, 44 85, 31 77"],
    4: ["40 16, 34 50, 68 52", "62 30, 58 86"],
    5: ["66 16, 40 16, 36 46, 52 42, 66 52, 66 70, 54 84, 34 80"],
    6: ["60 14, 44 30, 36 54, 38 76, 52 84, 64 74, 62 60, 50 54, 38 64"],
    7: ["28 20, 50 20, 70 19, 57 50, 46 84"],
    8: ["62 24, 50 16, 38 26, 46 42, 60 54, 66 70, 52 84, 36 74, 42 56, 58 42, 62 24"],
    9: ["64 26, 50 16, 38 28, 42 42, 56 44, 64 28, 62 50, 56 84"],
}


@pytest.fixture(scope="module")
def scripts(chromium):
    """An empty page that has the shared scripts' functions."""
    page = chromium.new_page()
    names = "makeNetwork, makeSurface, prepare, move"
    page.add_script_tag(
        content=f"(() => {{ {bundle()} Object.assign(window, {{ {names} }}); }})()"
    )
    yield page
    page.close()


@pytest.fixture(scope="module")
def some_digits():
    return mc.load_mnist()[1].first(SOME)


@pytest.fixture
def page(chromium, folder, request):
    """The page, opened as a file and without a connection."""
    options = {"viewport": {"width": 1400, "height": 1000}, "reduced_motion": "reduce"}
    context = chromium.new_context(**options | getattr(request, "param", {}))
    context.set_offline(True)
    page = context.new_page()
    errors, requests = [], []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((folder / "draw.html").as_uri())
    yield page
    context.close()
    assert errors == []
    own = {(folder / name).as_uri() for name in ("draw.html", "_static/favicon.svg")}
    assert set(requests) <= own


PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}


def packed(images):
    pixels = (255 * images).round().byte().numpy()
    return base64.b64encode(pixels.tobytes()).decode()


@pytest.mark.parametrize("recipe", ["plain", "long"])
def test_logits_are_those_of_pytorch(scripts, some_digits, recipe):
    model = mc.load(recipe=recipe)
    found = scripts.evaluate(
        """([layers, images]) => {
             const network = makeNetwork(layers);
             const bytes = Uint8Array.from(atob(images), (c) => c.charCodeAt(0));
             const pixels = Float32Array.from(bytes, (byte) => byte / 255);
             return Array.from({ length: bytes.length / 784 }, (_, i) =>
               [...network.run(pixels.subarray(784 * i, 784 * (i + 1))).at(-1).values]);
           }""",
        [layers(model), packed(some_digits.images)],
    )
    expected = mc.predict(model, some_digits.images)
    found = torch.tensor(found)
    assert found.shape == (SOME, 10)
    assert (found - expected).abs().max() < 1e-4
    assert torch.equal(found.argmax(dim=1), expected.argmax(dim=1))


def drawings():
    """Each digit ten times: its strokes moved, turned, slanted, in other sizes."""
    dice = random.Random(0)
    for digit, _ in itertools.product(STROKES, range(10)):
        size, slant = dice.uniform(0.45, 1.05), dice.uniform(-0.2, 0.2)
        turn = math.radians(dice.uniform(-12, 12))
        right, down = dice.uniform(-12, 12), dice.uniform(-8, 8)
        strokes = []
        for stroke in STROKES[digit]:
            points = []
            for x, y in (map(float, point.split()) for point in stroke.split(", ")):
                x, y = size * (x - 50 + slant * (50 - y)), size * (y - 50)
                x, y = x + dice.gauss(0, 1), y + dice.gauss(0, 1)
                along = math.cos(turn) * x - math.sin(turn) * y
                points.append((50 + right + along, 50 + down + y))
            strokes.append(points)
        yield digit, strokes


def draw(page, strokes):
    frame = page.locator(".digit-pad-canvas").bounding_box()
    for points in strokes:
        for i, (x, y) in enumerate(points):
            at = (
                frame["x"] + x / 100 * frame["width"],
                frame["y"] + y / 100 * frame["height"],
            )
            page.mouse.move(*at)
            if i == 0:
                page.mouse.down()
        page.mouse.up()


def test_drawings_are_prepared_as_by_to_mnist(scripts):
    scripts.evaluate(
        """side => {
             window.surface = makeSurface(side, () => {}, () => {});
             document.body.append(surface.node);
           }""",
        SIDE,
    )
    away, pairs, right = [], [], 0
    for digit, strokes in drawings():
        scripts.get_by_role("button", name="Clear").click()
        draw(scripts, strokes)
        pixels, image = scripts.evaluate(
            "side => { const p = surface.read(); return [p, [...prepare(p, side)]]; }",
            SIDE,
        )
        drawing = np.array(pixels, np.uint8).reshape(SIDE, SIDE)
        expected = mc.to_mnist(np.pad(drawing, 1))  # as the notebook's pad does
        found = torch.tensor(image).reshape(1, 28, 28)
        away.append((found - expected).abs().mean().item())
        answers = mc.predict(mc.load(), torch.stack([found, expected])).argmax(dim=1)
        pairs.append(tuple(answers.tolist()))
        right += answers[0].item() == digit
    print(f"mean difference {max(away):.5f} at most, {right} of 100 read")
    assert len(pairs) == 100
    assert max(away) < 0.02
    assert sum(one == other for one, other in pairs) >= 99
    assert right > 80  # these are digits


def test_what_is_no_digit_is_none(scripts):
    nothing = "pixels => prepare(pixels, 70) === null"
    assert scripts.evaluate(nothing, [0] * SIDE**2)
    assert scripts.evaluate(nothing, [50] * SIDE**2)
    assert scripts.evaluate(nothing, [255] * 2 + [0] * (SIDE**2 - 2))


def test_moves_are_those_of_the_notebook(scripts, some_digits):
    image = some_digits.images[0]
    for pixels, degrees in ((0, 0), (3, 0), (-5, 0), (0, 30), (0, -45), (2, 15)):
        found = scripts.evaluate(
            "([image, pixels, degrees]) => [...move(image, pixels, degrees)]",
            [image.flatten().tolist(), pixels, degrees],
        )
        expected = rotate(image, degrees, InterpolationMode.BILINEAR).roll(
            pixels, dims=2
        )
        if pixels:
            gone = slice(0, pixels) if pixels > 0 else slice(pixels, None)
            expected[:, :, gone] = 0
        found = torch.tensor(found).reshape(1, 28, 28)
        assert (found - expected).abs().max() < 1e-4, (pixels, degrees)


def answer(page):
    return page.locator(".digit-pad-answer")


def wait_for(page, pattern):
    page.wait_for_function(
        "pattern => new RegExp(pattern).test("
        + "document.querySelector('.digit-pad-answer').textContent)",
        arg=pattern,
    )


def test_opens_with_an_answer(page, folder):
    wait_for(page, r"^7: \d")
    first = page.evaluate("performance.getEntriesByName('first answer')[0].startTime")
    size = (folder / "draw.html").stat().st_size
    size += (folder / "_static" / "favicon.svg").stat().st_size
    print(f"first answer after {first:.0f} ms; {size:,} bytes in all")
    assert size <= 500_000
    assert page.locator("canvas.layers-maps").count() == 8


def test_test_images_are_read(page):
    buttons = page.get_by_role("group", name="Ten test images").get_by_role("button")
    model, image = mc.load(), None
    for digit, button in enumerate(buttons.all()):
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        image = page.evaluate(
            """() => {
                 const seen = document.querySelector('.digit-pad-input');
                 const { data } = seen.getContext('2d').getImageData(0, 0, 28, 28);
                 return [...data].filter((_, i) => i % 4 === 0);
               }"""
        )
        image = torch.tensor(image).reshape(1, 1, 28, 28) / 255
        shares = mc.predict(model, image).softmax(dim=1)[0]
        text = f"{shares.argmax().item()}: {100 * shares.max():.1f} %"
        assert answer(page).text_content() == text
        assert button.get_attribute("aria-label") == f"Test image, a {digit}"
    assert buttons.count() == 10


def test_mouse_draws_and_clears(page, shoot):
    page.get_by_role("button", name="Clear").click()
    wait_for(page, "^nothing")
    assert page.locator(".digits [aria-pressed=true]").count() == 0
    frame = page.locator(".digit-pad-canvas").bounding_box()
    for i, point in enumerate(STROKES[3][0].split(", ")):
        x, y = (float(n) / 100 * frame["width"] for n in point.split())
        page.mouse.move(frame["x"] + x, frame["y"] + y, steps=10)
        if i == 0:
            page.mouse.down()
    page.mouse.up()
    wait_for(page, "^3: ")
    times = page.evaluate(
        "performance.getEntriesByName('update').map((entry) => entry.duration)"
    )
    print(f"{len(times)} updates, {statistics.median(times):.1f} ms in the middle")
    assert len(times) > 10
    shoot(page, "draw", full_page=True)


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_a_finger_draws_and_the_page_stays(page, shoot):
    page.get_by_role("button", name="Clear").tap()
    wait_for(page, "^nothing")
    canvas = page.locator(".digit-pad-canvas")
    canvas.scroll_into_view_if_needed()
    frame, before = canvas.bounding_box(), page.evaluate("scrollY")
    touch = page.context.new_cdp_session(page)
    kinds = itertools.chain(["touchStart"], itertools.repeat("touchMove"))
    for kind, point in zip(kinds, STROKES[7][0].split(", "), strict=False):
        x, y = (float(n) / 100 * frame["width"] for n in point.split())
        points = [{"x": frame["x"] + x, "y": frame["y"] + y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    wait_for(page, "^7: ")
    assert page.evaluate("scrollY") == before
    wide = "document.scrollingElement.scrollWidth > innerWidth"
    assert not page.evaluate(wide)
    shoot(page, "draw-phone", full_page=True)


def test_keys_draw_choose_and_slide(page):
    canvas = page.get_by_role("application", name="Drawing area")
    canvas.focus()
    page.keyboard.press("Delete")
    wait_for(page, "^nothing")
    for key in ["ArrowUp"] * 13 + [" "] + ["ArrowDown"] * 26 + [" "]:
        page.keyboard.press(key)
    wait_for(page, "^1: ")
    page.get_by_role("button", name="Test image, a 7").press("Enter")
    wait_for(page, "^7: ")
    maps = page.get_by_role("application", name="conv 4")
    maps.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "PageDown", "PageDown"):
        page.keyboard.press(key)
    unit = page.get_by_role("region", name="The chosen unit")
    assert (
        unit.get_by_role("heading").text_content() == "conv 4, map 2, row 6, column 9"
    )
    slider = page.get_by_role("slider", name="Shift")
    slider.focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "8 pixels"
    wait_for(page, "^[^7]")


def test_sliders_tell_where_the_answer_tips(page):
    _, test = mc.load_mnist()
    page.get_by_role("button", name="Test image, a 7").click()
    turn = page.get_by_role("slider", name="Turn")
    page.wait_for_function(
        """() => [...document.querySelectorAll('input[type=range]')].every(
             (slider) => slider.getAttribute('aria-description'))"""
    )
    if test.source == "mnist":
        image = test.images[(test.labels == 7).nonzero()[0]]
        turned = [
            rotate(image, a, InterpolationMode.BILINEAR) for a in range(-60, 61, 5)
        ]
        logits = mc.predict(mc.load(), torch.cat(turned))
        expected = " ".join(map(str, logits.argmax(dim=1).tolist()))
        told = turn.get_attribute("aria-description")
        assert told == f"Answers from left to right: {expected}"
        assert len(set(expected.split())) > 1
    assert page.locator(".marks .other").count() > 0
    assert page.locator(".marks .here").count() == 2


@pytest.mark.parametrize(("row", "seen"), [(0, 3), (1, 5), (4, 12), (6, 20)])
def test_a_unit_is_the_sum_that_is_shown(page, row, seen):
    """What stands in the panel is what PyTorch computes for that unit."""
    page.locator("canvas.layers-maps").nth(row).click(position={"x": 90, "y": 20})
    unit = page.get_by_role("region", name="The chosen unit")
    name, place, y, x = unit.get_by_role("heading").text_content().split(", ")
    which, y, x = (int(part.split()[1]) for part in (place, y, x))
    reach = (seen - 1) // 2  # pixels to either side; from the second block on, of two
    ends = [
        (2 * at - reach, 2 * at + reach + 2)
        if row > 3
        else (at - reach, at + reach + 1)
        for at in (y, x)
    ]
    height, width = (min(28, end) - max(0, start) for start, end in ends)
    sees = f"It sees the {height}x{width} pixels in the frame."
    assert sees in unit.text_content()
    model = mc.load()
    convolutions = [m for m in model.features if isinstance(m, torch.nn.Conv2d)]
    convolution = convolutions[int(name.split()[1]) - 1]
    caught = []
    convolution.register_forward_hook(
        lambda _m, into, out: caught.append(into[0].clone())
    )
    shown = page.evaluate(
        """() => {
             const seen = document.querySelector('.digit-pad-input');
             const { data } = seen.getContext('2d').getImageData(0, 0, 28, 28);
             return [...data].filter((_, i) => i % 4 === 0);
           }"""
    )
    mc.predict(model, torch.tensor(shown).reshape(1, 1, 28, 28) / 255)
    padded = torch.nn.functional.pad(caught[0][0], (1, 1, 1, 1))
    patches = padded[:, y : y + 3, x : x + 3]
    kernels = convolution.weight[which].detach()
    sums = (patches * kernels).sum(dim=(1, 2)).tolist()
    total = sum(sums) + convolution.bias[which].item()
    texts = unit.locator(".layers-sum").all_text_contents()
    assert [float(t.removeprefix("= ")) for t in texts] == pytest.approx(
        sums, abs=0.0051
    )
    sentence = unit.locator("p").nth(1).text_content()
    assert f"it is {total:.2f}; ReLU makes {max(0, total):.2f} of it." in sentence
    frame = page.locator(".top .digit-pad-frame").bounding_box()
    assert 0 < frame["width"] <= seen * 8 + 1  # 224 CSS pixels for 28


def test_other_weights(page):
    """The first 3 of the test set: moved digits in training help to read it."""
    page.get_by_role("button", name="Test image, a 3").click()
    wait_for(page, "^5: ")
    page.get_by_role("radio", name="long").check()
    wait_for(page, "^3: ")
    names = [
        maps.get_attribute("aria-label") for maps in page.locator(".layers-maps").all()
    ]
    assert "32 maps of 14x14" in names[4]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_themes_and_rules_of_accessibility(page, theme, shoot):
    page.emulate_media(color_scheme=theme)
    page.locator("canvas.layers-maps").nth(1).click(position={"x": 90, "y": 20})
    page.wait_for_timeout(300)
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(19, 20, 22)"}[theme]
    shoot(page, f"draw-{theme}", full_page=True)
    found = Axe().run(page).response["violations"]
    serious = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    assert [(r["id"], [n["html"][:90] for n in r["nodes"]][:3]) for r in serious] == []


def test_links_lead_to_parts_that_are_there(page, folder):
    links = page.evaluate("[...document.links].map((a) => a.getAttribute('href'))")
    assert len(links) > 15
    for link in links:
        path, _, anchor = link.partition("#")
        text = (folder / path).read_text(encoding="utf-8")
        assert not anchor or f'id="{anchor}"' in text, link
