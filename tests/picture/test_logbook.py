"""Log lines as notes: shapes that detectors look for, order, and lines that are read twice."""

import pytest

from clawtop.picture import logs
from clawtop.picture.changes import LogLine
from clawtop.picture.logbook import LogBook
from clawtop.picture.logs import Note, note_of

KEY = "agent:main:telegram:dm:42"


@pytest.mark.parametrize(
    ("line", "head", "key"),
    [
        (f'Session "{KEY}" changed while starting work. Retry.', logs.WORK_CHANGED, KEY),
        (f"reply session initialization conflicted for {KEY}", logs.TAKEOVER, KEY),
        ("EmbeddedAttemptSessionTakeoverError: session file changed", logs.TAKEOVER, None),
        ("forced restart requested; skipping active work drain", logs.REPLY_DRAIN, None),
        ("session file locked (timeout 5ms): pid=7 /s/x.jsonl.lock", logs.DISK_LOCK, None),
        ("Dropping stale exec approval followup 7: rebound", logs.FOLLOWUP_STALE, None),
        ("exec approvals: failed to deliver to tg:42: Error: x", logs.ASK_UNDELIVERED, None),
        ("subagent completion owner changed before settlement: r1", logs.SETTLE_OWNER, None),
        ("stuck session recovery outcome: status=noop sessionKey=unknown", logs.OUTCOME_HEAD, None),
        ("heartbeat: flood guard tripped, deferring wake agentId=a", logs.FLOOD_GUARD, None),
    ],
)
def test_a_line_of_a_known_shape_is_a_note(line: str, head: str, key: str | None) -> None:
    note = note_of(LogLine(5, "WARN", line))
    assert note is not None
    assert (note.head, note.session_key) == (head, key)


def note(at_ms: int, text: str = "x") -> Note:
    return Note(logs.DRAINING, at_ms, {}, text)


def test_lines_read_again_after_a_new_connection_are_kept_once() -> None:
    book = LogBook()
    for _ in range(2):
        for at_ms in (1, 2, 3):
            book.add(note(at_ms), KEY)
    assert [one.at_ms for one in book.of_session(KEY)] == [1, 2, 3]
    assert [one.at_ms for one in book.of_head(logs.DRAINING)] == [1, 2, 3]


def test_lines_that_come_late_stand_where_they_belong() -> None:
    book = LogBook()
    for at_ms in (5, 1, 3, 9, 4):
        book.add(note(at_ms), KEY)
    assert [one.at_ms for one in book.of_session(KEY)] == [1, 3, 4, 5, 9]


def test_two_lines_of_one_moment_are_two() -> None:
    book = LogBook()
    book.add(note(1, "a"), KEY)
    book.add(note(1, "b"), KEY)
    assert len(book.of_session(KEY)) == 2


def test_a_full_book_forgets_the_oldest() -> None:
    book = LogBook()
    for at_ms in range(1_000):
        book.add(note(at_ms), KEY)
    book.add(note(990, "late"), KEY)
    kept = book.of_session(KEY)
    assert len(kept) == 40
    assert kept[-1].at_ms == 999
    assert any(one.text == "late" for one in kept)
