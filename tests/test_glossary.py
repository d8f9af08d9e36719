"""The glossary: in order, and linked from where the series first uses each term.

A term is renamed in its heading in ``GLOSSARY.md``; these tests then name, one by one,
each line that has the old name in a link, and end when there is none left.
"""

import itertools
import re
from pathlib import Path

from pages import NOTEBOOKS, ROOT, fail_with, markdown, read

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


def test_links_have_the_name_of_their_term():
    files = [*NOTEBOOKS, *ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    wrong = []
    links = [(page, *link) for page in map(read, files) for link in page.links]
    for page, target, text in links:
        file, _, anchor = target.partition("#")
        if file.endswith("GLOSSARY.md") and anchor:
            where = page.line_of(target)
            if anchor not in TERMS:
                wrong.append(f"{where}: [{text}] leads to no term, #{anchor}")
            elif not says(text, TERMS[anchor]):
                wrong.append(f'{where}: [{text}] leads to "{TERMS[anchor]}"')
    fail_with(
        wrong,
        "Write the term's name there, as GLOSSARY.md has it, in brackets and after #; "
        "or its other words into OTHER_WORDS in tests/test_glossary.py.",
    )


def test_terms_are_in_order_and_found_by_letter_and_anchor():
    """GitHub makes lower-case anchors of headings, JupyterLab keeps capitals."""
    wrong = [
        f'"{before}" stands before "{after}"'
        for before, after in itertools.pairwise(NAMES)
        if before.lower() >= after.lower()
    ]
    row = {text: target for target, text in read(GLOSSARY).links if len(text) == 1}
    lines = GLOSSARY.read_text("utf-8").splitlines()
    first: dict[str, str] = {}
    for anchor in TERMS:
        first.setdefault(anchor[0].upper(), f"#{anchor}")
    for letter in sorted(row.keys() | first.keys()):
        if row.get(letter) != first.get(letter):
            leads = f"leads to {row.get(letter)}, not {first.get(letter)}"
            wrong.append(f"[{letter}] {leads}")
    for anchor, name in TERMS.items():
        heading = f'## <a id="{anchor}"></a>{name}'
        if name != name.lower() and heading not in lines:
            wrong.append(f"a name with a capital is written as: {heading}")
    fail_with(
        [f"GLOSSARY.md: {what}" for what in wrong],
        "Terms are in the order of the alphabet, each letter leads to its first.",
    )


def running_text(path: Path) -> str:
    """Without exercises, code, headings, tables and badges, which link to nothing."""
    text = markdown(path).partition("\n## Exercises")[0]
    return re.sub(r"`[^`]*`|^[#|].*|^\[!\[.*", "", text, flags=re.MULTILINE)


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
        links = re.findall(r"\[Notebook (\d+)\]\((\S+)\)", entry)
        number, path = links[-1] if links else ("", "")
        known = ROOT / path in NOTEBOOKS and path.startswith(f"notebooks/{number:0>2}_")
        if not known or not entry.rstrip().endswith(f"]({path})"):
            wrong.append(f'GLOSSARY.md: "{name}" ends with no notebook of the series')
    fail_with(
        wrong, "End an entry with [Notebook 5](notebooks/05_the_training_loop.ipynb)."
    )
