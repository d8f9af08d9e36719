"""The website of ``make site``, on a desktop and on a phone."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from pages import NOTEBOOKS, markdown
from PIL import Image
from screens import PHONE, watch

from mnist_cnn.exercises.desk import QUESTIONS

SCREENS = {"desktop": {"viewport": {"width": 1400, "height": 900}}, "phone": PHONE}
# All that pages may get from other servers, and what they get here instead
BADGE = re.compile(r"https://[^?]*(badge|open-in)[^?]*\.svg")
STAND_IN = '<svg xmlns="http://www.w3.org/2000/svg" width="117" height="20" />'

# What scrolls sideways as a whole; code and tables may, each in its own frame
TOO_WIDE = """[document.scrollingElement, ...document.querySelectorAll('.content')]
  .filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.tagName)"""
# Pictures that are broken, or that say nothing to those who do not see them
UNDRAWN = """[...document.images].filter((image) =>
  !image.naturalWidth || !image.alt || image.alt.endsWith('.png')
).map((image) => image.src)"""
IDS = "[...document.querySelectorAll('[id]')].map((node) => node.id)"
LINKS = "[...document.links].map((link) => link.href)"
HEAD = """Object.fromEntries([...document.querySelectorAll('meta[content]')].map(
  (tag) => [tag.getAttribute('name') || tag.getAttribute('property'), tag.content]))"""


TEXTS = {f"notebooks/{path.stem}.html": markdown(path) for path in NOTEBOOKS}
PREDICT = re.compile(r"\*\*Predict\.\*\*")
TITLES = {path: text.splitlines()[0].removeprefix("# ") for path, text in TEXTS.items()}

one_screen = pytest.mark.parametrize("screen", ["desktop"], indirect=True)
notebooks = pytest.mark.parametrize("path", TITLES, ids=lambda path: Path(path).stem)


@pytest.fixture(params=SCREENS, scope="module")
def screen(request):
    return request.param


@pytest.fixture(scope="module")
def context(chromium, address, screen):
    """What the pages of a screen share, files that they have loaded among it."""
    context = chromium.new_context(base_url=address, **SCREENS[screen])
    yield context
    context.close()


@pytest.fixture
def page(context, address):
    """An empty page; afterwards, that nothing failed on it."""
    page, errors, requests = watch(context)
    page.route(BADGE, lambda r: r.fulfill(body=STAND_IN, content_type="image/svg+xml"))
    failed = []
    page.on("requestfailed", lambda r: failed.append((r.url, r.failure)))
    yield page
    page.close()
    away = {url for url in requests if not url.startswith(address)}
    assert [url for url in away if not BADGE.fullmatch(url)] == []
    assert errors == []
    # Aborted: the page was left before its icon had come
    assert [url for url, why in failed if why != "net::ERR_ABORTED"] == []


def sidebar(page, screen):
    """The sidebar; on a phone it comes with the menu button."""
    if screen == "phone":
        page.locator("label.nav-overlay-icon:visible").tap()
    return page.locator(".sidebar-drawer")


def test_pages_are_whole_and_no_wider_than_the_screen(page, address, folder):
    """And each says what it is, to previews of links too: in words, with a picture."""
    paths = {str(path.relative_to(folder)) for path in folder.rglob("*.html")}
    assert {"index.html", "draw.html", "train.html", *TITLES} <= paths
    anchors, links, descriptions = {}, set(), set()
    for path in sorted(paths - {"README.html"}):  # that is index.html
        page.goto(path)
        for what in (TOO_WIDE, UNDRAWN):
            assert page.evaluate(what) == [], path
        ids = page.evaluate(IDS)
        anchors[path] = {"", *ids}
        assert sorted(ids) == sorted(set(ids)), path
        links |= {(path, link) for link in page.evaluate(LINKS)}
        for one in ('link[rel~="icon"]', 'meta[name="viewport"]'):
            assert page.locator(one).count() == 1, path
        if path != "search.html":
            assert page.get_by_role("link", name="Report a mistake").count() == 1, path
            head = page.evaluate(HEAD)
            descriptions.add(head["description"])
            assert 50 <= len(head["description"]) <= 200, path
            assert page.title().startswith(head["og:title"]), path
            own = page.locator('link[rel="canonical"]').get_attribute("href")
            end = "" if path == "index.html" else re.escape(path)
            assert re.fullmatch(rf"https://[^/]+/[^/]+/{end}", own), path
            picture = head["og:image"].removeprefix(own.removesuffix(path))
            with Image.open(folder / picture) as preview:
                assert preview.size == (1200, 630), path
    assert len(descriptions) == len(paths) - 2
    for path, link in links:
        file, _, anchor = unquote(link.removeprefix(address)).partition("#")
        if link.startswith(address):
            assert (folder / file).exists(), f"{path}: {link}"
            if file not in ("draw.html", "train.html"):  # whose scripts read theirs
                assert anchor in anchors.get(file, {anchor}), f"{path}: {link}"


@one_screen
@pytest.mark.parametrize("path", ["index.html", "notebooks/02_a_pattern_anywhere.html"])
def test_themes_differ(page, path):
    page.goto(path)
    colours = set()
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        colours.add(page.evaluate("getComputedStyle(document.body).background"))
    assert len(colours) == 2


@notebooks
@one_screen
def test_figures_have_their_captions_as_alternative_text(page, path):
    page.goto(path)
    captions = page.locator("p.caption")
    written = re.findall(r"^\*Figure: ", TEXTS[path], re.MULTILINE)
    assert captions.count() == len(written)
    figures = page.locator("article .cell_output img").all()
    told = [image.get_attribute("alt") for image in figures]
    assert told == [" ".join(c.split()) for c in captions.all_text_contents()]


@notebooks
def test_folds_open_at_a_click(page, path):
    """Answers, the first two cells and solutions; what only asserts is not there."""
    page.goto(path)
    assert page.locator("details[open]").count() == 0
    answers = page.locator(".tag_answer > details.answer")
    questions = page.locator("p.predict").count()
    assert answers.count() >= questions == len(PREDICT.findall(TEXTS[path])) > 0
    setup = page.locator(".tag_hide-input details.hide")
    assert setup.count() >= 2  # and figures, whose code is long
    written = page.locator("details:not(.hide, .answer)")
    assert written.count() == TEXTS[path].count("<details") > 0
    solutions = written.filter(has=page.get_by_text("Solution", exact=True))
    folds = [(fold, ".cell_output") for fold in answers.all()]
    folds += [(fold, "pre") for fold in setup.all()]
    folds += [(solutions.first, ".highlight span.n")]
    for fold, inside in folds:
        assert not fold.locator(inside).first.is_visible()
        fold.locator("summary").click()
        assert fold.locator(inside).first.is_visible()
    for code in page.locator("article .cell_input").all_text_contents():
        assert not code.lstrip().startswith("# For the tests")
    assert page.locator(".cell_input button.copybtn").count() > 10
    assert page.locator(".cell_output button.copybtn").count() == 0


def test_a_guess_is_met_again_and_a_choice_is_told_what_it_overlooks(page):
    path = "notebooks/01_looking_at_the_data.html"
    page.goto(path)
    page.locator(".guess input").nth(1).fill("two thirds")
    page.reload()
    answers = page.locator("details.answer")
    met = answers.get_by_text("You guessed two thirds")
    answers.nth(1).locator("summary").click()
    assert met.first.is_visible()
    assert page.locator(".tag_guess").count() == 0
    replies = re.findall(r"^- \*\*.+", TEXTS[path].split("## Recall")[1], re.M)
    questions = page.locator(".choices").all()
    assert len(replies) == 2 * page.locator(".choices button").count() > 0
    for question in questions:
        said = [question.locator("button").nth(i) for i in range(3)]
        told = question.locator("xpath=following-sibling::p[1]")
        texts = [button.click() or told.inner_text() for button in said]
        assert len({*texts}) == 3
        assert sum("Right." in text for text in texts) == 1
        assert question.locator("button.right").count() == 1


def test_terms_are_explained_over_their_links(page, screen):
    page.goto("notebooks/01_looking_at_the_data.html")
    link = page.locator('a[href$="GLOSSARY.html#overfitting"]').first
    meaning = page.get_by_role("tooltip")
    link.focus()
    meaning.wait_for()
    assert "training" in meaning.inner_text()
    assert link.get_attribute("aria-describedby") == meaning.get_attribute("id")
    assert page.evaluate(TOO_WIDE) == []
    page.keyboard.press("Escape")
    assert not meaning.is_visible()
    if screen == "desktop":
        page.locator("h1").click()  # the focus is elsewhere now
        link.hover()
        meaning.wait_for()
        meaning.hover()
        page.wait_for_timeout(400)
        assert meaning.is_visible()
        page.mouse.move(0, 0)
        meaning.wait_for(state="hidden")


def test_home_leads_to_every_notebook(page, screen):
    """By cards, and by the sidebar."""
    page.goto("index.html")
    cards = page.locator(".sd-card")
    assert cards.count() == len(TITLES)
    for card, (path, title) in zip(cards.all(), TITLES.items(), strict=True):
        assert title in card.inner_text()
        assert card.locator("a").first.get_attribute("href") == path
    links = sidebar(page, screen)
    for path, title in TITLES.items():
        link = links.get_by_role("link", name=title, exact=True)
        assert link.get_attribute("href") == path
    link.click()
    page.wait_for_url(f"**/{path}")


@one_screen
def test_the_start_and_next_lead_through_the_series(page):
    page.goto("index.html")
    first, *others = TITLES
    page.locator(".sd-btn").first.click()
    page.wait_for_url(f"**/{first}")
    for path in others:
        assert page.locator(f'.main a[href="{Path(path).name}"]').count() == 1
        page.locator(".next-page").click()
        page.wait_for_url(f"**/{path}")


@one_screen
def test_the_twelve_questions_are_counted_explained_and_saved(page):
    page.goto("docs/questions.html")
    save, told = page.locator("[name=save]"), page.locator(".told:not(:empty)")
    for name, asked in QUESTIONS.items():
        assert save.is_disabled()
        page.locator(f"#{name} [value={asked['right']}]").check()
    assert page.locator("output").inner_text() == "12 of 12 are right"
    assert told.count() == 0  # before the series, this would give the answers away
    page.locator("[name=when]").select_option("after")
    assert told.count() == 12
    with page.expect_download() as download:
        save.click()
    kept = json.loads(download.value.path().read_text("utf-8"))
    assert (kept["when"], kept["right"]) == ("after", [*QUESTIONS])


def test_search_finds_a_word(page, screen):
    page.goto("index.html")
    sidebar(page, screen).get_by_placeholder("Search").fill("receptive")
    page.keyboard.press("Enter")
    found = page.locator("#search-results li").filter(has_text="3. The whole network")
    found.get_by_text("receptive").first.wait_for()
    found.get_by_role("link").first.click()
    page.wait_for_url("**/notebooks/03_the_whole_network.html*")
