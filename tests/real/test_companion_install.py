"""The companion into real homes and out again, by the gateways' own command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import WebSocketException

from clawtop.gateway.plugin_install import companion_folder, own_version

from .conftest import VERSIONS, LoneScene
from .lab import CallError, FakeProvider, RealGateway, install
from .lab.config import build_env
from .scene import eventually
from .shell import Ran, Shell

pytestmark = pytest.mark.real

PATIENCE_S = 60.0


class Companion:
    """``clawtop companion`` on the host of one gateway, as the gateway's own user."""

    def __init__(self, gateway: RealGateway, folder: Path) -> None:
        self.gateway = gateway
        self.shell = Shell(folder, gateway.url, gateway.token)
        own = {name: self.shell.env[name] for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME")}
        self.shell.env = build_env(gateway.home, None) | own
        self.program = str(install(gateway.version))

    def run(self, *words: str) -> Ran:
        return self.shell.run("companion", *words, "--openclaw", self.program, timeout=180)

    def status(self) -> tuple[int, dict[str, Any]]:
        """Its exit code and its document."""
        ran = self.run("status", "--json")
        assert ran.err == ""
        return ran.code, ran.document()

    def config(self) -> Any:
        """What the gateway's config means: without its notes on who wrote it, and emptiness."""
        config = json.loads(self.gateway.config_path.read_text(encoding="utf-8"))
        config.pop("meta", None)
        return _without_empty(config)


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner not in ({}, [])}
    return value


@pytest.mark.parametrize("version", VERSIONS)
def test_installed_it_is_loaded_and_uninstalled_nothing_of_it_is_left(
    version: str, lone_scene: LoneScene, tmp_path: Path
) -> None:
    gateway = lone_scene(version, plugin=False).gateway
    companion = Companion(gateway, tmp_path)
    before = companion.config()
    code, found = companion.status()
    assert (code, found["loaded"], found["config"]["installed"]) == (1, False, False)

    ran = companion.run("install", "--yes")
    assert (ran.code, ran.err) == (0, "")
    gateway.restart()
    code, found = companion.status()
    assert (code, found["loaded"], found["answers"], found["can_release"]) == (0, True, True, False)
    assert found["config"]["folders"] == [str(companion_folder())]
    assert (found["version"], found["cannot_read"], found["next"]) == (own_version(), {}, None)

    # The switch alone is taken up by the running gateway, on either generation.
    ran = companion.run("install", "--yes", "--allow-release")
    assert (ran.code, ran.err) == (0, "")
    assert "you need not restart it" in ran.out
    code, found = companion.status()
    assert (code, found["can_release"], found["next"]) == (0, True, None)

    ran = companion.run("uninstall", "--yes")
    assert (ran.code, ran.err) == (0, "")
    gateway.restart()
    code, found = companion.status()
    assert (code, found["loaded"], found["config"]["installed"]) == (1, False, False)
    assert companion.config() == before


@pytest.mark.parametrize("version", VERSIONS)
def test_beside_another_plugin_a_running_gateway_takes_it_up_without_harm_to_what_runs(
    version: str, lone_scene: LoneScene, tmp_path: Path
) -> None:
    """2026.9.6 at once; 2026.5.28 restarts by itself, but only when the run has ended."""
    scene = lone_scene(version)
    companion = Companion(scene.gateway, tmp_path)
    before = companion.config()
    key = scene.key("busy")
    scene.chat(key, "[[hang]]")
    eventually(lambda: key in scene.locks(), "lock")

    ran = companion.run("install", "--yes", "--wait", "1s")
    assert (ran.code, ran.err) == (0, "")
    assert f"{key}, held by rpc" in ran.out
    assert key in scene.locks()

    scene.provider.release_hangs()
    eventually(lambda: is_loaded(scene.gateway), "companion", PATIENCE_S)
    assert companion.status()[0] == 0

    ran = companion.run("uninstall", "--yes")
    assert (ran.code, ran.err) == (0, "")
    assert companion.config() == before
    eventually(lambda: is_loaded(scene.gateway) is False, "end of the companion", PATIENCE_S)


def is_loaded(gateway: RealGateway) -> bool | None:
    """Whether the gateway lists the companion's method; None: it does not answer now."""
    try:
        with gateway.operator() as operator:
            return "clawtop.snapshot" in operator.hello["features"]["methods"]
    except (OSError, WebSocketException, CallError):
        return None  # it restarts


@pytest.fixture
def stopped() -> Iterator[Callable[[str], RealGateway]]:
    """Makes a home with a config whose gateway is not started."""
    with ExitStack() as exits:

        def make(version: str) -> RealGateway:
            provider = exits.enter_context(FakeProvider())
            gateway = RealGateway(version, provider, plugin=False)
            exits.callback(gateway.close)
            return gateway

        yield make


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("text", "why"),
    [('{ "gateway": { "mode": "local"', "not complete JSON5"), ('{"gateway": 5}', "invalid")],
    ids=["half-written", "wrong shape"],
)
def test_a_broken_config_stays_as_it_is(
    version: str,
    text: str,
    why: str,
    stopped: Callable[[str], RealGateway],
    tmp_path: Path,
) -> None:
    gateway = stopped(version)
    gateway.config_path.write_text(text, encoding="utf-8")
    companion = Companion(gateway, tmp_path)
    for words in (("install", "--yes"), ("uninstall", "--yes")):
        ran = companion.run(*words)
        assert ran.code == 1
        assert why in ran.err
        assert "nothing was changed" in ran.err
        assert gateway.config_path.read_text(encoding="utf-8") == text
