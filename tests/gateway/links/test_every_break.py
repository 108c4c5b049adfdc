"""Every way a link breaks: what is said, what the picture keeps, whether it is tried again."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from clawtop.demo import ScriptedGateway, World
from clawtop.errors import SignInError
from clawtop.gateway import clock, watch
from clawtop.gateway import link as links
from clawtop.gateway.client import Client
from clawtop.gateway.find import Target
from clawtop.gateway.look import until
from clawtop.gateway.manner import Manner
from clawtop.gateway.secret import Secret
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from clawtop.screen.header import freshness, second_line

from .tunnel import Tunnel

MAIN = "agent:main:main"
TICK_MS = 1_000  # silence of five seconds is death then


@dataclass
class Scene:
    """A watcher on a gateway behind a tunnel."""

    gateway: ScriptedGateway
    tunnel: Tunnel
    watcher: Watcher

    @property
    def store(self) -> Store:
        return self.watcher.store


Break = Callable[[Scene], Awaitable[object]]


@dataclass(frozen=True)
class Case:
    """``says``: in the reason on the screen. ``again``: whether it is tried again by itself.
    ``old_ms``: how old the data is at least when that is noticed."""

    name: str
    breaks: Break
    says: str
    again: bool = True
    old_ms: int = 0


def closes(code: int, reason: str = "") -> Break:
    return lambda scene: scene.gateway.drop_all(code, reason)


def answers(status: str, head: str = "", body: str = "") -> Break:
    """From now on a proxy answers HTTP in the gateway's place."""
    canned = f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"

    async def breaks(scene: Scene) -> None:
        scene.tunnel.canned = (canned + body).encode()
        scene.tunnel.reset()

    return breaks


async def goes_silent(scene: Scene) -> None:
    scene.tunnel.silent = True


async def is_reset(scene: Scene) -> None:
    scene.tunnel.reset()


async def cut_in_a_frame(scene: Scene) -> None:
    scene.tunnel.cut_in_a_frame(7)
    scene.watcher.ask_all_now()


async def tunnel_dies(scene: Scene) -> None:
    await scene.tunnel.shut()


async def restarts(scene: Scene) -> None:
    scene.gateway._spawn(scene.gateway.restart(down_s=0.5))


async def starts_up(scene: Scene) -> None:
    scene.gateway.faults.starting = True
    await scene.gateway.drop_all(1012)


async def drains(scene: Scene) -> None:
    scene.gateway.faults.refuse_upgrade_status = 503
    await scene.gateway.drop_all(1012)


async def another_secret(scene: Scene) -> None:
    scene.gateway.door = replace(scene.gateway.door, token="another")
    await scene.gateway.drop_all(1012)


async def never_greets(scene: Scene) -> None:
    scene.gateway.faults.no_challenge = True
    await scene.gateway.drop_all(1012)


async def sleeps(scene: Scene) -> None:
    """This host sleeps for an hour, and the link is gone when it wakes, without a word."""
    scene.tunnel.silent = True
    NAP.append(3_600.0)


NAP: list[float] = []
HTML = "<html><title>Sign in to the hotel</title></html>"
NOT_ONE = "is not an OpenClaw gateway"
CASES = (
    *(Case(f"closed with {code}", closes(code), "ended") for code in (1000, 1001, 1003, 1005)),
    *(Case(f"closed with {code}", closes(code), "ended") for code in (1007, 1009, 1010, 1011)),
    Case("closed with 1004", closes(1004), "the connection broke"),
    Case("closed with 1006", closes(1006), "the connection broke"),
    Case("closed with 1002", closes(1002, "invalid opcode"), "invalid opcode"),
    Case("another version", closes(1002, "protocol mismatch"), "another protocol", again=False),
    Case("closed with 1008", closes(1008, "no \x1b[2J"), "no \\x1b[2J", again=False),
    Case("too slow for it", closes(1008, "slow consumer"), "too slow"),
    Case("closed with 1012", closes(1012, "service restart"), "is restarting"),
    Case("closed with 1013", closes(1013), "is starting"),
    Case("not ready yet", closes(1008, "gateway message handler loading"), "is starting"),
    Case("closed with 4001", closes(4001), "secret changed", again=False),
    Case("removed", closes(4001, "device removed"), "device was removed", again=False),
    Case("revoked", closes(4001, "client invalidated: device-token-revoked"), "token was", False),
    Case("another policy", closes(4001, "gateway policy changed"), "policy changed"),
    Case("half open", goes_silent, "nothing came for two ticks", old_ms=5_000),
    Case("reset", is_reset, "the connection broke"),
    Case("cut in a frame", cut_in_a_frame, "the connection broke"),
    Case("the tunnel dies", tunnel_dies, "nothing listens"),
    Case("restarted", restarts, "restarting"),
    Case("starting up", starts_up, "is starting"),
    Case("draining", drains, "starting or draining"),
    Case("another secret", another_secret, "refused the secret", again=False),
    Case("it never greets", never_greets, "did not answer in time"),
    Case("a page instead", answers("200 OK", "Content-Type: text/html\r\n", HTML), NOT_ONE),
    Case("HTTP 401", answers("401 Unauthorized"), "wants a sign-in of its own", again=False),
    Case("HTTP 407", answers("407 Authenticate"), "wants a sign-in of its own", again=False),
    Case("HTTP 302", answers("302 Found", "Location: http://hotel/\r\n"), "sends us elsewhere"),
    Case("HTTP 404", answers("404 Not Found"), NOT_ONE),
    Case("HTTP 502", answers("502 Bad Gateway", "", HTML), "does not reach a gateway"),
    Case("no HTTP at all", answers("what"), NOT_ONE),
    Case("asleep", sleeps, "was asleep", old_ms=3_600_000),
)


def heals(scene: Scene) -> Awaitable[None]:
    """Everything is well again."""
    scene.gateway.faults.clear()
    scene.tunnel.silent, scene.tunnel.canned = False, b""
    NAP.clear()

    async def reopened() -> None:
        if not scene.tunnel.is_open:
            await scene.tunnel.open()

    return reopened()


def is_whole(scene: Scene) -> bool:
    return scene.store.link_up and {"rows", "preflight"} <= scene.store.listed


def watcher_of(url: str, token: str, timeout_s: float = 1.0) -> Watcher:
    target = Target(url, "edge-1", Secret("token", token), "a test", "a test")
    client = Client("0.0", "linux", "clawtop (tester@desk)", "test")
    return Watcher(target, client, Store(), Manner(timeout_s=timeout_s))


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    NAP.clear()
    monkeypatch.setattr(watch, "BACKOFF_S", (0.1,))
    for module in (links, clock):
        monkeypatch.setattr(module, "slept_s", lambda: sum(NAP))
    monkeypatch.setattr(links, "LOOK_EVERY_S", 0.2)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_said_and_kept_and_done(case: Case) -> None:
    told: list[object] = []

    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, what: told.append(what))
        world = World("september")
        async with (
            asyncio.timeout(40),
            ScriptedGateway(world=world, tick_interval_ms=TICK_MS) as gateway,
            Tunnel(gateway.port) as tunnel,
        ):
            watcher = watcher_of(tunnel.url, gateway.token)
            scene = Scene(gateway, tunnel, watcher)
            world.start_run(MAIN, "rpc", run_id="run-1")
            watching = asyncio.create_task(watcher.run())
            try:
                await story(scene, case, watching)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                await watcher.close()

    asyncio.run(run())
    gc.collect()
    assert told == [], "nothing is left that would be written over the screen"


async def story(scene: Scene, case: Case, watching: asyncio.Task[None]) -> None:
    watcher, store = scene.watcher, scene.store
    assert await until(watcher, lambda: is_whole(scene) and MAIN in store.held.locks, 10)
    assert freshness(store) == "live"
    await case.breaks(scene)
    assert await until(watcher, lambda: case.says in store.link_why, 15), store.link_why
    # what was known is still there, and it says how old it is
    assert not store.link_up
    assert MAIN in store.held.locks
    fresh_at = store.fresh_at_ms
    assert fresh_at is not None
    assert freshness(store).startswith("LINK LOST, data ")
    assert store.now_ms - fresh_at >= case.old_ms
    store.refresh(fresh_at + 7_200_000)
    assert freshness(store).startswith("LINK LOST, data 2h")
    assert "\x1b" not in second_line(store, None, "", 80).text
    assert store.fresh_at_ms == fresh_at
    if case.again:
        assert not watching.done()
        await heals(scene)
        assert await until(watcher, lambda: is_whole(scene), 15), store.link_why
    else:
        assert await until(watcher, watching.done, 10)
        error = watching.exception()
        assert isinstance(error, SignInError)
        assert error.next_step
    assert scene.tunnel.most == 1, "one connection at a time"
