"""I-16: a run began, and nothing comes from it any more."""

from typing import Any

import pytest

from clawtop.picture import changes as c
from tests.incidents.scenes import Watch, logged, stuck_line
from tests.picture.builders import (
    KEY,
    approval,
    approvals,
    at_ms,
    begins,
    ends,
    later_row,
    leaked,
    listed,
    probe,
    running_row,
    works,
)

MODEL = "active_model_call_without_progress"


def stalled(at: float, *, silent_s: int, **pairs: Any) -> c.LogRead:
    told = {"reason": MODEL, "activeWorkKind": "model_call", "lastProgressAge": f"{silent_s}s"}
    return logged(stuck_line(KEY, age_s=silent_s, head="stalled session", **told | pairs), at=at)


def hung(generation: str = "september") -> Watch:
    """A run that began at 0 s and wrote its last at 10 s."""
    return Watch(generation).tell(begins(at=0), works(at=10), at=10)


@pytest.mark.parametrize("generation", ["april", "september"])
@pytest.mark.parametrize(
    ("at", "silent_s", "certainty"), [(140, 130, "possible"), (340, 330, "likely")]
)
def test_the_gateways_own_line_names_it_and_time_makes_it_surer(
    generation: str, at: float, silent_s: int, certainty: str
) -> None:
    watch = hung(generation).tell(stalled(at, silent_s=silent_s), at=at)
    found = watch.one("I-16")
    assert (found.severity, found.certainty) == ("warning", certainty)
    assert (found.session_key, found.run_id, found.since_ms) == (KEY, "run-1", at_ms(10))


def test_it_becomes_likely_and_then_proved_by_time_alone() -> None:
    watch = hung().tell(stalled(140, silent_s=130), at=140)
    assert watch.one("I-16").certainty == "possible"
    assert watch.wait_until(311).one("I-16").certainty == "likely"
    assert watch.wait_until(611).one("I-16").certainty == "proved"


def test_more_lines_of_the_same_silence_change_nothing() -> None:
    watch = hung().tell(stalled(340, silent_s=330), at=340)
    before = watch.one("I-16")
    watch.tell(stalled(370.4, silent_s=360), at=371).tell(stalled(401, silent_s=391), at=402)
    assert watch.one("I-16") == before


def test_a_stale_lock_without_any_line_is_named_too() -> None:
    watch = hung().wait_until(609)
    assert watch.found("I-16") == []
    found = watch.wait_until(611).one("I-16")
    assert (found.severity, found.certainty, found.run_id) == ("warning", "likely", "run-1")
    assert found.ways[0].act == "advice"
    assert found.ways[1].act == "release"


def test_a_run_of_an_unknown_start_that_only_we_saw_silent_is_possible() -> None:
    watch = Watch("april").tell(listed(running_row()), at=0)
    watch.wait_until(611)
    assert watch.verdict() == "stale"
    found = watch.one("I-16")
    assert found.certainty == "possible"
    assert any("not ruled out" in one for one in found.ruled_out)


def test_a_tool_at_work_makes_a_silent_run_only_possible() -> None:
    line = stuck_line(KEY, age_s=500, head="long-running session", activeTool="exec")
    watch = hung().tell(logged(line, at=510), at=510).wait_until(612)
    assert watch.one("I-16").certainty == "possible"


@pytest.mark.parametrize(
    "change",
    [
        stalled(140, silent_s=130, reason="blocked_tool_call", activeWorkKind="tool_call"),
        stalled(140, silent_s=130, reason="provider_retry_wait"),
        logged(stuck_line(KEY, age_s=130, head="long-running session", reason=MODEL), at=140),
        approvals(approval("a", created=20)),
    ],
    ids=["a tool", "a provider's retry", "long-running is healthy", "an approval (I-09)"],
)
def test_what_looks_the_same_has_another_name_or_none(change: c.Change) -> None:
    assert hung().tell(change, at=140).found("I-16") == []


def test_a_slow_model_whose_tokens_come_is_healthy() -> None:
    watch = hung().tell(stalled(140, silent_s=130), at=140)
    assert watch.found("I-16")
    watch.tell(works(at=150), at=150)
    assert watch.found("I-16") == []


def test_a_run_that_drips_for_an_hour_raises_nothing() -> None:
    watch = Watch().tell(begins(at=0), at=0)
    for minute in range(1, 61):
        watch.tell(works(at=minute * 60), at=minute * 60)
        assert watch.all() == []


def test_the_end_of_the_run_ends_it() -> None:
    watch = hung().tell(stalled(340, silent_s=330), at=340).tell(ends(at=350), at=350)
    assert watch.found("I-16") == []


def test_a_leak_keeps_its_own_name() -> None:
    watch = Watch()
    for change in (listed(later_row()), probe(at=1), probe(at=70), probe(at=700)):
        watch.tell(change, at=getattr(change, "at_ms", at_ms(0)) / 1000 - at_ms(0) / 1000)
    assert watch.verdict() == leaked().verdict() == "leaked"
    assert "I-16" not in watch.ids()
    assert "I-05" in watch.ids()


def test_silence_of_a_lost_link_is_not_silence_of_the_run() -> None:
    watch = hung().tell(c.LinkDown("gone"), at=300).wait_until(1_000)
    assert watch.found("I-16") == []


def test_a_model_call_named_by_its_kind_counts_too() -> None:
    line = stalled(340, silent_s=330, reason="active_work_without_progress")
    assert hung().tell(line, at=340).found("I-16")
    tool = stalled(
        340, silent_s=330, reason="active_work_without_progress", activeWorkKind="tool_call"
    )
    assert hung().tell(tool, at=340).found("I-16") == []


def test_the_evidence_says_what_the_gateway_logged_and_when() -> None:
    found = hung().tell(stalled(340, silent_s=330), at=340).one("I-16")
    assert any(MODEL in line and "since" in line for line in found.evidence)
    assert any("slow model" in line for line in found.ruled_out)
