"""Make the reader's own copies of the notebooks, in my_notebooks, and keep them.

    python tools/mine.py [--fresh]

What is there is never overwritten; a notebook that is missing is copied anew. With
--fresh, all are copied into a new folder beside it, my_notebooks_2 and so on. Git
ignores both, so that an update of the series meets none of the reader's work.
"""

import argparse
from itertools import count
from pathlib import Path

ROOT = Path(__file__).parent.parent


def copy(root: Path, *, fresh: bool = False) -> Path:
    """Copy the notebooks that are missing, or all into a new folder; returns it."""
    folder = root / "my_notebooks"  # as deep as notebooks: links lead where they did
    if fresh and folder.exists():
        paths = (root / f"my_notebooks_{number}" for number in count(2))
        folder = next(path for path in paths if not path.exists())
    folder.mkdir(exist_ok=True)
    for path in sorted(root.glob("notebooks/*.ipynb")):
        if not (own := folder / path.name).exists():
            own.write_bytes(path.read_bytes())
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fresh", action="store_true", help="into a new folder")
    folder = copy(ROOT, fresh=parser.parse_args().fresh)
    print(f"Your own notebooks are in {folder.name}, which no update changes.")


if __name__ == "__main__":
    main()
