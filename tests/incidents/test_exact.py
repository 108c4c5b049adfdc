"""Incidents where the companion reads the registry: proved, and no more than there is."""

import pytest

from clawtop.incidents.engine import Engine
from clawtop.incidents.incident import Incident
from clawtop.incidents.ways import remedies
from clawtop.picture import changes as c
from tests.picture.builders import KEY, Picture, at_ms, begins, counted, listed, running_row, works
from tests.picture.inside import entry, queued, seeing, told, working

OTHER = "agent:main:other"
ENDED = "Exec finished (node=n1, id=abc, code 0)"


def named(picture: Picture, at: float) -> dict[str, Incident]:
    engine = Engine(picture.store)
    picture.store.refresh(at_ms(at))
    engine.refresh()
    return {one.id: one for one in engine.open.values()}


def looked_at(generation: str, *seconds: float, began: float | None = 0) -> Picture:
    picture = seeing(generation)
    since = began if generation == "september" else None
    for at in seconds:
        picture.tell(told(entry(began=since), at=at), at=at)
    return picture


@pytest.mark.parametrize("generation", ["april", "september"])
def test_an_orphan_is_a_proved_leak_with_its_session(generation: str) -> None:
    found = named(looked_at(generation, 0, 30, 61), 61)["I-05"]
    assert (found.certainty, found.session_key) == ("proved", KEY)
    assert any("registry" in line for line in found.evidence)
    assert any("no task of its session lane" in line for line in found.ruled_out)


def test_it_is_critical_once_it_is_as_old_as_stale_after() -> None:
    old = named(looked_at("september", 0, 2, began=-1000), 2)["I-05"]
    young = named(looked_at("september", 0, 2, began=-100), 2)["I-05"]
    assert (old.severity, young.severity) == ("critical", "warning")


@pytest.mark.parametrize("generation", ["april", "september"])
def test_healthy_entries_raise_nothing(generation: str) -> None:
    picture = seeing(generation)
    for at in range(0, 900, 5):
        picture.tell(
            works(at=at),
            told(working(began=0 if generation == "september" else None), at=at),
            counted(1, at=at),
            at=at,
        )
    assert named(picture, 899) == {}


def test_a_count_that_fits_no_session_is_no_incident_where_the_registry_is_read() -> None:
    picture = seeing("april")
    for at in range(0, 1300, 10):
        picture.tell(told(at=at), counted(2, at=at), at=at)
    assert named(picture, 1299) == {}


def test_a_ghost_row_is_proved() -> None:
    picture = seeing("april")
    picture.tell(
        listed(running_row(active=False, started_at=at_ms(-5000), updated_at=at_ms(-5000)))
    )
    for at in (0, 10, 700):
        picture.tell(told(at=at), counted(1, at=at), at=at)
    assert named(picture, 700)["I-11"].certainty == "proved"


def test_one_end_in_two_queues_is_not_told_twice() -> None:
    queues = [queued(KEY, ENDED), queued(OTHER, ENDED)]
    assert "I-02" not in named(seeing().tell(told(events=queues)), 1)
    twice = [queued(KEY, ENDED, "between", ENDED)]
    found = named(seeing().tell(told(events=twice)), 1)["I-02"]
    assert found.session_key == KEY


def test_the_cap_names_its_session_and_counts_the_others() -> None:
    full = [f"line {number}" for number in range(20)]
    queues = [queued(KEY, *full), queued(OTHER, *full, cap=25), queued("agent:x:y", "one")]
    found = named(seeing().tell(told(events=queues)), 1)["I-27"]
    assert found.session_key == OTHER
    assert any("1 other queue" in line for line in found.evidence)


def test_a_gap_in_the_companion_s_answers_falls_back_without_an_alarm() -> None:
    picture = seeing().tell(begins(), works(), told(working(began=0)))
    picture.tell(c.PartFailed("companion", "no answer"), at=1)
    for at in range(1, 60):
        picture.tell(works(at=at), at=at)
    assert named(picture, 60) == {}


def test_a_copy_can_be_dropped_and_without_the_switch_it_says_how_to_turn_it_on() -> None:
    events = [queued(KEY, ENDED, "between", ENDED)]
    for can_release in (True, False):
        picture = seeing().tell(told(events=events, can_release=can_release))
        found = named(picture, 0)["I-02"]
        first = remedies(found, picture.store)[0]
        assert (first.step, first.available) == ("drop-event", can_release)
        assert (first.command is not None) is can_release
        assert ("allowRelease" in (first.why_not or "")) is not can_release
