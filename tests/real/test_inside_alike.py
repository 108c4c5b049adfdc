"""The embedded gateway's companion is like the real one inside the real gateway.

Fields and types as everywhere; and of every hold the same is told of lock, lane and run.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from clawtop.demo import Generation

from .conformance import Found, Listed, invented, other_refusals, situation, strange_words, unlike
from .conftest import APRIL, SEPTEMBER
from .inside_story import DROP, RELEASE, SNAPSHOT, InsideStory
from .lab import FakeProvider, RealGateway
from .scene import Scene
from .sides import DemoSide, RealSide
from .story import Notes
from .test_conformance import Told

pytestmark = pytest.mark.real

GENERATIONS: dict[Generation, str] = {"april": APRIL, "september": SEPTEMBER}
LISTED: tuple[Listed, ...] = ()


@pytest.fixture(scope="module")
def stories() -> dict[Generation, Told]:
    """One real gateway after the other: each takes about a minute."""
    return {generation: _tell(generation, version) for generation, version in GENERATIONS.items()}


def _tell(generation: Generation, version: str) -> Told:
    with ExitStack() as exits:
        provider = exits.enter_context(FakeProvider())
        gateway = exits.enter_context(RealGateway(version, provider, companion="acts"))
        scene = Scene(gateway, provider, exits.enter_context(gateway.operator()))
        scene.settled(scene.key("warm"))
        real = InsideStory(RealSide(scene)).tell()
    with DemoSide(generation, companion=True) as side:
        return Told(real, InsideStory(side).tell())


@pytest.fixture(params=GENERATIONS)
def told(request: pytest.FixtureRequest, stories: dict[Generation, Told]) -> Told:
    return stories[request.param]


def inside(notes: Notes) -> Notes:
    """The notes about the companion's methods."""
    ours = (SNAPSHOT, RELEASE, DROP)
    return {name: one for name, one in notes.items() if name.startswith(ours)}


def seen(notes: Notes) -> dict[str, list[Any]]:
    """What each look tells of the lock, its lane and who waits, and what each act answers."""
    return {name: [_facts(one) for one in samples] for name, samples in inside(notes).items()}


def _facts(sample: dict[str, Any]) -> Any:
    body = sample.get("payload") or sample["error"]
    if "locks" not in body:
        return {k: body[k] for k in ("ok", "code", "phase", "laneRenewed", "left") if k in body}
    locks = [
        (
            one["phase"],
            *(one[name] for name in ("laneTask", "laneQueued", "waiters", "embeddedRun")),
            one["runId"] is not None,
            one["startedAtMs"] is not None,
            one["turnKind"],
        )
        for one in body["locks"]["items"]
    ]
    lanes = [
        (one["active"], one["queued"], one["max"]) for one in body["lanes"]["items"] if one["key"]
    ]
    events = [
        (len(one["text"]), one["cut"], one["contextKey"])
        for queue in body["systemEvents"]["items"]
        if queue["key"]
        for one in queue["events"]
    ]
    parked = [one["depth"] for one in body["followups"]["items"]]
    runs = [one["key"] is not None for one in body["runs"]["items"]]
    return {
        "generation": body["generation"],
        "locks": locks,
        "lanes": lanes,
        "events": events,
        "parked": parked,
        "runs": len(runs),
    }


def unlisted(found: Iterator[Found], generation: str) -> list[str]:
    return [str(one) for one in found if not any(entry.names(one, generation) for entry in LISTED)]


def generation_of(told: Told, stories: dict[Generation, Told]) -> str:
    return next(name for name, one in stories.items() if one is told)


@pytest.mark.parametrize("compare", [invented, unlike, strange_words, other_refusals])
def test_fields_types_and_refusals_are_the_same(
    told: Told, stories: dict[Generation, Told], compare: Any
) -> None:
    real, demo = inside(told.real), inside(told.demo)
    assert real.keys() == demo.keys()
    assert unlisted(compare(real, demo), generation_of(told, stories)) == []


def test_of_every_hold_the_same_is_told(told: Told) -> None:
    real, demo = seen(told.real), seen(told.demo)
    unlike_each_other = {
        name: {"real": real[name], "demo": demo[name]} for name in real if real[name] != demo[name]
    }
    assert unlike_each_other == {}


def test_a_companion_that_tells_otherwise_would_be_noticed(told: Told) -> None:
    spoilt = copy.deepcopy(inside(told.real))
    name = f"{SNAPSHOT} / orphan"
    assert situation(name) == "orphan"
    (lock,) = spoilt[name][0]["payload"]["locks"]["items"]
    lock["laneTask"] = True
    assert seen(spoilt) != seen(told.real)
    del lock["laneTask"]
    assert any("laneTask" in str(one) for one in unlike(inside(told.real), spoilt))
