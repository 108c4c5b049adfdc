"""A device approved for less than it asks: it shows what it may, and says what is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from clawtop.cli.doctor import _lines, doctor_document
from clawtop.demo.pairing import Pairing
from clawtop.errors import ConnectError, PairingError
from clawtop.gateway.entry import Errand, enter
from clawtop.gateway.look import settle, until
from clawtop.gateway.manner import Manner
from clawtop.gateway.pairing import approved_part
from clawtop.gateway.refusals import SCOPES_REFUSED
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from clawtop.screen.header import first_line

from .test_entry import GENERATIONS, MORE, READ, Door, pair, play

REST = "operator.approvals, operator.admin"
DEADLINE_S = 10.0


def watcher_of(door: Door, **manner: Any) -> Watcher:
    return Watcher(door.target, door.client, Store(), Manner(timeout_s=3, **manner))


class Watched:
    """A watcher that runs; ``downs``: how often its link was lost."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher, self.store = watcher, watcher.store
        self.downs = 0
        self.running = asyncio.create_task(watcher.run())
        down = watcher.feed.down

        def lost(why: str) -> None:
            self.downs += 1
            down(why)

        watcher.feed.down = lost  # type: ignore[method-assign]

    async def until(self, seen: Callable[[], object]) -> None:
        found = await until(self.watcher, lambda: bool(seen()), DEADLINE_S, every_s=0.01)
        assert found, f"{self.store.link_why}; {self.watcher.todo}"

    @property
    def head(self) -> str:
        return first_line(self.store, ("edge-1", "edge-1"), "", "")

    @property
    def scopes(self) -> set[str]:
        return set(self.store.facts.scopes) if self.store.facts is not None else set()


@asynccontextmanager
async def watched(door: Door) -> AsyncIterator[Watched]:
    found = Watched(watcher_of(door))
    try:
        yield found
    finally:
        found.running.cancel()
        await asyncio.gather(found.running, return_exceptions=True)
        await found.watcher.close()


def request(pairing: Pairing) -> str:
    ((found, _scopes),) = pairing.pending.values()
    return found


@pytest.mark.parametrize("generation", GENERATIONS)
def test_it_shows_what_it_may_and_says_how_to_approve_the_rest(generation: str) -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        async with watched(door) as on:
            await on.until(lambda: on.store.link_up and "rows" in on.store.listed)
            assert on.scopes == set(READ)
            assert "NOT GRANTED approvals, admin" in on.head
            assert "can act" not in on.head
            assert on.watcher.todo == (
                f"On its host: openclaw devices approve {request(pairing)} (it grants {REST})"
            )
            assert pairing.asked == 2

    play(scene, generation)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_once_the_rest_is_approved_it_goes_on_with_all_of_it(
    generation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clawtop.gateway.watch.ASK_EVERY_S", 0.02)
    heard: list[bool] = []

    def entering(errand: Errand, *, may_ask: bool = True) -> Coroutine[Any, Any, Any]:
        heard.append(errand.on_push is not None)
        return enter(errand, may_ask=may_ask)

    monkeypatch.setattr("clawtop.gateway.watch.enter", entering)

    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        async with watched(door) as on:
            await on.until(lambda: on.store.link_up and pairing.pending)
            door.shown()
            await on.until(lambda: len(door.gateway.requests) >= 6)
            assert (pairing.asked, on.store.link_up) == (2, True)
            pairing.approve()
            await on.until(lambda: set(MORE) <= on.scopes)
            assert on.downs == 0
            assert (on.watcher.todo, "can act" in on.head) == ("", True)
            await on.until(lambda: door.gateway.connections == 1)
            trials = heard[2:-1]
            assert trials
            assert not any(trials), "events would be heard twice"

    play(scene, generation)


def test_where_nobody_approves_it_stops_asking_and_goes_on_watching(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("clawtop.gateway.watch.ASK_EVERY_S", 0.02)
    monkeypatch.setattr("clawtop.gateway.watch.BACKOFF_S", (0.02,))

    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        async with watched(door) as on:
            for number in (2, 3, 4):
                await on.until(lambda number=number: pairing.asked == number)
                pairing.reject()
            await on.until(lambda: "nobody approved this device" in on.watcher.todo)
            await door.gateway.drop_all(1012)
            await on.until(lambda: on.downs == 1 and on.store.link_up)
            await on.until(lambda: "rows" in on.store.listed)
            assert (pairing.asked, on.scopes) == (5, set(READ))
            assert not on.running.done()
            pairing.reject()
            on.watcher.ask_all_now()
            await on.until(lambda: pairing.asked == 6 and "devices approve" in on.watcher.todo)

    play(scene)


def test_with_the_device_token_alone_it_says_what_asking_takes() -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        door.secret = None
        async with watched(door) as on:
            await on.until(lambda: on.store.link_up)
            assert on.scopes == set(READ)
            assert on.watcher.todo.startswith(f"This device is not approved for {REST}; give the")
            assert "--token-file" in on.watcher.todo
            assert (pairing.asked, pairing.pending) == (1, {})

    play(scene)


def test_one_look_at_what_was_asked_for_by_name_is_not_given_without_it() -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        with pytest.raises(PairingError, match="approved this device for less than") as told:
            await watcher_of(door, one_shot=True, approvals="on").connect()
        assert request(pairing) in told.value.next_step

    play(scene)


def test_doctor_says_what_is_missing_and_asks_nobody() -> None:
    async def scene(door: Door, pairing: Pairing) -> None:
        await pair(door, pairing)
        watcher = watcher_of(door, one_shot=True)
        await watcher.connect()
        serving = asyncio.create_task(watcher.serve())
        await settle(watcher)
        report = doctor_document(watcher)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        assert report["missing_scopes"] == REST.split(", ")
        told = "\n".join(_lines(report))
        assert f"not granted {REST}\n" in told
        assert "clawtop doctor --approvals on asks for it" in told
        assert "seeing approvals needs operator.admin, which was not granted" in told
        assert (pairing.asked, pairing.pending) == (1, {})

    play(scene)


@pytest.mark.parametrize(
    ("approved", "part"),
    [
        (("operator.read",), ("operator.read",)),
        (("operator.write",), ("operator.read",)),
        (("operator.read", "operator.approvals"), ("operator.read", "operator.approvals")),
        (("operator.approvals",), ()),
        (("\x1b[2J",), ()),
        ((), ()),
        (("operator.admin",), ()),
    ],
)
def test_only_what_was_asked_and_approved_is_taken(
    approved: tuple[str, ...], part: tuple[str, ...]
) -> None:
    error = PairingError("no", "no", request_id="", approved=approved)
    assert approved_part(MORE, error) == part


@pytest.mark.parametrize(
    ("code", "asked", "part"),
    [(SCOPES_REFUSED, MORE, READ), (SCOPES_REFUSED, READ, ()), ("auth_token_mismatch", MORE, ())],
)
def test_a_refusal_that_names_nothing_leaves_reading(
    code: str, asked: tuple[str, ...], part: tuple[str, ...]
) -> None:
    assert approved_part(asked, ConnectError("no", code=code)) == part
