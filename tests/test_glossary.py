"""The glossary: in order, and linked from where the series first uses each term.

A term is renamed in its heading in ``GLOSSARY.md``; these tests then name, one by one,
each line that has the old name in a link, and end when there is none left.
"""

import itertools
import re
from pathlib import Path

from pages import NOTEBOOKS, ROOT, Page, fail_with, markdown, read

GLOSSARY = ROOT / "GLOSSARY.md"
NAMES = [text for level, text in read(GLOSSARY).headings if level == 2]
TERMS = {name.lower().replace(" ", "-"): name for name in NAMES}
# Link texts that say it in other words: by term
OTHER_WORDS = {
    "confidence interval": "95 % interval",
    "nearest mean digit": "classifier that needs ten averages",
    "training set": "training images",
}
LINK = re.compile(r"\[([^\[\]]+)\]\(\.\./GLOSSARY\.md#([^)]+)\)")


def same_word(one: str, other: str) -> bool:
    """Whether two words are forms of one: epochs and epoch, pad and padding."""
    length = max(min(len(one), len(other)) - 2, 3)
    return one[:length] == other[:length]


def says(text: str, name: str) -> bool:
    """Whether a link's text is the term, its beginning or end, or has it in it."""
    if OTHER_WORDS.get(name) == text:
        return True
    words = [re.findall(r"[\w-]{2,}", part.lower()) for part in (text, name)]
    return any(
        all(any(same_word(word, w) for w in there) for word in here)
        for here, there in (words, reversed(words))
    )


def wrong_links(page: Page, terms: dict[str, str]) -> list[str]:
    """The links to the glossary with the name of no term, or with another's words."""
    found = []
    for target, text in page.links:
        file, _, anchor = target.partition("#")
        if file.endswith("GLOSSARY.md") and anchor:
            where = page.line_of(target)
            if anchor not in terms:
                found.append(f"{where}: [{text}] leads to no term, #{anchor}")
            elif not says(text, terms[anchor]):
                found.append(f'{where}: [{text}] leads to "{terms[anchor]}"')
    return found


def test_links_have_the_name_of_their_term():
    files = [*NOTEBOOKS, *ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    wrong = [line for path in files for line in wrong_links(read(path), TERMS)]
    fail_with(
        wrong,
        "Write the term's name there, as GLOSSARY.md has it, in brackets and after #; "
        "or its other words into OTHER_WORDS in tests/test_glossary.py.",
    )


def test_a_rename_is_seen_across_a_line_break(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("A\n[**dead**\nchannel](../GLOSSARY.md#dead-channel) and\n")
    assert wrong_links(Page(page), {"dead-channel": "dead channel"}) == []
    old = "page.md:3: [dead channel] leads to"
    assert wrong_links(Page(page), {}) == [f"{old} no term, #dead-channel"]
    renamed = {"dead-channel": "silent channel"}  # its anchor was changed already
    assert wrong_links(Page(page), renamed) == [f'{old} "silent channel"']


def test_terms_are_in_order():
    fail_with(
        [
            f'GLOSSARY.md: "{before}" stands before "{after}"'
            for before, after in itertools.pairwise(NAMES)
            if before.lower() >= after.lower()
        ],
        "Terms are in the order of the alphabet, each once: move its entry.",
    )


def test_terms_with_capitals_have_their_anchors():
    """GitHub makes lower-case anchors of headings, JupyterLab keeps capitals."""
    lines = GLOSSARY.read_text("utf-8").splitlines()
    fail_with(
        [
            f'GLOSSARY.md: write the heading as: ## <a id="{anchor}"></a>{name}'
            for anchor, name in TERMS.items()
            if name != name.lower() and f'## <a id="{anchor}"></a>{name}' not in lines
        ],
        "A name with a capital needs an anchor for JupyterLab.",
    )


def test_letters_lead_to_the_first_of_their_terms():
    first: dict[str, str] = {}
    for anchor in TERMS:
        first.setdefault(anchor[0].upper(), f"#{anchor}")
    row = {text: target for target, text in read(GLOSSARY).links if len(text) == 1}
    fail_with(
        [
            f"GLOSSARY.md: [{letter}] leads to {row.get(letter)}, not to {target}"
            for letter, target in first.items()
            if row.get(letter) != target
        ],
        "A letter in the row at the top leads to its first term.",
    )


def running_text(path: Path) -> str:
    """Without exercises, code, headings and tables, which link to nothing."""
    text = markdown(path).partition("\n## Exercises")[0]
    return re.sub(r"`[^`]*`|^[#|].*", "", text, flags=re.MULTILINE)


def test_terms_are_linked_where_they_first_appear_and_only_there():
    text, wrong = "\n\n".join(map(running_text, NOTEBOOKS)), []
    for anchor, name in TERMS.items():
        links = [link for link in LINK.finditer(text) if link[2] == anchor]
        if len(links) != 1:
            wrong.append(f"notebooks: {len(links)} links to #{anchor}, not one")
            continue
        before = LINK.sub(r"\1", text[: links[0].start()])
        words = re.escape(name).replace(r"\ ", r"\s+")
        if earlier := re.search(rf".*\b{words}s?\b.*", before, re.IGNORECASE):
            wrong.append(f'notebooks: "{name}" is used before its link: {earlier[0]}')
    fail_with(wrong, "The first use of a term in the series is the one that is linked.")


def test_each_entry_ends_with_the_notebook_that_explains_it():
    text = GLOSSARY.read_text("utf-8")
    wrong = []
    for name, entry in zip(NAMES, text.split("\n## ")[1:], strict=True):
        links = re.findall(r"\[Notebook (\d)\]\((\S+)\)", entry)
        number, path = links[-1] if links else ("", "")
        known = ROOT / path in NOTEBOOKS and path.startswith(f"notebooks/0{number}_")
        if not known or not entry.rstrip().endswith(f"]({path})"):
            wrong.append(f'GLOSSARY.md: "{name}" ends with no notebook of the series')
    fail_with(wrong, "End an entry with [Notebook 3](notebooks/03_training.ipynb).")
