"""``cancel-task`` as a person or a script uses it: the plan, the words that allow it, the codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawtop.gateway.methods import READ_METHODS
from tests.cli.shell import Served, clawtop, serving

OWNER = "agent:main:main"
SECRET = "abcd1234efgh"


@pytest.fixture(params=["april", "september"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, request.param) as running:
        for number, title in enumerate(["index", "index", "index", "sweep"]):
            running.do(lambda gateway, n=number, t=title: add(gateway, n, t))  # type: ignore[misc]
        yield running


def add(gateway: Any, number: int, title: str) -> None:
    name = f"task-{number}"
    gateway.world.add_task(
        {
            "id": name,
            "taskId": name,
            "title": f"{title} --token {SECRET}\x1b[2J",
            "ownerKey": OWNER,
            "sessionKey": OWNER,
            "createdAt": gateway.world.now() - 60_000 + number,
        }
    )


def running(served: Served) -> list[str]:
    return served.do(
        lambda gateway: [one["taskId"] for one in gateway.world.tasks if one["status"] == "running"]
    )


def sent(served: Served) -> int:
    return served.sent().count("tasks.cancel")


def test_the_copies_end_and_one_of_each_stays(served: Served) -> None:
    ran = served.run("cancel-task", "--duplicates", "--keep", "oldest", "--yes", "--json")
    assert ran.code == 0, ran.err + ran.out
    action = ran.json
    assert (action["schema"], action["action"]) == ("clawtop.action/1", "cancel-task")
    assert action["outcome"] == "done"
    assert action["target"] == {"ids": ["task-1", "task-2"], "kept": ["task-0"]}
    assert [item["outcome"] for item in action["items"]] == ["done", "done"]
    assert all(set(item) >= {"id", "outcome", "reason"} for item in action["items"])
    assert running(served) == ["task-0", "task-3"]
    (logged,) = clawtop("actions", "--json").json["actions"]
    assert (logged["action"], logged["outcome"]) == ("cancel-task", "done")


@pytest.mark.parametrize(("keep", "left"), [("newest", "task-2"), ("task-1", "task-1")])
def test_which_copy_stays_is_chosen(served: Served, keep: str, left: str) -> None:
    assert served.run("cancel-task", "--duplicates", "--keep", keep, "--yes").code == 0
    assert running(served) == [left, "task-3"]


def test_by_id_whatever_else_runs(served: Served) -> None:
    ran = served.run("cancel-task", "task-3", "nosuch", "--yes", "--json", "--reason", "stuck")
    assert ran.code == 1
    outcomes = {item["id"]: item["outcome"] for item in ran.json["items"]}
    assert outcomes == {"task-3": "done", "nosuch": "refused"}
    assert ran.json["reason_given"] == "stuck"
    assert running(served) == ["task-0", "task-1", "task-2"]
    assert sent(served) == 1


@pytest.mark.parametrize("there", [(), ("task-3",)], ids=str)
def test_a_dry_run_tells_the_worst_of_its_items_as_the_act_does(
    served: Served, there: tuple[str, ...]
) -> None:
    ids = [*there, "nosuch"]
    plan = served.run("cancel-task", *ids, "--dry-run", "--json")
    assert (plan.code, plan.json["outcome"]) == (1, "refused")
    assert [item["outcome"] for item in plan.json["items"]] == ["planned"] * len(there) + [
        "refused"
    ]
    ran = served.run("cancel-task", *ids, "--yes", "--json")
    assert (ran.code, ran.json["outcome"]) == (1, "refused")
    assert plan.json["target"]["ids"] == ran.json["target"]["ids"] == ids


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--duplicates", "--keep", "oldest", "--dry-run"), 0),
        (("--duplicates", "--keep", "oldest"), 1),
        (("--duplicates", "--keep", "oldest", "--yes", "--read-only"), 1),
        (("--duplicates", "--keep", "nosuch", "--yes"), 1),
        (("nosuch", "--yes"), 1),
        (("--duplicates",), 2),
        (("task-1", "--keep", "oldest"), 2),
        ((), 2),
    ],
    ids=str,
)
def test_nothing_is_sent(served: Served, args: tuple[str, ...], code: int) -> None:
    ran = served.run("cancel-task", *args)
    assert ran.code == code, ran.err + ran.out
    assert "Traceback" not in ran.err
    assert set(served.sent()) <= READ_METHODS | {"connect"} | {"tasks.list"}
    assert len(running(served)) == 4


def test_titles_are_masked_and_cannot_move_a_cursor(served: Served) -> None:
    plan = served.run("cancel-task", "--duplicates", "--keep", "oldest", "--dry-run")
    assert "task-1" in plan.out
    for told in (plan.out, served.run("snapshot").out, served.run("snapshot", "--json").out):
        assert SECRET not in told
        assert "\x1b" not in told


def test_nothing_there_twice_is_nothing_to_do(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        ran = served.run("cancel-task", "--duplicates", "--keep", "oldest", "--yes", "--json")
        assert (ran.code, ran.json["outcome"]) == (0, "nothing_to_do")


def test_without_the_scope_nothing_is_sent(tmp_path: Path) -> None:
    with serving(tmp_path, scopes_granted=("operator.read",)) as served:
        served.do(lambda gateway: add(gateway, 0, "index"))
        ran = served.run("cancel-task", "task-0", "--yes", "--json")
        assert ran.code == 1
        assert "did not grant operator.write" in ran.json["reason"]
        assert sent(served) == 0


def test_the_picture_shows_copies(served: Served) -> None:
    tasks = served.run("snapshot", "--json").json["tasks"]
    told = [(one["task_id"], one["copies"], one["copy_of"], one["verdict"]) for one in tasks]
    assert told == [
        ("task-0", 3, None, "working"),
        ("task-1", 3, "task-0", "working"),
        ("task-2", 3, "task-0", "working"),
        ("task-3", 1, None, "working"),
    ]
    keys = "task_id title runtime status session_key child_session_key run_id started_at_ms age_ms"
    assert set(tasks[0]) >= set(f"{keys} copies copy_of verdict".split())
    assert tasks[0]["masked"] is True
    text = served.run("snapshot").out
    assert "TASKS  4 active" in text
    assert "id task-1  copy of task-0" in text
