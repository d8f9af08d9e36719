"""The series as a website: README.md is its home, the notebooks are shown as committed.

``make site`` builds it with Sphinx, which reads this file.
"""

import shutil
import tomllib
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

ROOT = Path(__file__).parent.parent
PAGES = [name for name in ("GLOSSARY.md", "CONTRIBUTING.md") if (ROOT / name).exists()]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REPOSITORY = PROJECT["project"]["urls"]["Repository"]

project = html_title = "A small VGG learns MNIST"
root_doc = "README"
include_patterns = ["README.md", "notebooks/*.ipynb", *PAGES]
exclude_patterns = [".venv", "build"]  # large; not looked through

extensions = ["myst_nb"]
nb_execution_mode = "off"
nb_code_prompt_show = "Show the set-up"  # the one cell that is folded
nb_code_prompt_hide = "Hide the set-up"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4
highlight_language = "none"

html_theme = "furo"
html_static_path = ["style.css"]
html_css_files = ["style.css"]
pygments_dark_style = "github-dark"
html_show_copyright = False
html_copy_source = False
html_use_index = False


def add_contents(app, name, source):
    """The order of the pages, which the README on GitHub has no need of."""
    if name == root_doc:
        pages = "\n".join(["notebooks/*", *PAGES, f"Repository <{REPOSITORY}>"])
        source[0] += f"\n\n```{{toctree}}\n:hidden:\n:glob:\n\n{pages}\n```\n"


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


def describe_figures(app, doctree, name):
    """Give each figure of a notebook its caption, the paragraph below, as alt text."""
    for image in doctree.findall(nodes.image):
        if "alt" not in image:
            cell = image
            while not isinstance(cell.parent, nodes.Structural):
                cell = cell.parent
            below = cell.next_node(nodes.paragraph, descend=False, siblings=True)
            image["alt"] = below.astext() if below else ""


def make_index(app, exception):
    """The home page, also under the name that servers look for."""
    if exception is None:
        shutil.copy(Path(app.outdir, "README.html"), Path(app.outdir, "index.html"))


def setup(app):
    app.connect("source-read", add_contents)
    app.connect("doctree-read", link_to_repository)
    app.connect("doctree-resolved", describe_figures)
    app.connect("build-finished", make_index)
