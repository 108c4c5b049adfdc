"""Acting on a real gateway over a link that fails: what is said is what its own memory shows."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from clawtop.errors import NO_FRAMES
from clawtop.screen.header import freshness

from .conftest import SEPTEMBER, LoneScene
from .living import living_watcher, soon
from .scene import Scene
from .shell import Shell
from .wire import CUT, LOSE, NONSENSE, SILENCE, Wire

pytestmark = pytest.mark.real

FAULTS = (LOSE, CUT, SILENCE, NONSENSE)
CODES = {"done": 0, "unknown": 4}


def acted(scene: Scene, shell: Shell, method: str, fault: str, *words: str) -> dict[str, Any]:
    """The document of one action under that fault: sent at most once, told and logged alike."""
    with Wire(scene.gateway.url, faults={method: fault}) as wire:
        ran = shell.run(*words, "--json", "--timeout", "3", url=wire.url)
    action = ran.document()
    assert wire.methods.count(method) == 1
    assert action["requested"] is True
    assert ran.code == CODES[action["outcome"]]
    text = shell.log_file.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["phase"] for line in lines] == ["begin", "end"]
    assert lines[1]["outcome"] == action["outcome"]
    assert scene.gateway.token not in text
    return action


@pytest.mark.parametrize("fault", FAULTS)
def test_a_release_says_what_became_of_it(scene: Scene, shell: Shell, fault: str) -> None:
    key = scene.key("hung")
    scene.chat(key, "[[hang]]")
    words = ("release", key, "--step", "abort-session", "--yes", "--wait", "10")
    action = acted(scene, shell, "sessions.abort", fault, *words)
    if fault == LOSE:
        assert (action["outcome"], action["released"]) == ("unknown", None)
        assert key in scene.locks()
    else:
        assert (action["outcome"], action["accepted"]) == ("done", None)
        assert action["released"] is True
        assert key not in scene.locks()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_denial_says_what_became_of_it(scene: Scene, shell: Shell, fault: str) -> None:
    scene.decider()
    (asked,) = scene.ask(scene.key("asks"), ["make deploy"])
    method = "approval.resolve" if scene.later else "exec.approval.resolve"
    action = acted(scene, shell, method, fault, "deny", asked, "--yes")
    (item,) = action["items"]
    if fault == LOSE:
        assert item["outcome"] == "unknown"
        assert asked in scene.pending()
    else:
        assert item["outcome"] == ("done" if fault == NONSENSE else "unknown")
        assert asked not in scene.pending()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_pause_without_an_answer_is_unknown_and_goes_on_reminding(
    scene: Scene, shell: Shell, fault: str
) -> None:
    with Wire(scene.gateway.url, faults={"set-heartbeats": fault}) as wire:
        words = ("heartbeats", "pause", "--confirm-gateway", wire.url.split("//")[1], "--json")
        ran = shell.run(*words, "--timeout", "3", url=wire.url)
        assert (ran.code, ran.document()["outcome"]) == (4, "unknown")
        assert wire.methods.count("set-heartbeats") == 1
        told = shell.document("heartbeats", "status", url=wire.url)
        assert told["state"] == "unknown"
    assert shell.run("heartbeats", "resume", "--yes").code == 0


# -- the link itself


def test_a_wrong_secret_is_tried_once_and_told(scene: Scene, shell: Shell) -> None:
    shell.token_file.write_text("c4nary-not-the-secret\n", encoding="utf-8")
    with Wire(scene.gateway.url) as wire:
        ran = shell.run("snapshot", url=wire.url)
    assert ran.code == 3
    assert "refused the secret" in ran.err
    assert "c4nary" not in ran.out + ran.err
    assert len(wire.connections) == 1


def test_a_gateway_that_stands_still_is_told_by_its_age_and_then_given_up(
    lone_scene: LoneScene, tmp_path: Path, version: str
) -> None:
    """SIGSTOP: the link is half open, nobody says goodbye."""
    scene = lone_scene(version)
    shell = Shell(tmp_path, scene.gateway.url, scene.gateway.token)
    key = scene.key("held")
    scene.chat(key, "[[drip:300]]")
    pid = scene.gateway.pid
    assert pid is not None

    async def story() -> None:
        async with living_watcher(shell) as watcher:
            store = watcher.store

            def shown() -> str:
                store.refresh(watcher.clock.now_ms())
                return freshness(store)

            await soon(lambda: key in store.held.locks and shown() == "live", "lock")
            os.killpg(pid, signal.SIGSTOP)
            try:
                await soon(lambda: shown().startswith("data "), "word of old data")
                assert store.link_up
                await soon(lambda: not store.link_up, "end of the dead link", 90)
                assert NO_FRAMES in store.link_why
                assert shown().startswith("LINK LOST, data 1m")
                assert key in store.held.locks
            finally:
                os.killpg(pid, signal.SIGCONT)
            watcher.reconnect_now()
            await soon(lambda: store.link_up and shown() == "live", "return", 60)

    asyncio.run(story())


@pytest.mark.parametrize("version", [SEPTEMBER])
def test_a_draining_gateway_is_named_so(
    lone_scene: LoneScene, tmp_path: Path, version: str
) -> None:
    """2026.5.28 lets new links in while it drains (measured)."""
    scene = lone_scene(version)
    shell = Shell(tmp_path, scene.gateway.url, scene.gateway.token)
    scene.chat(scene.key("hung"), "[[hang]]")
    request = {"reason": "test", "skipDeferral": True}
    scene.operator.call("gateway.restart.request", request)
    ran = shell.run("snapshot")
    assert ran.code == 3
    assert "draining" in ran.err
    assert ran.err.count("\n") == 1
