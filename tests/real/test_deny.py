"""Denying a repeated request on a real gateway: only the copies, and never in another's name."""

from __future__ import annotations

import json

import pytest

from .scene import Scene
from .shell import Shell
from .wire import Wire

pytestmark = pytest.mark.real

COPY = "ps aux | grep vllm"


def backlog(scene: Scene) -> tuple[list[str], list[str]]:
    """Six requests of one session: four equal ones, and two others."""
    scene.decider()
    ids = scene.ask(scene.key("asks"), [COPY, "ls /", COPY, COPY, "df -h", COPY])
    copies = [ids[number] for number in (0, 2, 3, 5)]
    return copies, [one for one in ids if one not in copies]


def test_four_equal_requests_of_six_are_one_group(scene: Scene, shell: Shell) -> None:
    copies, others = backlog(scene)
    rows = shell.document("snapshot", "--approvals", "on")["approvals"]
    shown = {row["id"]: row for row in rows}
    assert shown.keys() == {*copies, *others}
    assert [shown[one]["copies"] for one in copies] == [4, 4, 4, 4]
    assert [shown[one]["copy_of"] for one in copies] == [None, *[copies[0]] * 3]
    assert len({shown[one]["group"] for one in copies}) == 1
    assert [shown[one]["copies"] for one in others] == [1, 1]


def test_a_dry_run_names_the_copies_and_denies_nothing(scene: Scene, shell: Shell) -> None:
    copies, _ = backlog(scene)
    before = scene.pending()
    action = shell.document("deny", "--duplicates", "--keep", "oldest", "--dry-run")
    assert action["outcome"] == "planned"
    assert action["requested"] is False
    assert action["target"] == {"ids": copies[1:], "kept": copies[:1]}
    assert scene.pending() == before
    assert not shell.log_file.exists()


def test_denying_the_duplicates_leaves_the_oldest_and_everything_else(
    scene: Scene, shell: Shell
) -> None:
    copies, others = backlog(scene)
    before = scene.pending()
    action = shell.document("deny", "--duplicates", "--keep", "oldest", "--yes")
    assert (action["outcome"], action["requested"], action["accepted"]) == ("done", True, True)
    assert [item["id"] for item in action["items"]] == copies[1:]
    assert {item["outcome"] for item in action["items"]} == {"done"}
    assert {item["recorded_decision"] for item in action["items"]} == {"deny"}
    left = scene.pending()
    assert left.keys() == {copies[0], *others}
    assert left == {one: before[one] for one in left}


def test_the_gateway_records_the_denials_as_denials(scene: Scene, shell: Shell) -> None:
    person = scene.decider()
    key = scene.key("asks")
    ids = scene.ask(key, [COPY, COPY])
    shell.document("deny", ids[0], "--yes", "--reason", "a copy")
    event = person.wait_event(lambda one: one["payload"].get("decision") is not None)
    assert event["payload"]["id"] == ids[0]
    assert event["payload"]["decision"] == "deny"
    assert event["payload"]["resolvedBy"].startswith("clawtop (")
    lines = [json.loads(line) for line in shell.log_file.read_text().splitlines()]
    assert [line["phase"] for line in lines] == ["begin", "end"]
    assert lines[1]["reason_given"] == "a copy"
    assert scene.gateway.token not in shell.log_file.read_text()


def test_what_somebody_allowed_before_is_told_as_theirs(scene: Scene, shell: Shell) -> None:
    person = scene.decider()
    (allowed,) = scene.ask(scene.key("asks"), ["make deploy"])
    person.call("exec.approval.resolve", {"id": allowed, "decision": "allow-once"})
    ran = shell.run("deny", allowed, "--yes", "--json")
    (item,) = ran.document()["items"]
    if scene.later:
        assert (ran.code, item["outcome"]) == (5, "not_effective")
        assert (item["recorded_decision"], bool(item["decided_by"])) == ("allow-once", True)
    else:
        assert (ran.code, item["outcome"]) == (1, "refused")
        assert (item["recorded_decision"], item["decided_by"]) == (None, None)


def test_an_answer_that_overtakes_ours_is_told_as_theirs(scene: Scene, shell: Shell) -> None:
    person = scene.decider()
    (overtaken,) = scene.ask(scene.key("asks"), ["make deploy"])

    def allow() -> None:
        person.call("exec.approval.resolve", {"id": overtaken, "decision": "allow-once"})

    method = "approval.resolve" if scene.later else "exec.approval.resolve"
    with Wire(scene.gateway.url, before={method: allow}) as wire:
        ran = shell.run("deny", overtaken, "--yes", "--json", url=wire.url)
    (item,) = ran.document()["items"]
    assert (ran.code, item["outcome"]) == (5, "not_effective")
    assert item["recorded_decision"] == "allow-once"
    assert item["decided_by"]
    assert "clawtop" not in item["decided_by"]


def test_a_denial_that_overtakes_ours_is_done_and_told_as_theirs(
    scene: Scene, shell: Shell
) -> None:
    person = scene.decider()
    (overtaken,) = scene.ask(scene.key("asks"), ["make deploy"])

    def deny() -> None:
        person.call("exec.approval.resolve", {"id": overtaken, "decision": "deny"})

    method = "approval.resolve" if scene.later else "exec.approval.resolve"
    with Wire(scene.gateway.url, before={method: deny}) as wire:
        ran = shell.run("deny", overtaken, "--yes", "--json", url=wire.url)
    (item,) = ran.document()["items"]
    assert (ran.code, item["outcome"]) == (0, "done")
    assert item["recorded_decision"] == "deny"
    assert item["decided_by"]


def test_an_id_that_never_was_is_refused(scene: Scene, shell: Shell) -> None:
    ran = shell.run("deny", "no-such-approval", "--yes", "--json")
    assert ran.code == 1
    assert [item["outcome"] for item in ran.document()["items"]] == ["refused"]
