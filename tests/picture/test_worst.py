"""The worst fact in words, and who needs a person first."""

from clawtop.picture import changes as c
from clawtop.picture.worst import lock_order, worst_facts
from tests.picture.builders import (
    KEY,
    T0,
    Picture,
    approval,
    approvals,
    begins,
    counted,
    later_row,
    leaked,
    listed,
    running_row,
)


def texts(picture: Picture) -> list[str]:
    return [fact.text for fact in worst_facts(picture.store)]


def test_a_calm_gateway_has_no_worst_fact() -> None:
    assert texts(Picture().tell(listed(later_row()), begins())) == []


def test_a_leak_is_named_with_its_age_as_a_lower_bound() -> None:
    (text,) = texts(leaked())
    assert text == f"leaked lock  {KEY}  ≥1m10s  likely"


def test_hostile_keys_reach_the_header_escaped() -> None:
    key = "agent:main:\x1b[2J\u202e"
    picture = Picture(stale_after_ms=1_000).tell(listed(later_row(key)), begins(key=key))
    (text,) = texts(picture.wait_until(2))
    assert "\\x1b[2J\\u202e" in text


def test_urgent_facts_come_first() -> None:
    picture = leaked()
    picture.tell(c.Shutdown("stop"), at=71)
    picture.tell(approvals(*[approval(f"a{n}", session_key=None) for n in range(3)]), at=71)
    facts = worst_facts(picture.store)
    assert [fact.urgent for fact in facts] == [True, True, False]
    assert "the same approval 3 times  no session" in facts[1].text


def test_unnamed_locks_a_full_queue_and_a_lost_recovery_are_facts() -> None:
    picture = Picture().tell(counted(1, at=1), counted(1, at=2), counted(1, at=3), at=3)
    picture.tell(c.StatusRead([str(n) for n in range(20)], ["main"]), at=3)
    event = c.StabilityEvent(1, T0, "session.recovery.requested")
    picture.tell(c.StabilityRead([event], 1, 1), at=100)
    found = "\n".join(texts(picture))
    assert "1 lock held that no session can be named for" in found
    assert "cap of 20" in found
    assert "recovery lost  session not named" in found


def test_who_needs_a_person_comes_before_who_is_merely_old() -> None:
    rows = [running_row("agent:main:old", started_at=T0 - 10**7, active=False)]
    picture = Picture("april").tell(listed(*rows, running_row(started_at=T0)), begins())
    picture.tell(counted(1))
    order = sorted(picture.store.held.locks.values(), key=lock_order)
    assert [lock.verdict for lock in order] == ["working", "ghost"]
