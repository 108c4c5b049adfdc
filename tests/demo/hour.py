"""Hours of a demo gateway in seconds: no socket, no real time, the protocol and the budget kept.

A ``Quarters`` is a gateway whose clock only ``go`` moves. A ``Watch`` is clawtop as it watches
one: the protocol session, the budget of questions, the feed, the picture, the incidents. Frames
travel as bytes, so that nothing is seen here which a socket would not have carried.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, cast

from clawtop.demo import Generation, ManualClock, ScriptedGateway, World
from clawtop.demo.peer import Peer
from clawtop.demo.scenarios import SCENARIOS, stage
from clawtop.errors import NO_ANSWER_TO, ClawtopError
from clawtop.gateway.client import Client
from clawtop.gateway.clock import GatewayClock
from clawtop.gateway.feed import PAGE, Feed, Params
from clawtop.gateway.manner import Manner
from clawtop.gateway.methods import ADMIN, APPROVALS, READ, READ_METHODS
from clawtop.gateway.poll import PROBE, PROBE_QUESTION, Budget, Question
from clawtop.gateway.secret import Secret
from clawtop.gateway.session import Answered, Challenged, Opened, Pushed, Session
from clawtop.gateway.watch import BACKOFF_S, DECIDED, HISTORY, TASKS
from clawtop.incidents.engine import Change, Engine
from clawtop.incidents.incident import Incident
from clawtop.picture.store import Store
from clawtop.picture.suspects import suspects

STEP_MS = 500
SCOPES = (READ, APPROVALS, ADMIN)
LIMITS: dict[str, Params] = {
    "approvals.decided": {"limit": DECIDED},
    "tasks": {"limit": TASKS},
    "rows": {"limit": PAGE},
}


def at_once(work: Coroutine[Any, Any, object]) -> object:
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits for something")


class Quarters(ScriptedGateway):
    """A gateway that nothing listens for: time passes and clients come by calls."""

    def __init__(self, world: World, clock: ManualClock) -> None:
        super().__init__(world.generation, world=world)
        self.clock = clock
        self.began_ms = clock.ms
        self.watches: list[Watch] = []
        self._next_tick = clock.ms + self.door.tick_ms
        self._next_health = clock.ms + 60_000

    @property
    def now_s(self) -> float:
        """Seconds since the story began."""
        return (self.clock.ms - self.began_ms) / 1000

    def go(self, seconds: float, step_ms: int = STEP_MS) -> None:
        """Let so much time pass, for the gateway and for everybody who watches it."""
        for _ in range(round(seconds * 1000 / step_ms)):
            self.clock.advance(step_ms)
            self.world.tick()
            self.flush()
            self._periodic()
            restart = self.world.restarting
            if restart is not None and restart.ready:
                self.restart_now()
            for watch in self.watches:
                watch.step()

    def restart_now(self) -> None:
        """A new process: everybody is told, and cut off."""
        told = {"reason": "gateway restarting", "restartExpectedMs": 1_500}
        at_once(self.emit_now("shutdown", told))
        for watch in self.watches:
            watch.step()
            watch.cut("service restart")
        self.world.restart()

    async def emit_now(self, event: str, payload: Any) -> None:
        """An event for everybody past the handshake."""
        self.flush()
        for peer in self.peers:
            if peer.hello:
                peer.event(event, payload)

    def welcome(self) -> Peer:
        """A client comes: it is challenged."""
        self.total_connections += 1
        peer = Peer(cast("Any", None), self.total_connections, self.faults)
        self.peers.append(peer)
        self._challenge(peer)
        return peer

    def hear(self, peer: Peer, data: bytes) -> None:
        """A frame of a client."""
        if not peer.hello:
            at_once(self._connect(peer, data.decode()))
            return
        frame = self._parse(data)
        assert frame is not None
        at_once(self._request(peer, frame))

    def part(self, peer: Peer) -> None:
        """A client is gone."""
        if peer in self.peers:
            self._leave(peer)


class OurClock(GatewayClock):
    """The gateway's clock as it is seen from a host whose own clock is wrong by ``skew_ms``."""

    def __init__(self, clock: ManualClock, skew_ms: int) -> None:
        super().__init__()
        self._clock, self._skew_ms = clock, skew_ms

    @property
    def seconds(self) -> float:
        """Our monotonic clock; it has its own beginning."""
        return self._clock.ms / 1000 - 1_700_000_000

    def heard(self, server_ms: int | float | None) -> None:
        self.sample(server_ms, self.seconds)

    def now_ms(self) -> int:
        return self.at(self.seconds)

    def offset_ms(self) -> int:
        return self.now_ms() - self._clock.ms - self._skew_ms


@dataclass(frozen=True)
class Named:
    """What became of one incident, and when (seconds of the story)."""

    at_s: float
    change: Change

    @property
    def incident(self) -> Incident:
        return self.change.incident

    def __str__(self) -> str:
        one = self.incident
        where = f"{one.severity} {one.certainty} {one.session_key}"
        return f"{self.at_s:7.1f} {self.change.what:7} {one.id} {where}: {one.summary}"


class Watch:
    """clawtop, watching. ``late_ms``: how long a frame takes to reach us."""

    def __init__(
        self,
        gateway: Quarters,
        *,
        late_ms: int = 0,
        skew_ms: int = 0,
        stale_after_ms: int = 600_000,
    ) -> None:
        self.gateway, self.late_ms = gateway, late_ms
        self.store = Store(stale_after_ms=stale_after_ms)
        self.engine = Engine(self.store)
        self.clock = OurClock(gateway.clock, skew_ms)
        self.feed = Feed(self.store, self.clock, Manner(), ("demo", "ws://127.0.0.1:18789/"))
        self.budget = Budget()
        self.named: list[Named] = []
        self.lose = 0  # so many events will not reach us
        self.gap = 0
        self.session: Session | None = None
        self.retry_at = 0.0
        self.attempt = 0
        self._peer: Peer | None = None
        self._on_the_way: deque[tuple[int, str | bytes]] = deque()
        self._waits: dict[str, tuple[Question | None, int, str, Params]] = {}
        gateway.watches.append(self)

    # -- the link

    def _connect(self) -> None:
        client = Client("0.1", "linux", "clawtop", "hour")
        secret = Secret("token", "demo")
        self._peer = self.gateway.welcome()
        self.session = Session(client, secret, SCOPES, allow=READ_METHODS, now=self.clock.seconds)

    def cut(self, why: str = "the connection broke") -> None:
        """The link is gone; a new one is tried a second later."""
        if self._peer is None or self.session is None:
            return
        self.gateway.part(self._peer)
        for frame_id, _ in self.session.close():
            if frame_id in self._waits:
                self._lost(frame_id, why)
        self._on_the_way.clear()
        self._peer = self.session = None
        self.feed.down(f"The link was lost: {why}")
        self.away(BACKOFF_S[min(self.attempt, len(BACKOFF_S) - 1)])
        self.attempt += 1

    def away(self, seconds: float) -> None:
        """No new try for so long."""
        self.retry_at = self.clock.seconds + seconds

    # -- time

    def step(self) -> None:
        """What there is to do now: hear, ask, look."""
        if self.session is None and self.clock.seconds >= self.retry_at:
            self._connect()
        self._exchange()
        if self.session is not None and self.store.link_up:
            self._ask_due()
            self._exchange()
            self._late_answers()
        if self.session is not None and self.session.is_dead(self.clock.seconds):
            self.cut("no frame came for two ticks")
        self.look()

    def look(self) -> None:
        """Bring picture and incidents up to now."""
        self.store.refresh(self.clock.now_ms() if self.store.facts is not None else 0)
        found = self.engine.refresh()
        self.named += [Named(self.gateway.now_s, change) for change in found]

    def _late_answers(self) -> None:
        assert self.session is not None
        for late in self.session.expire(self.clock.seconds):
            if late.id in self._waits:
                self._lost(late.id, f"{NO_ANSWER_TO} {late.method} within {late.after_s:.0f} s")

    # -- frames

    def _exchange(self) -> None:
        """Everything that has arrived, and what we say to it."""
        while self._peer is not None and self.session is not None:
            for data in self.session.data_to_send():
                self.gateway.hear(self._peer, data)
            if not self._receive():
                return

    def _receive(self) -> bool:
        now_ms = self.gateway.clock.ms
        assert self._peer is not None
        while not self._peer.queue.empty():
            item = self._peer.queue.get_nowait()
            assert not isinstance(item, tuple)
            self._on_the_way.append((now_ms + self.late_ms, item))
        heard = False
        while self._on_the_way and self._on_the_way[0][0] <= now_ms and self.session is not None:
            self._take(self._on_the_way.popleft()[1])
            heard = True
        return heard

    def _take(self, data: str | bytes) -> None:
        assert self.session is not None
        event = self.session.receive(data, self.clock.seconds)
        match event:
            case Pushed():
                self._pushed(event)
            case Answered():
                self._answered(event)
            case Challenged():
                self.clock.heard(event.ts)
            case Opened():
                self._opened(event)
            case _:
                raise AssertionError(event)

    def _opened(self, event: Opened) -> None:
        self.attempt = 0
        facts = self.feed.up(event.hello, SCOPES)
        self.budget = Budget.for_gateway(facts, self.store.wishes, self.clock.seconds)
        self._send(None, "sessions.subscribe", {})

    def _pushed(self, event: Pushed) -> None:
        if self.lose:
            self.lose, self.gap = self.lose - 1, self.gap + 1
            return
        gap, self.gap = self.gap, 0
        self.feed.event(event.event, event.payload, event.missed + gap)
        if gap:
            self.budget.all_now(self.clock.seconds)

    # -- questions

    def _ask_due(self) -> None:
        now = self.clock.seconds
        for question in self.budget.due(now):
            self._ask(question, question.method, self._params(question))
        if self.budget.probe_due(now):
            for key in suspects(self.store.held)[:1]:
                self._ask(PROBE_QUESTION, PROBE, {"sessionKey": key, "limit": HISTORY})

    def _params(self, question: Question) -> Params:
        if question.name == "stability":
            seq = self.store.ledger.last_seq
            return {"limit": 1000, **({"sinceSeq": seq} if seq else {})}
        if question.name == "logs":
            cursor = self.feed.log_cursor
            more = {} if cursor is None else {"cursor": cursor}
            return {"limit": 5000, "maxBytes": 250_000, **more}
        return dict(LIMITS.get(question.name, {}))

    def _ask(self, question: Question, method: str, params: Params) -> None:
        self.budget.asked(question.name)
        self._send(question, method, params)

    def _send(self, question: Question | None, method: str, params: Params) -> None:
        assert self.session is not None
        asked = self.feed.asking(method, params)
        frame_id = self.session.request(method, params, self.clock.seconds, 10.0)
        self._waits[frame_id] = (question, asked, method, params)

    def _answered(self, event: Answered) -> None:
        question, asked, method, params = self._waits.pop(event.id)
        if event.error is not None:
            self.feed.failed(asked, method, params, event.error.message)
        else:
            self._hear(asked, method, params, event)
            if method == "sessions.list" and self.feed.next_offset is not None:
                self._send(question, method, {"limit": PAGE, "offset": self.feed.next_offset})
                return
        if question is not None:
            failed = event.error.message if event.error else None
            self.budget.answered(question.name, self.clock.seconds, event.took_s, failed)

    def _hear(self, asked: int, method: str, params: Params, event: Answered) -> None:
        try:
            self.feed.answer(asked, method, params, event.payload, round(event.took_s * 1000))
        except ClawtopError as error:
            raise AssertionError(method) from error

    def _lost(self, frame_id: str, why: str) -> None:
        question, asked, method, params = self._waits.pop(frame_id)
        self.feed.failed(asked, method, params, why)
        if question is not None and question.name in self.budget.slots:
            self.budget.answered(question.name, self.clock.seconds, 10.0, why)

    # -- what came of it

    def open(self) -> list[Incident]:
        """Incidents open now, worst first."""
        return self.engine.incidents()

    def ids(self) -> set[str]:
        return {one.id for one in self.open()}

    def opened(self) -> Iterator[Named]:
        """Everything that was ever new."""
        return (one for one in self.named if one.change.what == "new")

    def log(self) -> str:
        return "\n".join(str(one) for one in self.named)


def begin(
    name: str, generation: Generation | None = None, *, speed: float = 1.0, seed: int = 1
) -> Quarters:
    """A gateway on which a scenario begins."""
    clock = ManualClock()
    world = stage(SCENARIOS[name], generation, speed=speed, seed=seed, now=clock)
    return Quarters(world, clock)


def empty(generation: Generation) -> Quarters:
    """A living gateway on which nothing happens by itself."""
    clock = ManualClock()
    world = World(generation, clock, answer_ms=3_000)
    world.lively = True
    return Quarters(world, clock)
