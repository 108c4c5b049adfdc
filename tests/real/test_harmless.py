"""Looking changes nothing: what crosses the wire to a real gateway, and what it does there."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from clawtop.gateway.methods import READ_METHODS

from .conftest import APRIL, SEPTEMBER
from .lab.trouble import send, wait_final
from .scene import Scene, eventually
from .shell import Shell, finish
from .wire import Wire

pytestmark = pytest.mark.real

READ_ONLY = ["operator.read"]


class Look(NamedTuple):
    """A command that must not change anything, and the exit code it ends with."""

    words: Callable[[str, str], tuple[str, ...]]
    code: int


LOOKS = {
    "snapshot": Look(lambda _key, _id: ("snapshot",), 0),
    "doctor": Look(lambda _key, _id: ("doctor",), 0),
    "dry release": Look(lambda key, _id: ("release", key, "--dry-run"), 0),
    "unconfirmed release": Look(lambda key, _id: ("release", key), 1),
    "read-only release": Look(lambda key, _id: ("release", key, "--read-only", "--yes"), 1),
    "dry denial": Look(lambda _key, one: ("deny", one, "--dry-run"), 0),
    "dry denial of copies": Look(
        lambda _key, _id: ("deny", "--duplicates", "--keep", "none", "--dry-run"), 0
    ),
    "unconfirmed denial": Look(lambda _key, one: ("deny", one), 1),
}


def test_only_reading_crosses_the_wire(scene: Scene, shell: Shell) -> None:
    scene.decider()
    key = scene.key("hung")
    scene.chat(key, "[[hang]]")
    ids = scene.ask(scene.key("asks"), ["make deploy", "make deploy"])
    with ExitStack() as exits:
        wires = {name: exits.enter_context(Wire(scene.gateway.url)) for name in LOOKS}
        words = {name: look.words(key, ids[0]) for name, look in LOOKS.items()}
        started = {name: shell.start(*words[name], url=wires[name].url) for name in LOOKS}
        codes = {name: finish(process, 60).code for name, process in started.items()}
    assert codes == {name: look.code for name, look in LOOKS.items()}
    assert min(len(wire.methods) for wire in wires.values()) > 3
    acting = {name: set(wire.methods) - READ_METHODS - {"connect"} for name, wire in wires.items()}
    assert acting == {name: set() for name in LOOKS}
    assert wires["read-only release"].scopes == [READ_ONLY]
    assert key in scene.locks()
    assert scene.pending().keys() == set(ids)
    assert not shell.log_file.exists()


@pytest.mark.parametrize("version", [APRIL])
def test_a_snapshot_of_april_asks_for_reading_alone(scene: Scene, shell: Shell) -> None:
    with Wire(scene.gateway.url) as wire:
        document = shell.document("snapshot", url=wire.url)
    assert wire.scopes == [READ_ONLY]
    assert document["approvals"] is None
    assert document["gateway"]["approval_route"] is False
    assert document["coverage"]["approvals"]["level"] == "none"


@pytest.mark.parametrize("version", [APRIL])
def test_a_snapshot_of_april_with_approvals_says_that_it_is_a_route(
    scene: Scene, shell: Shell
) -> None:
    document = shell.document("snapshot", "--approvals", "on")
    assert document["gateway"]["approval_route"] is True
    assert document["approvals"] == []
    assert "APPROVAL ROUTE" in shell.run("snapshot", "--approvals", "on").out


def test_no_approval_capability_is_ever_announced(scene: Scene, shell: Shell) -> None:
    with Wire(scene.gateway.url) as wire:
        shell.document("snapshot", "--approvals", "on", url=wire.url)
    connects = [frames[0]["params"] for frames in wire.connections]
    assert {json.dumps(connect.get("caps", [])) for connect in connects} == {"[]"}


@pytest.mark.parametrize("version", [SEPTEMBER])
def test_a_command_nobody_can_answer_is_denied_at_once_while_clawtop_watches(
    scene: Scene, shell: Shell
) -> None:
    key = scene.key("execs")
    with Wire(scene.gateway.url) as wire:
        watching = shell.start("snapshot", "--json", "--observe", "8", url=wire.url)
        eventually(lambda: "exec.approval.list" in wire.methods, "look at the approvals")
        run_id = send(scene.operator, key, "[[exec:touch clawtop-was-here]]")
        wait_final(scene.operator, run_id)
        items = scene.operator.call("approval.history", {"limit": 20})["items"]
        still_there = watching.poll() is None
        ran = finish(watching, 30)
    (mine,) = [one for one in items if (one.get("source") or {}).get("sessionKey") == key]
    assert (mine["status"], mine["reason"]) == ("denied", "no-route")
    assert mine["resolvedAtMs"] - mine["createdAtMs"] < 2_000
    assert still_there
    assert ran.document()["gateway"]["approval_route"] is False
    assert not (scene.gateway.home / "workspace" / "clawtop-was-here").exists()
