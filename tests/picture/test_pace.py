"""How fast a gateway answers, told in steps so that nothing ticks."""

import pytest

from clawtop.errors import ALIVE, NO_ANSWER, NO_FRAMES
from clawtop.picture.pace import Pace, is_local


def test_a_method_is_slow_from_the_second_slow_answer_in_a_row() -> None:
    pace = Pace()
    assert pace.answered("status", 6_000, 10_000)
    assert pace.slow() == []
    assert pace.answered("status", 12_000, 40_000)
    (one,) = pace.slow()
    assert (one.method, one.since_ms, one.worst_ms) == ("status", 4_000, 10_000)
    assert not pace.answered("status", 7_000, 60_000)
    assert pace.answered("status", 4_999, 70_000)
    assert pace.slow() == []


def test_no_answer_in_time_is_slow_and_nothing_heard() -> None:
    pace = Pace()
    pace.answered("logs.tail", None, 10_000)
    pace.answered("logs.tail", None, 30_000)
    assert [one.method for one in pace.slow()] == ["logs.tail"]
    assert pace.heard_ms is None


def test_silence_counts_from_what_was_heard_last_and_from_the_second_try_on() -> None:
    pace = Pace()
    pace.answered("status", 10, 5_000)
    pace.down(f"ended: {NO_FRAMES}", 65_000)
    assert (pace.mute, pace.mute_since_ms) == (False, 5_000)
    pace.down(f"edge-1 {NO_ANSWER}", 85_000)
    assert (pace.mute, pace.mute_since_ms) == (True, 5_000)
    pace.down("nothing listens there", 90_000)
    assert (pace.mute, pace.mute_since_ms) == (False, None)


def test_a_gateway_that_answers_its_health_path_is_not_mute() -> None:
    pace = Pace()
    for at_ms in (1, 2, 3):
        pace.down(f"the gateway {ALIVE}: it {NO_ANSWER}", at_ms)
    assert not pace.mute


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("ws://127.0.0.1:18789", True),
        ("ws://localhost:1/x", True),
        ("ws://[::1]:1", True),
        ("wss://edge.example", False),
        ("ws://128.0.0.1:1", False),
        ("ws://[bad", False),
        ("", False),
    ],
)
def test_only_this_host_is_local(url: str, local: bool) -> None:
    assert is_local(url) is local
