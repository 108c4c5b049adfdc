"""The gateway's log lines, read tolerantly, and kept where they are looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawtop.gateway.answers import log_line
from clawtop.picture import changes as c
from clawtop.picture.logbook import PER_SESSION, SESSIONS, LogBook
from clawtop.picture.logs import Note, note_of
from tests.picture.builders import KEY, Picture, at_ms, begins, later_row, listed


def noted(text: str) -> Note | None:
    return note_of(c.LogLine(at_ms(0), "WARN", text))


@pytest.mark.parametrize(
    ("text", "head", "key"),
    [
        (f"stuck session: sessionId=s sessionKey={KEY} age=462s", "stuck session", KEY),
        (f"stuck session recovery: sessionId=s sessionKey={KEY} age=27s action=abort_embedded_run"
         " aborted=true drained=true released=0", "stuck session recovery", KEY),
        ("lane wait exceeded: lane=main waitedMs=27339 queueAhead=0", "lane wait exceeded", None),
        (f"lane wait exceeded: lane=session:{KEY} waitedMs=2000", "lane wait exceeded", KEY),
        (f"reply run terminal settle: forced release sessionKey={KEY} phase=aborted",
         "reply run terminal settle", KEY),
        ("embedded run failover decision: runId=r1 stage=prompt decision=x reason=timeout",
         "failover", None),
        (f"Reply run already active for {KEY}", "reply run already active", KEY),
        (f"dispatch-from-config: skipped reply operation admission for {KEY}; reason=active-run",
         "reply run already active", KEY),
        (f'Session "{KEY}" changed while starting work. Retry.',
         "session changed while starting work", KEY),
        ("session file locked (timeout 10000ms): pid=12 alive=false ageMs=9000",
         "session file locked", None),
        ("exec approval followup dispatch failed (id=a1): Error",
         "exec approval followup dispatch failed", None),
        ("heartbeat: flood guard tripped, deferring wake", "heartbeat flood guard", None),
        ("⇄ res ✓ sessions.list 20150ms conn=a id=b", "slow method", None),
        ("Exec finished (node=n, id=x1, code 0)", "exec finished", None),
    ],
)  # fmt: skip
def test_known_lines_are_notes_about_the_right_session(
    text: str, head: str, key: str | None
) -> None:
    note = noted(text)
    assert note is not None
    assert (note.head, note.session_key) == (head, key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gateway ready",
        "⇄ res ✓ status 154ms",
        "session created",
        "a reply was sent",
        "x" * 99999,
    ],
)
def test_other_lines_are_none(text: str) -> None:
    assert noted(text) is None


@given(st.text(max_size=400))
def test_no_line_ever_raises(text: str) -> None:
    for head in ("stuck session: ", "lane wait exceeded: ", "Reply run already active for ", ""):
        note = noted(head + text)
        if note is not None:
            assert note.seconds_ms("age") is None or isinstance(note.seconds_ms("age"), int)
            assert note.number("waitedMs") is None or isinstance(note.number("waitedMs"), int)


def test_a_structured_argument_is_read_as_pairs() -> None:
    text = (
        '{"0":"{\\"subsystem\\":\\"agent/embedded\\"}","1":{"event":"embedded_run_failover_decision",'
        '"runId":"r1","failoverReason":"timeout"},"message":"embedded run failover decision",'
        '"_meta":{"date":"2026-11-20T21:01:41.384Z","logLevelName":"WARN"}}'
    )
    note = note_of(log_line(text))
    assert note is not None
    assert (note.head, note.run_id) == ("failover", "r1")
    assert note.pairs["failoverReason"] == "timeout"


def test_a_line_that_names_only_the_run_is_filed_under_its_session() -> None:
    picture = Picture().tell(listed(later_row()), begins("run-1"))
    text = "embedded run failover decision: runId=run-1 reason=timeout"
    picture.tell(c.LogRead([c.LogLine(at_ms(1), "WARN", text)]), at=1)
    assert [note.head for note in picture.store.logbook.of_session(KEY)] == ["failover"]


def test_the_book_is_bounded_in_every_direction() -> None:
    book = LogBook()
    for number in range(SESSIONS + 5):
        book.add(Note("stuck session", number, {}), f"agent:main:s{number}")
    assert len(list(book.sessions())) == SESSIONS
    assert not book.has("agent:main:s0")
    for number in range(PER_SESSION * 2):
        book.add(Note("stuck session", number, {}), KEY)
    assert len(book.of_session(KEY)) == PER_SESSION
    assert book.of_session(KEY, since_ms=PER_SESSION * 2 - 1)[0].at_ms == PER_SESSION * 2 - 1


def test_lanes_that_lines_name_leave_session_lanes_out() -> None:
    book = LogBook()
    for lane in ("main", f"session:{KEY}"):
        note = noted(f"lane wait exceeded: lane={lane} waitedMs=2000")
        assert note is not None
        book.add(note, note.session_key)
    assert book.lanes() == {"main"}
