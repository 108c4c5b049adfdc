"""Every way out on real gateways with the companion: the least destructive that works there.

The situations and what each step does to them were measured; here clawtop has to find the step,
say what will become of the waiting message, and never call done what does not answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import APRIL, SEPTEMBER, LoneScene
from .inside import Inside
from .lab.trouble import send
from .scene import eventually
from .shell import Ran, Shell, finish
from .wire import Wire

pytestmark = pytest.mark.real

FREED_S = 120.0


@pytest.fixture
def inside_shell(inside: Inside, tmp_path: Path) -> Shell:
    """clawtop's command line on the gateway with the companion."""
    return Shell(tmp_path, inside.gateway.url, inside.gateway.token)


def planned(shell: Shell, key: str, *words: str) -> dict[str, Any]:
    return shell.document("release", key, *words, "--dry-run")


def released(shell: Shell, key: str, *words: str) -> tuple[Ran, dict[str, Any]]:
    ran = shell.run("release", key, "--yes", "--json", *words, timeout=FREED_S)
    return ran, ran.document()


# -- April: the companion is the way


@pytest.mark.parametrize("version", [APRIL])
@pytest.mark.parametrize("other_id", [False, True])
def test_april_an_orphan_is_released_and_the_waiting_message_answered(
    inside: Inside, inside_shell: Shell, other_id: bool
) -> None:
    key = inside.key("orphan")
    inside.orphan(key, session_id="another-session-id" if other_id else None)
    message = inside.waiting(key)
    assert planned(inside_shell, key)["step"] == "companion-release"
    ran, action = released(inside_shell, key)
    assert (ran.code, action["outcome"]) == (0, "done"), action["reason"]
    assert (action["released"], action["queue_moving"]) == (True, True)
    eventually(lambda: key not in inside.locks(), f"end of the next turn of {key}", 10)
    inside.await_answer(key, message)


@pytest.mark.parametrize("version", [APRIL])
def test_april_an_owner_stuck_in_a_hook_is_released_with_its_lane(
    inside: Inside, inside_shell: Shell
) -> None:
    key = inside.key("hook")
    inside.hooked(key)
    message = inside.waiting(key)
    ran, action = released(inside_shell, key, "--step", "companion-release")
    assert (ran.code, action["outcome"]) == (0, "done"), action["reason"]
    assert action["queue_moving"] is True
    inside.await_answer(key, message)


@pytest.mark.parametrize("version", [APRIL])
def test_april_a_reply_never_delivered_is_released(inside: Inside, inside_shell: Shell) -> None:
    key = inside.key("undelivered")
    inside.undelivered(key)
    message = inside.waiting(key)
    ran, action = released(inside_shell, key, "--step", "companion-release")
    assert (ran.code, action["outcome"]) == (0, "done"), action["reason"]
    inside.await_answer(key, message)


# -- September: abort and patience first; the companion where that does not reach


@pytest.mark.parametrize("version", [SEPTEMBER])
def test_september_an_orphan_with_another_id_is_released_by_the_companion(
    inside: Inside, inside_shell: Shell
) -> None:
    key = inside.key("other-id")
    inside.orphan(key, session_id="another-session-id")
    message = inside.waiting(key)
    assert planned(inside_shell, key)["step"] == "companion-release"
    ran, action = released(inside_shell, key)
    assert (ran.code, action["outcome"]) == (0, "done"), action["reason"]
    inside.await_answer(key, message)
    eventually(lambda: key not in inside.locks(), f"end of the next turn of {key}", 10)


def offered(shell: Shell, key: str, step: str) -> dict[str, Any]:
    """The plan of that step, as soon as it is offered: a young hold may still be preparing."""

    def plan() -> dict[str, Any]:
        ran = shell.run("release", key, "--step", step, "--dry-run", "--json")
        return ran.document() if ran.code == 0 else {}

    return eventually(plan, f"offer of {step} for {key}", 120)


@pytest.mark.parametrize("version", [SEPTEMBER])
def test_september_an_orphan_is_freed_at_once_by_companion_and_by_reset(
    inside: Inside, inside_shell: Shell
) -> None:
    freed, reset = inside.key("freed"), inside.key("reset")
    inside.orphan(freed)
    session_id = inside.orphan(reset)
    assert planned(inside_shell, freed)["step"] == "abort-session"
    offered(inside_shell, freed, "companion-release")
    ran, action = released(inside_shell, freed, "--step", "companion-release")
    assert (ran.code, action["outcome"]) == (0, "done"), action["reason"]
    assert action["took_ms"] < 30_000
    assert freed not in inside.locks()

    plan = offered(inside_shell, reset, "reset")
    assert session_id in plan["plan"][0]
    assert any("context" in loss for loss in plan["loses"])
    ran = inside_shell.run("release", reset, "--step", "reset", "--yes")
    assert ran.code == 1, "a transcript is lost: --yes alone is not enough"
    assert reset in inside.locks()
    ran, action = released(inside_shell, reset, "--step", "reset", "--accept-loss")
    assert (ran.code, action["outcome"]) == (0, "done"), action["reason"]
    assert reset not in inside.locks()


@pytest.mark.parametrize("version", [SEPTEMBER])
def test_september_an_abort_may_empty_the_queue(inside: Inside, inside_shell: Shell) -> None:
    key = inside.key("emptied")
    inside.orphan(key)
    send(inside.operator, key, "parked behind it")

    def parked() -> list[str]:
        asked = {"sessionKey": key, "limit": 20}
        items = inside.operator.call("chat.history", asked)["pendingInputs"]["items"]
        return [item["state"] for item in items if item["state"] == "queued"]

    eventually(parked, f"message parked in {key}")
    words = ("--step", "abort-session", "--clear-queued", "--accept-loss")
    plan = planned(inside_shell, key, *words)
    assert '"clearQueued": true' in plan["plan"][0]
    assert [one["predicted"] for one in plan["waiting"]] == ["cancelled"]
    ran, action = released(inside_shell, key, *words)
    assert (ran.code, action["outcome"]) == (0, "done"), action["reason"]
    assert [one["became"] for one in action["waiting"]] == ["cancelled"]
    assert parked() == []


@pytest.mark.parametrize("version", [SEPTEMBER])
def test_september_an_owner_in_its_lane_is_aborted_and_never_cleared_by_force(
    inside: Inside, inside_shell: Shell
) -> None:
    key = inside.key("hook")
    inside.hooked(key)
    message = inside.waiting(key)
    ran = inside_shell.run("release", key, "--step", "companion-release", "--yes")
    assert ran.code == 1
    assert "an abort and 75 s do better" in ran.err
    assert key in inside.locks()
    ran, action = released(inside_shell, key)
    assert action["step"] == "abort-session"
    assert (ran.code, action["outcome"]) == (0, "done"), action["reason"]
    assert action["waiting"][0]["became"] == "answered"
    inside.await_answer(key, message)


@pytest.mark.parametrize("version", [SEPTEMBER])
def test_september_a_reply_never_delivered_needs_a_restart_and_says_so(
    inside: Inside, inside_shell: Shell
) -> None:
    key = inside.key("undelivered")
    inside.undelivered(key)

    def said() -> str:
        ran = inside_shell.run("release", key, "--dry-run")
        return ran.err if "nothing but a restart" in ran.err else ""

    assert "never delivered" in eventually(said, "word that only a restart helps", 90)


# -- identity


def test_of_two_people_at_once_one_releases_and_one_is_told(
    inside: Inside, inside_shell: Shell
) -> None:
    key = inside.key("twice")
    inside.orphan(key, session_id="another-session-id")
    words = ("release", key, "--step", "companion-release", "--yes", "--json")
    ends = [finish(started, 90) for started in [inside_shell.start(*words) for _ in range(2)]]
    told = [end.document() for end in ends]
    (winner,) = [one for one in told if one["accepted"] is True]
    (other,) = [one for one in told if one is not winner]
    assert winner["outcome"] == "done"
    assert other["outcome"] in ("refused", "nothing_to_do"), other["reason"]
    assert key not in inside.locks()


def test_release_while_the_switch_is_off_is_refused_with_what_turns_it_on(
    lone_scene: LoneScene, tmp_path: Path, version: str
) -> None:
    scene = lone_scene(version, companion="looks")
    key = scene.key("off")
    scene.settled(key)
    scene.leak(key, session_id="another-session-id")
    shell = Shell(tmp_path, scene.gateway.url, scene.gateway.token)
    with Wire(scene.gateway.url) as wire:
        ran = shell.run("release", key, "--step", "companion-release", "--yes", url=wire.url)
    assert ran.code == 1
    assert "allowRelease" in ran.err
    assert "clawtop.release" not in wire.methods
    assert key in scene.locks()


# -- the last resort


def test_a_restart_needs_the_gateway_s_name_and_waits_for_its_return(
    lone_scene: LoneScene, tmp_path: Path, version: str
) -> None:
    scene = lone_scene(version, companion="looks")
    key = scene.key("last")
    scene.settled(key)
    shell = Shell(tmp_path, scene.gateway.url, scene.gateway.token)
    if scene.later:  # a hook that never comes back, so that a restart is offered
        params = {"key": key, "text": "[[stuck]] think", "from": "lab-stuck"}
        scene.operator.call("lab.channelMessage", params)
        eventually(lambda: key in scene.locks(), f"lock of {key}")
    else:
        scene.leak(key)
    offered(shell, key, "restart")
    words = ("release", key, "--step", "restart", "--now", "--json")
    assert shell.run(*words, "--yes").code == 1
    assert key in scene.locks()
    # It drains for five minutes when nobody lets go.
    scene.operator.call("lab.unstick", {"afterMs": 20_000, "leak": key})
    name = shell.document("snapshot")["gateway"]["name"]
    ran = shell.run(*words, "--confirm-gateway", name, timeout=420)
    action = ran.document()
    assert (ran.code, action["outcome"]) == (0, "done"), action["reason"]
    assert action["released"] is True
    with scene.gateway.operator() as again:
        assert again.call("lab.truth")["locks"] == []
