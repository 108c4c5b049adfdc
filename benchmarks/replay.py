"""How fast a recorded night is opened, replayed and searched, as ratios within one run.

The tape is made here: eight hours of a busy gateway, about 100 MB.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.figures import SHARE, Figure, ratio
from benchmarks.mix import NOW, STARTED_MS, dumped, numbered, templates
from clawtop.gateway.playback import Playback
from clawtop.gateway.survey import Survey
from clawtop.gateway.tape_read import Tape
from clawtop.incidents.engine import Engine

NIGHT_S = 8 * 3600
SESSIONS = 6
EVENTS_A_SECOND = 2
POLL_S = 5
SEEKS = 12
FASTER = 500.0


def measure(rounds: int) -> list[Figure]:
    """The figures of ``rounds`` passes over the same tape."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "night.jsonl"
        path.write_bytes(b"".join(night()))
        found = [_round(path) for _ in range(rounds)]
        megabytes = path.stat().st_size / 1e6
    opened, played, sought = ([one[part] for one in found] for part in range(3))
    slow = [float(NIGHT_S)] * rounds
    behind = f"{megabytes:.0f} MB, 8 h: {median(played):.1f} s with incidents"
    return [
        ratio("replay, times faster than it was", slow, played, FASTER, behind, at_least=True),
        _share("open and index, of one replay", opened, played),
        _share("go to any place, of one replay", sought, played),
    ]


def _share(name: str, some: list[float], whole: list[float]) -> Figure:
    return ratio(name, some, whole, 0.15, f"{median(some):.2f} s", unit=SHARE)


def _round(path: Path) -> tuple[float, float, float]:
    """Seconds to open and index, to replay all of it, and to go to a place (the median)."""
    began = time.perf_counter()
    tape = Tape(path)
    tape.scan()
    opened = time.perf_counter() - began
    survey = Survey(tape, Engine, keeps=True)
    survey.run()
    played = time.perf_counter() - began - opened
    chance = random.Random(7)
    sought = [_seek(survey, chance.randrange(tape.begins_ms, tape.ends_ms)) for _ in range(SEEKS)]
    tape.close()
    return opened, played, median(sought)


def _seek(survey: Survey[Engine], at_ms: int) -> float:
    began = time.perf_counter()
    found = survey.nearest(at_ms)
    tape = survey.tape
    playback = Playback.restored(tape, found[1]) if found is not None else Playback(tape)
    playback.play_to(at_ms)
    return time.perf_counter() - began


# -- the tape


def night() -> Iterator[bytes]:
    """The lines of the tape: polls, and events of all sessions but one, which stays silent."""
    parts, chance = templates(), random.Random(7)
    rows = b",".join(numbered(parts.row, number) for number in range(SESSIONS))
    answers = _answers(rows)
    yield dumped(HEADER) + b"\n"
    yield _line(0, b'"is":"up","asked_scopes":["operator.read"],"payload":' + dumped(HELLO))
    for second in range(NIGHT_S):
        if second % POLL_S == 0:
            yield from (_line(second, answer) for answer in answers)
        for _ in range(EVENTS_A_SECOND):
            name = chance.choice(("agent", "agent", "sessions.changed", "tick"))
            payload = numbered(parts.payloads[name], chance.randrange(1, SESSIONS))
            yield _line(second, b'"is":"event","event":"%s","payload":' % name.encode() + payload)


def _line(second: int, rest: bytes) -> bytes:
    """A line of that second; the times in it that mean "now" are brought up to it."""
    at = b"%d" % (STARTED_MS + second * 1000)
    return b'{"at":%s,"offset":0,%s}\n' % (at, rest.replace(NOW, at))


def _answers(rows: bytes) -> list[bytes]:
    """An answer to each question."""
    listed = b'{"ts":%s,"totalCount":%d,"hasMore":false,"sessions":[' % (NOW, SESSIONS) + rows
    payloads = {
        "sessions.list": listed + b"]}",
        "gateway.restart.preflight": b'{"counts":{"embeddedRuns":%d}}' % SESSIONS,
        "status": dumped({"queuedSystemEvents": [], "heartbeat": {"agents": []}}),
        "diagnostics.lanes": dumped({"lanes": [{"lane": "main", "activeCount": 2}]}),
        "diagnostics.stability": dumped({"events": [], "lastSeq": 0}),
        "logs.tail": dumped({"lines": [LOG_LINE] * 5, "file": "a", "cursor": 1}),
    }
    asked = b'"is":"answer","id":1,"method":"%s","params":{},"took_ms":5,"payload":%s'
    return [asked % (method.encode(), payload) for method, payload in payloads.items()]


HEADER = {
    "schema": "clawtop.tape/1",
    "clawtop": "0",
    "at_ms": STARTED_MS,
    "offset_ms": 0,
    "gateway": {"name": "bench", "url": "ws://127.0.0.1:1"},
    "manner": {"read_only": False, "approvals": "auto", "one_shot": True, "timeout_s": 10},
    "stale_after_ms": 600_000,
}
METHODS = (
    "status",
    "sessions.list",
    "sessions.recover",
    "gateway.restart.preflight",
    "diagnostics.lanes",
    "diagnostics.stability",
    "logs.tail",
)
HELLO = {
    "type": "hello-ok",
    "protocol": 4,
    "server": {"version": "2026.9.6", "bootId": "bench"},
    "features": {"methods": METHODS, "events": []},
    "auth": {"role": "operator", "scopes": ["operator.read"]},
}
LOG_LINE = '{"0":"agent run progress: tool finished","time":"2026-11-06T00:00:00.000Z"}'
