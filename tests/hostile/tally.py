"""How many bad inputs were tried, for the figures of docs/RELIABILITY.md."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

PLACE = os.environ.get("CLAWTOP_TALLY")  # a file; without it nothing is written
SCALE = int(os.environ.get("CLAWTOP_FUZZ", "1"))  # how many times the ordinary number of inputs
_tried: Counter[str] = Counter()


def tried(what: str, number: int = 1) -> None:
    _tried[what] += number


def write() -> None:
    """Write the counts, where somebody asked for them."""
    if PLACE:
        Path(PLACE).write_text(json.dumps(_tried), encoding="utf-8")
