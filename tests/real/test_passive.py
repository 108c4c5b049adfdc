"""Whether a command that nobody can answer fares the same with the dashboard open as without."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from clawtop.screen.app import ClawtopApp

from .conftest import APRIL, SEPTEMBER
from .lab import FakeProvider, Operator, RealGateway
from .lab.trouble import send, wait_final
from .living import dashboard, soon
from .shell import Shell

pytestmark = pytest.mark.real

AT_ONCE_S = 15.0  # a turn with two answers of the model; a command that waits, waits minutes
TALKS = ("operator.read", "operator.write")  # these scopes make nobody a route
ASKS = ("operator.approvals",)  # whoever asks does not count for its own request


class Alone:
    """A gateway on which nobody can answer an approval, unless clawtop is taken for one."""

    def __init__(self, gateway: RealGateway, talker: Operator, asker: Operator) -> None:
        self.gateway, self._talker, self._asker = gateway, talker, asker

    def ends_at_once(self, name: str) -> bool:
        """Ask for a command; whether that is settled at once, as nobody could answer."""
        if self.gateway.version == SEPTEMBER:
            return self._agent_goes_on(name)
        return self._request_is_settled(name)

    def _agent_goes_on(self, name: str) -> bool:
        """An agent asks, and its turn ends by itself."""
        run_id = send(self._talker, f"agent:main:{name}", f"[[exec:touch {name}]]")
        try:
            wait_final(self._talker, run_id, AT_ONCE_S)
        except TimeoutError:
            return False
        assert not (self.gateway.home / "workspace" / name).exists()
        return True

    def _request_is_settled(self, name: str) -> bool:
        """A client asks. A turn begun by ``chat.send`` would wait in any case (2026.5.28): the
        chat itself counts as somebody who can answer."""
        params = {
            "command": f"touch {name}",
            "host": "gateway",
            "agentId": "main",
            "sessionKey": f"agent:main:{name}",
            "timeoutMs": 600_000,
            "twoPhase": True,
        }
        answer = self._asker.call("exec.approval.request", params, timeout=AT_ONCE_S)
        assert ("decision" in answer) != (answer.get("status") == "accepted")
        return answer.get("decision", "") is None


@pytest.fixture(scope="module")
def everybody_alone() -> Iterator[dict[str, Alone]]:
    with ExitStack() as exits:
        started: dict[str, Alone] = {}
        for version in (APRIL, SEPTEMBER):
            provider = exits.enter_context(FakeProvider())
            gateway = exits.enter_context(RealGateway(version, provider, approvals=True))
            talker = exits.enter_context(gateway.operator(scopes=TALKS))
            wait_final(talker, send(talker, "agent:main:warm", "[[answer:hello]]"), 60)
            asker = exits.enter_context(gateway.operator(scopes=ASKS))
            started[version] = Alone(gateway, talker, asker)
        yield started


@pytest.fixture
def alone(everybody_alone: dict[str, Alone], version: str) -> Alone:
    return everybody_alone[version]


@pytest.fixture
def shell(alone: Alone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    found = Shell(tmp_path, alone.gateway.url, alone.gateway.token)
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, found.env[name])
    return found


def head(app: ClawtopApp) -> str:
    return str(app.screen._compositor.render_strips()[0].text)


def with_dashboard(shell: Shell, alone: Alone, name: str, *words: str) -> tuple[str, bool]:
    """Its header, and whether the command is denied at once while it is open."""
    found: list[tuple[str, bool]] = []

    async def story() -> None:
        app = dashboard(shell, *words)
        async with app.run_test(size=(120, 36)):
            await soon(lambda: "  live  " in head(app), "live link")
            ended = await asyncio.to_thread(alone.ends_at_once, name)
            assert app.store.link_up
            found.append((head(app), ended))

    asyncio.run(story())
    return found[0]


def test_without_clawtop_it_is_denied_at_once(alone: Alone) -> None:
    assert alone.ends_at_once("nobody")


@pytest.mark.parametrize("version", [SEPTEMBER])
@pytest.mark.parametrize("words", [(), ("--approvals", "on"), ("--read-only",)])
def test_with_the_dashboard_open_it_is_denied_at_once_all_the_same(
    alone: Alone, shell: Shell, words: tuple[str, ...]
) -> None:
    line, ended = with_dashboard(shell, alone, f"watched{len(''.join(words))}", *words)
    assert ended
    assert "passive" in line
    assert "APPROVAL ROUTE" not in line


@pytest.mark.parametrize("version", [APRIL])
@pytest.mark.parametrize("words", [("--approvals", "off"), ("--read-only",)])
def test_in_april_it_is_passive_where_told_so(
    alone: Alone, shell: Shell, words: tuple[str, ...]
) -> None:
    line, ended = with_dashboard(shell, alone, f"watched{len(''.join(words))}", *words)
    assert ended
    assert "passive" in line
    told = shell.run("doctor", *words).out
    assert "passive: being connected like this changes nothing" in told


@pytest.mark.parametrize("version", [APRIL])
def test_in_april_it_is_a_route_otherwise_and_says_so(alone: Alone, shell: Shell) -> None:
    line, ended = with_dashboard(shell, alone, "routed")
    assert not ended
    assert "APPROVAL ROUTE" in line
    told = shell.run("doctor", "--approvals", "on").out
    assert "clawtop is a route for approvals" in told
