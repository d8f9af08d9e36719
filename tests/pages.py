"""Links, pictures and headings of a page or a notebook, as a reader of it sees them."""

import json
from functools import cache
from html.parser import HTMLParser
from os.path import relpath
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MARKDOWN = MarkdownIt("commonmark").enable("table")


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
        self._reading: list[list[str]] = []  # the words of each link and heading so far
        self._targets: list[str] = []
        self.feed(MARKDOWN.render(markdown(path)))

    def handle_starttag(self, tag, attrs):
        given = {key: value or "" for key, value in attrs}
        if "id" in given:
            self.names.add(given["id"])
        if tag == "img":
            self.images.append((given["src"], given.get("alt", "")))
        if tag == "source":
            self.dark.append(given["srcset"])
        if tag == "a":
            self._targets.append(unquote(given.get("href", "")))
        if tag == "a" or (tag[0] == "h" and tag[1:].isdigit()):
            self._reading.append([])

    def handle_data(self, data):
        for words in self._reading:
            words.append(data)

    def handle_endtag(self, tag):
        if tag == "a":
            target, text = self._targets.pop(), self._read()
            if target:
                self.links.append((target, text))
        if tag[0] == "h" and tag[1:].isdigit():
            self.headings.append((int(tag[1:]), self._read()))

    def _read(self) -> str:
        return " ".join("".join(self._reading.pop()).split())

    def line_of(self, target: str) -> str:
        """Where a link stands first, as ``notebooks/01_x.ipynb:12``."""
        text = self.path.read_text("utf-8")
        place = max(text.find(f"{target})"), 0) or max(text.find(target), 0)
        name = Path(relpath(self.path, ROOT)).as_posix()
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
