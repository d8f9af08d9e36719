"""Name the repository and its website everywhere: badges, first cells, CITATION.cff.

    python tools/repo.py owner/name

The name's one home is [project.urls] in pyproject.toml; this changes it there and
wherever it is repeated.
"""

import argparse
import os
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
# An owner: up to 39 letters, digits, and single hyphens between them. A repository: no
# name of a folder itself, and no end that git gives to repositories and GitHub to wikis
SLUG = re.compile(
    r"(?=[^/]{1,39}/)[a-z0-9]+(-[a-z0-9]+)*"
    r"/(?!\.{1,2}$)[a-z0-9._-]{1,100}(?<!\.git)(?<!\.wiki)",
    re.IGNORECASE | re.ASCII,
)


def current(root: Path) -> str:
    """The owner/name that pyproject.toml holds."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return project["project"]["urls"]["Repository"].removeprefix("https://github.com/")


def site(slug: str) -> str:
    """Where GitHub Pages puts the website of a repository."""
    owner, name = slug.split("/")
    home = f"https://{owner}.github.io/"
    return home if home == f"https://{name}/" else f"{home}{name}/"


def files(root: Path) -> list[Path]:
    """All files that repeat the name, its home last: a stopped run can be repeated."""
    repeat = [root / "README.md", root / "CITATION.cff"]
    found = [*sorted(root.glob("docs/*.md")), *sorted(root.glob("notebooks/*.ipynb"))]
    return [*repeat, *found, root / "pyproject.toml"]


def stamp(root: Path, slug: str) -> int:
    """Write ``slug`` in place of the current one; returns how often it stood there."""
    if not SLUG.fullmatch(slug):
        raise ValueError(f"expected owner/name as on GitHub, got {slug!r}")
    old = current(root)
    where = re.compile(rf"(?<=[/]){re.escape(old)}(?![\w-])")
    count = 0
    for path in files(root):
        time = path.stat().st_mtime_ns
        text, found = where.subn(slug, path.read_bytes().decode())  # keeps line endings
        found += text.count(site(old))
        path.write_bytes(text.replace(site(old), site(slug)).encode())
        if path.name == "pyproject.toml":  # or make would install everything anew
            os.utime(path, ns=(time, time))
        count += found
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("slug", help="owner/name on GitHub")
    try:
        count = stamp(ROOT, parser.parse_args().slug)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"named the repository in {count} places")
    return 0


if __name__ == "__main__":
    sys.exit(main())
