"""I-03: a full lane whose queue grows, and the same work dispatched twice."""

import pytest

from clawtop.picture import changes as c
from tests.incidents.scenes import Watch, lane, logged, task
from tests.picture.builders import T0, counted, listed, row, running_row


def sampled(watch: Watch, *queued: int, active: int = 8, every: float = 5, **more: object) -> Watch:
    begin = (watch.store.now_ms - T0) / 1000
    for number, waiting in enumerate(queued, 1):
        at = begin + number * every
        watch.tell(c.LanesRead([lane(active=active, queued=waiting, **more)]), at=at)  # type: ignore[arg-type]
    return watch


def test_a_full_lane_whose_queue_rises_over_three_samples_is_critical() -> None:
    watch = sampled(Watch(), 2, 3, 3)
    assert watch.ids() == set(), "not long enough"
    found = sampled(watch, 4).one("I-03")
    assert (found.severity, found.certainty) == ("critical", "proved")
    assert "#18760" in found.references


@pytest.mark.parametrize(
    ("queued", "active", "more"),
    [
        ((5, 4, 3, 2, 3, 2), 8, {}),
        ((12, 20, 30, 26, 20, 13, 6, 1), 8, {}),
        ((3, 5, 2, 4, 5, 3, 1, 4, 5, 4, 2, 3, 4, 5, 5, 3), 8, {}),
        ((1, 2, 3, 4, 5, 6), 7, {}),
        ((0, 0, 0, 0), 8, {}),
        ((1, 2, 3, 4, 5, 6), 8, {"draining": True}),
        ((1, 2, 3, 4, 5, 6), 8, {"blocked_by": "global"}),
        ((3, 3, 3, 3, 3, 3), 8, {}),
    ],
    ids=[
        "drains",
        "a burst",
        "somebody gets through",
        "has a slot",
        "nobody waits",
        "draining",
        "global cap",
        "steady, not long",
    ],
)
def test_look_alikes_raise_nothing(
    queued: tuple[int, ...], active: int, more: dict[str, object]
) -> None:
    assert sampled(Watch(), *queued, active=active, **more).ids() == set()


def test_a_lane_that_is_blocked_by_itself_is_just_full() -> None:
    assert sampled(Watch(), 2, 3, 5, 6, 7, blocked_by="lane").ids() == {"I-03"}


def test_a_queue_that_stands_for_a_minute_is_a_warning() -> None:
    found = sampled(Watch(), *(3,) * 14).one("I-03")
    assert found.severity == "warning"


def test_a_queue_that_begins_to_fall_ends_it() -> None:
    watch = sampled(Watch(), 2, 3, 5, 5, 6)
    assert watch.ids() == {"I-03"}
    assert sampled(watch, 4, 3).ids() == set()


def test_three_looks_within_a_second_are_one_sample() -> None:
    assert sampled(Watch(), 2, 3, 5, every=0.3).ids() == set()


def test_a_long_wait_in_the_log_is_a_warning_where_the_lane_is_full_now() -> None:
    watch = sampled(Watch(), 3)
    line = "lane wait exceeded: lane=main waitedMs=81000 queueAhead=2 activeAhead=8 activeNow=8"
    watch.tell(logged(line, at=6), at=6)
    assert watch.one("I-03").severity == "warning"


def test_a_queue_that_grows_while_others_get_through_soon_is_only_busy() -> None:
    line = "lane wait exceeded: lane=main waitedMs={} queueAhead=2 activeAhead=8 activeNow=8"
    watch = sampled(Watch(), 2, 3).tell(logged(line.format(9_000), at=11), at=12)
    assert sampled(watch, 4, 5, 6).ids() == set()
    assert sampled(watch, 7, 8, 9, 10, 11).one("I-03").severity == "critical", "nobody any more"
    other = sampled(Watch(), 2, 3).tell(logged(line.format(99_000), at=11), at=12)
    assert sampled(other, 4, 5, 6).one("I-03").severity == "critical"


def test_an_early_gateway_shows_it_by_what_runs_and_what_waits() -> None:
    rows = [running_row(f"agent:main:r{n}") for n in range(4)]
    watch = Watch("april")
    for number in range(5):
        waiting = [row(f"agent:main:w{n}", has_active_run=True) for n in range(number + 1)]
        watch.tell(listed(*rows, *waiting), counted(4, at=number * 5), at=number * 5)
    found = watch.one("I-03")
    assert (found.severity, found.certainty) == ("critical", "likely")


def test_three_runs_and_a_message_that_waits_do_not_fill_a_lane() -> None:
    rows = [running_row(f"agent:main:r{n}") for n in range(3)]
    watch = Watch("april")
    for number in range(4):
        waiting = [row(f"agent:main:w{n}", has_active_run=True) for n in range(number + 1)]
        watch.tell(listed(*rows, *waiting), counted(3, at=number * 5), at=number * 5)
    assert watch.found("I-03") == []


# -- the same task twice


def tasks(*rows: c.TaskRow) -> c.TasksRead:
    return c.TasksRead(list(rows))


def test_two_equal_tasks_made_together_are_one_dispatch_too_many() -> None:
    watch = Watch().tell(tasks(task("t1", made=0), task("t2", made=3)), at=5)
    found = watch.one("I-03")
    assert (found.severity, found.session_key) == ("warning", "agent:main:main")
    first = watch.remedies(found)[0]
    assert (first.step, first.target) == ("cancel-task", "t2"), "the younger one"
    assert first.command == "clawtop cancel-task t2"


@pytest.mark.parametrize(
    "other",
    [
        task("t2", "another thing", made=3),
        task("t2", made=3, owner_key="agent:main:ops"),
        task("t2", made=3, runtime="cron"),
        task("t2", made=3, status="completed"),
        task("t2", made=500),
        task("t2", "", made=3),
    ],
    ids=["title", "owner", "runtime", "over", "made later", "no title"],
)
def test_tasks_that_differ_are_not_copies(other: c.TaskRow) -> None:
    first = task("t1", "" if other.title == "" else "write the report", made=0)
    assert Watch().tell(tasks(first, other), at=600).ids() == set()


def test_it_ends_when_the_copy_is_cancelled() -> None:
    watch = Watch().tell(tasks(task("t1", made=0), task("t2", made=3)), at=5)
    watch.tell(c.TaskChanged("upserted", task("t2", made=3, status="cancelled")), at=9)
    assert watch.ids() == set()


def test_pressure_and_copies_in_one_lane_are_one_incident() -> None:
    watch = Watch().tell(tasks(task("t1", made=0), task("t2", made=3)), at=5)
    for number in range(5):
        row_ = lane("subagent", active=8, queued=number + 1)
        watch.tell(c.LanesRead([row_]), at=10 + number * 5)
    found = watch.one("I-03")
    assert found.severity == "critical"
    assert "write the report" in found.summary
