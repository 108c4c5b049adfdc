"""Trying again: longer each time, never two at once, at once when a person says so."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
import time
from collections.abc import Awaitable, Callable

import pytest
from msgspec import Raw
from websockets.exceptions import ConnectionClosedError

from clawtop.demo import ScriptedGateway, SystemClock, World
from clawtop.demo.model import Out
from clawtop.errors import ConnectError, LinkLostError
from clawtop.gateway import watch
from clawtop.gateway.look import until
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from clawtop.screen.header import freshness

from .test_every_break import MAIN, watcher_of
from .tunnel import Tunnel

Scene = Callable[[ScriptedGateway, Tunnel, Watcher], Awaitable[None]]


def play(scene: Scene, world: World | None = None, *, tick_ms: int = 30_000, drip: int = 0) -> None:
    """A watcher that runs behind a tunnel."""

    async def run() -> None:
        async with (
            asyncio.timeout(40),
            ScriptedGateway(world=world or World(), tick_interval_ms=tick_ms) as gateway,
            Tunnel(gateway.port) as tunnel,
        ):
            tunnel.drip = drip or tunnel.drip
            watcher = watcher_of(tunnel.url, gateway.token, 5.0)
            watching = asyncio.create_task(watcher.run())
            try:
                assert await until(watcher, lambda: "rows" in watcher.store.listed, 20)
                await scene(gateway, tunnel, watcher)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                await watcher.close()

    asyncio.run(run())


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited between attempts, as multiples of the first step; jitter at its mildest."""
    found: list[float] = []

    async def pause(watcher: Watcher, about_s: float) -> None:
        found.append(about_s)
        watcher.attempt += 1
        await asyncio.sleep(0)

    monkeypatch.setattr(Watcher, "_pause", pause)
    return found


def test_each_pause_is_longer_up_to_half_a_minute(pauses: list[float]) -> None:
    async def scene(gateway: ScriptedGateway, tunnel: Tunnel, watcher: Watcher) -> None:
        await tunnel.shut()
        assert await until(watcher, lambda: len(pauses) >= 8, 20)
        assert pauses[:8] == [1, 2, 4, 8, 16, 30, 30, 30]
        assert tunnel.most == 1

    play(scene)


def test_a_link_that_is_lost_at_once_is_waited_for_longer_each_time(pauses: list[float]) -> None:
    """It signs in and is thrown out: no reason to come back every second."""

    async def scene(gateway: ScriptedGateway, tunnel: Tunnel, watcher: Watcher) -> None:
        async def throw_out() -> None:
            while True:
                if watcher.store.link_up:
                    await gateway.drop_all(1011)
                await asyncio.sleep(0)

        throwing = asyncio.create_task(throw_out())
        assert await until(watcher, lambda: len(pauses) >= 6, 20)
        throwing.cancel()
        assert pauses[:6] == [1, 2, 4, 8, 16, 30]

    play(scene)


def test_a_link_that_stood_begins_with_the_shortest_again(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "STOOD_S", 0.0)

    async def scene(gateway: ScriptedGateway, tunnel: Tunnel, watcher: Watcher) -> None:
        for _ in range(3):
            begun = len(pauses)
            await gateway.drop_all(1011)
            assert await until(watcher, lambda n=begun: len(pauses) > n, 20)  # type: ignore[misc]
            assert await until(watcher, lambda: watcher.store.link_up, 20)
        assert set(pauses) == {1}

    play(scene)


def test_the_pause_is_jittered_and_a_person_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    spread: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        spread.append((low, high))
        return high

    monkeypatch.setattr(random, "uniform", uniform)
    monkeypatch.setattr(watch, "BACKOFF_S", (600.0,))

    async def scene(gateway: ScriptedGateway, tunnel: Tunnel, watcher: Watcher) -> None:
        await gateway.drop_all(1012)
        assert await until(watcher, lambda: watcher.retry_at is not None, 10)
        assert watcher.retry_at is not None
        assert watcher.retry_at - time.monotonic() > 700
        before = gateway.total_connections
        for _ in range(5):  # a key that is held down
            watcher.reconnect_now()
        assert await until(watcher, lambda: watcher.store.link_up, 10)
        assert gateway.total_connections == before + 1
        assert (0.7, 1.3) in spread

    play(scene)


def test_a_person_who_insists_still_makes_one_connection_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "BACKOFF_S", (0.05,))

    async def scene(gateway: ScriptedGateway, tunnel: Tunnel, watcher: Watcher) -> None:
        gateway.faults.late_methods["connect"] = 0.1
        for number in range(2, 6):
            await gateway.drop_all(1012)
            while gateway.total_connections < number or not watcher.store.link_up:
                watcher.reconnect_now()
                await asyncio.sleep(0.01)
        assert tunnel.most == 1
        assert gateway.total_connections == 5

    play(scene)


def test_after_a_gap_everything_is_asked_again() -> None:
    async def scene(gateway: ScriptedGateway, tunnel: Tunnel, watcher: Watcher) -> None:
        assert await until(watcher, lambda: "preflight" in watcher.store.listed, 10)
        before = len(gateway.seen("sessions.list"))
        gateway.world.session("agent:main:unheard", new=True)
        gateway.world.outbox.clear()  # its event is the one that is lost
        gateway.faults.skip_seq_once = True
        gateway.world.put(Out("tick", {"ts": gateway.world.now()}))
        known = watcher.store.held.sessions
        assert await until(watcher, lambda: "agent:main:unheard" in known, 10)
        assert len(gateway.seen("sessions.list")) == before + 1
        assert watcher.store.link_up

    play(scene)


def test_a_byte_at_a_time_is_slow_and_not_dead() -> None:
    """Frames come in pieces of one byte; each is whole in the end."""
    world = World()
    world.start_run(MAIN, "rpc", run_id="run-1")

    async def scene(gateway: ScriptedGateway, tunnel: Tunnel, watcher: Watcher) -> None:
        assert await until(watcher, lambda: MAIN in watcher.store.held.locks, 10)
        assert freshness(watcher.store) == "live"
        assert watcher.unreadable == 0
        assert gateway.total_connections == 1

    play(scene, world, drip=1)


def test_a_question_while_a_dead_link_is_being_closed_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting: list[asyncio.Future[Raw]] = []

    async def scene(gateway: ScriptedGateway, tunnel: Tunnel, watcher: Watcher) -> None:
        link = watcher.link
        assert link is not None

        async def breaks(*_given: object, **_named: object) -> None:
            waiting.extend(link._answers.values())
            link._end()  # the reader hears of it first
            raise ConnectionClosedError(None, None)

        monkeypatch.setattr(link._socket, "send", breaks)
        with pytest.raises(LinkLostError):
            await link.call("status")

    play(scene)
    assert waiting
    told = [one for one in waiting if one._log_traceback]  # type: ignore[attr-defined]
    assert told == [], "asyncio would write it over the screen"


# -- clocks


@pytest.mark.parametrize("hours", [-9, 9])
def test_clocks_that_disagree_by_hours_change_no_age(hours: int) -> None:
    real = SystemClock()
    world = World(now=lambda: real() + hours * 3_600_000)
    with world.past(300_000):
        world.start_run(MAIN, "rpc", run_id="run-1")

    async def scene(gateway: ScriptedGateway, tunnel: Tunnel, watcher: Watcher) -> None:
        store = watcher.store
        assert await until(watcher, lambda: MAIN in store.held.locks, 10)
        since = store.held.locks[MAIN].since_ms
        assert since is not None
        assert 300_000 <= store.now_ms - since < 330_000
        assert abs(watcher.clock.offset_ms() - hours * 3_600_000) < 5_000

    play(scene, world)


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_is_set_meanwhile_is_followed_with_the_next_tick(hours: int) -> None:
    real, jump = SystemClock(), [0]
    world = World(now=lambda: real() + jump[0])

    async def scene(gateway: ScriptedGateway, tunnel: Tunnel, watcher: Watcher) -> None:
        jump[0] = hours * 3_600_000
        gateway._next_tick = 0
        tick = {"ts": world.now()}
        await gateway.emit("tick", tick)
        store = watcher.store
        assert await until(watcher, lambda: abs(store.now_ms - world.now()) < 5_000, 10)
        watcher.ask_all_now()
        assert await until(watcher, lambda: abs(_fresh(store) - world.now()) < 5_000, 10)
        assert freshness(store) == "live"

    play(scene, world)


def _fresh(store: Store) -> int:
    return store.fresh_at_ms or 0


# -- names


def test_a_name_that_cannot_be_resolved_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_given: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    watcher = watcher_of("ws://gateway.invalid:18789", "t")
    with pytest.raises(ConnectError, match="Name or service not known") as caught:
        asyncio.run(watcher.connect())
    assert caught.value.next_step


def test_a_resolver_that_hangs_holds_up_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the attempt nor the end of the program: it is still hanging afterwards."""
    let_go, over = threading.Event(), threading.Event()

    def hangs(*_given: object, **_named: object) -> None:
        let_go.wait(20)
        over.set()

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    monkeypatch.setattr("clawtop.gateway.health.explain.__defaults__", (0.3,))
    watcher = watcher_of("ws://gateway.invalid:18789", "t", 0.5)
    with pytest.raises(ConnectError, match="did not answer in time"):
        asyncio.run(watcher.connect())
    assert not over.is_set(), "it waited for the resolver"
    let_go.set()
    assert over.wait(10)


# -- redirects


def test_a_redirect_is_not_followed_and_the_secret_stays_here() -> None:
    async def run() -> None:
        async with ScriptedGateway() as elsewhere, Tunnel(0) as proxy:
            where = elsewhere.url.encode()
            proxy.canned = b"HTTP/1.1 302 Found\r\nLocation: " + where + b"\r\n\r\n"
            watcher = watcher_of(proxy.url, elsewhere.token)
            with pytest.raises(ConnectError, match="sends us elsewhere"):
                await watcher.connect()
            assert elsewhere.total_connections == 0

    asyncio.run(run())
