"""A gateway that answers, and tells nothing: what was not seen is null, with the reason."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from clawtop.demo import Generation, ScriptedGateway
from clawtop.gateway.look import settle, watching
from clawtop.gateway.manner import Manner
from clawtop.gateway.poll import PROBE, QUESTIONS
from clawtop.gateway.watch import Watcher
from clawtop.picture.document import document
from clawtop.picture.store import Store
from tests.screen.stage import client, target_of

PARTS = (
    "system_events",
    "system_event_queues",
    "locks",
    "waiting",
    "approvals",
    "recoveries",
    "lanes",
    "tasks",
    "operators",
)
METHODS = {one.method for one in QUESTIONS} | {"sessions.subscribe", PROBE}


async def picture_of(gateway: ScriptedGateway) -> dict[str, Any]:
    watcher = Watcher(target_of(gateway), client(), Store(), Manner(timeout_s=5))
    async with watching(watcher):
        await settle(watcher)
        assert watcher.link is not None
        assert watcher.link.is_open, "nothing ended this link"
    return document(watcher.store)


def seen_with(generation: Generation = "september", **faults: Any) -> dict[str, Any]:
    async def story() -> dict[str, Any]:
        async with ScriptedGateway(generation) as gateway:
            gateway.world.start_run("agent:main:main", "rpc", run_id="hung")
            for name, value in faults.items():
                setattr(gateway.faults, name, value)
            return await picture_of(gateway)

    return asyncio.run(asyncio.wait_for(story(), 40))


@pytest.mark.parametrize("kind", ["half an answer", "an object without a field"])
def test_of_a_gateway_that_tells_nothing_every_part_is_null_with_the_reason(kind: str) -> None:
    if kind == "half an answer":
        told = seen_with(bare_answers=METHODS)
    else:
        told = seen_with(odd_answers={name: {} for name in METHODS})
    lists = {part: told[part] for part in PARTS}
    listed_at_hello = {"operators"}  # the greeting names who is connected
    assert {part for part, rows in lists.items() if rows is not None} <= listed_at_hello
    coverage = told["coverage"]
    assert all(coverage[part]["why"] for part in PARTS if part in coverage)
    assert "was not understood" in coverage["locks"]["why"]


def test_half_an_answer_to_the_subscription_is_not_the_end_of_asking() -> None:
    told = seen_with(bare_answers={"sessions.subscribe"})
    assert told["system_events"] is not None
    assert told["lanes"]


def test_a_calm_gateway_is_told_with_empty_lists() -> None:
    told = seen_with()
    assert all(told[part] is not None for part in PARTS)


def test_clawtop_itself_is_left_out_where_a_gateway_lists_it() -> None:
    assert seen_with("april")["operators"] == []
