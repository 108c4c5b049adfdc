"""What is recorded on a real gateway replays to what that gateway held, and to its incidents."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .scene import Scene
from .shell import ROOT, Shell, finish

pytestmark = pytest.mark.real

WATCH = "32"  # seconds: two looks at everything, and long enough to name the leak


def test_a_recording_replays_to_the_same_picture_and_incidents(
    scene: Scene, shell: Shell, tmp_path: Path
) -> None:
    scene.decider()
    leaked, asks, hung = scene.key("leaked"), scene.key("asks"), scene.key("hung")
    scene.leak(leaked)
    scene.chat(hung, "[[hang]]")
    scene.ask(asks, ["make deploy"] * 4)
    scene.operator.call("system-event", {"text": f"event {asks}"})
    tape = tmp_path / "tape"
    recording = shell.start("record", str(tape), "--for", WATCH, "--approvals", "on")
    live = shell.document("snapshot", "--approvals", "on", "--observe", WATCH)
    recorded = finish(recording, 60)
    assert recorded.code == 0, recorded.err
    replay = [sys.executable, "-W", "error", "-m", "clawtop", "replay", str(tape), "--json"]
    done = subprocess.run(
        replay, cwd=ROOT, env=shell.env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    body = json.loads(done.stdout)
    mine = {leaked, asks, hung}
    assert told(body["picture"], mine) == told(live, mine)
    assert {"I-01"} <= {one["id"] for one in body["first_nameable"]}
    named = {hung, leaked} if scene.later else {hung}  # April names no lock without a row
    assert {one["session_key"] for one in body["picture"]["locks"]} == named
    content = tape.read_text(encoding="utf-8")
    assert scene.gateway.token not in content
    for word in ("deviceToken", "configPath", "stateDir"):
        assert word not in content


def told(picture: dict[str, Any], mine: set[str]) -> dict[str, Any]:
    """What does not change between two looks at sessions in which nothing happens."""
    return {
        "gateway": {name: picture["gateway"][name] for name in ("version", "boot_id", "scopes")},
        "coverage": picture["coverage"],
        "events": [one["text"] for one in picture["system_events"]],
        "approvals": [(one["id"], one["command"]) for one in picture["approvals"]],
        "locks": {one["session_key"]: one["holder"] for one in picture["locks"]},
        "incidents": {
            (one["id"], one["key"]) for one in picture["incidents"] if one["session_key"] in mine
        },
    }
