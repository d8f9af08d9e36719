"""Results of runs too long for a notebook, shipped as JSON beside the code."""

import json
from pathlib import Path

__all__ = ["load_study"]

STUDIES = Path(__file__).parent / "studies"


def load_study(name: str) -> dict:
    """The recorded results of one study: ``benchmarks`` or ``make weights`` wrote them.

    Raises ValueError, with the names there are, for an unknown one.
    """
    path = STUDIES / f"{name}.json"
    if not path.is_file():
        known = sorted(p.stem for p in STUDIES.glob("*.json"))
        raise ValueError(f"expected name to be one of {known}, got {name!r}")
    return json.loads(path.read_text(encoding="utf-8"))
