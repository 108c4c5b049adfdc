"""Queued system events: what is new, what was seen before, what fell out."""

from hypothesis import given, settings
from hypothesis import strategies as st

from clawtop.picture import changes as c
from tests.picture.builders import Picture, at_ms

MAIN = ["main"]


def read(*texts: str, agents: list[str] | None = None) -> c.StatusRead:
    return c.StatusRead(list(texts), MAIN if agents is None else agents)


def seen(picture: Picture) -> list[tuple[str, int]]:
    return [(one.text, one.seen_since_ms) for one in picture.store.queue.events]


def test_a_line_keeps_the_time_it_was_first_seen() -> None:
    picture = Picture().tell(read("one"), at=1).tell(read("one", "two"), at=9)
    assert seen(picture) == [("one", at_ms(1)), ("two", at_ms(9))]


def test_a_drained_head_moves_the_rest_up_and_keeps_their_ids() -> None:
    picture = Picture().tell(read("one", "two", "three"), at=1)
    ids = [one.id for one in picture.store.queue.events]
    picture.tell(read("two", "three", "four"), at=5)
    events = picture.store.queue.events
    assert [one.id for one in events[:2]] == ids[1:]
    assert [one.position for one in events] == [0, 1, 2]
    assert events[2].seen_since_ms == at_ms(5)


def test_a_drained_and_refilled_queue_is_all_new() -> None:
    picture = Picture().tell(read("one"), at=1).tell(read(), at=2).tell(read("one"), at=3)
    assert seen(picture) == [("one", at_ms(3))]


def test_copies_need_the_same_text_and_name_the_first_ones_position() -> None:
    picture = Picture().tell(read("done", "other", "done", "Done", "done"))
    found = [(one.copies, one.copy_of) for one in picture.store.queue.events]
    assert found == [(3, None), (1, None), (3, 0), (1, None), (3, 0)]


def test_equal_neighbours_are_two_lines() -> None:
    picture = Picture().tell(read("a", "a"), at=1).tell(read("a", "a", "a"), at=4)
    assert len({one.id for one in picture.store.queue.events}) == 3
    assert [since for _, since in seen(picture)] == [at_ms(1), at_ms(1), at_ms(4)]


def test_a_full_queue_is_at_the_cap_and_counts_what_it_loses() -> None:
    full = [f"line {number}" for number in range(20)]
    picture = Picture().tell(read(*full[:19]))
    assert picture.store.queue.fullest is not None
    assert picture.store.queue.fullest.at_cap is False
    picture.tell(read(*full), at=1).tell(read(*full[2:], "new", "newer"), at=2)
    queue = picture.store.queue.fullest
    assert (queue.count, queue.at_cap, queue.lost_seen) == (20, True, 2)
    picture.tell(read(*full[5:], "new", "newer", *"abc"), at=3)
    assert picture.store.queue.fullest.lost_seen == 5


def test_an_emptied_queue_forgets_what_it_lost() -> None:
    full = [f"line {number}" for number in range(20)]
    picture = Picture().tell(read(*full)).tell(read(*full[1:], "new"), at=1)
    assert picture.tell(read(), at=2).store.queue.fullest.lost_seen == 0  # type: ignore[union-attr]


def test_a_queue_of_one_agent_is_the_main_sessions() -> None:
    picture = Picture().tell(read("one"))
    assert picture.store.queue.events[0].session_key == "agent:main:main"


def test_joined_queues_of_several_agents_name_no_session_and_no_cap() -> None:
    picture = Picture().tell(read(*[str(n) for n in range(25)], agents=["main", "other"]))
    queue = picture.store.queue.fullest
    assert queue is not None
    assert (queue.session_key, queue.at_cap, queue.count) == (None, None, 25)


def test_the_same_reading_again_changes_nothing() -> None:
    picture = Picture().tell(read("one", "two"), at=1)
    picture.store.take_touched()
    picture.tell(read("one", "two"), at=5)
    assert "system_events" not in picture.store.take_touched()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", "\u202e", ""]), max_size=21), max_size=6))
def test_whatever_is_read_is_what_is_shown(readings: list[list[str]]) -> None:
    picture = Picture()
    for number, texts in enumerate(readings):
        picture.tell(read(*texts), at=number)
        events = picture.store.queue.events
        assert [one.text for one in events] == texts
        assert [one.position for one in events] == list(range(len(texts)))
        assert len({one.id for one in events}) == len(texts)
        sinces = [one.seen_since_ms for one in events]
        assert sinces == sorted(sinces), "a queue grows at its tail"
