"""Recovery attempts: requests and completions paired without names, named by the log."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawtop.picture import changes as c
from clawtop.picture.logs import note_of
from clawtop.picture.records import Recovery
from clawtop.picture.recoveries import COMPLETED, KEEP, REQUESTED
from tests.picture.builders import KEY, Picture, at_ms, gateway

OTHER = "agent:main:other"


def asked(seq: int, *, at: float, age_s: float = 400) -> c.StabilityEvent:
    return c.StabilityEvent(
        seq, at_ms(at), REQUESTED, "processing", "abort", "stale", age_s * 1000, 2
    )


def done(
    seq: int,
    *,
    at: float,
    age_s: float = 400,
    outcome: str = "aborted",
    reason: str | None = None,
) -> c.StabilityEvent:
    return c.StabilityEvent(
        seq, at_ms(at), COMPLETED, outcome, "abort_embedded_run", reason, age_s * 1000, 2
    )


def ring(*events: c.StabilityEvent, first: int | None = None, dropped: int = 0) -> c.StabilityRead:
    last = max((event.seq for event in events), default=None)
    return c.StabilityRead(list(events), first, last, dropped)


def log(text: str, *, at: float) -> c.LogRead:
    return c.LogRead([c.LogLine(at_ms(at), "WARN", text)])


def outcome_line(key: str = KEY, *, at: float, words: str = "released=1 drained=true") -> c.LogRead:
    head = "stuck session recovery outcome: status=aborted action=abort_embedded_run"
    return log(f"{head} sessionKey={key} {words}", at=at)


def stalled_line(key: str = KEY, *, at: float, age_s: int = 400) -> c.LogRead:
    text = f"stalled session: sessionId=x sessionKey={key} state=processing age={age_s}s"
    return log(text, at=at)


def attempts(*changes: c.Change, until: float = 0) -> list[Recovery]:
    picture = Picture("april")
    for change in changes:
        picture.tell(change, at=0)
    picture.wait_until(until)
    return picture.store.recoveries()


def test_a_request_and_its_completion_are_one_attempt() -> None:
    (one,) = attempts(ring(asked(5, at=0), done(9, at=15)), until=20)
    assert (one.requested_at_ms, one.completed_at_ms) == (at_ms(0), at_ms(15))
    assert (one.status, one.verdict, one.queue_depth) == ("aborted", "effective", 2)


def test_completions_find_the_request_of_the_same_age_whatever_the_order() -> None:
    found = attempts(
        ring(
            asked(1, at=0, age_s=400),
            asked(2, at=1, age_s=500),
            done(3, at=15, age_s=500, outcome="failed"),
            done(4, at=16, age_s=400),
        ),
        until=20,
    )
    assert {one.requested_at_ms: one.verdict for one in found} == {
        at_ms(1): "failed",
        at_ms(0): "effective",
    }


def test_two_attempts_of_one_age_are_paired_in_order() -> None:
    found = attempts(
        ring(asked(1, at=0), asked(2, at=1), done(3, at=10), done(4, at=12, outcome="failed")),
        until=20,
    )
    assert [(one.requested_at_ms, one.completed_at_ms) for one in found] == [
        (at_ms(1), at_ms(12)),
        (at_ms(0), at_ms(10)),
    ]


def test_a_completion_without_a_request_is_unpaired() -> None:
    (one,) = attempts(ring(done(3, at=10)), until=20)
    assert (one.verdict, one.requested_at_ms) == ("unpaired", None)


def test_a_completion_before_any_request_belongs_to_none_of_them() -> None:
    found = attempts(ring(asked(2, at=30), done(1, at=10)), until=31)
    assert {one.verdict for one in found} == {"unpaired", "running"}


def test_an_open_attempt_runs_for_a_minute_and_is_then_lost() -> None:
    assert attempts(ring(asked(1, at=0)), until=60)[0].verdict == "running"
    assert attempts(ring(asked(1, at=0)), until=60.001)[0].verdict == "lost"


def test_the_reading_of_an_open_attempt_follows_the_clock_without_any_change() -> None:
    picture = Picture("april").tell(ring(asked(1, at=0)))
    assert picture.store.recoveries()[0].verdict == "running"
    picture.wait_until(61)
    assert picture.store.recoveries()[0].verdict == "lost"


def test_a_request_that_was_already_in_flight_is_a_phantom() -> None:
    (one,) = attempts(
        ring(asked(1, at=0), done(2, at=1, outcome="skipped", reason="already_in_flight")), until=5
    )
    assert one.verdict == "phantom"


def test_the_open_twin_of_a_phantom_is_one_too() -> None:
    found = attempts(
        ring(
            asked(1, at=0, age_s=400),
            asked(2, at=5, age_s=30),
            done(3, at=6, age_s=30, outcome="skipped", reason="already_in_flight"),
        ),
        until=70,
    )
    assert [one.verdict for one in found] == ["phantom", "phantom"]


@pytest.mark.parametrize("outcome", ["skipped", "noop"])
def test_what_was_neither_aborted_nor_released_had_no_effect(outcome: str) -> None:
    (one,) = attempts(ring(asked(1, at=0), done(2, at=5, outcome=outcome)), until=6)
    assert one.verdict == "no_effect"


def test_nothing_released_and_nothing_drained_had_no_effect() -> None:
    (one,) = attempts(
        ring(asked(1, at=0), done(2, at=15)),
        outcome_line(at=15, words="released=0 drained=false"),
        until=20,
    )
    assert (one.verdict, one.released) == ("no_effect", 0)


def test_the_same_session_stuck_again_shows_that_it_had_no_effect() -> None:
    found = attempts(
        ring(asked(1, at=0, age_s=400), done(2, at=15, age_s=400), asked(3, at=30, age_s=430)),
        stalled_line(at=0, age_s=400),
        stalled_line(at=30, age_s=430),
        until=31,
    )
    assert [one.verdict for one in found] == ["running", "no_effect"]


def test_another_session_stuck_later_says_nothing_about_the_first() -> None:
    found = attempts(
        ring(asked(1, at=0, age_s=400), done(2, at=15, age_s=400), asked(3, at=30, age_s=430)),
        stalled_line(at=0, age_s=400),
        stalled_line(OTHER, at=30, age_s=430),
        until=31,
    )
    assert [one.verdict for one in found] == ["running", "effective"]


# -- names


def test_the_log_names_an_attempt_whichever_comes_first() -> None:
    events, line = ring(asked(1, at=0), done(2, at=15)), outcome_line(at=15.4)
    assert attempts(events, line, until=20)[0].session_key == KEY
    assert attempts(line, events, until=20)[0].session_key == KEY


def test_a_line_from_another_time_names_nothing() -> None:
    events = ring(asked(1, at=0), done(2, at=15))
    assert attempts(events, outcome_line(at=18), until=20)[0].session_key is None


def test_a_line_of_another_status_names_nothing() -> None:
    events = ring(asked(1, at=0), done(2, at=15, outcome="released"))
    assert attempts(events, outcome_line(at=15), until=20)[0].session_key is None


def test_a_stall_of_another_age_does_not_name_the_request() -> None:
    assert attempts(ring(asked(1, at=0)), stalled_line(at=0, age_s=10))[0].session_key is None
    assert attempts(ring(asked(1, at=0)), stalled_line(at=0, age_s=401))[0].session_key == KEY


@pytest.mark.parametrize(
    ("rest", "pairs"),
    [
        ("a=1 b=2", {"a": "1", "b": "2"}),
        ("b=2 a=1 new.key=x", {"a": "1", "b": "2", "new.key": "x"}),
        ('lastAssistant="I said x=1, and \\"y\\"" a=1', {"a": "1", "lastAssistant": None}),
        ("sessionKey= a=1", {"a": "1", "sessionKey": ""}),
        ('a="unclosed b=2', {"b": "2"}),
        ("no pairs at all", {}),
        ("a=1 a=2", {"a": "2"}),
        ("\u202e=x \x00=y a=1", {"a": "1"}),
    ],
)
def test_pairs_of_a_log_line_are_read_tolerantly(rest: str, pairs: dict[str, str | None]) -> None:
    note = note_of(c.LogLine(at_ms(0), "WARN", f"stuck session: {rest}"))
    assert note is not None
    for name, value in pairs.items():
        if value is not None:
            assert note.pairs[name] == value
    assert "x" not in note.pairs, "a pair inside a quoted text is no pair"
    assert note.session_key is None


@pytest.mark.timeout(10)
@pytest.mark.parametrize("shape", ["a", "a.", 'a="', "a=", 'a="\\', " "])
def test_no_hostile_log_line_makes_parsing_hang(shape: str) -> None:
    line = c.LogLine(at_ms(0), "WARN", "stuck session: " + shape * (200_000 // len(shape)) + " z=1")
    note = note_of(line)
    assert note is not None
    assert note.pairs.get("z", "1") == "1"


@pytest.mark.parametrize(
    "text",
    ["stuck", "", ":", "stuck session reco: sessionKey=x", "hello: sessionKey=x", "x" * 9999],
)
def test_other_lines_say_nothing(text: str) -> None:
    assert note_of(c.LogLine(at_ms(0), "INFO", text)) is None


def test_a_line_without_a_time_says_nothing() -> None:
    assert note_of(c.LogLine(None, "WARN", f"stuck session: sessionKey={KEY}")) is None


@pytest.mark.parametrize("value", ["", "x", "-1", "1.5", "\u0663", "1s2"])
def test_odd_numbers_in_a_line_are_unknown(value: str) -> None:
    note = note_of(c.LogLine(at_ms(0), "WARN", f"stuck session: released={value} age={value}"))
    assert note is not None
    assert note.number("released") is None
    assert note.seconds_ms("age") is None


# -- the ring


def test_records_seen_before_are_not_taken_twice() -> None:
    events = ring(asked(1, at=0), done(2, at=15))
    again = c.StabilityRead([asked(1, at=0)], 1, 2)
    assert len(attempts(events, events, again, until=20)) == 1


def test_a_restart_of_the_ring_ends_what_was_open_and_keeps_new_ids_apart() -> None:
    picture = Picture("april").tell(ring(asked(5, at=0)))
    picture.tell(ring(asked(1, at=20)), at=20)
    picture.tell(ring(done(2, at=25)), at=25)
    newest, oldest = picture.store.recoveries()
    assert (newest.verdict, oldest.verdict) == ("effective", "unpaired")
    assert newest.id != oldest.id


def test_a_gateway_restart_begins_a_new_ring() -> None:
    picture = Picture("april").tell(ring(asked(5, at=0)))
    picture.tell(c.LinkUp(gateway("april", uptime_ms=10), at_ms(5)), at=5)
    assert picture.store.ledger.last_seq == 0
    picture.tell(ring(asked(5, at=6)), at=6)
    assert [one.verdict for one in picture.store.recoveries()] == ["running", "unpaired"]


def test_history_lost_between_two_readings_is_noticed() -> None:
    picture = Picture("april").tell(ring(asked(5, at=0)))
    picture.tell(ring(asked(300, at=9), first=200, dropped=194), at=9)
    assert picture.store.ledger.lost_history
    holes = Picture("april").tell(ring(asked(5, at=0)))
    holes.tell(ring(asked(8, at=9), first=8, dropped=0), at=9)
    assert not holes.store.ledger.lost_history, "some types are never kept: a hole is no loss"


def test_a_night_of_attempts_is_bounded() -> None:
    picture = Picture("april")
    picture.tell(ring(*[asked(number, at=number) for number in range(1, 3 * KEEP)]))
    found = picture.store.recoveries()
    assert len(found) == KEEP
    assert found[0].requested_at_ms == at_ms(3 * KEEP - 1)


@settings(deadline=None, max_examples=80)
@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.integers(0, 200),
            st.sampled_from([30, 400]),
            st.sampled_from(["aborted", "skipped", "failed", "new-word"]),
        ),
        max_size=12,
    )
)
def test_every_record_is_in_exactly_one_attempt(
    steps: list[tuple[bool, int, int, str]],
) -> None:
    events = [
        asked(seq, at=at, age_s=age) if begin else done(seq, at=at, age_s=age, outcome=word)
        for seq, (begin, at, age, word) in enumerate(steps, start=1)
    ]
    found = attempts(ring(*events), until=300)
    requests = [one for one in found if one.requested_at_ms is not None]
    completions = [one for one in found if one.completed_at_ms is not None]
    assert len(requests) == sum(1 for begin, *_ in steps if begin)
    assert len(completions) == sum(1 for begin, *_ in steps if not begin)
    for one in found:
        if one.requested_at_ms is not None and one.completed_at_ms is not None:
            assert 0 <= one.completed_at_ms - one.requested_at_ms <= 60_000
