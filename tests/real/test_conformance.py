"""The embedded gateway is like the real one of its generation, in everything clawtop reads.

The same story is told to both. A difference fails, or stands in the table below with its reason.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import pytest

from clawtop.demo import Generation
from clawtop.gateway.methods import ACTING, READ_METHODS

from .conformance import (
    Found,
    Listed,
    invented,
    other_events,
    other_refusals,
    strange_events,
    strange_words,
    unlike,
)
from .conftest import APRIL, SEPTEMBER, Gateways
from .reads import EVENTS
from .sides import DemoSide, RealSide
from .story import Notes, Story

pytestmark = pytest.mark.real

GENERATIONS: dict[Generation, str] = {"april": APRIL, "september": SEPTEMBER}
ACTS = frozenset(ACTING) | {
    "gateway.restart.request",
    "sessions.reset",
    "set-heartbeats",
    "system-event",
    "tasks.cancel",
    "wake",
}
UNHEARD = frozenset({"heartbeat", "shutdown", "gateway.suspension", "health"})
"""Events that take a gateway of their own, or a minute."""
Compare = Callable[[Notes, Notes], Iterator[Found]]
COMPARISONS: tuple[Compare, ...] = (
    invented,
    unlike,
    strange_words,
    other_refusals,
    other_events,
    strange_events,
)

OFF = "the real gateways of these tests have their heartbeats and their Control UI off"
LATE = "how old the row in it is depends on how busy the real gateway is"
LISTED = (
    Listed("*", "*heartbeat.*everyMs", OFF),
    Listed("http /nothing", "*", OFF),
    Listed("http /startupz", "*", OFF, "april"),
    Listed(
        "*", "*displayName", "the channel of these tests gives its people no names", "september"
    ),
    Listed("*", "*instanceId", "2026.5.28 shows its own approval client come and go", "april"),
    Listed("diagnostics.stability", "payload.*Seq", "the ring begins empty and keeps recoveries"),
    Listed(
        "chat.history",
        "payload.messages[[]].content",
        "tool calls and empty answers are not played",
    ),
    Listed("event session.message *", "*status", "nobody reads that row", sometimes=True),
    Listed("*", "*degradedSinceMs", "a number while the event loop lags", sometimes=True),
    Listed("event sessions.changed reason", "payload.endedAt", LATE, "april", sometimes=True),
    Listed("*health", "payload.plugins*", "left out by a busy start", "april", sometimes=True),
)


class Told(NamedTuple):
    """The notes of both sides."""

    real: Notes
    demo: Notes


@pytest.fixture(scope="module")
def stories(gateways: Gateways) -> Iterator[dict[Generation, Told]]:
    """All four stories at once: most of the time is spent waiting."""
    scenes = {name: gateways.scene(version) for name, version in GENERATIONS.items()}
    with ThreadPoolExecutor(4) as pool:
        real = {name: pool.submit(Story(RealSide(scenes[name])).tell) for name in GENERATIONS}
        demo = {name: pool.submit(_tell_demo, name) for name in GENERATIONS}
        yield {name: Told(_notes(real[name]), _notes(demo[name])) for name in GENERATIONS}
    for scene in scenes.values():
        scene.tidy()


def _tell_demo(generation: Generation) -> Notes:
    with DemoSide(generation) as side:
        return Story(side).tell()


def _notes(future: Future[Notes]) -> Notes:
    return future.result(240)


@pytest.fixture(params=GENERATIONS)
def told(request: pytest.FixtureRequest, stories: dict[Generation, Told]) -> Told:
    return stories[request.param]


@pytest.fixture
def generation(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["told"])


def unlisted(found: Iterator[Found], generation: str) -> list[str]:
    """Differences without an entry in the table."""
    return [str(one) for one in found if not any(entry.names(one, generation) for entry in LISTED)]


def test_both_were_asked_the_same(told: Told) -> None:
    asked = [{name for name in notes if not name.startswith("event ")} for notes in told]
    assert asked[0] == asked[1]
    assert len(asked[0]) > 300


@pytest.mark.parametrize("compare", COMPARISONS)
def test_the_embedded_gateway_is_like_the_real_one(
    told: Told, generation: str, compare: Compare
) -> None:
    assert unlisted(compare(told.real, told.demo), generation) == []


def test_no_listed_difference_has_gone(stories: dict[Generation, Told]) -> None:
    found = [
        (one, generation)
        for generation, told in stories.items()
        for compare in COMPARISONS
        for one in compare(told.real, told.demo)
    ]
    unused = [entry for entry in LISTED if not any(entry.names(*one) for one in found)]
    assert [entry for entry in unused if not entry.sometimes] == []


def test_what_clawtop_uses_is_announced_alike(told: Told) -> None:
    real, demo = (notes["hello / admin"][0]["features"] for notes in told)
    for part, used in (("methods", READ_METHODS | ACTS), ("events", frozenset(EVENTS))):
        assert used & set(demo[part]) == used & set(real[part])
        assert set(demo[part]) <= set(real[part])
    assert set(demo.get("capabilities", ())) <= set(real.get("capabilities", ()))


def test_the_story_hears_most_events_that_clawtop_reads(told: Told, generation: str) -> None:
    heard = {name.split(" ")[1] for name in told.real if name.startswith("event ")}
    april = {"task"} if generation == "april" else set()  # there is no such event yet
    assert frozenset(EVENTS) - heard <= UNHEARD | april


BROKEN: dict[str, tuple[Compare, str, Callable[[Notes], object]]] = {
    "a field less": (unlike, "hasActiveRun", lambda notes: _row(notes).pop("hasActiveRun")),
    "another type": (unlike, "updatedAt", lambda notes: _row(notes).update(updatedAt="now")),
    "a field more": (invented, "mood", lambda notes: _row(notes).update(mood="good")),
    "another word": (strange_words, "status", lambda notes: _row(notes).update(status="odd")),
    "another code": (other_refusals, "OOPS", lambda notes: _refusal(notes).update(code="OOPS")),
    "events less": (other_events, "agent", lambda notes: _drop(notes, "event agent ")),
    "an event more": (strange_events, "chat sung", lambda notes: notes["event chat sung / x"]),
}


def _row(notes: Notes) -> dict[str, object]:
    row: dict[str, object] = notes["sessions.list / hung run"][0]["payload"]["sessions"][0]
    return row


def _refusal(notes: Notes) -> dict[str, object]:
    error: dict[str, object] = notes["no.such.method / reader"][0]["error"]
    return error


def _drop(notes: Notes, start: str) -> None:
    for name in [name for name in notes if name.startswith(start)]:
        del notes[name]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_gateway_would_be_noticed(told: Told, broken: str) -> None:
    compare, named, spoil = BROKEN[broken]
    spoilt = copy.deepcopy(told.real)
    assert list(compare(told.real, spoilt)) == []
    spoil(spoilt)
    assert any(named in str(one) for one in compare(told.real, spoilt))
