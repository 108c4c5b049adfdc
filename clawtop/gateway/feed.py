"""What a gateway said, into the store. Live and in a replay it is the same code that does it.

Everything enters here by five doors: the link came up, it went down, an event, an answer, an
answer that failed. Whoever sets ``tape`` gets each of them as a line before it is applied.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import Raw, Struct, field

from clawtop.errors import NO_ANSWER_TO, ClawtopError
from clawtop.gateway import frames
from clawtop.gateway.answers import Reader
from clawtop.gateway.manner import Manner
from clawtop.gateway.methods import ADMIN
from clawtop.gateway.poll import APPROVAL_KINDS, INSIDE, PROBE, QUESTIONS
from clawtop.picture import changes as c
from clawtop.picture.coverage import APRIL_ROUTE, Wishes
from clawtop.picture.store import Store

UNREADABLE = (*frames.UNREADABLE, KeyError)
PAGE = 200
FIRST_PAGES = 10

Params = dict[str, Any]


class Line(Struct, omit_defaults=True, gc=False):
    """One line of a tape. ``at``: our clock in ms; ``offset``: the gateway's minus ours.

    ``what`` is ``up`` and ``down`` (the link), ``event`` and ``answer`` (from the gateway),
    ``ask`` (to it) and ``failed`` (an answer that is an error, or never came).
    """

    at: int
    offset: int
    what: str = field(name="is", default="")
    event: str = ""
    missed: int = 0
    id: int = 0
    method: str = ""
    params: Params | None = None
    took_ms: int | None = None
    asked_scopes: tuple[str, ...] = ()
    why: str = ""
    payload: Raw = Raw(b"")

    @property
    def gateway_ms(self) -> int:
        """When it was, on the gateway's clock."""
        return self.at + self.offset


class Clock(Protocol):
    """The gateway's clock: ours while watching, the tape's in a replay."""

    def now_ms(self) -> int: ...

    def offset_ms(self) -> int: ...

    def heard(self, server_ms: int | float | None) -> None: ...


class Feed:
    """One gateway's words, in order. Times are gateway ms, taken when something is heard."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        manner: Manner,
        gateway: tuple[str, str],
        *,
        on_dirty: Callable[[], None] | None = None,
    ) -> None:
        self.store, self.clock, self.manner, self.gateway = store, clock, manner, gateway
        self.reader = Reader()
        self.unreadable_events = 0
        self.tape: Callable[[Line], None] | None = None
        self.next_offset: int | None = None
        self.log_cursor: int | None = None
        self._log_file: str | None = None
        self._rows: list[c.Row] = []
        self._pages = FIRST_PAGES
        self._asked = 0
        self._offset_ms = 0  # as it was last written
        self._on_dirty = on_dirty

    def apply(self, change: c.Change, now_ms: int) -> None:
        """One change into the store."""
        self.store.apply(change, now_ms)
        if self._on_dirty is not None:
            self._on_dirty()

    def _note(self, now_ms: int, what: str, **fields: Any) -> None:
        if self.tape is not None:
            self._offset_ms = self.clock.offset_ms()
            self.tape(Line(now_ms - self._offset_ms, self._offset_ms, what, **fields))

    # -- the link

    def up(self, hello: frames.Hello, asked: tuple[str, ...]) -> c.GatewayFacts:
        """The link is up; what the gateway told us of itself, ``asked`` the scopes we asked."""
        now_ms = self.clock.now_ms()
        if self.tape is not None:
            self._note(now_ms, "up", asked_scopes=asked, payload=frames.encode_hello(hello))
        facts = self.facts(hello, asked, tuple(hello.auth.scopes))
        self.store.wishes = Wishes(
            read_only=self.manner.read_only,
            approvals=self.manner.approvals,
            approvals_why=self._why_no_approvals(facts),
        )
        self.log_cursor = None
        self.apply(c.LinkUp(facts, now_ms), now_ms)
        if hello.snapshot.presence:
            self.apply(c.PresenceRead(hello.snapshot.presence), now_ms)
        return facts

    def facts(
        self, hello: frames.Hello, asked: tuple[str, ...], scopes: tuple[str, ...]
    ) -> c.GatewayFacts:
        """The greeting as facts, had these ``scopes`` been granted."""
        snapshot = hello.snapshot
        defaults = snapshot.session_defaults
        suspension = snapshot.suspension.phase if snapshot.suspension else None
        return c.GatewayFacts(
            name=self.gateway[0],
            url=self.gateway[1],
            version=hello.server.version,
            boot_id=hello.server.boot_id,
            uptime_ms=int(snapshot.uptime_ms) if snapshot.uptime_ms is not None else None,
            methods=frozenset(hello.features.methods),
            events=frozenset(hello.features.events),
            scopes=scopes,
            asked_scopes=asked,
            read_only=self.manner.read_only,
            main_session_key=defaults.main_session_key if defaults else None,
            protocol=hello.protocol,
            draining=suspension in ("preparing", "draining", "prepared"),
        )

    def _why_no_approvals(self, facts: c.GatewayFacts) -> str | None:
        if self.manner.approvals == "off":
            return "left out: --approvals off"
        left_out = self.manner.one_shot and self.manner.approvals == "auto"
        if left_out and not self.manner.read_only and ADMIN not in facts.asked_scopes:
            return APRIL_ROUTE
        return None

    def down(self, why: str) -> None:
        """The link is gone, or it could not be made; ``why`` is a sentence."""
        now_ms = self.clock.now_ms()
        self._note(now_ms, "down", why=why)
        self.apply(c.LinkDown(why), now_ms)

    # -- events

    def event(self, event: str, payload: Raw, missed: int = 0, heard_ms: int | None = None) -> None:
        """An event heard at ``heard_ms``, else now, and how many frames were dropped before it."""
        now_ms = self.clock.now_ms() if heard_ms is None else heard_ms
        if self.tape is not None:
            self._note(now_ms, "event", event=event, missed=missed, payload=payload)
        if missed:
            self.log_cursor = None
            self.apply(c.Missed(missed), now_ms)
        try:
            change = frames.event_change(event, payload)
        except UNREADABLE:
            self.unreadable_events += 1
            return
        if change is not None:
            self.apply(change, now_ms)
            if type(change) is c.Tick:
                self.clock.heard(change.ts)

    # -- questions

    def asking(self, method: str, params: Params) -> int:
        """A question goes out; its number on the tape."""
        self._asked += 1
        if self.tape is not None:
            self._note(self.clock.now_ms(), "ask", id=self._asked, method=method, params=params)
        return self._asked

    def answer(self, asked: int, method: str, params: Params, payload: Raw, took_ms: int) -> None:
        """A good answer. Raises ClawtopError when it was not understood."""
        now_ms = self.clock.now_ms()
        if self.tape is not None:
            fields = {"id": asked, "method": method, "params": params, "took_ms": took_ms}
            self._note(now_ms, "answer", **fields, payload=payload)
        try:
            change = self._read(method, params, payload, now_ms)
        except frames.UNREADABLE:
            why = f"the answer to {method} was not understood"
            self._fail(method, params, why, now_ms)
            raise ClawtopError(why, code="unreadable") from None
        if change is not None:
            self.apply(change, now_ms)
        self.apply(c.Answered(method, took_ms), now_ms)
        if method == "status":
            told = self.clock.offset_ms() if self.tape is None else self._offset_ms
            self.apply(c.Latency(took_ms, told), now_ms)

    def failed(self, asked: int, method: str, params: Params, why: str) -> None:
        """An error answer, or none in time."""
        now_ms = self.clock.now_ms()
        self._note(now_ms, "failed", id=asked, method=method, params=params, why=why)
        if why.startswith(NO_ANSWER_TO):
            self.apply(c.Answered(method, None), now_ms)
        self._fail(method, params, why, now_ms)

    def _fail(self, method: str, params: Params, why: str, now_ms: int) -> None:
        if method == PROBE:
            self.apply(c.ProbeFailed(_key_of(params), now_ms), now_ms)
        elif method in _PARTS:
            self.apply(c.PartFailed(_PARTS[method], why, method), now_ms)

    def _read(self, method: str, params: Params, raw: Raw, now_ms: int) -> c.Change | None:
        reader = self.reader
        match method:
            case "sessions.list":
                return self._page(params, raw)
            case "gateway.restart.preflight":
                return reader.preflight(raw, now_ms)
            case "chat.history":
                return reader.history(raw, _key_of(params), now_ms)
            case "logs.tail":
                return self._logs(raw)
            case _ if method in _KINDS:
                return reader.approvals(raw, _KINDS[method])
            case _:
                read = _PLAIN.get(method)
                return read(reader, raw) if read is not None else None

    def _page(self, params: Params, raw: Raw) -> c.RowsListed | None:
        """All rows once after connecting, page by page; later the newest page.

        ``next_offset`` then says which page is still wanted, None when that was the last.
        """
        given = params.get("offset")
        offset = given if isinstance(given, int) else 0
        self.next_offset = None
        if not offset:
            self._rows = []
            self._pages = 1 if "rows" in self.store.listed else FIRST_PAGES
        answer = self.reader.sessions(raw, all_asked=True)
        self.clock.heard(answer.ts)
        self._rows.extend(answer.rows)
        more = not answer.complete and answer.rows and len(self._rows) < frames.MOST_ROWS
        if more and offset // PAGE + 1 < self._pages:
            self.next_offset = offset + PAGE
            return None
        rows, self._rows = self._rows, []
        return c.RowsListed(rows, answer.ts, answer.complete, answer.total)

    def _logs(self, raw: Raw) -> c.LogRead:
        lines, cursor = self.reader.logs(raw)
        if lines.file != self._log_file and self._log_file is not None:
            cursor = None  # a new day, a new file: the old offset means nothing there
        self.log_cursor, self._log_file = cursor, lines.file
        return lines


def _key_of(params: Params) -> str:
    key = params.get("sessionKey")
    return key if isinstance(key, str) else ""


_KINDS = {one.method: APPROVAL_KINDS[one.name] for one in QUESTIONS if one.name in APPROVAL_KINDS}
_PARTS = {one.method: one.part for one in QUESTIONS} | {"sessions.subscribe": "changes"}
_PLAIN: dict[str, Callable[[Reader, Raw], c.Change]] = {
    "status": Reader.status,
    "tasks.list": Reader.tasks,
    "last-heartbeat": Reader.heartbeat,
    "approval.history": Reader.decided,
    "diagnostics.lanes": Reader.lanes,
    "diagnostics.stability": Reader.stability,
    "system-presence": Reader.presence,
    "health": Reader.health,
    INSIDE: Reader.companion,
}
