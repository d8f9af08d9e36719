"""What the website has to download: a sheet to print, notebooks to hand out, itself."""

import json
import re
import zipfile
from pathlib import Path
from urllib.parse import quote

import sheet

ROOT = Path(__file__).parent.parent
SOLUTION = re.compile(r"<details><summary>Solution</summary>.*?</details>\n*", re.S)
HANDOUT, SITE = "mnist-cnn-handout.zip", "mnist-cnn-site.zip"


def without_answers(notebook: dict) -> dict:
    """A notebook with no outputs, no solutions, and none of its checks for tests."""
    cells, exercises = [], False
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        tags = cell["metadata"].get("tags", [])
        exercises |= "## Exercises" in text
        if "remove-cell" in tags or (exercises and cell["cell_type"] == "code"):
            continue  # the code below Exercises draws solutions
        cell = dict(cell)
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
        elif exercises:
            text = re.sub(r"(?m)^\*Figure: [^*]*\*\n*", "", SOLUTION.sub("", text))
            cell["source"] = text.splitlines(keepends=True)
        if text.strip():
            cells.append(cell)
    return notebook | {"cells": cells}


def zip_files(path: Path, files: dict[str, bytes]) -> None:
    """The same archive for the same files, whenever it is made."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(f"{path.stem}/{name}")
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)


def hand_out(folder: Path, address: str) -> dict[str, bytes]:
    """What a teacher hands out; what is not in it is linked at the site's address."""
    files = {name: (ROOT / name).read_bytes() for name in ("GLOSSARY.md", "LICENSE")}
    files["sheet.pdf"] = (folder / "sheet.pdf").read_bytes()
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        notebook = without_answers(json.loads(path.read_text("utf-8")))
        text = json.dumps(notebook, indent=1, ensure_ascii=False)
        text = re.sub(r"\]\(\.\./docs/(\w+)\.ipynb", rf"]({address}docs/\1.html", text)
        files[f"notebooks/{path.name}"] = text.encode()
    return files


def stay_inside(folder: Path, address: str) -> None:
    """Let links to pages of the site lead there in a copy of it, too."""
    own = re.compile(rf'(<a [^>]*href="){re.escape(address)}([^"#]+)')
    for page in folder.rglob("*.html"):
        up = "../" * len(page.relative_to(folder).parents[:-1])

        def lead(found: re.Match[str], up: str = up) -> str:
            there = (folder / found[2]).exists()
            return f"{found[1]}{up}{found[2]}" if there else found[0]

        text = page.read_text("utf-8")
        page.write_text(own.sub(lead, text), "utf-8")


def make_downloads(app, exception):
    """Last of all, as the site holds what others make when it is finished."""
    if exception is not None:
        return
    folder, address = Path(app.outdir), app.config.html_baseurl
    sheet.save(str(folder / "sheet.pdf"))
    zip_files(folder / HANDOUT, hand_out(folder, address))
    (folder / SITE).unlink(missing_ok=True)
    (folder / SITE).touch()  # it is there to be linked, and is not in itself
    stay_inside(folder, address)
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    files = {p.relative_to(folder).as_posix(): p for p in paths if p.name != SITE}
    zip_files(folder / SITE, {name: p.read_bytes() for name, p in files.items()})


def offer_report(app, name, template, context, doctree):
    """Below each page, the way to say what is wrong on it."""
    if doctree is not None:
        link = report_link(app.config.repository, name)
        context["body"] += f'<p class="report">{link}</p>'


def report_link(repository, name):
    there = f"{repository}/issues/new?title={quote(f'Mistake on the page {name}')}"
    return f'<a href="{there}">Report a mistake on this page</a>'


def setup(app):
    app.add_config_value("repository", "", "html")
    app.connect("html-page-context", offer_report)
    app.connect("build-finished", make_downloads, priority=900)
