"""Releasing a hung run on a real gateway, and nothing beside it."""

from __future__ import annotations

import json

import pytest

from clawtop.gateway.methods import READ_METHODS

from .conftest import APRIL
from .scene import Scene
from .shell import Shell
from .wire import Wire

pytestmark = pytest.mark.real


def test_a_hung_run_is_told_from_one_that_works(scene: Scene, shell: Shell) -> None:
    hung, alive = scene.key("hung"), scene.key("alive")
    scene.chat(hung, "[[hang]]")
    scene.chat(alive, "[[drip:300]]")
    locks = shell.document("snapshot", "--stale-after", "5", "--observe", "6")["locks"]
    verdicts = {lock["session_key"]: lock["verdict"] for lock in locks}
    assert verdicts[hung] in ("quiet", "stale")
    assert verdicts[alive] == "working"


def test_releasing_a_hung_run_frees_it_and_leaves_its_neighbour(scene: Scene, shell: Shell) -> None:
    hung, alive = scene.key("hung"), scene.key("alive")
    run_id = scene.chat(hung, "[[hang]]")
    scene.chat(alive, "[[drip:300]]")
    before = scene.locks()
    action = shell.document("release", hung, "--yes", "--stale-after", "5")
    assert (action["outcome"], action["released"], action["accepted"]) == ("done", True, True)
    assert action["target"]["holder"] == "rpc"
    assert run_id in action["reason"]
    after = scene.locks()
    assert hung not in after
    assert after[alive]["sessionId"] == before[alive]["sessionId"]
    assert after[alive]["startedAtMs"] == before[alive]["startedAtMs"]
    (lock,) = shell.document("snapshot")["locks"]
    assert (lock["session_key"], lock["verdict"]) == (alive, "working")


def test_a_released_session_answers_the_next_message(scene: Scene, shell: Shell) -> None:
    key = scene.key("hung")
    scene.chat(key, "[[hang]]")
    assert shell.document("release", key, "--yes")["outcome"] == "done"
    scene.settled(key)


def test_a_release_sends_exactly_one_abort_over_a_link_of_its_own(
    scene: Scene, shell: Shell
) -> None:
    key = scene.key("hung")
    scene.chat(key, "[[hang]]")
    with Wire(scene.gateway.url) as wire:
        action = shell.document("release", key, "--yes", url=wire.url)
    acting = [
        [frame for frame in frames if frame["method"] not in READ_METHODS | {"connect"}]
        for frames in wire.connections
    ]
    sent = [frame for frames in acting for frame in frames]
    assert [frame["method"] for frame in sent] == ["sessions.abort"]
    assert action["plan"] == [f"sessions.abort {json.dumps(sent[0]['params'])}"]
    assert sent[0]["params"]["key"] == key
    (number,) = [number for number, frames in enumerate(acting) if frames]
    assert number > 0
    assert [frame["method"] for frame in wire.connections[number]] == ["connect", "sessions.abort"]


def test_a_release_that_expects_another_run_is_refused(scene: Scene, shell: Shell) -> None:
    key = scene.key("hung")
    scene.chat(key, "[[hang]]")
    ran = shell.run("release", key, "--yes", "--expect-run", "not-this-run")
    assert ran.code == 1
    assert "not-this-run" in ran.err
    assert key in scene.locks()


def test_a_session_that_nothing_holds_needs_no_release(scene: Scene, shell: Shell) -> None:
    key = scene.key("idle")
    scene.settled(key)
    action = shell.document("release", key, "--yes")
    assert (action["outcome"], action["requested"]) == ("nothing_to_do", False)


def test_a_session_that_does_not_exist_is_refused(scene: Scene, shell: Shell) -> None:
    ran = shell.run("release", scene.key("never"), "--yes")
    assert ran.code == 1
    assert "there is no session" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("version", [APRIL])
def test_a_leak_on_april_is_counted_and_never_pinned_on_a_session(
    scene: Scene, shell: Shell
) -> None:
    key = scene.key("leaked")
    scene.leak(key)
    document = shell.document("snapshot")
    assert document["unattributed_locks"] >= 1
    assert [lock for lock in document["locks"] if lock["proof"] == "proved"] == []
    with Wire(scene.gateway.url) as wire:
        ran = shell.run("release", key, "--yes", "--json", url=wire.url)
    action = ran.document()
    assert (ran.code, action["outcome"], action["requested"]) == (1, "refused", False)
    assert "cannot be named" in action["reason"]
    assert set(wire.methods) <= READ_METHODS | {"connect"}
    assert key in scene.locks()
