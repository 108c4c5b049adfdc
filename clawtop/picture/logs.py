"""What the gateway's own log lines say: a known head, and ``key=value`` pairs behind it.

Parsed tolerantly: unknown, missing or reordered pairs are fine, values may be quoted. Shapes
were seen on 2026.5.28 and 2026.9.6 or read in their code; a line that fits none is not a note.
"""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

from clawtop.picture.changes import LogLine

_PAIR = re.compile(r'(?<![\w.])([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*"|[^\s,;)]*)')
STALL_HEADS = ("stuck session", "stalled session", "long-running session")
OUTCOME_HEAD = "stuck session recovery outcome"
RELEASE_HEADS = (
    "reply run terminal settle",
    "reply run finalization settle",
    "reply run stale takeover",
)
ATTEMPT = "stuck session recovery"
LANE_WAIT = "lane wait exceeded"
LANE_ERROR = "lane task error"
LANE_REJECTED = "lane task rejected after timeout"
DRAIN_BLOCKED = "drainLane blocked"
FAILOVER = "failover"
FOLLOWUP_FAILED = "exec approval followup dispatch failed"
RUN_ACTIVE = "reply run already active"
WORK_CHANGED = "session changed while starting work"
CLAIM_CHANGED = "restart recovery claim changed"
DISK_LOCK = "session file locked"
TAKEOVER = "session takeover"
NO_AUTHORITY = "no active tool authority"
FLOOD_GUARD = "heartbeat flood guard"
NO_PAYLOADS = "turn without queued reply payloads"
REPLY_DRAIN = "restart reply drain"
DRAINING = "gateway is draining"
LIVENESS = "liveness warning"
SLOW_METHOD = "slow method"
SETTLE_WAKE = "requester settle wake failed"
FINISHED = "exec finished"
FOLLOWUP_STALE = "stale exec approval followup"
ASK_UNDELIVERED = "exec approval not delivered"
ASK_HEADLESS = "headless run cannot wait for an approval"
SETTLE_OWNER = "subagent completion owner changed"

LANE_HEADS = (LANE_WAIT, LANE_ERROR, LANE_REJECTED, DRAIN_BLOCKED)
SETTLE_HEADS = (SETTLE_WAKE, SETTLE_OWNER)
ASK_HEADS = (FOLLOWUP_STALE, ASK_UNDELIVERED, ASK_HEADLESS)
GATEWAY_HEADS = (
    FLOOD_GUARD,
    REPLY_DRAIN,
    DRAINING,
    LIVENESS,
    SLOW_METHOD,
    DISK_LOCK,
    NO_AUTHORITY,
    DRAIN_BLOCKED,
    *SETTLE_HEADS,
    *ASK_HEADS,
)
_WITH_COLON = (
    *STALL_HEADS,
    OUTCOME_HEAD,
    *RELEASE_HEADS,
    ATTEMPT,
    LANE_WAIT,
    LANE_ERROR,
    LANE_REJECTED,
    DRAIN_BLOCKED,
    LIVENESS,
)
_KEY = r"(?P<key>agent:[^\s\"',;)]{1,300}|[\w.@+-]{1,80}:[^\s\"',;)]{1,300})"
# Sentences without a head of their own: what to call them, and where the session stands.
_SENTENCES = (
    (FAILOVER, r"embedded[_ ]run[_ ]failover[_ ]decision"),
    (RUN_ACTIVE, rf"Reply run already active for {_KEY}"),
    (RUN_ACTIVE, rf"skipped reply operation admission for {_KEY}; reason=active-run"),
    (WORK_CHANGED, r'Session "(?P<key>[^"\n]{1,300})" changed while starting work'),
    (CLAIM_CHANGED, r"restart recovery claim changed before agent adoption"),
    (DISK_LOCK, r"session file locked|SessionWriteLockTimeoutError"),
    (TAKEOVER, rf"reply session initialization conflicted for {_KEY}"),
    (TAKEOVER, r"EmbeddedAttemptSessionTakeoverError"),
    (NO_AUTHORITY, r"Reply operation has no active tool authority snapshot"),
    (FOLLOWUP_FAILED, r"exec approval followup dispatch failed \(id="),
    (FLOOD_GUARD, r"heartbeat: flood guard tripped"),
    (NO_PAYLOADS, r"visible channel turn dispatched with no queued reply payloads"),
    (REPLY_DRAIN, r"restart reply drain timed out|forced restart requested; skipping active"),
    (DRAINING, r"Gateway is draining for restart"),
    (SETTLE_WAKE, r"requester settle wake failed|failed to persist requester settle wake"),
    (SETTLE_OWNER, r"subagent completion owner changed before settlement"),
    (FOLLOWUP_STALE, r"(?:Dropping stale|Stopped observing accepted) exec approval followup"),
    (ASK_UNDELIVERED, r"exec approvals: failed to deliver to (?P<to>\S{1,200}): "),
    (ASK_HEADLESS, r"Headless runs cannot wait for interactive exec approval"),
    (FINISHED, r"Exec finished \("),
    (SLOW_METHOD, r"⇄ res [✓✗] (?P<method>[\w.]+) (?P<took>\d{4,})ms"),
)


@cache
def _sentences() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Compiled for the first line that is worth it: the first frame waits for none."""
    return tuple((head, re.compile(pattern)) for head, pattern in _SENTENCES)


# One cheap look that most lines fail; only then are the shapes tried.
_WORTH = re.compile(
    r"[sS]ession|lane |drainLane|reply|Reply|failover|liveness|flood guard|draining"
    r"|settle wake|Exec finished|approval followup|exec approvals:|Headless|settlement"
    r"|forced restart|⇄ res"
)


class Note(Struct, frozen=True, gc=False):
    """One parsed line: its head, its time in gateway ms, its pairs, its text."""

    head: str
    at_ms: int
    pairs: dict[str, str]
    text: str = ""

    @property
    def session_key(self) -> str | None:
        """The session it names: as a pair, in its words, or as the lane of a session."""
        named = self.pairs.get("sessionKey") or self.pairs.get("key")
        if named and named != "unknown":
            return named
        lane = self.pairs.get("lane", "")
        return lane.removeprefix("session:") if lane.startswith("session:") else None

    @property
    def run_id(self) -> str | None:
        return self.pairs.get("runId") or None

    def seconds_ms(self, name: str) -> int | None:
        """A value like ``27s`` in ms."""
        match = re.match(r"(\d{1,9})s\Z", self.pairs.get(name, ""))
        return int(match.group(1)) * 1000 if match else None

    def number(self, name: str) -> int | None:
        value = self.pairs.get(name, "")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None


def note_of(line: LogLine) -> Note | None:
    """The line as a note, or None for lines that say nothing we know of."""
    text = line.message
    if line.at_ms is None or not _WORTH.search(text):
        return None
    head, colon, rest = text.partition(":")
    if colon and head in _WITH_COLON:
        return Note(head, line.at_ms, _pairs(rest), text)
    for name, shape in _sentences():
        match = shape.search(text)
        if match is not None:
            named = {key: value for key, value in match.groupdict().items() if value}
            return Note(name, line.at_ms, _pairs(text) | named, text)
    return None


def _pairs(text: str) -> dict[str, str]:
    return {name: _unquoted(value) for name, value in _PAIR.findall(text)}


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1].replace('\\"', '"')
    return value
