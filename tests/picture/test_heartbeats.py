"""Heartbeats as they are kept: what ran is not pushed out by a thousand equal skips."""

from clawtop.picture.changes import HeartbeatSeen
from clawtop.picture.heartbeats import Heartbeats


def seen(book: Heartbeats, at_ms: int, status: str, reason: str | None = None) -> bool:
    return book.seen(HeartbeatSeen(at_ms, status, reason), 10_000_000)


def test_of_equal_skips_the_first_and_the_newest_are_kept() -> None:
    book = Heartbeats()
    seen(book, 1, "sent")
    for at_ms in range(10, 3_000):
        assert seen(book, at_ms, "skipped", "requests-in-flight")
    assert [one.at_ms for one in book.beats] == [1, 10, 2_999]
    assert [one.at_ms for one in book.skips()] == [10, 2_999]


def test_another_reason_begins_anew_and_a_run_ends_the_skips() -> None:
    book = Heartbeats()
    for at_ms, reason in ((1, "a"), (2, "a"), (3, "b"), (4, "a")):
        seen(book, at_ms, "skipped", reason)
    assert len(book.skips()) == 4
    seen(book, 5, "ok-empty")
    assert book.skips() == []
    assert not seen(book, 5, "ok-empty")
