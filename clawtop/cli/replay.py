"""``clawtop replay``: a recording in the place of a gateway.

With a terminal it is the dashboard; without one the tape is run through at once, and what is
printed is the picture at its end and when each incident could first be named.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from clawtop.cli.output import is_dumb
from clawtop.cli.picture_text import picture_text
from clawtop.errors import UsageError
from clawtop.gateway.replay import AT_MOST, Player
from clawtop.gateway.survey import First, Survey
from clawtop.gateway.tape_read import Tape
from clawtop.incidents.engine import Engine
from clawtop.incidents.ways import incident_document
from clawtop.picture.document import document
from clawtop.text import age, count, iso, plain

SCHEMA = "clawtop.replay/1"
HINT = "space: pause  , . minute back, on  p n incident before, next"


def run(args: argparse.Namespace) -> int:
    """Raises UsageError for what is no recording."""
    speed = _speed(args.speed)
    tape = Tape(Path(args.file))
    try:
        drawn = sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb()
        if args.json or args.text or not drawn:
            return _through(tape, as_json=args.json)
        return _show(args, tape, speed)
    finally:
        tape.close()


def _speed(text: str) -> float:
    if text == "max":
        return AT_MOST
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 100_000:
        raise UsageError(f"{plain(text)!r} is not a speed", "Give a number like 20, or max")
    return value


def _show(args: argparse.Namespace, tape: Tape, speed: float) -> int:
    from clawtop.cli.dashboard import show

    player = Player(tape, Engine, speed=speed)
    gateway = tape.header.gateway
    target = (gateway.name, urlsplit(gateway.url).netloc or gateway.url)
    return show(args, player.attached, target, store=player.store, hint=HINT)


def _through(tape: Tape, *, as_json: bool) -> int:
    survey = Survey(tape, Engine)
    survey.run()
    for text in _remarks(survey):
        print(f"clawtop: {text}", file=sys.stderr)
    if as_json:
        print(json.dumps(_document(survey), ensure_ascii=True))
    else:
        print(_text(survey), end="")
    return 0


def _remarks(survey: Survey[Engine]) -> list[str]:
    """What of the file could not be used."""
    tape, found = survey.tape, []
    if tape.cut:
        found.append("the recording is cut off: its last half line was left out")
    skipped = tape.skipped + survey.playback.skipped
    if skipped:
        found.append(f"{count(skipped, 'line')} without sense left out")
    return found


def _document(survey: Survey[Engine]) -> dict[str, Any]:
    tape, store = survey.tape, survey.playback.store
    incidents = [incident_document(one, store) for one in survey.namer.incidents()]
    return {
        "schema": SCHEMA,
        "recording": {
            "file": str(tape.path),
            "gateway": tape.header.gateway.name,
            "made_by": tape.header.clawtop,
            "begins_ms": tape.begins_ms,
            "ends_ms": tape.ends_ms,
            "lines": len(tape),
            "skipped": tape.skipped + survey.playback.skipped,
            "cut": tape.cut,
        },
        "first_nameable": [one.document() for one in survey.firsts],
        "picture": document(store, incidents),
    }


def _text(survey: Survey[Engine]) -> str:
    tape = survey.tape
    passed = age(tape.ends_ms - tape.begins_ms)
    span = f"{iso(tape.begins_ms)} to {iso(tape.ends_ms)}, {passed}"
    lines = [f"REPLAY  {plain(tape.header.gateway.name)}  {span}", ""]
    lines += [f"FIRST NAMEABLE  {count(len(survey.firsts), 'incident')}"]
    for one in survey.firsts:
        lines += _first(one)
    store = survey.playback.store
    return "\n".join([*lines, "", picture_text(store, survey.namer.incidents())])


def _first(one: First) -> list[str]:
    head = f"  {iso(one.at_ms)}  {one.severity:<8} {one.id} {one.name}  {one.certainty}"
    return [head, f"      {plain(one.summary)}"]
