"""Background tasks: what is active, what is a copy, and how a task does."""

import pytest

from clawtop.picture import changes as c
from clawtop.picture.tasks import TaskBoard
from tests.incidents.scenes import task
from tests.picture.builders import MINUTE, T0, at_ms


def board(*rows: c.TaskRow) -> TaskBoard:
    made = TaskBoard(stale_after_ms=10 * MINUTE)
    made.read(c.TasksRead(list(rows)))
    return made


def test_only_active_tasks_are_kept_oldest_first() -> None:
    rows = [task("t2", made=5), task("t1", made=1), task("t0", status="completed")]
    assert [one.task_id for one in board(*rows).all()] == ["t1", "t2"]


def test_a_second_copy_names_the_first() -> None:
    first, second = board(task("t2", made=5), task("t1", made=1)).all()
    assert (first.copies, first.copy_of) == (2, None)
    assert (second.copies, second.copy_of) == (2, "t1")


def test_a_task_of_which_nothing_is_told_but_its_id_is_kept() -> None:
    made = board(c.TaskRow(id="only-id", status="running"))
    assert made.get("only-id") is not None
    assert board(c.TaskRow(status="running")).all() == []


def test_an_event_updates_one_and_an_end_removes_it() -> None:
    made = board(task("t1"))
    assert made.put(task("t1", status="queued"))
    assert not made.put(task("t1", status="queued"))
    assert made.put(task("t1", status="cancelled"))
    assert made.all() == []
    assert not made.put(task("t9", status="failed"))


@pytest.mark.parametrize(
    ("child", "minutes", "verdict"),
    [
        ("working", 60, "working"),
        ("quiet", 1, "quiet"),
        ("stale", 1, "stale"),
        ("leaked", 1, "stale"),
        (None, 9, "working"),
        (None, 11, "quiet"),
        ("waiting_approval", 9, "working"),
    ],
)
def test_the_child_session_knows_best_and_then_the_tasks_own_times(
    child: str | None, minutes: int, verdict: str
) -> None:
    made = board(task("t1"))
    assert made.verdict(made.all()[0], child, T0 + minutes * MINUTE) == verdict


def test_a_task_without_times_is_unknown() -> None:
    made = board(task("t1", updated_at=None, started_at=None, created_at=None))
    assert made.verdict(made.all()[0], None, at_ms(9)) == "unknown"
