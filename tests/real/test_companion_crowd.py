"""The companion under a crowd and under rubbish in a real gateway's memory."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from clawtop.picture.companion import CompanionRead

from .inside import Inside

pytestmark = pytest.mark.real

PLANTED = "agent:main:planted:"


def looked(inside: Inside, **crowd: Any) -> dict[str, Any]:
    """What the companion tells while all that is planted."""
    inside.operator.call("lab.plant", crowd)
    try:
        return inside.look()
    finally:
        inside.operator.call("lab.unplant")


def planted(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in items if one["key"].startswith(PLANTED)]


def test_a_thousand_locks_and_ten_thousand_events(inside: Inside) -> None:
    beside = inside.key("beside")
    inside.orphan(beside)
    told = looked(inside, locks=1_000, events=10_000)
    assert told["locks"]["total"] == 1_001
    assert len(planted(told["locks"]["items"])) == 1_000
    assert beside in {lock["key"] for lock in told["locks"]["items"]}
    events = told["systemEvents"]
    assert events["total"] - 10_000 in range(20)
    kept = sum(len(queue["events"]) for queue in planted(events["items"]))
    assert 1_000 < kept <= 2_000
    assert len(json.dumps(told)) < 1_100_000
    msgspec.convert(told, CompanionRead)


def test_rubbish_beside_good_entries_is_counted_and_the_gateway_goes_on(inside: Inside) -> None:
    key = inside.key("good")
    inside.orphan(key)
    told = looked(inside, locks=3, events=40, bad=True)
    for part in ("locks", "systemEvents", "lanes"):
        assert told[part]["supported"] is True
        assert told[part]["unreadable"] >= 5
    assert len(planted(told["locks"]["items"])) == 3
    assert key in {lock["key"] for lock in told["locks"]["items"]}
    after = inside.look()
    assert "unreadable" not in after["locks"]
    inside.settled(inside.key("goes-on"))


def test_nothing_but_rubbish_makes_the_part_unsupported(inside: Inside) -> None:
    told = looked(inside, bad=True)
    assert told["locks"]["supported"] is False
    assert told["locks"]["why"]
    assert told["runs"]["supported"] is True, "the others stand for themselves"
    msgspec.convert(told, CompanionRead)
