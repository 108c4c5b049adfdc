"""``python -m benchmarks [PART]... [--rounds N]``: measure, print, keep the table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from platform import python_version

from benchmarks import changed_row, first_paint, incidents, ingest, replay
from benchmarks.figures import Figure, rewrite_readme, table

PARTS: dict[str, Callable[[int], list[Figure]]] = {
    "ingest": ingest.measure,
    "paint": first_paint.measure,
    "row": changed_row.measure,
    "incidents": incidents.measure,
    "replay": replay.measure,
}
LEAST = {"ingest": 5, "paint": 9, "row": 5, "incidents": 5, "replay": 3}


def main() -> None:
    """Measure what was asked for; the README takes the table of a whole run only."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, help="rounds of each part (5; first paint 9)")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}")
    figures: list[Figure] = []
    for part in options.parts or PARTS:
        print(f"measuring {part} ...", file=sys.stderr, flush=True)
        figures += PARTS[part](options.rounds or LEAST[part])
    print(table(figures))
    if not options.parts and options.rounds is None:
        rewrite_readme(f"{_where()}\n\n{table(figures)}")


def _where() -> str:
    """When and with what."""
    names = ("textual", "websockets", "msgspec")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    day = datetime.now(UTC).date().isoformat()
    return f"Measured {day} with Python {python_version()}, {versions}."


if __name__ == "__main__":
    main()
