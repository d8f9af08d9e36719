"""Results of runs too long for a notebook, shipped as JSON beside the code."""

import json
from pathlib import Path
from typing import Any

__all__ = ["load_study"]

STUDIES = Path(__file__).parent / "studies"


def load_study(name: str) -> dict[str, Any]:
    """The recorded results of one study: ``benchmarks`` or ``make weights`` wrote them.

    Raises ValueError, with the names there are, for an unknown one.
    """
    path = STUDIES / f"{name}.json"
    if not path.is_file():
        known = sorted(p.stem for p in STUDIES.glob("*.json"))
        raise ValueError(f"expected name to be one of {known}, got {name!r}")
    study: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return study
