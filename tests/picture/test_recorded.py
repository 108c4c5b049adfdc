"""What was recorded from two real gateways, played back: the locks at the moments looked at."""

import pytest

from clawtop.picture.changes import SessionChanged
from clawtop.picture.document import document
from tests.picture.replay import SITUATIONS, Playback, change_of, lines

BOTH = ("april", "september")


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("generation", BOTH)
def test_everything_recorded_is_understood(generation: str, situation: str) -> None:
    playback = Playback(generation, situation)
    seen = 0
    for _ in playback.play():
        document(playback.store)
        seen += 1
    assert seen == len(lines(generation, situation)) > 9
    assert playback.reader.unreadable == 0


@pytest.mark.parametrize("generation", BOTH)
def test_a_hung_run_asked_for_by_rpc_is_one_proved_lock(generation: str) -> None:
    store = Playback(generation, "held").after_look("look: one run held")
    (lock,) = store.held.locks.values()
    assert lock.session_key == "agent:main:held"
    assert (lock.holder, lock.verdict, lock.proof) == ("rpc", "working", "proved")
    assert lock.run_id is not None
    assert lock.age_is == "exact"


@pytest.mark.parametrize(("generation", "waiting"), [("april", None), ("september", 4)])
def test_messages_behind_a_run_are_counted_only_where_the_gateway_lists_them(
    generation: str, waiting: int | None
) -> None:
    playback = Playback(generation, "held")
    (lock,) = playback.after_look("look: four messages behind").held.locks.values()
    assert lock.waiting == waiting
    assert len(playback.store.held.waiting()) == (waiting or 0)


@pytest.mark.parametrize("generation", BOTH)
def test_the_same_run_is_the_holder_before_and_after_messages_came(generation: str) -> None:
    one = Playback(generation, "held").after_look("look: one run held")
    later = Playback(generation, "held").after_look("look: four messages behind")
    (before,), (after,) = one.held.locks.values(), later.held.locks.values()
    assert before.run_id == after.run_id
    assert before.since_ms == after.since_ms


def test_an_owner_stuck_in_a_hook_hides_from_april_rows_and_only_the_count_tells() -> None:
    playback = Playback("april", "leaked")
    store = playback.after_look("look: owner hangs")
    assert store.held.locks == {}
    assert store.held.anonymous.number() is None, "one reading is not enough to believe it"
    store = Playback("april", "leaked").to_the_end()
    assert store.held.locks == {}
    assert store.held.anonymous.number() == 1


def test_an_owner_stuck_in_a_hook_shows_as_a_lock_without_a_run_on_september() -> None:
    store = Playback("september", "leaked").after_look("look: owner hangs")
    lock = store.held.locks["agent:main:leak"]
    assert (lock.verdict, lock.proof, lock.run_id) == ("unknown", "proved", None)
    assert "may still be preparing" in lock.why[-1]
    assert store.held.anonymous.number() == 0


def test_after_the_recorded_abort_the_lock_is_aborting_until_the_gateway_releases_it() -> None:
    playback = Playback("september", "leaked")
    verdicts = []
    for _ in playback.play():
        lock = playback.store.held.locks.get("agent:main:leak")
        verdict = None if lock is None else str(lock.verdict)
        if not verdicts or verdicts[-1] != verdict:
            verdicts.append(verdict)
    assert verdicts[-4:] == ["unknown", "aborting", "working", None]
    assert playback.store.held.anonymous.number() == 0


@pytest.mark.parametrize("generation", BOTH)
def test_each_recorded_approval_makes_its_session_wait_until_it_is_decided(generation: str) -> None:
    playback = Playback(generation, "approvals")
    waited = set()
    for line in playback.play():
        for lock in playback.store.held.locks.values():
            if lock.verdict == "waiting_approval":
                waited.add(lock.session_key)
                assert playback.store.backlog.of_session(lock.session_key)
        if line.get("answer") == "exec.approval.list":
            assert len(playback.store.backlog) == len(line["payload"])
    assert waited == {"agent:main:deny", "agent:main:allow", "agent:main:abort"}
    assert len(playback.store.backlog) == 0


@pytest.mark.parametrize("generation", BOTH)
def test_recorded_queues_show_copies_and_the_cap(generation: str) -> None:
    playback = Playback(generation, "system-events")
    copies, caps = set(), 0
    for line in playback.play():
        queue = playback.store.queue
        if line.get("answer") != "status":
            continue
        texts = [event.text for event in queue.events]
        assert texts == line["payload"]["queuedSystemEvents"]
        copies |= {(one.text, one.copies) for one in queue.events if one.copy_of is not None}
        assert queue.fullest is not None
        if len(texts) == 20:
            caps += 1
        assert queue.fullest.at_cap == (len(texts) == 20)
    assert copies == {("lab event one", 2)}
    assert caps > 0


def test_lines_lost_at_the_cap_are_counted_between_two_full_readings() -> None:
    playback = Playback("september", "system-events")
    lost = 0
    for _ in playback.play():
        if playback.store.queue.fullest is not None:
            lost = max(lost, playback.store.queue.fullest.lost_seen)
    assert lost == 3, "filler 4, 5 and 6 made room for three housekeeping lines"


def test_the_recorded_recovery_gets_its_name_from_the_log() -> None:
    store = Playback("april", "recovery").to_the_end()
    (one,) = store.recoveries()
    assert one.session_key == "agent:main:chat-hang"
    assert (one.status, one.action) == ("aborted", "abort_embedded_run")
    assert one.requested_at_ms is not None
    assert one.completed_at_ms is not None
    assert one.requested_at_ms < one.completed_at_ms


@pytest.mark.parametrize("generation", BOTH)
def test_recorded_rows_carry_what_tells_the_generations_apart(generation: str) -> None:
    playback = Playback(generation, "held")
    changes = [change_of(line, playback.reader) for line in playback.lines if "event" in line]
    assert any(isinstance(change, SessionChanged) for change in changes)
    playback.to_the_end()
    assert playback.store.held.true_flags == (generation == "september")
