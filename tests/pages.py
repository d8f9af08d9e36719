"""Links, pictures and headings of a page or a notebook, as a reader of it sees them."""

import json
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))  # the series
MEND = ROOT / "notebooks" / "mend_it.ipynb"  # beside it
MARKDOWN = MarkdownIt("commonmark").enable("table")
READ = ("a", "h1", "h2", "h3", "h4", "h5", "h6")  # elements with a text to keep


class Page(HTMLParser):
    """What stands in a file, in order; texts are without marks and line breaks."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.headings: list[tuple[int, str]] = []  # level, text
        self.links: list[tuple[str, str]] = []  # target, text
        self.images: list[tuple[str, str]] = []  # address, alternative text
        self.dark: list[str] = []  # addresses of pictures for the dark theme
        self.names: set[str] = set()  # given by id="..."
        self._open: list[
            tuple[str, list[str]]
        ] = []  # links and headings: target, words
        self.feed(MARKDOWN.render(markdown(path)))

    def handle_starttag(self, tag, attrs):
        given = {key: value or "" for key, value in attrs}
        if "id" in given:
            self.names.add(given["id"])
        if tag == "img":
            self.images.append((given["src"], given.get("alt", "")))
        if tag == "source":
            self.dark.append(given["srcset"])
        if tag in READ:
            self._open.append((unquote(given.get("href", "")), []))

    def handle_data(self, data):
        for _, words in self._open:
            words.append(data)

    def handle_endtag(self, tag):
        if tag in READ:
            target, words = self._open.pop()
            text = " ".join("".join(words).split())
            if tag != "a":
                self.headings.append((int(tag[1]), text))
            elif target:
                self.links.append((target, text))

    def line_of(self, target: str) -> str:
        """Where a link stands first, as ``notebooks/01_x.ipynb:12``."""
        text = self.path.read_text("utf-8")
        place = max(text.find(f"{target})"), 0) or max(text.find(target), 0)
        inside = self.path.is_relative_to(ROOT)
        name = self.path.relative_to(ROOT).as_posix() if inside else self.path.name
        return f"{name}:{text.count(chr(10), 0, place) + 1}"


@cache
def read(path: Path) -> Page:
    return Page(path)


def markdown(path: Path) -> str:
    """The text of a page, or of all of a notebook's cells that are no code."""
    text = path.read_text("utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    chosen = (cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    return "\n\n".join("".join(source) for source in chosen)


def fail_with(wrong: list[str], cure: str) -> None:
    """Fail with a line for each thing that is wrong, file first, and with the cure."""
    if wrong:
        pytest.fail("\n".join([*wrong, cure]), pytrace=False)
