"""A progress bar where someone watches, and none in a log."""

import sys
from typing import Any

__all__ = ["progress_bar"]


def progress_bar(
    title: str, total: int, taken: Any = None, shown: bool = True, **look: Any
) -> Any:
    """tqdm's, where standard output is a terminal or a notebook."""
    from tqdm import tqdm

    out = sys.stdout
    # That of a notebook says that it is no terminal
    watched = type(out).__module__.startswith("ipykernel.") or (out and out.isatty())
    hidden = not (shown and watched)
    return tqdm(taken, title, total, leave=False, file=out, disable=hidden, **look)
