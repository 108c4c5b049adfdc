"""With the companion: what clawtop shows is what the gateway's own memory holds, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import SEPTEMBER, LoneScene
from .inside import Inside
from .lab.trouble import send
from .scene import eventually
from .shell import Shell

pytestmark = pytest.mark.real


@pytest.fixture
def inside_shell(inside: Inside, tmp_path: Path) -> Shell:
    """clawtop's command line on the gateway with the companion."""
    return Shell(tmp_path, inside.gateway.url, inside.gateway.token)


def shown(shell: Shell) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The whole document, and its locks by session."""
    document = shell.document("snapshot")
    return document, {lock["session_key"]: lock for lock in document["locks"]}


def test_the_list_of_locks_is_the_registry_in_every_situation(
    inside: Inside, inside_shell: Shell
) -> None:
    rpc, channel = inside.key("rpc"), inside.key("channel")
    inside.chat(rpc, "[[drip:300]]")
    inside.channel(channel, "[[hang]]", sender="lab-anna")
    inside.orphan(inside.key("running"))
    inside.orphan(inside.key("queued"), phase="queued")
    inside.orphan(inside.key("other-id"), session_id="another-session-id")
    document, locks = shown(inside_shell)
    truth = inside.locks()
    assert locks.keys() == truth.keys()
    for key, lock in locks.items():
        assert lock["session_id"] == truth[key]["sessionId"]
        assert lock["phase"] == truth[key]["phase"]
        assert lock["proof"] == "proved"
        if inside.later:
            assert lock["since_ms"] == pytest.approx(truth[key]["startedAtMs"], abs=1_000)
            assert lock["age_is"] == "exact"
    assert document["coverage"]["locks"]["level"] == "exact"
    assert document["unattributed_locks"] == 0
    assert document["gateway"]["companion"]["can_release"] is True
    assert locks[rpc]["verdict"] == "working"
    assert locks[channel]["holder"] == "channel"


def test_an_aborted_lock_is_shown_as_aborting(inside: Inside, inside_shell: Shell) -> None:
    key = inside.key("aborted")
    inside.aborted(key)
    _, locks = shown(inside_shell)
    assert (locks[key]["phase"], locks[key]["verdict"]) == ("aborted", "aborting")


def test_an_orphan_is_a_proved_leak_after_its_time(inside: Inside, inside_shell: Shell) -> None:
    key = inside.key("orphan")
    inside.orphan(key)

    def named() -> list[dict[str, Any]]:
        document = inside_shell.document("snapshot", "--observe", "25")
        return [one for one in document["incidents"] if one["session_key"] == key]

    (found, *_) = eventually(named, f"incident of {key}", 100)
    assert (found["id"], found["certainty"]) == ("I-05", "proved")
    assert any(remedy["available"] for remedy in found["remedies"])


def test_events_of_any_session_are_listed_in_order_with_their_copies(
    inside: Inside, inside_shell: Shell
) -> None:
    one, full = inside.key("one"), inside.key("full")
    ended = "Exec finished (node=n1, id=abc, code 0)"
    for text in (ended, "between", ended):
        inside.operator.call("lab.enqueue", {"key": one, "text": text})
    for number in range(24):
        inside.operator.call("lab.enqueue", {"key": full, "text": f"line {number}"})
    document, _ = shown(inside_shell)
    mine = [event for event in document["system_events"] if event["session_key"] == one]
    assert [event["text"] for event in mine] == inside.event_texts(one)
    assert [event["copies"] for event in mine] == [2, 1, 2]
    assert mine[2]["copy_of"] == 0
    truth = {queue["key"]: queue["events"] for queue in inside.truth()["systemEvents"]}
    assert [event["queued_at_ms"] for event in mine] == [event["ts"] for event in truth[one]]
    queues = {queue["session_key"]: queue for queue in document["system_event_queues"]}
    assert (queues[full]["count"], queues[full]["at_cap"]) == (20, True)
    assert "at the cap of 20" in inside_shell.run("snapshot").out


@pytest.mark.parametrize("by", ["channel", "rpc"])
def test_a_message_behind_an_orphan_is_counted_as_waiting(
    inside: Inside, inside_shell: Shell, by: str
) -> None:
    key = inside.key("orphan")
    inside.orphan(key)
    if by == "channel":
        inside.waiting(key)
    else:
        send(inside.operator, key, "are you there?")
    waiting = eventually(
        lambda: shown(inside_shell)[1][key]["waiting"], f"message that waits for {key}"
    )
    assert waiting == 1


def test_a_heartbeat_run_is_a_lock_like_others(lone_scene: LoneScene, tmp_path: Path) -> None:
    heartbeat = {"every": "12h", "prompt": "look around [[hang]]"}
    extra = {"agents": {"defaults": {"heartbeat": heartbeat}}}
    scene = lone_scene(SEPTEMBER, companion="acts", config_extra=extra)
    scene.operator.call("wake", {"mode": "now", "text": "look around"})
    key = "agent:main:main"
    eventually(lambda: key in scene.locks(), "lock of a heartbeat run", 60)
    _, locks = shown(Shell(tmp_path, scene.gateway.url, scene.gateway.token))
    assert locks.keys() == scene.locks().keys()
    assert locks[key]["holder"] == "heartbeat"
