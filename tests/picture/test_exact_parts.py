"""Exact mode: system-event queues, recoveries by name, lanes; and parts that fall back."""

from clawtop.picture import changes as c
from clawtop.picture.document import document
from clawtop.picture.recoveries import COMPLETED, REQUESTED
from clawtop.picture.sight import LAPSE_MS
from tests.picture.builders import KEY, Picture, at_ms
from tests.picture.inside import lane, named, queued, seeing, told

OTHER = "agent:main:other"


def status(*texts: str) -> c.StatusRead:
    return c.StatusRead(list(texts), ["main"])


def ring(seq: int, kind: str, *, at: float, age: float = 120, **more: object) -> c.StabilityRead:
    type_ = REQUESTED if kind == "requested" else COMPLETED
    event = c.StabilityEvent(seq, at_ms(at), type_, age_ms=round(age * 1000), **more)  # type: ignore[arg-type]
    return c.StabilityRead([event], first_seq=1, last_seq=seq)


# -- system events


def test_every_queue_is_listed_in_order_with_times() -> None:
    picture = seeing().tell(
        told(events=[queued(KEY, "one", "two", at=-30), queued(OTHER, "three")], at=0)
    )
    events = picture.store.queue.events
    assert [(one.session_key, one.position, one.text) for one in events] == [
        (KEY, 0, "one"),
        (KEY, 1, "two"),
        (OTHER, 0, "three"),
    ]
    assert events[0].queued_at_ms == events[0].seen_since_ms == at_ms(-30)
    assert events[0].agent_id == "main"
    assert picture.store.coverage()["system_events"].level == "all"


def test_copies_are_found_by_text_and_by_context_key_within_one_queue() -> None:
    lines = ("a|job-1", "b", "c|job-1", "b", "d")
    picture = seeing().tell(told(events=[queued(KEY, *lines), queued(OTHER, "b")]))
    mine = picture.store.queue.of(KEY)
    assert [(one.copies, one.copy_of) for one in mine] == [
        (2, None),
        (2, None),
        (2, 0),
        (2, 1),
        (1, None),
    ]
    assert picture.store.queue.of(OTHER)[0].copies == 1


def test_what_links_two_groups_makes_them_one() -> None:
    picture = seeing().tell(told(events=[queued(KEY, "a|job-1", "b|job-2", "b|job-1")]))
    last = picture.store.queue.events[2]
    assert last.copy_of == 0


def test_the_cap_of_each_queue_is_said_and_what_fell_out_is_counted() -> None:
    full = [f"line {number}" for number in range(20)]
    picture = seeing().tell(told(events=[queued(OTHER, "x"), queued(KEY, *full)]))
    fullest = picture.store.queue.fullest
    assert fullest is not None
    assert (fullest.session_key, fullest.at_cap, fullest.lost_seen) == (KEY, True, 0)
    read = told(events=[queued(KEY, *full)], at=2)
    events = read.system_events.items[0].events
    read.system_events.items[0].events = [*events[3:], *queued(KEY, "n1", "n2", "n3").events]
    picture.tell(read, at=2)
    assert picture.store.queue.lost_seen == 3


def test_a_turn_that_takes_all_loses_nothing() -> None:
    full = [f"line {number}" for number in range(20)]
    picture = seeing().tell(told(events=[queued(KEY, *full)]))
    later = [f"later {number}" for number in range(20)]
    picture.tell(told(events=[queued(KEY, *later)], at=2), at=2)
    assert picture.store.queue.lost_seen == 0


def test_more_lines_than_are_told_are_counted() -> None:
    answer = told(events=[queued(KEY, "a", "b")])
    answer.system_events.total = 10_000
    picture = seeing().tell(answer)
    assert (picture.store.queue.total, len(picture.store.queue.events)) == (10_000, 2)


def test_what_status_says_does_not_disturb_the_exact_list() -> None:
    picture = seeing().tell(told(events=[queued(KEY, "a")]), status("from status"))
    assert [one.text for one in picture.store.queue.events] == ["a"]


def test_without_the_companion_status_speaks_again() -> None:
    picture = seeing().tell(told(events=[queued(KEY, "a")]))
    picture.wait_until(LAPSE_MS / 1000 + 1)
    assert picture.store.queue.events == ()
    picture.tell(status("from status"), at=30)
    assert [one.text for one in picture.store.queue.events] == ["from status"]
    assert picture.store.coverage()["system_events"].level == "main-sessions"


def test_a_part_that_cannot_be_read_stays_inferred_and_says_why() -> None:
    picture = seeing().tell(told(cannot={"system_events": "no such map"}), status("a"))
    assert [one.text for one in picture.store.queue.events] == ["a"]
    part = picture.store.coverage()["system_events"]
    assert part.level == "main-sessions"
    assert "no such map" in (part.why or "")


# -- recoveries


def test_attempts_get_the_name_of_their_session() -> None:
    picture = seeing("april").tell(ring(7, "requested", at=10), at=11)
    assert picture.store.recoveries()[0].session_key is None
    picture.tell(told(recoveries=[named(3, "requested", KEY, at=10)], at=12), at=12)
    assert picture.store.recoveries()[0].session_key == KEY


def test_a_completion_belongs_to_the_request_of_its_own_session() -> None:
    picture = seeing("april").tell(
        ring(1, "requested", at=10),
        ring(2, "requested", at=10.2),
        ring(3, "completed", at=25, outcome="released"),
        ring(4, "completed", at=25.3, outcome="aborted"),
        at=26,
    )
    names = [
        named(1, "requested", KEY, at=10),
        named(2, "requested", OTHER, at=10.2),
        named(3, "completed", OTHER, at=25, status="released", released=1),
        named(4, "completed", KEY, at=25.3, status="aborted", released=0),
    ]
    picture.tell(told(recoveries=names, at=27), at=27)
    found = {one.session_key: one for one in picture.store.recoveries()}
    assert (found[KEY].status, found[OTHER].status) == ("aborted", "released")
    assert (found[KEY].released, found[OTHER].released) == (0, 1)


def test_names_are_taken_once_and_another_instance_starts_anew() -> None:
    picture = seeing("april").tell(ring(7, "requested", at=10), at=11)
    read = told(recoveries=[named(3, "requested", KEY, at=10)], at=12)
    picture.tell(read, at=12)
    picture.store.take_touched()
    picture.tell(read, at=13)
    assert "recoveries" not in picture.store.take_touched()
    assert picture.store.ledger.named_seq == 3
    again = told(recoveries=[named(1, "requested", OTHER, at=10)], at=14)
    again.instance = "instance-2"
    picture.tell(again, at=14)
    assert picture.store.ledger.named_seq == 1


def test_a_name_far_from_any_event_names_nothing() -> None:
    picture = seeing("april").tell(ring(7, "requested", at=10), at=11)
    picture.tell(told(recoveries=[named(3, "requested", KEY, at=30)], at=31), at=31)
    assert picture.store.recoveries()[0].session_key is None


# -- lanes, and the document


def test_april_lanes_are_listed_by_the_companion() -> None:
    main = lane("x", active=4, waiting=2)
    main.lane, main.key, main.max = "main", None, 4
    picture = seeing("april").tell(told(lanes=[main, lane(KEY)]))
    assert list(picture.store.lanes) == ["main"]
    assert picture.store.lanes["main"].queued == 2
    assert picture.store.coverage()["lanes"].level == "all"


def test_the_document_tells_of_the_companion() -> None:
    picture = seeing().tell(told(cannot={"runs": "none"}, can_release=False))
    gateway = document(picture.store)["gateway"]
    assert gateway["companion"]["version"] == "1.0.0"
    assert gateway["companion"]["can_release"] is False
    assert gateway["companion"]["cannot_read"] == {"runs": "none"}
    assert document(Picture().store)["gateway"]["companion"] is None


def test_queues_of_the_document_name_their_session() -> None:
    picture = seeing().tell(told(events=[queued(KEY, "a"), queued(OTHER, "b", "c")]))
    queues = document(picture.store)["system_event_queues"]
    assert [(one["session_key"], one["count"]) for one in queues] == [(KEY, 1), (OTHER, 2)]
