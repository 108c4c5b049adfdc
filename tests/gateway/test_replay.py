"""A replay shows what was seen live: same feed, same picture, same incidents."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import Raw

from clawtop.demo import ScriptedGateway, World
from clawtop.gateway.client import Client
from clawtop.gateway.feed import Feed
from clawtop.gateway.find import Target
from clawtop.gateway.manner import Manner
from clawtop.gateway.playback import Playback, TapeClock
from clawtop.gateway.poll import APPROVAL_KINDS, QUESTIONS, Question
from clawtop.gateway.replay import AT_MOST, Player
from clawtop.gateway.secret import Secret
from clawtop.gateway.survey import Survey
from clawtop.gateway.tape import Recorder, header_of
from clawtop.gateway.tape_read import Tape
from clawtop.gateway.watch import Watcher
from clawtop.incidents.engine import Engine
from clawtop.picture.document import document
from clawtop.picture.store import Store
from tests.gateway.test_tape import T0, recorded, tick

MAIN = "agent:main:main"
DM = "agent:main:telegram:direct:42"
CANARY = "canary-token-0123456789"
GENERATIONS = ("april", "september")


class Recording:
    """A watcher on an embedded gateway, and the tape of what it hears."""

    def __init__(self, gateway: ScriptedGateway, path: Path) -> None:
        target = Target(gateway.url, "edge-1", Secret("token", gateway.token), "a test", "a test")
        client = Client("0.0", "linux", "clawtop (tester@desk)", "test")
        self.watcher = Watcher(target, client, Store(), Manner(timeout_s=2, approvals="on"))
        self.engine = Engine(self.watcher.store)
        self.recorder = Recorder(path, gateway.token)
        self.watcher.feed.tape = self._write
        self.end_ms = 0

    def _write(self, line: Any) -> None:
        if not self.recorder.bytes:
            header = header_of(
                self.watcher.target,
                self.watcher.manner,
                line,
                stale_after_ms=600_000,
                instance=self.watcher.client.instance_id,
            )
            self.recorder.begin(header)
        self.recorder.write(line)

    def look(self) -> None:
        self.watcher.store.refresh(self.watcher.clock.now_ms())
        self.engine.refresh()

    async def until(self, seen: Callable[[], object], what: str) -> None:
        end = time.monotonic() + 15
        while not seen():
            assert time.monotonic() < end, f"never seen: {what}"
            await asyncio.sleep(0.02)
            self.look()

    async def asked_again(self) -> None:
        """Wait until every question was asked and answered once more."""
        slots = self.watcher.budget.slots
        before = {name: slot.asked for name, slot in slots.items() if name != "probe"}
        self.watcher.ask_all_now()
        await self.until(
            lambda: all(
                slots[name].asked > asked and not slots[name].in_flight
                for name, asked in before.items()
            ),
            "every answer",
        )

    def end(self) -> None:
        """Stop the tape; the picture is not told anything after this."""
        self.watcher.feed.tape = None
        self.recorder.close()
        self.end_ms = self.watcher.clock.now_ms()
        self.look()


@asynccontextmanager
async def recording(gateway: ScriptedGateway, path: Path) -> AsyncIterator[Recording]:
    """Watch and record until the block ends."""
    made = Recording(gateway, path)
    await made.watcher.connect()
    watching = asyncio.create_task(made.watcher.run())
    try:
        await made.until(lambda: "rows" in made.watcher.store.listed, "the first listing")
        yield made
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await made.watcher.close()


def record(
    path: Path,
    scene: Callable[[ScriptedGateway, Recording], Awaitable[None]],
    generation: str = "september",
) -> Recording:
    """Play a scene on a gateway and record it."""

    async def run() -> Recording:
        world = World(generation)
        async with asyncio.timeout(60), ScriptedGateway(world=world, token=CANARY) as gateway:
            trouble(world)
            async with recording(gateway, path) as made:
                await scene(gateway, made)
                made.end()
                return made

    return asyncio.run(run())


def trouble(world: World) -> None:
    """Something in every panel."""
    world.session(MAIN)
    world.start_run(MAIN)
    world.session(DM)
    world.leak(DM)
    world.waits(DM, "is anybody there?")
    for _ in range(4):
        world.request_approval("make deploy", MAIN)
    world.request_approval(f"deploy --token {CANARY} --now", MAIN)
    world.enqueue_event(MAIN, "Exec finished (node=n, id=X, code 0)")
    world.log(f"stuck session: sessionKey={DM} state=processing age=120s queueDepth=1")


async def busy(gateway: ScriptedGateway, made: Recording) -> None:
    """Events, a second look at everything, and probes of what is held."""
    made.watcher.named = frozenset({DM})
    for _ in range(5):
        gateway.world.progress(MAIN)
        await made.until(lambda: True, "")
        await asyncio.sleep(0.05)
    facts = made.watcher.store.held.sessions[DM]
    await made.until(lambda: facts.probed_ms is not None, "a probe")
    gateway.world.request_approval("something else", MAIN)
    await made.until(lambda: len(made.watcher.store.backlog) == 6, "the new approval")
    await made.asked_again()


def seen(store: Store, now_ms: int) -> dict[str, Any]:
    """The document without what the passing of time alone writes into it."""
    store.refresh(now_ms)
    found = document(store)
    for name in ("taken_at", "taken_at_ms"):
        del found[name]
    groups: dict[str, int] = {}
    for one in found["approvals"] or ():  # a secret's group is another one where it is masked
        one["group"] = groups.setdefault(one["group"], len(groups))
    return found


def replayed(path: Path, end_ms: int) -> Survey[Engine]:
    tape = Tape(path)
    survey = Survey(tape, Engine)
    assert survey.run()
    survey.playback.look(end_ms)
    tape.close()
    return survey


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_picture_and_the_incidents_at_the_end_are_those_seen_live(
    tmp_path: Path, generation: str
) -> None:
    live = record(tmp_path / "tape", busy, generation)
    survey = replayed(tmp_path / "tape", live.end_ms)
    expected = seen(live.watcher.store, live.end_ms)
    assert seen(survey.playback.store, live.end_ms) == expected
    assert expected["locks"]
    assert len(expected["approvals"]) == 6
    assert expected["system_events"]
    assert survey.namer.open == live.engine.open
    assert live.engine.open
    assert survey.playback.skipped == 0


def test_nothing_secret_is_on_the_tape(tmp_path: Path) -> None:
    record(tmp_path / "tape", busy)
    content = (tmp_path / "tape").read_bytes()
    assert CANARY.encode() not in content
    for word in (b'"connect"', b"deviceToken", b"configPath", b"stateDir", b"connId"):
        assert word not in content
    assert b"bootId" in content, "what is read of the greeting is there"
    assert b"deploy --token sk-masked" in content


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_lost_link_and_the_next_one_are_replayed(tmp_path: Path, generation: str) -> None:
    async def lost(gateway: ScriptedGateway, made: Recording) -> None:
        store = made.watcher.store
        await gateway.stop_listening()
        await made.until(lambda: not store.link_up, "the lost link")
        assert store.link_why
        await gateway.start_listening()
        made.watcher.reconnect_now()
        await made.until(lambda: store.link_up and "rows" in store.listed, "the next link")
        await made.asked_again()

    live = record(tmp_path / "tape", lost, generation)
    tape = Tape(tmp_path / "tape")
    tape.scan()
    playback, states = Playback(tape), []
    while playback.index < len(tape):
        playback.step()
        if not states or states[-1] != playback.store.link_up:
            states.append(playback.store.link_up)
    tape.close()
    assert states == [True, False, True]
    survey = replayed(tmp_path / "tape", live.end_ms)
    expected = seen(live.watcher.store, live.end_ms)
    assert seen(survey.playback.store, live.end_ms) == expected


def test_missed_frames_and_failed_answers_are_replayed(tmp_path: Path) -> None:
    async def bad(gateway: ScriptedGateway, made: Recording) -> None:
        store = made.watcher.store
        gateway.faults.error_methods = {"logs.tail": {"code": "UNAVAILABLE", "message": "no"}}
        gateway.world.progress(MAIN)
        await made.asked_again()
        gateway.faults.skip_seq_once = True
        gateway.world.progress(MAIN)
        await made.until(lambda: store.missed_frames and "logs" in store.failed, "the trouble")
        await made.asked_again()

    live = record(tmp_path / "tape", bad)
    store = replayed(tmp_path / "tape", live.end_ms).playback.store
    assert store.missed_frames == live.watcher.store.missed_frames > 0
    assert store.failed == live.watcher.store.failed != {}


def test_a_long_listing_is_put_together_from_its_pages(tmp_path: Path) -> None:
    async def many(gateway: ScriptedGateway, made: Recording) -> None:
        for number in range(450):
            gateway.world.session(f"agent:main:s{number}")
        await gateway.drop_all()
        await made.until(lambda: made.watcher.store.link_up is False, "the lost link")
        made.watcher.reconnect_now()
        store = made.watcher.store
        await made.until(lambda: store.link_up and "rows" in store.listed, "the listing")

    live = record(tmp_path / "tape", many)
    store = replayed(tmp_path / "tape", live.end_ms).playback.store
    assert len(store.held.sessions) == len(live.watcher.store.held.sessions) >= 452


LISTS = {
    "sessions.list": "sessions",
    "approval.history": "items",
    "diagnostics.stability": "events",
    "logs.tail": "lines",
    "diagnostics.lanes": "lanes",
    "tasks.list": "tasks",
}


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_the_feed_understands_the_answer_to_every_question(question: Question) -> None:
    feed = Feed(Store(), TapeClock(T0, 0), Manner(), ("edge-1", "ws://edge:1"))
    told: list[str] = []
    feed.store.apply = lambda change, _now_ms: told.append(type(change).__name__)  # type: ignore[method-assign]
    listed = question.name in (*APPROVAL_KINDS, "presence")
    name = LISTS.get(question.method)
    rows = [] if listed else {} if name is None else {name: []}
    feed.answer(1, question.method, {}, Raw(json.dumps(rows).encode()), 5)
    assert told, "its answer changes nothing"
    assert "PartFailed" not in told


# -- moving through time


def long_tape(path: Path, minutes: int = 30) -> Path:
    """A tick a second."""
    return recorded(path, *(tick(second * 1000) for second in range(minutes * 60)))


def test_a_checkpoint_is_the_same_place_again(tmp_path: Path) -> None:
    live = record(tmp_path / "tape", busy)
    tape = Tape(tmp_path / "tape")
    tape.scan()
    playback = Playback(tape)
    for _ in range(len(tape) * 2 // 3):
        playback.step()
    saved = playback.saved()
    for _ in range(2):
        again = Playback.restored(tape, saved)
        assert again.index == playback.index
        again.play_to(live.end_ms)
        straight = replayed(tmp_path / "tape", live.end_ms).playback.store
        assert seen(again.store, live.end_ms) == seen(straight, live.end_ms)
        assert again.store is not playback.store
    tape.close()


class Driven:
    """A player that is moved by hand instead of by time."""

    def __init__(self, path: Path, **how: Any) -> None:
        self.tape = Tape(path)
        self.player = Player(self.tape, Engine, **how)

    def settle(self) -> None:
        """Read the tape to its end, and finish what is sought."""
        while not self.player.survey.run():
            continue
        while self.player.seeking_ms is not None:
            self.player.move()

    @property
    def second(self) -> int:
        """Where it is, in seconds from the start."""
        return (self.player.now_ms - T0 - 7) // 1000


@pytest.fixture
def driven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driven:
    monkeypatch.setattr("clawtop.gateway.survey.APART_S", 0.0)  # many checkpoints
    return Driven(long_tape(tmp_path / "tape"))


def test_seeking_goes_there_and_back_and_stays_inside(driven: Driven) -> None:
    driven.settle()
    for to_s in (600, 30, 1200, 1199, 0):
        driven.player.seek(T0 + 7 + to_s * 1000)
        driven.settle()
        assert driven.second == to_s
        assert driven.player.store.now_ms == driven.player.now_ms
    driven.player.scrub(-60_000)
    driven.settle()
    assert driven.second == 0
    driven.player.scrub(60_000)
    driven.player.scrub(60_000)
    driven.settle()
    assert driven.second == 120, "two in a row add up"
    driven.player.seek(T0 * 2)
    driven.settle()
    assert driven.second == 30 * 60 - 1
    assert driven.player.at_end
    driven.tape.close()


def test_going_back_shows_another_picture_and_the_old_one_until_then(driven: Driven) -> None:
    driven.player.seek(T0 + 7 + 900_000)
    driven.settle()
    before = driven.player.store
    driven.player.seek(T0 + 7 + 100_000)
    assert driven.player.store is before
    assert "going to" in driven.player.banner
    driven.settle()
    assert driven.player.store is not before
    driven.tape.close()


def test_checkpoints_are_bounded(driven: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clawtop.gateway.survey.MOST", 4)
    monkeypatch.setattr("clawtop.gateway.survey.SLICE_S", 0.001)
    survey = Survey(driven.tape, Engine, keeps=True)
    survey.run()
    assert 0 < survey.checkpoints <= 4
    driven.tape.close()


def test_it_plays_as_fast_as_it_was_or_faster(tmp_path: Path, monkeypatch: Any) -> None:
    now = [100.0]
    monkeypatch.setattr("clawtop.gateway.replay.time.monotonic", lambda: now[0])
    one = Driven(long_tape(tmp_path / "tape"), speed=20)
    one.tape.scan()
    one.player.move()
    now[0] += 3
    one.player.move()
    assert one.second == 60
    one.player.pause()
    now[0] += 3
    one.player.move()
    assert one.second == 60
    assert "paused" in one.player.banner
    one.player.pause()
    one.player.move()
    now[0] += 1
    one.player.move()
    assert one.second == 80, "the pause itself is not caught up"
    one.player.speed = AT_MOST
    one.player.move()
    assert one.player.at_end
    assert "end" in one.player.banner
    one.tape.close()


def test_jumps_go_to_first_namings(tmp_path: Path) -> None:
    record(tmp_path / "tape", busy)
    one = Driven(tmp_path / "tape")
    assert "no later one known yet" in one.player.jump(1) or one.player.survey.firsts
    one.settle()
    first = one.player.survey.firsts[0]
    assert first.id in one.player.jump(1)
    one.settle()
    assert one.player.now_ms == first.at_ms
    assert "no earlier incident" in one.player.jump(-1)
    one.player.seek(one.tape.ends_ms)
    one.settle()
    assert one.player.jump(-1)
    one.settle()
    assert one.player.now_ms == one.player.survey.firsts[-1].at_ms
    one.player.seek(one.tape.ends_ms)
    one.settle()
    assert "no later incident" in one.player.jump(1)
    one.tape.close()


def test_a_player_has_what_a_watcher_shows(tmp_path: Path) -> None:
    one = Driven(long_tape(tmp_path / "tape", 1))
    assert len(one.tape) == 0, "nothing is read before the first frame"
    shown = ("store", "clock", "manner", "retry_at", "link", "named", "past", "banner")
    called = ("run", "close", "ask_all_now", "reconnect_now")
    target = Target("ws://edge:1", "edge-1", None, "a test", "a test")
    watcher = Watcher(target, Client("0", "linux", "x", "x"), Store(), Manner())
    for name in (*shown, *called):
        assert hasattr(watcher, name), name
        assert hasattr(one.player, name), name
    assert one.player.manner.read_only
    assert one.player.past
    assert not watcher.past
    one.tape.close()
