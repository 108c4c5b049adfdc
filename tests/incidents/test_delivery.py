"""I-08, I-24, I-25 and I-26: replies and completions that do not arrive."""

from typing import Any

import pytest

from clawtop.picture import changes as c
from tests.incidents.scenes import Watch, logged
from tests.picture.builders import KEY, at_ms, begins, ends, listed, row

FREED = (
    f"stuck session recovery outcome: status=aborted action=abort_embedded_run sessionKey={KEY}"
    " aborted=true drained=false forceCleared=true released=1"
)
SELF_HEAL = f"reply run terminal settle: forced release sessionKey={KEY} phase=aborted ageMs=60000"


def silent(message: str = "m1", cause: str = "unknown") -> str:
    head = "visible channel turn dispatched with no queued reply payloads"
    return f"{head}: channel=telegram messageId={message} sessionKey={KEY} cause={cause}"


def turn(before: str | None, line: str, *, at: float = 20) -> Watch:
    watch = Watch().tell(listed(row()))
    if before is not None:
        watch.tell(logged(before, at=10), at=10)
    return watch.tell(logged(line, at=at), at=at)


@pytest.mark.parametrize("before", [FREED, SELF_HEAL])
def test_a_turn_without_a_reply_after_recovery_is_critical_once_it_cannot_be_late(
    before: str,
) -> None:
    watch = turn(before, silent())
    assert watch.found("I-08") == []
    found = watch.wait_until(201).one("I-08")
    assert (found.severity, found.certainty, found.session_key) == ("critical", "likely", KEY)
    assert any("telegram message m1" in line for line in found.evidence)
    assert watch.wait_until(20 + 1_801).found("I-08") == []


@pytest.mark.parametrize(
    ("before", "line", "at"),
    [
        (None, silent(), 20),
        (FREED, silent(cause="skipped:duplicate"), 20),
        (FREED, silent(), 700),
        (FREED.replace("aborted action", "skipped action"), silent(), 20),
    ],
    ids=["lawful silence", "no answer was wanted", "long after", "recovery did nothing"],
)
def test_a_turn_without_a_reply_is_nothing_by_itself(
    before: str | None, line: str, at: float
) -> None:
    assert turn(before, line, at=at).wait_until(at + 300).found("I-08") == []


@pytest.mark.parametrize(("answered", "found"), [(60, 0), (400, 1)], ids=["late", "the next turn"])
def test_a_late_answer_is_no_lost_one_and_the_next_turn_proves_nothing(
    answered: float, found: int
) -> None:
    watch = turn(FREED, silent())
    watch.tell(begins(at=answered - 5), at=answered - 5).tell(ends(at=answered), at=answered)
    assert len(watch.wait_until(450).found("I-08")) == found


def held_back(attempts: int, **fields: Any) -> c.RowsListed:
    told = {"pending_final_delivery": True, "pending_final_delivery_attempt_count": attempts}
    return listed(row(**told | {"updated_at": at_ms(0)} | fields))


def test_a_reply_tried_again_and_again_is_named_at_once() -> None:
    watch = Watch().tell(held_back(3), at=1)
    found = watch.one("I-24")
    assert (found.severity, found.certainty) == ("warning", "proved")
    told = len(watch.changes)
    assert len(watch.tell(held_back(570), at=30).changes) == told
    assert watch.tell(listed(row(pending_final_delivery=None)), at=40).found("I-24") == []


def test_a_reply_never_tried_is_named_after_stale_after() -> None:
    watch = Watch().tell(held_back(0), at=1)
    assert watch.found("I-24") == []
    assert watch.wait_until(601).found("I-24")


def test_a_reply_tried_once_is_on_its_way() -> None:
    assert Watch().tell(held_back(1), at=1).wait_until(700).found("I-24") == []


def letters(failed: int = 0, ingress: int = 0, pressure: int = 0, at: float = 0) -> c.Health:
    queues = c.DeliveryQueues(
        failed=[c.QueueCount(queue_name="outbound", count=failed)] if failed else [],
        ingress_failed=[c.QueueCount(channel_id="telegram", account_id="ops", count=ingress)]
        if ingress
        else [],
        ingress_pressure=[
            c.QueueCount(
                channel_id="telegram", pending_count=pressure, oldest_received_at=at_ms(at)
            )
        ]
        if pressure
        else [],
    )
    return c.Health(delivery_queues=queues)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (letters(failed=2), letters(failed=3), "outbound: 3 dead letters on the way out, 2 before"),
        (letters(ingress=1), letters(ingress=4), "telegram/ops: 4 dead letters on the way in"),
        (letters(pressure=5), letters(pressure=9), "telegram/default: 9 messages wait"),
        (c.Health(), letters(failed=1), "outbound: 1 dead letter on the way out, 0 before"),
    ],
)
def test_a_count_that_grows_is_named(first: c.Health, second: c.Health, words: str) -> None:
    watch = Watch().tell(first, at=0).tell(second, at=60)
    found = watch.one("I-25")
    assert (found.severity, found.certainty, found.since_ms) == ("warning", "proved", at_ms(60))
    assert any(words in line for line in found.evidence)
    assert watch.wait_until(659).found("I-25")
    assert watch.wait_until(661).found("I-25") == []


@pytest.mark.parametrize(
    "looks",
    [
        [letters(failed=40), letters(failed=40)],
        [letters(pressure=500), letters(pressure=300), letters(pressure=20)],
        [letters(pressure=5), letters(pressure=9), letters(pressure=7)],
        [letters(failed=2), c.Health(), c.Health()],
    ],
    ids=["old letters", "a backlog that falls", "it falls again", "requeued"],
)
def test_counts_that_stand_or_fall_are_nothing(looks: list[c.Health]) -> None:
    watch = Watch()
    for number, look in enumerate(looks):
        watch.tell(look, at=60 * number)
    assert watch.found("I-25") == []


WAKE = "requester settle wake failed runId=run-a… requesterSessionKey=agent:…"
PERSIST = "failed to persist requester settle wake rejection runId=run-a…"


def announced(*times: float, line: str = WAKE) -> Watch:
    watch = Watch()
    for at in times:
        watch.tell(logged(line, at=at), logged(PERSIST if line == WAKE else line, at=at), at=at)
    return watch


def test_an_end_announced_in_vain_each_minute_is_a_loop_until_it_stops() -> None:
    watch = announced(0, 60, 120)
    found = watch.one("I-26")
    assert (found.severity, found.certainty, found.since_ms) == ("warning", "proved", at_ms(0))
    told = len(watch.changes)
    watch.tell(logged(WAKE, at=180), at=180)
    assert len(watch.changes) == told
    assert watch.wait_until(400).found("I-26") == []


@pytest.mark.parametrize(
    "watch",
    [
        announced(0, 60),
        announced(0, 1, 2, 3),
        announced(0, 400, 800),
        announced(0, 60, 120, line="announce queue drain failed; give up (retry-limit)"),
    ],
    ids=["twice", "one burst", "far apart", "announcements that give up"],
)
def test_what_ends_by_itself_is_no_loop(watch: Watch) -> None:
    assert watch.found("I-26") == []
