"""``python -m benchmarks [PART]... [--rounds N]``: measure, keep the table, say what got worse."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from platform import python_version

from benchmarks import (
    burst,
    changed_row,
    first_paint,
    frozen,
    idle,
    incidents,
    ingest,
    keys,
    replay,
    report,
    storm,
    tables,
)
from benchmarks.figures import Figure

PARTS: dict[str, Callable[[int], list[Figure]]] = {
    "ingest": ingest.measure,
    "idle": idle.measure,
    "storm": storm.measure,
    "paint": first_paint.measure,
    "keys": keys.measure,
    "row": changed_row.measure,
    "table": tables.measure,
    "burst": burst.measure,
    "frozen": frozen.measure,
    "incidents": incidents.measure,
    "replay": replay.measure,
}
LEAST = 5  # rounds; a table made of fewer is not kept
MORE = {"paint": 9}


def main() -> int:
    """Measure what was asked for; the exit code."""
    options = _options()
    parts = options.parts or [*PARTS]
    figures, failed = _measured(parts, options.rounds)
    before = report.standing()
    print(report.table([figure.row() for figure in figures]), end="\n\n")
    missed = report.misses(figures)
    changes = [*report.changes(before, figures)]
    for line in (*missed, *(line for _, line in changes)):
        print(line)
    worse = sum(worse for worse, _ in changes)
    print(f"{len(missed)} of {len(figures)} missed, {worse} worse than in the README's table")
    if options.rounds is None or options.rounds >= LEAST:
        rows = report.merged(before if options.parts or failed else {}, figures)
        report.rewrite(f"{_where()}\n\n{report.table(rows)}")
    return int(failed or (options.strict and bool(missed or worse)))


def _measured(parts: Sequence[str], rounds: int | None) -> tuple[list[Figure], bool]:
    """The figures of these parts, and whether one of them could not be measured."""
    figures: list[Figure] = []
    failed = False
    for part in parts:
        print(f"measuring {part} ...", end=" ", file=sys.stderr, flush=True)
        began = time.monotonic()
        try:
            figures += PARTS[part](rounds or MORE.get(part, LEAST))
        except (TimeoutError, OSError) as error:  # the client is gone, or it hangs
            print(f"failed: {error};", end=" ", file=sys.stderr)
            failed = True
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return figures, failed


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, help=f"of each part ({LEAST}; first paint 9)")
    parser.add_argument("--strict", action="store_true", help="exit 1 for what is missed or worse")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}")
    return options


def _where() -> str:
    """When and with what."""
    names = ("textual", "websockets", "msgspec")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    day = datetime.now(UTC).date().isoformat()
    return f"Last measured {day} with Python {python_version()}, {versions}."


if __name__ == "__main__":
    sys.exit(main())
