"""The series as a website: the notebooks as committed, and a home page of its own.

``make site`` builds it with Sphinx, which reads this file.
"""

import base64
import html
import json
import re
import shutil
import sys
import tomllib
from pathlib import Path

from docutils import nodes
from PIL import Image, ImageOps
from sphinx import addnodes

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = ["docs/teaching.md", "GLOSSARY.md", "CONTRIBUTING.md"]
PAGES = [name for name in PAGES if (ROOT / name).exists()]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
repository = REPOSITORY = PROJECT["project"]["urls"]["Repository"]

project = html_title = "A small VGG learns MNIST"
root_doc = "README"  # whose place docs/home.md takes
include_patterns = ["README.md", "notebooks/*.ipynb", "docs/speed.ipynb", *PAGES]
include_patterns.append("docs/questions.md")
exclude_patterns = [".venv", "build"]  # large; not looked through

sys.path.append(str(Path(__file__).parent))  # of live.py and downloads.py
extensions = ["myst_nb", "sphinx_copybutton", "sphinx_design", "live"]
extensions += ["downloads", "sphinxext.opengraph"]
nb_execution_mode = "off"
DO = ("show", "hide")
nb_code_prompt_show = "Show the set-up"  # of Colab; for the imports see below
nb_code_prompt_hide = "Hide the set-up"
myst_enable_extensions = ["colon_fence", "dollarmath", "amsmath"]
myst_heading_anchors = 4
highlight_language = "none"
copybutton_selector = ".highlight:not(.cell_output .highlight) pre"  # code, not results

html_theme = "furo"
html_baseurl = PROJECT["project"]["urls"]["Documentation"]
html_favicon = "favicon.svg"
ogp_site_url = html_baseurl
ogp_custom_meta_tags = ['<meta name="twitter:card" content="summary_large_image">']
templates_path = ["templates"]
html_sidebars = {  # the theme's, and the page to draw on before the others
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "draw_link.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_static_path = ["style.css", "terms.js", "learn.js", "questions.js"]
html_static_path += ["../mnist_cnn/web/pad.css"]
html_css_files = ["style.css"]
html_js_files = [(name, {"defer": "defer"}) for name in ("terms.js", "learn.js")]
pygments_dark_style = "github-dark"
html_show_copyright = False
html_copy_source = False
html_use_index = False


def draw_cards(app):
    """Keep the first figure of each notebook as its picture on the home page."""
    folder = ROOT / "build" / "cards"
    folder.mkdir(parents=True, exist_ok=True)
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        outputs = (output for cell in cells for output in cell.get("outputs", []))
        kinds = (output.get("data", {}) for output in outputs)
        first = next(kind["image/png"] for kind in kinds if "image/png" in kind)
        (folder / f"{path.stem}.png").write_bytes(base64.b64decode("".join(first)))


def change_source(app, name, source):
    """The home page, with the order of the pages; the glossary, an anchor a term."""
    if name.startswith("notebooks/"):
        notebook = json.loads(source[0])
        for cell in notebook["cells"]:
            words = "the imports" if cell["id"] == "imports" else None
            tags = cell["metadata"].get("tags", [])
            drawn = "hide-input" in tags and cell["id"] not in ("setup", "imports")
            if "hide-cell" in tags or drawn:
                words = "".join(cell["source"]).split(":")[0].strip("# ")
                words = words[0].lower() + words[1:]
            if words:
                prompts = {f"code_prompt_{do}": f"{do.title()} {words}" for do in DO}
                cell["metadata"]["mystnb"] = prompts
        source[0] = json.dumps(notebook)
    if name == root_doc:
        pages = [
            "notebooks/*",
            "docs/questions",
            "docs/speed",
            *PAGES,
            f"Repository <{REPOSITORY}>",
        ]
        listed = "\n".join(pages)
        home = Path(app.confdir, "home.md").read_text(encoding="utf-8")
        home = home.replace("](../", "](")  # it stands one folder up now
        source[0] = f"{home}\n\n```{{toctree}}\n:hidden:\n:glob:\n\n{listed}\n```\n"
    if name == "docs/questions":
        source[0] = source[0].replace("{questions}", question_form())
    if name == "GLOSSARY":  # which has its letters in place of a list of all terms
        source[0] = f"---\nhide-toc: true\n---\n{source[0]}"
    source[0] = re.sub(r'<a id="[^"]+"></a>', "", source[0])


def question_form():
    """The twelve questions of the package, which questions.js brings to life."""
    text = (ROOT / "mnist_cnn/exercises/questions.toml").read_text(encoding="utf-8")
    parts = ['```{raw} html\n<form id="questions">']
    for number, (key, asked) in enumerate(tomllib.loads(text).items(), start=1):
        parts.append(f'<fieldset id="{key}" data-right="{asked["right"]}">')
        parts.append(f"<legend>{number}. {html.escape(asked['question'])}</legend>")
        for letter, choice in asked["choices"].items():
            reveals = html.escape(asked["reveals"][letter])
            parts.append(
                f'<label><input type="radio" name="{key}" value="{letter}" '
                f'data-reveals="{reveals}"> {letter}. {html.escape(choice)}</label>'
            )
        parts.append('<p class="told" role="status"></p></fieldset>')
    parts.append(
        "<p><label>I answer <select name=when><option value=before>before the series"
        "<option value=after>after the series</select></label> "
        "<button name=save disabled>Save my answers</button> <output></output></p>"
        '</form>\n<script defer src="../_static/questions.js"></script>\n```'
    )
    return "\n".join(parts)


def link_to_repository(app, doctree):
    """Let links to files and folders that are no pages here lead to the repository."""
    links = [*doctree.findall(addnodes.pending_xref)]
    links += doctree.findall(addnodes.download_reference)
    for link in links:
        target = link["reftarget"]
        if link["refdomain"] == "doc":
            if target in app.env.found_docs:
                continue
            target = f"/{target}.md"
        path, file = app.env.relfn2path(target)
        if Path(file).exists():
            there = f"{REPOSITORY}/blob/main/{path}"
            link.replace_self(nodes.reference("", "", *link.children, refuri=there))


def shape_notebooks(app, doctree):
    """Captions look like captions; an answer waits for a click; one way back and on."""
    for paragraph in [*doctree.findall(nodes.paragraph)]:
        text = paragraph.astext()
        if text.startswith("Figure: ") and len(paragraph.children) == 1:
            paragraph["classes"].append("caption")
        if text.startswith(("Previous: ", "Next: ")):  # the theme has both
            paragraph.parent.remove(paragraph)
        bold = {part.astext() for part in paragraph.findall(nodes.strong)}
        if "Predict." in bold:
            paragraph["classes"].append("predict")
    for cell in doctree.findall(is_answer):
        summary = "<summary>You have guessed? Show the output</summary>"
        opening = nodes.raw("", f'<details class="answer">{summary}', format="html")
        closing = nodes.raw("", "</details>", format="html")
        (output,) = filter(is_output, cell)
        place = cell.index(output)
        after = cell.next_node(descend=False, siblings=True)
        caption = [after] if is_caption(after) else []  # waits with its figure
        for paragraph in caption:
            paragraph.parent.remove(paragraph)
        cell[place : place + 1] = [opening, output, *caption, closing]


def is_answer(node):
    return isinstance(node, nodes.container) and "tag_answer" in node["classes"]


def is_output(node):
    return isinstance(node, nodes.container) and "cell_output" in node["classes"]


def describe_figures(app, doctree, name):
    """Give each figure of a notebook its caption, the paragraph below, as alt text."""
    figure = None
    for node in doctree.findall(nodes.Element):
        if isinstance(node, nodes.image) and "alt" not in node:
            figure = node
            figure["alt"] = ""
        elif figure is not None and is_caption(node):
            figure["alt"] = node.astext()
            figure = None


def is_caption(node):
    return isinstance(node, nodes.paragraph) and "caption" in node["classes"]


def explain_terms(app, doctree, name):
    """A link to the glossary says, as its title, what stands there; see terms.js."""
    if "GLOSSARY" in app.env.found_docs:
        glossary = app.env.get_doctree("GLOSSARY")
        entries = {
            key: section.next_node(nodes.paragraph)
            for section in glossary.findall(nodes.section)
            for key in section["ids"]
        }
        for link in doctree.findall(nodes.reference):
            page, _, key = link.get("refuri", "").partition("#")
            if page.endswith("GLOSSARY.html") and key in entries:
                text = " ".join(entries[key].astext().split())
                link["reftitle"] = re.sub(r" Notebook \d+$", "", text)


def change_head(app, name, template, context, doctree):
    """One viewport, not two; what previews of links show: a sentence, a picture."""
    tags = re.sub(r'<meta name="viewport"[^>]*>', "", context.get("metatags", ""))
    context["metatags"] = tags
    if doctree is None:  # as of the search
        return
    if name == root_doc:  # the address of the site itself
        context["pageurl"] = html_baseurl
    alts, page = picture_alts(app), name.split("/")[-1]
    picture = page if page in alts else next(iter(alts))
    text = html.escape(describe(doctree))
    context["metatags"] += f'<meta name="description" content="{text}">'
    context["meta"] = (context["meta"] or {}) | {
        "og:url": context["pageurl"],
        "og:description": text,
        "og:image": f"{html_baseurl}previews/{picture}.png",
        "og:image:alt": alts[picture],
    }


def describe(doctree):
    """What a notebook teaches, or how a page begins: as much as 200 characters hold."""
    text = doctree.next_node(nodes.paragraph).astext()
    for row in doctree.findall(nodes.row):
        if row[0].astext() == "You will be able to":
            text = f"You will be able to {row[1].astext()}."
    parts = re.split(r"(?<=[.;?]) ", " ".join(text.split()))
    while len(parts) > 1 and len(" ".join(parts)) > 200:
        parts.pop()
    return re.sub(";$", ".", " ".join(parts))


def picture_alts(app):
    """What the pictures on the home page show, by name; the first is the site's."""
    home = Path(app.confdir, "home.md").read_text(encoding="utf-8")
    return dict(re.findall(r"build/cards/(\w+)\.png\n:img-alt: (.+)", home))


def draw_previews(app, exception):
    """The pictures of the home page as previews of links want them: wide, on white."""
    if exception is not None:
        return
    folder = Path(app.outdir, "previews")
    folder.mkdir(parents=True, exist_ok=True)
    for name in picture_alts(app):
        with Image.open(ROOT / "build" / "cards" / f"{name}.png") as card:
            figure = ImageOps.contain(card.convert("RGBA"), (1100, 550))
        preview = Image.new("RGB", (1200, 630), "white")
        place = ((1200 - figure.width) // 2, (630 - figure.height) // 2)
        preview.paste(figure, place, figure)
        preview.save(folder / f"{name}.png", optimize=True)
    for name in ("draw", "train"):
        with Image.open(ROOT / "images" / f"{name}.png") as whole:  # of the page
            preview = ImageOps.fit(whole.convert("RGB"), (1200, 630), centering=(0, 0))
        preview.save(folder / f"{name}.png", optimize=True)


def make_index(app, exception):
    """The home page, also under the name that servers look for."""
    if exception is None:
        shutil.copy(Path(app.outdir, "README.html"), Path(app.outdir, "index.html"))


def setup(app):
    app.connect("builder-inited", draw_cards)
    app.connect("source-read", change_source)
    app.connect("doctree-read", link_to_repository)
    app.connect("doctree-read", shape_notebooks)
    app.connect("doctree-resolved", describe_figures)
    app.connect("doctree-resolved", explain_terms)
    app.connect("html-page-context", change_head, priority=400)  # before opengraph's
    app.connect("build-finished", draw_previews)
    app.connect("build-finished", make_index)
