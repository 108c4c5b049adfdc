"""The commands as scripts use them: JSON, exit codes, and what crosses the wire."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from clawtop.demo.approvals import resolve
from clawtop.gateway.methods import READ_METHODS
from tests.cli.shell import Served, clawtop

MAIN = "agent:main:main"
ASKS = "agent:main:asks"
READING = READ_METHODS | {"connect"}


def ask(served: Served, commands: list[str]) -> list[str]:
    return served.do(
        lambda gateway: [gateway.world.request_approval(one, ASKS) for one in commands]
    )


def asked_scopes(served: Served) -> list[tuple[str, ...]]:
    """The scopes that each connection asked for."""
    return served.do(
        lambda gateway: [
            tuple(seen.params["scopes"]) for seen in gateway.requests if seen.method == "connect"
        ]
    )


def test_a_command_has_its_garbage_collected() -> None:
    """The command line is loaded without the collector."""
    code = "import gc; gc.disable(); from clawtop.cli.main import run; run(['demo', '--list'])"
    ran = subprocess.run(
        [sys.executable, "-c", f"{code}; print(gc.isenabled())"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout.splitlines()[-1] == "True"


def test_snapshot_prints_the_whole_contract(served: Served) -> None:
    served.do(lambda gateway: gateway.world.start_run(MAIN, "rpc", run_id="run-1"))
    served.do(lambda gateway: gateway.world.enqueue_event(MAIN, "hello"))
    ran = served.run("snapshot", "--json")
    assert ran.code == 0
    assert ran.out.isascii()
    picture = ran.json
    assert picture["schema"] == "clawtop.picture/1"
    assert [lock["session_key"] for lock in picture["locks"]] == [MAIN]
    lock = picture["locks"][0]
    assert lock["holder"] == "rpc"
    assert lock["verdict"] == "working"
    assert lock["age_ms"] >= 0
    assert [event["text"] for event in picture["system_events"]] == ["hello"]
    assert set(served.sent()) <= READING


def test_one_shot_commands_are_no_route_for_approvals(served: Served) -> None:
    ask(served, ["ls"])
    picture = served.run("snapshot", "--json").json
    scopes = asked_scopes(served)
    if served.gateway.generation == "april":
        assert picture["approvals"] is None
        assert "--approvals on" in picture["coverage"]["approvals"]["why"]
        assert set(scopes) == {("operator.read",)}
    else:
        assert [one["command"] for one in picture["approvals"]] == ["ls"]
    off = served.run("snapshot", "--json", "--approvals", "off").json
    assert off["approvals"] is None
    on = served.run("snapshot", "--json", "--approvals", "on").json
    assert [one["command"] for one in on["approvals"]] == ["ls"]
    assert on["gateway"]["approval_route"] is (served.gateway.generation == "april")


def test_read_only_asks_for_reading_alone(served: Served) -> None:
    served.run("snapshot", "--json", "--read-only")
    scopes = asked_scopes(served)
    assert set(scopes) == {("operator.read",)}


def test_release_ends_with_done_only_when_the_gateway_shows_it(served: Served) -> None:
    served.do(lambda gateway: gateway.world.start_run(MAIN, "rpc", run_id="run-1"))
    served.do(lambda gateway: gateway.world.start_run("agent:main:well", "rpc", run_id="run-2"))
    ran = served.run("release", MAIN, "--yes", "--json", "--reason", "hung")
    assert ran.code == 0, ran.err + ran.out
    action = ran.json
    assert action["schema"] == "clawtop.action/1"
    assert (action["outcome"], action["released"], action["accepted"]) == ("done", True, True)
    assert action["reason_given"] == "hung"
    assert served.sent().count("sessions.abort") == 1
    assert served.do(lambda gateway: gateway.world.sessions["agent:main:well"].run is not None)


UNSENT = [
    ("release", MAIN, "--dry-run"),
    ("release", MAIN),
    ("release", MAIN, "--yes", "--read-only"),
    ("release", MAIN, "--yes", "--expect-run", "another"),
    ("release", MAIN, "--yes", "--expect-session-id", "another"),
    ("release", MAIN, "--yes", "--step", "channel-stop"),
    ("release", "agent:main:nobody", "--yes"),
    ("deny", "--duplicates", "--keep", "oldest", "--dry-run"),
    ("deny", "--duplicates", "--keep", "oldest"),
    ("deny", "--duplicates", "--keep", "oldest", "--yes", "--read-only"),
    ("deny", "nosuch", "--yes"),
    ("snapshot",),
    ("doctor",),
]


@pytest.mark.parametrize("args", UNSENT, ids=" ".join)
def test_nothing_that_changes_the_gateway_crosses_the_wire(
    served: Served, args: tuple[str, ...]
) -> None:
    served.do(lambda gateway: gateway.world.start_run(MAIN, "rpc", run_id="run-1"))
    ask(served, ["ps", "ps"])
    before = served.do(lambda gateway: sorted(gateway.world.approvals))
    ran = served.run(*args)
    assert ran.code in (0, 1), ran.err
    assert "Traceback" not in ran.err
    assert set(served.sent()) <= READING
    assert served.do(lambda gateway: sorted(gateway.world.approvals)) == before


def test_a_step_that_loses_messages_wants_accept_loss(september: Served) -> None:
    september.do(lambda gateway: gateway.world.leak(MAIN))
    september.do(lambda gateway: gateway.world.waits(MAIN, "one", "rpc"))
    refused = september.run("release", MAIN, "--yes", "--json")
    assert refused.code == 1
    assert "--accept-loss" in refused.sentence()
    assert "sessions.abort" not in september.sent()
    plan = september.run("release", MAIN, "--dry-run", "--json").json
    assert plan["outcome"] == "planned"
    assert any("1 waiting message" in loss for loss in plan["loses"])


def test_denying_duplicates_leaves_one_of_each_and_touches_nothing_else(served: Served) -> None:
    equal = ask(served, ["ps aux"] * 4)
    others = ask(served, ["git push", "ps  aux"])
    ran = served.run("deny", "--duplicates", "--keep", "oldest", "--yes", "--json")
    assert ran.code == 0, ran.err + ran.out
    action = ran.json
    assert action["outcome"] == "done"
    assert [item["outcome"] for item in action["items"]] == ["done"] * 3
    assert {item["recorded_decision"] for item in action["items"]} == {"deny"}
    left = set(served.do(lambda gateway: list(gateway.world.approvals)))
    assert left >= set(others)
    assert len(left & set(equal)) == 1


def test_a_dry_run_of_a_denial_tells_the_worst_of_its_items(served: Served) -> None:
    (one,) = ask(served, ["make deploy"])
    assert served.run("deny", one, "--dry-run").code == 0
    for ids in (["nosuch"], [one, "nosuch"]):
        ran = served.run("deny", *ids, "--dry-run", "--json")
        assert (ran.code, ran.json["outcome"]) == (1, "refused")
        assert ran.json["target"]["ids"] == ids
        assert ran.json["items"][-1]["outcome"] == "refused"


def test_a_decision_somebody_else_made_first_is_theirs(september: Served) -> None:
    (one,) = ask(september, ["make deploy"])

    def allow(gateway: Any) -> None:
        resolve(gateway.world, gateway.world.approvals[one], "allow-once", "alice")

    september.do(allow)
    ran = september.run("deny", one, "--yes", "--json")
    (item,) = ran.json["items"]
    assert ran.code == 5
    assert item["outcome"] == "not_effective"
    assert item["recorded_decision"] == "allow-once"
    assert "exec.approval.resolve" not in september.sent()
    assert "approval.resolve" not in september.sent()


def test_the_action_log_has_every_action(september: Served) -> None:
    september.do(lambda gateway: gateway.world.start_run(MAIN, "rpc", run_id="run-1"))
    september.run("release", MAIN, "--yes")
    ran = clawtop("actions", "--json")
    actions = ran.json["actions"]
    assert [one["outcome"] for one in actions] == ["done"]
    assert september.gateway.token not in ran.out
    assert "release abort-run" in clawtop("actions", "--since", "1h").out


def test_doctor_tells_sources_grants_and_questions_without_secrets(served: Served) -> None:
    ran = served.run("doctor", "--json")
    report = ran.json
    assert report["address_from"] == "--url"
    assert report["secret_from"] == "--token-file"
    assert served.gateway.token not in ran.out + served.run("doctor").out
    methods = {one["method"] for one in report["questions"]}
    assert {"sessions.list", "status", "gateway.restart.preflight"} <= methods
    assert ("diagnostics.lanes" in methods) is (served.gateway.generation == "september")
    assert set(report["coverage"]) >= {"locks", "approvals", "system_events", "recoveries"}


def test_options_may_stand_before_the_command(september: Served) -> None:
    where = ("--url", september.gateway.url, "--token-file", str(september.token_file))
    assert json.loads(clawtop(*where, "snapshot", "--json").out)["gateway"]["url"]
