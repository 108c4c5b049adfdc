"""What takes a gateway a minute: both stories begin together, so that they pass together."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from .conftest import APRIL, SEPTEMBER, Gateways
from .lab import FakeProvider, RealGateway
from .lab.trouble import send
from .scene import Scene, eventually
from .shell import Shell, finish

pytestmark = pytest.mark.real

FORCED_AFTER_S = 100.0
RECOVERED_AFTER_S = 110.0
QUICK_RECOVERY = {"diagnostics": {"stuckSessionWarnMs": 5_000, "stuckSessionAbortMs": 10_000}}


class Leak(NamedTuple):
    """A leaked lock on September, and clawtop at work on it."""

    scene: Scene
    shell: Shell
    key: str
    session_id: str
    first_look: dict[str, object]
    release: subprocess.Popen[str]


class Stuck(NamedTuple):
    """A session that April's own recovery will try to free."""

    scene: Scene
    shell: Shell
    key: str


@pytest.fixture(scope="module")
def stuck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stuck]:
    with ExitStack() as exits:
        provider = exits.enter_context(FakeProvider())
        gateway = exits.enter_context(RealGateway(APRIL, provider, config_extra=QUICK_RECOVERY))
        scene = Scene(gateway, provider, exits.enter_context(gateway.operator()))
        key = scene.key("stuck")
        scene.settled(key)
        scene.chat(key, "[[hang]]")
        send(scene.operator, key, "are you there?")
        home = tmp_path_factory.mktemp("stuck")
        yield Stuck(scene, Shell(home, gateway.url, gateway.token), key)


@pytest.fixture(scope="module")
def leak(gateways: Gateways, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leak]:
    scene = gateways.scene(SEPTEMBER)
    shell = Shell(tmp_path_factory.mktemp("leak"), scene.gateway.url, scene.gateway.token)
    key = scene.key("leaked")
    session_id = scene.leak(key)
    (first,) = shell.document("snapshot")["locks"]
    release = shell.start("release", key, "--step", "abort-session", "--yes", "--json")
    yield Leak(scene, shell, key, session_id, first, release)
    release.kill()
    release.communicate()
    scene.tidy()


@pytest.fixture(autouse=True)
def both_begun(stuck: Stuck, leak: Leak) -> None:
    """Neither waits for the other."""


def test_a_leak_on_september_is_seen_at_once_and_not_called_healthy(leak: Leak) -> None:
    look = leak.first_look
    assert look["session_key"] == leak.key
    assert look["session_id"] == leak.session_id
    assert look["verdict"] in ("unknown", "leaked")
    assert (look["run_id"], look["holder"]) == (None, "unknown")


def test_a_leak_on_september_is_released_by_an_abort_and_patience(leak: Leak) -> None:
    eventually(lambda: _asked(leak), "abort")
    assert leak.key in leak.scene.locks(), "the abort alone must not free it"
    ran = finish(leak.release, FORCED_AFTER_S)
    action = ran.document()
    assert (ran.code, action["outcome"], action["released"]) == (0, "done", True)
    assert action["plan"] == [f'sessions.abort {{"key": "{leak.key}"}}']
    assert 30_000 < action["took_ms"] < 76_000
    assert leak.key not in leak.scene.locks()


def _asked(leak: Leak) -> bool:
    """The abort has reached the gateway's memory: its lock says so."""
    return leak.scene.locks()[leak.key]["phase"] == "aborted"


def test_a_recovery_attempt_on_april_is_shown_with_its_session_and_a_verdict(
    stuck: Stuck, tmp_path: Path
) -> None:
    def attempts() -> list[dict[str, object]]:
        found: list[dict[str, object]] = stuck.shell.document("snapshot")["recoveries"]
        return [one for one in found if one["completed_at_ms"] is not None]

    (attempt, *_) = eventually(attempts, "completed recovery attempt", RECOVERED_AFTER_S)
    assert attempt["session_key"] == stuck.key
    assert attempt["verdict"] in ("effective", "no_effect", "phantom", "failed")
    assert attempt["requested_at_ms"] <= attempt["completed_at_ms"]
    assert attempt["status"]
    written = stuck.scene.gateway.log_file.read_text(encoding="utf-8")
    assert "stuck session recovery" in written
    assert stuck.key in stuck.shell.run("snapshot").out.split("RECOVERY")[1]
