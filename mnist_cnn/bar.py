"""A progress bar where someone watches, and none in a log."""

import sys
from typing import Any


def progress_bar(title: str, total: int, shown: bool = True, **look: Any) -> Any:
    """tqdm's, where standard output is a terminal or a notebook."""
    from tqdm import tqdm

    out = sys.stdout
    notebook = type(out).__module__.startswith("ipykernel.")  # calls itself no terminal
    hidden = not (shown and (notebook or (out and out.isatty())))
    return tqdm(desc=title, total=total, leave=False, file=out, disable=hidden, **look)
