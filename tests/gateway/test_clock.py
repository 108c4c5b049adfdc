"""The gateway's clock seen from here: the sample that travelled least is the truest."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawtop.gateway import clock as clock_module
from clawtop.gateway.clock import SAMPLES, GatewayClock

SERVER = 1_795_000_000_000


def clock(*samples: tuple[float, float]) -> GatewayClock:
    one = GatewayClock()
    for late_ms, monotonic_s in samples:
        one.sample(SERVER + monotonic_s * 1000 - late_ms, monotonic_s)
    return one


def test_one_sample_sets_the_clock() -> None:
    assert clock((0, 50.0)).at(60.0) == SERVER + 60_000


def test_a_late_frame_does_not_turn_the_clock_back() -> None:
    assert clock((5, 50.0), (900, 51.0), (40, 52.0)).at(60.0) == SERVER + 60_000 - 5


def test_an_old_good_sample_is_forgotten_in_time() -> None:
    slow = [(100.0, 60.0 + n) for n in range(SAMPLES)]
    assert clock((0, 50.0), *slow).at(60.0) == SERVER + 60_000 - 100


@pytest.mark.parametrize("odd", [None, 0, -1, 1e15, float("nan"), float("inf")])
def test_odd_times_are_no_samples(odd: Any) -> None:
    one = clock((0, 50.0))
    one.sample(odd, 50.0)
    assert one.at(60.0) == SERVER + 60_000


def test_a_clock_that_was_set_back_is_followed_at_once() -> None:
    one = clock((0, 50.0), (0, 51.0))
    one.sample(SERVER - 3_600_000, 70.0)
    assert one.at(70.0) == SERVER - 3_600_000


def test_a_clock_that_was_set_forward_is_followed_at_once() -> None:
    one = clock((0, 50.0))
    one.sample(SERVER + 7_200_000, 70.0)
    assert one.at(70.0) == SERVER + 7_200_000


def test_the_gateway_s_clock_went_on_while_this_host_slept(monkeypatch: pytest.MonkeyPatch) -> None:
    slept = [100.0]
    monkeypatch.setattr(clock_module, "slept_s", lambda: slept[0])
    monkeypatch.setattr(clock_module.time, "monotonic", lambda: 50.0)
    one = clock((0, 50.0))
    slept[0] += 3_600
    assert one.now_ms() == SERVER + 50_000 + 3_600_000
    assert one.now_ms() == SERVER + 50_000 + 3_600_000, "and it is counted once"
    one.sample(SERVER + 50_000 + 3_600_000 - 200, 50.0)  # the next frame is a little late
    assert one.now_ms() == SERVER + 50_000 + 3_600_000


def test_without_a_sample_it_is_our_own_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module.time, "time", lambda: 1000.0)
    monkeypatch.setattr(clock_module.time, "monotonic", lambda: 10.0)
    assert GatewayClock().now_ms() == 1_000_000
    assert GatewayClock().offset_ms() == 0
    assert GatewayClock().at(12.0) == 1_002_000


def test_the_offset_is_gateway_minus_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module.time, "time", lambda: 1000.0)
    monkeypatch.setattr(clock_module.time, "monotonic", lambda: 10.0)
    one = GatewayClock()
    one.sample(1_000_000 + 2_500, 10.0)
    assert one.offset_ms() == 2_500


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 60)), min_size=1, max_size=12))
def test_the_clock_is_never_later_than_the_least_late_sample(
    samples: list[tuple[int, int]],
) -> None:
    least = min(late for late, _ in samples)
    assert clock(*[(late, float(at)) for late, at in samples]).at(0.0) == SERVER - least
