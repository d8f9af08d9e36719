"""The website of ``make site``, on a desktop and on a phone."""

import json
import re
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent.parent
SCREENS = {
    "desktop": {"viewport": {"width": 1400, "height": 900}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "has_touch": True,
        "is_mobile": True,
    },
}
# All that pages may get from other servers, and what they get here instead
BADGE = re.compile(r"https://[^?]*badge[^?]*\.svg")
STAND_IN = '<svg xmlns="http://www.w3.org/2000/svg" width="117" height="20" />'

# What scrolls sideways as a whole; code and tables may, each in its own frame
TOO_WIDE = """[document.scrollingElement, ...document.querySelectorAll('.content')]
  .filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.tagName)"""

# Pictures that are broken, or that say nothing to those who do not see them
UNDRAWN = """[...document.images].filter((image) =>
  !image.naturalWidth || !image.alt || image.alt.endsWith('.png')
).map((image) => image.src)"""


def text_of(notebook: Path) -> str:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    cells = [cell for cell in content["cells"] if cell["cell_type"] == "markdown"]
    return "\n".join("".join(cell["source"]) for cell in cells)


TEXTS = {
    f"notebooks/{path.stem}.html": text_of(path)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
}
TITLES = {path: text.splitlines()[0].removeprefix("# ") for path, text in TEXTS.items()}


@pytest.fixture(params=SCREENS)
def screen(request):
    return request.param


# Of what no screen changes
one_screen = pytest.mark.parametrize("screen", ["desktop"], indirect=True)


@pytest.fixture(scope="module")
def contexts(chromium, address):
    """By screen: what its pages share, files that they have loaded among it."""
    contexts = {
        screen: chromium.new_context(base_url=address, **options)
        for screen, options in SCREENS.items()
    }
    yield contexts
    for context in contexts.values():
        context.close()


@contextmanager
def new_page(context, address):
    """An empty page; afterwards, that nothing failed on it."""
    page = context.new_page()
    page.route(BADGE, lambda r: r.fulfill(body=STAND_IN, content_type="image/svg+xml"))
    messages, requests, failed = [], [], []
    page.on("console", lambda message: messages.append((message.type, message.text)))
    page.on("pageerror", lambda error: messages.append(("error", str(error))))
    page.on("request", lambda request: requests.append(request.url))
    page.on("requestfailed", lambda r: failed.append((r.url, r.failure)))
    yield page
    page.close()
    away = {url for url in requests if not url.startswith(address)}
    assert [url for url in away if not BADGE.fullmatch(url)] == []
    assert [text for kind, text in messages if kind == "error"] == []
    # Aborted: the page was left before its icon had come
    assert [url for url, why in failed if why != "net::ERR_ABORTED"] == []


@pytest.fixture
def page(contexts, screen, address):
    with new_page(contexts[screen], address) as page:
        yield page


@pytest.fixture(scope="module")
def opened(contexts, address):
    """``opened(screen, path)``: a page that all tests share which change nothing."""
    with ExitStack() as pages:

        @cache
        def open_once(screen, path):
            page = pages.enter_context(new_page(contexts[screen], address))
            page.goto(path)
            return page

        yield open_once


@pytest.fixture
def look(opened, screen):
    return partial(opened, screen)


@pytest.fixture
def keep(shoot, screen):
    """``keep(page, "name")``: a screenshot of the page, where any are wanted."""
    return lambda page, name, **options: shoot(page, f"site/{name}-{screen}", **options)


def sidebar(page, screen):
    """The sidebar; on a phone it comes with the menu button."""
    if screen == "phone":
        page.locator("label.nav-overlay-icon:visible").tap()
    return page.locator(".sidebar-drawer")


def test_pages_are_whole_and_no_wider_than_the_screen(look, address, folder, keep):
    paths = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))
    assert {"index.html", *TITLES} <= set(paths)
    for path in paths:
        page = look(path)
        assert page.evaluate(TOO_WIDE) == [], path
        assert page.evaluate(UNDRAWN) == [], path
        links = page.evaluate("[...document.links].map((link) => link.href)")
        local = [urlsplit(link).path for link in links if link.startswith(address)]
        assert [p for p in local if not (folder / unquote(p[1:])).exists()] == [], path
        keep(page, Path(path).stem, full_page=True)


# Anchors that two places claim, and links within the page that lead nowhere
TWICE = """[...document.querySelectorAll('[id]')].map((node) => node.id)
  .filter((id, i, all) => all.indexOf(id) !== i)"""
NOWHERE = """[...document.querySelectorAll('a[href^="#"]')]
  .map((link) => decodeURIComponent(link.hash.slice(1)))
  .filter((id) => id && !document.getElementById(id))"""


@one_screen
def test_anchors_and_head(look, folder):
    for path in sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*.html")
    ):
        page = look(path)
        assert page.evaluate(TWICE) == [], path
        assert page.evaluate(NOWHERE) == [], path
        assert page.locator('meta[name="viewport"]').count() == 1, path
        assert page.locator('link[rel~="icon"]').count() == 1, path
        if path == "search.html":
            continue
        address = page.locator('link[rel="canonical"]').get_attribute("href")
        end = "" if path in ("index.html", "README.html") else path
        assert re.fullmatch(rf"https://[^/]+/[^/]+/{re.escape(end)}", address), path


HEAD = """Object.fromEntries([...document.querySelectorAll('meta[content]')].map(
  (tag) => [tag.getAttribute('name') || tag.getAttribute('property'), tag.content]))"""


@one_screen
def test_every_page_says_what_it_is(look, folder):
    """To search engines and previews of links: in words, and with a picture."""
    paths = {str(path.relative_to(folder)) for path in folder.rglob("*.html")}
    titles, descriptions = set(), set()
    paths -= {"README.html", "search.html"}  # the first is index.html
    for path in sorted(paths):
        page = look(path)
        head = page.evaluate(HEAD)
        titles.add(page.title())
        descriptions.add(head["description"])
        assert 50 <= len(head["description"]) <= 200, path
        assert head["og:description"] == head["description"]
        assert page.title().startswith(head["og:title"]), path
        assert head["og:title"] == page.locator("h1").first.inner_text().strip("#¶")
        address = page.locator('link[rel="canonical"]').get_attribute("href")
        assert head["og:url"] == address, path
        picture = head["og:image"].removeprefix(address.removesuffix(path))
        with Image.open(folder / picture) as preview:
            assert (preview.mode, preview.size) == ("RGB", (1200, 630)), path
            assert len(preview.getcolors(1_000_000)) > 50, path  # not empty
        if path in TITLES:
            assert picture == f"previews/{Path(path).stem}.png"
        assert head["og:image:alt"]
        assert head["twitter:card"] == "summary_large_image"
        assert head["og:site_name"]
    assert "" not in titles
    assert len(titles) == len(descriptions) == len(paths)


@one_screen
def test_captions_are_those_of_figures(look):
    for path, text in TEXTS.items():
        page = look(path)
        captions = page.locator("p.caption")
        assert captions.count() == len(re.findall(r"^\*Figure: ", text, re.MULTILINE))
        figures = page.locator("article .cell_output img")
        told = [image.get_attribute("alt") for image in figures.all()]
        assert told == [" ".join(c.split()) for c in captions.all_inner_texts()]
        small = page.evaluate(
            """[...document.querySelectorAll('article section > p')].filter(
                 (p) => getComputedStyle(p).fontSize !==
                        getComputedStyle(p.parentNode).fontSize).length"""
        )
        assert small == captions.count()


def test_opens_with_a_picture(look, screen):
    for path in TITLES:
        page = look(path)
        place = page.locator("article .cell_output img").first.bounding_box()
        print(f"{path}: first figure {place['y']:.0f} pixels down ({screen})")
        assert place["y"] < {"desktop": 900, "phone": 1250}[screen], path


def test_answers_wait_for_a_click(page, keep):
    for path, text in TEXTS.items():
        page.goto(path)
        questions = page.locator("p.predict")
        assert questions.count() == text.count("**Predict:**") > 0
        answers = page.locator(".tag_answer > details.answer")
        notebook = (ROOT / path).with_suffix(".ipynb").read_text(encoding="utf-8")
        assert answers.count() == notebook.count('"answer"') >= questions.count()
        for answer in answers.all():
            output = answer.locator(".cell_output")
            assert not output.is_visible()
            answer.locator("summary").click()
            assert output.is_visible()
        questions.first.scroll_into_view_if_needed()
        keep(page, f"{Path(path).stem}-predict")


@one_screen
def test_cells_that_only_check_are_left_out(look):
    for path in TITLES:
        cells = look(path).locator("article .cell_input").all_text_contents()
        assert cells
        for lines in (cell.strip().splitlines() for cell in cells):
            assert not all(re.match(r"assert|if|else|    assert", x) for x in lines)


def test_terms_are_explained_over_their_links(page, screen, keep):
    page.goto("notebooks/01_data_exploration.html")
    link = page.locator('a[href$="GLOSSARY.html#overfitting"]').first
    meaning = page.get_by_role("tooltip")
    link.focus()
    meaning.wait_for()
    assert "training" in meaning.inner_text()
    assert link.get_attribute("aria-describedby") == meaning.get_attribute("id")
    assert page.evaluate(TOO_WIDE) == []
    keep(page, "term")
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


def test_home_has_one_start_and_a_card_for_each_notebook(page):
    page.goto("index.html")
    cards = page.locator(".sd-card")
    assert cards.count() == len(TITLES)
    for card, (path, title) in zip(cards.all(), TITLES.items(), strict=True):
        assert title in card.inner_text()
        assert card.locator("a").first.get_attribute("href") == path
        assert card.locator("img").evaluate("image => image.naturalWidth") > 200
    page.get_by_role("link", name="Start with notebook 1").click()
    page.wait_for_url("**/01_data_exploration.html")


@one_screen
def test_code_can_be_copied_and_there_is_one_way_on(look):
    for i, path in enumerate(TITLES):
        page = look(path)
        assert page.locator(".cell_input button.copybtn").count() > 10
        assert page.locator(".cell_output button.copybtn").count() == 0
        following = [*TITLES][i + 1 : i + 2]
        for name in following:
            assert page.locator(f'.main a[href="{Path(name).name}"]').count() == 1


@one_screen
def test_dark_theme(look, keep):
    for path in ("index.html", *TITLES):
        page, colours = look(path), set()
        for theme in ("dark", "light"):  # light as before for the other tests
            page.emulate_media(color_scheme=theme)
            colours.add(page.evaluate("getComputedStyle(document.body).background"))
            keep(page, f"{Path(path).stem}-{theme}")
        assert len(colours) == 2, path


def test_home_leads_to_every_notebook(page, screen):
    some = [*TITLES.items()][:: 1 if screen == "desktop" else 3]
    for path, title in some:
        page.goto("index.html")
        sidebar(page, screen).get_by_role("link", name=title, exact=True).click()
        page.wait_for_url(f"**/{path}")
        assert page.locator("h1").inner_text().startswith(title)


@one_screen
def test_next_leads_through_the_series(page):
    page.goto("index.html")
    for path in TITLES:
        page.locator(".next-page").click()
        page.wait_for_url(f"**/{path}")


def test_search_finds_a_word(page, screen, keep):
    page.goto("index.html")
    sidebar(page, screen).get_by_placeholder("Search").fill("receptive")
    page.keyboard.press("Enter")
    found = page.locator("#search-results li").filter(has_text="2. The architecture")
    found.get_by_text("receptive").first.wait_for()
    keep(page, "found")
    found.get_by_role("link").first.click()
    page.wait_for_url("**/notebooks/02_architecture.html*")


@one_screen
def test_first_cells_and_solutions_are_folded_and_open(page, keep):
    for path, text in TEXTS.items():
        page.goto(path)
        assert page.locator("details[open]").count() == 0
        setup = page.locator(".tag_hide-input details.hide")
        assert setup.count() == 2
        for fold, words, code in zip(
            setup.all(),
            ("set-up", "imports"),
            ("pip install", "mnist_cnn"),
            strict=True,
        ):
            assert f"Show the {words}" in fold.inner_text()
            assert not fold.locator("pre").is_visible()
            fold.locator("summary").click()
            assert code in fold.locator("pre").inner_text()
        solutions = page.locator("details:not(.hide, .answer)")
        assert solutions.count() == text.count("<details>") > 0
        code = solutions.first.locator(".highlight span.n").first
        assert not code.is_visible()
        solutions.first.locator("summary").click()
        assert code.is_visible()
        keep(page, f"{Path(path).stem}-solution")
