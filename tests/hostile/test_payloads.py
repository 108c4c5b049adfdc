"""Whatever a gateway says, nothing raises past the border, and what is shown of it is harmless."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawtop.gateway import frames
from tests.hostile.genuine import changed, genuine, places
from tests.hostile.looking import HELLO, Onlooker
from tests.hostile.payloads import answered, anything, events, nearly, raw_of
from tests.hostile.tally import SCALE, tried

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
many = settings(deadline=None, max_examples=120 * SCALE, suppress_health_check=list(HealthCheck))


def unseen(text: str) -> set[str]:
    """Characters that a terminal would obey or hide; our own line breaks are none."""
    return {char for char in set(text) - {"\n"} if unicodedata.category(char) in UNSEEN}


@many
@given(st.lists(events() | answered(), min_size=1, max_size=12), st.integers(0, 2_000_000))
def test_any_payload_of_any_event_and_answer_can_be_shown(
    told: list[tuple[str, bytes]], later_ms: int
) -> None:
    onlooker = Onlooker()
    for name, payload in told:
        if name in frames._EVENTS:
            onlooker.event(name, payload)
        else:
            onlooker.answer(name, payload)
    tried("bad payloads", len(told))
    assert unseen(onlooker.look()) == set()
    assert unseen(onlooker.look(later_ms)) == set()


@many
@given(nearly(frames.Hello))
def test_any_greeting_can_be_shown(told: object) -> None:
    greeting = {**HELLO, **told} if isinstance(told, dict) else told
    try:
        frames.decode_hello(frames.Raw(raw_of(greeting)))
    except frames.UNREADABLE:
        return
    tried("bad greetings")
    assert unseen(Onlooker(greeting).look()) == set()


STORIES = [
    ("leaked-lock", "september"),
    ("leaked-lock", "april"),
    ("cascade", "april"),
    ("duplicate-completion", "september"),
    ("backpressure", "september"),
    ("phantom-recovery", "september"),
]


@pytest.mark.parametrize(("story", "generation"), STORIES)
@settings(parent=many, max_examples=3 * SCALE)
@given(st.data())
def test_a_true_story_with_lies_in_it_can_be_shown(
    story: str, generation: str, data: st.DataObject
) -> None:
    said = genuine(story, generation)
    lies = data.draw(st.dictionaries(st.integers(0, len(said) - 1), anything, max_size=8))
    onlooker = Onlooker()
    for number, (what, name, value) in enumerate(said):
        told = value
        if number in lies:
            place = data.draw(st.sampled_from(list(places(value))))
            told = changed(value, place, lies[number])
        (onlooker.event if what == "event" else onlooker.answer)(name, raw_of(told))
    tried("true stories with lies in them")
    assert unseen(onlooker.look()) == set()
    assert unseen(onlooker.look(900_000)) == set()
