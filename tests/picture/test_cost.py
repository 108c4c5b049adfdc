"""Cost follows what changed: counted in judgements, not in seconds."""

from collections.abc import Callable

import pytest

from clawtop.picture import changes as c
from clawtop.picture import held
from clawtop.picture.locks import Context, judge
from clawtop.picture.records import Lock
from clawtop.picture.sessions import SessionFacts
from clawtop.picture.suspects import suspects
from tests.picture.builders import (
    Picture,
    approval,
    approvals,
    at_ms,
    begins,
    later_row,
    listed,
    probe,
    works,
)
from tests.picture.builders import leaked as leaked_picture

MANY = 50_000


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    keys: list[str] = []
    real: Callable[[SessionFacts, Context], Lock | None] = judge

    def counting(facts: SessionFacts, ctx: Context) -> Lock | None:
        keys.append(facts.key)
        return real(facts, ctx)

    monkeypatch.setattr(held, "judge", counting)
    return keys


def key(number: int) -> str:
    return f"agent:main:s{number}"


@pytest.fixture(scope="module")
def crowd() -> Picture:
    """Fifty thousand sessions, every hundredth of them held."""
    rows = [later_row(key(n), active=n % 100 == 0) for n in range(MANY)]
    return Picture().tell(listed(*rows))


def test_one_changed_row_among_many_is_judged_alone(crowd: Picture, judged: list[str]) -> None:
    assert len(crowd.store.held.locks) == MANY // 100
    changed = c.SessionChanged(key(7), reason="patch", ts=at_ms(1), row=later_row(key(7), at=1))
    crowd.tell(changed, at=1)
    assert judged == [key(7)]
    judged.clear()
    crowd.tell(begins("run-1", key(7), at=1), at=1)
    assert judged == [key(7)]
    judged.clear()
    crowd.tell(approvals(approval("a", session_key=key(9))), at=1)
    assert judged == [key(9)]


def test_looking_again_without_any_change_judges_nobody(crowd: Picture, judged: list[str]) -> None:
    crowd.store.refresh(crowd.store.now_ms)
    assert judged == []


def test_time_alone_judges_only_what_reads_differently_then(judged: list[str]) -> None:
    picture = Picture(stale_after_ms=60_000)
    picture.tell(listed(*[later_row(key(n)) for n in range(100)]))
    for number in range(100):
        picture.tell(begins(f"run-{number}", key(number), at=number), at=number)
    judged.clear()
    picture.wait_until(99.5)
    assert len(judged) <= 100
    judged.clear()
    picture.tell(works("run-99", key(99), at=100), at=100)
    assert picture.lock(key(99)).idle_since_ms == at_ms(100)
    assert judged.count(key(99)) <= 1
    assert len(judged) <= 5, "a few were due, the crowd was not"


# -- whom to probe


def test_a_new_lock_is_probed_once_it_is_old_enough() -> None:
    picture = Picture().tell(listed(later_row()), begins(at=0))
    assert suspects(picture.store.held) == []
    picture.wait_until(3)
    assert suspects(picture.store.held) == [picture.lock().session_key]


def test_a_suspect_is_probed_again_after_ten_seconds_and_a_calm_one_after_thirty() -> None:
    picture = leaked_picture()
    assert suspects(picture.wait_until(79).store.held) == []
    assert suspects(picture.wait_until(80).store.held) != []
    calm = Picture().tell(listed(later_row()), begins())
    flight = c.InFlight("run-1", started_at=at_ms(0), newest_event_at=at_ms(5))
    calm.tell(probe(at=5, flight=flight), at=5)
    assert suspects(calm.wait_until(34).store.held) == []
    assert suspects(calm.wait_until(35).store.held) != []


def test_an_older_gateway_is_not_probed_twice_in_vain() -> None:
    picture = Picture("april").tell(listed(later_row()), probe(at=1, tells_pending=False), at=1)
    picture.wait_until(1_000)
    assert suspects(picture.store.held) == []


def test_the_named_session_is_probed_however_calm() -> None:
    picture = Picture().tell(listed(later_row()), begins(at=0))
    named = picture.lock().session_key
    assert suspects(picture.store.held, named=frozenset({named, "agent:main:gone"})) == [named]


def test_the_named_session_does_not_keep_others_from_being_looked_at() -> None:
    picture = Picture().tell(listed(later_row(key(1)), later_row(key(2))))
    picture.tell(probe(key(1), at=20), at=20)
    named = frozenset({key(1)})
    assert suspects(picture.wait_until(24).store.held, named=named) == [key(2), key(1)]
    assert suspects(picture.wait_until(25).store.held, named=named) == [key(1), key(2)]


def test_the_one_looked_at_longest_ago_comes_first() -> None:
    picture = Picture().tell(listed(later_row(key(1)), later_row(key(2)), later_row(key(3))))
    picture.tell(probe(key(1), at=20), at=20).tell(probe(key(2), at=10), at=20)
    picture.tell(c.ProbeFailed(key(3), at_ms(15)), at=20).wait_until(60)
    assert suspects(picture.store.held) == [key(2), key(3), key(1)]
