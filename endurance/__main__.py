"""``python -m endurance``: eight hours of a busy night, and many more bad inputs than the ordinary
tests try. Writes the figures into docs/RELIABILITY.md; exit 1 when something grew or failed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from clawtop import __version__
from endurance.faults import injected
from endurance.figures import write_figures
from endurance.night import Night, night

HOURS = 8
FUZZ = 10  # times the inputs of the ordinary tests
SLOPE_KB = 2_048  # an hour, with the embedded gateway and its own log in the same process
HOSTILE = ("tests/hostile/test_payloads.py", "tests/hostile/test_frames.py")


def main() -> int:
    """Both, then the figures."""
    passed = asyncio.run(night(HOURS * 3600))
    slope = passed.slope_kb(lambda one: one.rss_kb)
    tried, code = hostile()
    worse = problems(passed)
    for line in worse:
        print(f"endurance: {line}", file=sys.stderr)
    figures = {
        "simulated hours of `busy-night`": f"{HOURS}",
        "faults of the night, told again with every round": f"{5 * (passed.rounds + 1)}",
        "times the gateway went away and came back empty": f"{passed.rounds}",
        "events heard": f"{passed.events:,}",
        "events lost": f"{passed.lost}",
        "frames not understood": f"{passed.unreadable}",
        "memory, KB an hour after the second hour": f"{slope:+.0f}",
        "asyncio tasks, first and last look": f"{span(passed, 'tasks')}",
        "file descriptors, first and last look": f"{span(passed, 'descriptors')}",
        **{f"{name} tried": f"{number:,}" for name, number in sorted(tried.items())},
    }
    made_with = f"clawtop {__version__}, Python {sys.version.split()[0]}"
    write_figures("endurance", figures, made_with)
    write_figures("faults", injected(), made_with)
    return 1 if worse or code else 0


def problems(passed: Night) -> list[str]:
    """What must not be."""
    first, last = passed.samples[0], passed.samples[-1]
    found = []
    if passed.lost or passed.unreadable:
        found.append(f"{passed.lost} events lost, {passed.unreadable} frames not understood")
    if last.tasks > first.tasks:
        found.append(f"tasks grew from {first.tasks} to {last.tasks}")
    if last.descriptors > first.descriptors:
        found.append(f"file descriptors grew from {first.descriptors} to {last.descriptors}")
    if passed.slope_kb(lambda one: one.rss_kb) > SLOPE_KB:
        found.append(f"memory grows by more than {SLOPE_KB} KB an hour")
    return found


def span(passed: Night, name: str) -> str:
    """A number at both ends of the night."""
    return " and ".join(str(getattr(one, name)) for one in (passed.samples[0], passed.samples[-1]))


def hostile() -> tuple[dict[str, int], int]:
    """The tests of hostile input with more of it: how much was tried, and the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        tally = Path(folder) / "tally.json"
        more = {"CLAWTOP_FUZZ": str(FUZZ), "CLAWTOP_TALLY": str(tally)}
        command = [sys.executable, "-m", "pytest", "-q", "--timeout", "3600", *HOSTILE]
        code = subprocess.run(command, env={**os.environ, **more}, check=False).returncode
        return (json.loads(tally.read_text("utf-8")) if tally.exists() else {}), code


if __name__ == "__main__":
    sys.exit(main())
