"""A progress bar where someone watches, and none in a log."""

import sys
from typing import Any

PATIENCE = 180  # seconds: three times the notebooks' longest cell on two free cores
ADVICE = "; too long? Stop it, and train on fewer images: train.take(range(6_000))"


def in_notebook() -> bool:
    """Its standard output calls itself no terminal."""
    return type(sys.stdout).__module__.startswith("ipykernel.")


def progress_bar(title: str, total: int, shown: bool = True, **look: Any) -> Any:
    """tqdm's, where standard output is a terminal or a notebook."""
    from tqdm import tqdm

    out = sys.stdout
    hidden = not (shown and (in_notebook() or (out and out.isatty())))
    return tqdm(desc=title, total=total, leave=False, file=out, disable=hidden, **look)


def time_left(seconds: float) -> str:
    """In words; in a notebook, what to do about it where that is far too long."""
    text = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
    return f"about {text} left{ADVICE if seconds > PATIENCE and in_notebook() else ''}"
