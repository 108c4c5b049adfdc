"""Signing in from elsewhere: a device that is paired, asks for more, and is turned out again."""

from __future__ import annotations

import asyncio
import json
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from clawtop.screen.app import ClawtopApp

from .far import FarShell, approve, on_the_host, paired, pending
from .lab import FakeProvider, Operator, RealGateway
from .living import dashboard, soon
from .shell import Ran

pytestmark = pytest.mark.real

APPROVE = re.compile(r"openclaw devices approve ([0-9a-f-]{36})")


class Place:
    """A gateway that is open to other hosts, its operator on the host, and clawtop elsewhere."""

    def __init__(self, gateway: RealGateway, operator: Operator, home: Path) -> None:
        self.gateway, self.operator = gateway, operator
        self.shell = FarShell(home, gateway)

    def pair(self, *words: str) -> None:
        """Ask with these words, and have it approved."""
        assert self.shell.run("snapshot", *words).code == 3
        approve(self.operator)
        assert self.shell.run("snapshot", *words).code == 0

    @property
    def device_id(self) -> str:
        found: str = json.loads(self.shell.kept()[0].read_text())["device_id"]
        return found

    def leaks(self, *runs: Ran) -> list[str]:
        """Secrets that any of these printed."""
        kept = "".join(path.read_text() for path in self.shell.kept())
        secrets = [self.gateway.token, *re.findall(r'"(?:token|private_key)": "([^"]+)"', kept)]
        assert len(secrets) >= 2
        return [one for one in secrets for ran in runs if one in ran.out + ran.err]


MakePlace = Callable[[str], Place]


@pytest.fixture(scope="module")
def gateways_afar() -> Iterator[Callable[[str], tuple[RealGateway, Operator]]]:
    with ExitStack() as exits:
        started: dict[str, tuple[RealGateway, Operator]] = {}

        def get(version: str) -> tuple[RealGateway, Operator]:
            if version not in started:
                provider = exits.enter_context(FakeProvider())
                gateway = exits.enter_context(RealGateway(version, provider, bind="lan"))
                started[version] = gateway, exits.enter_context(gateway.operator())
            return started[version]

        yield get


@pytest.fixture
def place(
    gateways_afar: Callable[[str], tuple[RealGateway, Operator]], version: str, tmp_path: Path
) -> Iterator[Place]:
    found = Place(*gateways_afar(version), tmp_path)
    yield found
    for one in pending(found.operator):
        found.operator.call("device.pair.reject", {"requestId": one["requestId"]})


@pytest.fixture
def at_home(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs in the test's own process keeps its key where the shell's commands do."""
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, place.shell.env[name])


def text(app: ClawtopApp) -> str:
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def test_once_approved_the_device_token_alone_opens_it(place: Place) -> None:
    shell = place.shell
    asked, again = shell.run("snapshot"), shell.run("snapshot")
    assert (asked.code, asked.out) == (3, "")
    assert asked.err == again.err
    assert asked.err.count("\n") == 1
    (request_id,) = APPROVE.findall(asked.err)
    (request,) = pending(place.operator)
    assert (request["requestId"], request["scopes"]) == (request_id, ["operator.read"])
    assert approve(place.operator) == request_id
    first = shell.run("snapshot", "--json")
    shell.with_secret = False
    alone = shell.run("snapshot", "--json")
    assert (first.code, alone.code) == (0, 0), alone.err
    assert alone.document()["gateway"]["scopes"] == ["operator.read"]
    kept = shell.kept()
    assert [stat.S_IMODE(path.stat().st_mode) for path in kept] == [0o600, 0o600]
    told = shell.run("doctor")
    assert "this device is approved" in told.out
    assert place.leaks(asked, again, first, alone, told) == []


def test_the_command_that_is_shown_is_the_one_that_works(place: Place) -> None:
    asked = place.shell.run("snapshot")
    found = APPROVE.search(asked.err)
    assert found is not None
    done = on_the_host(place.gateway, found.group())
    assert done.returncode == 0, done.stderr
    assert place.shell.run("snapshot").code == 0


@pytest.mark.usefixtures("at_home")
def test_the_dashboard_shows_the_request_and_goes_on_once_it_is_approved(place: Place) -> None:
    async def story() -> None:
        app = dashboard(place.shell)
        async with app.run_test(size=(80, 24)):
            await soon(lambda: APPROVE.search(text(app)), "command to approve it")
            assert "trying again" in text(app)
            found = APPROVE.search(text(app))
            assert found is not None
            approved = await asyncio.to_thread(approve, place.operator)
            assert approved == found.group(1)
            await soon(lambda: "  live  " in text(app).splitlines()[0], "live link", 20)
            assert not APPROVE.search(text(app))

    asyncio.run(story())
    (device,) = [one for one in paired(place.operator) if one["deviceId"] == place.device_id]
    assert {"operator.read", "operator.approvals", "operator.admin"} <= set(device["scopes"])


def test_more_scopes_are_asked_for_by_name_and_nobody_asks_by_accident(place: Place) -> None:
    shell = place.shell
    place.pair("--read-only")
    looked = shell.run("snapshot", "--json")
    assert (looked.code, pending(place.operator)) == (0, []), looked.err
    assert looked.document()["gateway"]["scopes"] == ["operator.read"]
    shell.with_secret = False
    alone = shell.run("snapshot", "--approvals", "on")
    assert alone.code == 3
    assert "approved this device for less than operator.read, operator.approvals" in alone.err
    assert pending(place.operator) == []
    shell.with_secret = True
    more = shell.run("snapshot", "--approvals", "on")
    (request_id,) = APPROVE.findall(more.err)
    assert "operator.admin" in more.err
    assert (more.code, approve(place.operator)) == (3, request_id)
    granted = shell.run("snapshot", "--approvals", "on", "--json").document()["gateway"]["scopes"]
    assert "operator.admin" in granted


def test_an_action_says_which_scope_is_missing_and_how_to_grant_it(place: Place) -> None:
    place.pair("--read-only")
    before = place.operator.call("last-heartbeat")
    refused = place.shell.run("heartbeats", "resume", "--yes")
    assert refused.code == 1, refused.err
    assert "operator.admin" in refused.out + refused.err
    assert APPROVE.search(refused.out + refused.err)
    assert place.operator.call("last-heartbeat") == before


@pytest.mark.usefixtures("at_home")
def test_a_removed_device_is_told_so_once_and_stops(place: Place) -> None:
    place.pair("--read-only")

    async def story() -> None:
        app = dashboard(place.shell, "--read-only")
        async with app.run_test(size=(80, 24)):
            await soon(lambda: "  live  " in text(app).splitlines()[0], "live link")
            removed = {"deviceId": place.device_id}
            await asyncio.to_thread(place.operator.call, "device.pair.remove", removed)
            await soon(lambda: app.problem is not None, "end of the watch")
            assert app.problem is not None
            assert "this device was removed" in app.problem

    asyncio.run(story())
    assert pending(place.operator) == []
    place.shell.with_secret = False
    alone = place.shell.run("snapshot", "--read-only")
    assert alone.code == 3
    assert "does not take this device's token any more" in alone.err
    assert "--token-file" in alone.err
    place.shell.with_secret = True
    place.pair("--read-only")


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("method", ["device.token.rotate", "device.token.revoke"])
def test_a_live_link_whose_token_goes_is_told_so_once_and_r_asks_again(
    place: Place, method: str
) -> None:
    place.pair("--read-only")
    who = {"deviceId": place.device_id, "role": "operator"}

    async def story() -> None:
        app = dashboard(place.shell, "--read-only")
        async with app.run_test(size=(80, 24)) as pilot:
            await soon(lambda: "  live  " in text(app).splitlines()[0], "live link")
            watcher = app.watcher
            assert watcher is not None
            assert watcher.opened_by is not None
            assert watcher.opened_by.kind == "deviceToken"
            await asyncio.to_thread(place.operator.call, method, who)
            await soon(lambda: app.problem is not None, "end of the watch")
            assert "or its token was replaced" in (app.problem or "")
            await soon(lambda: "LINK LOST" in text(app).splitlines()[0], "word of it")
            assert (watcher.attempt, watcher.link) == (0, None), "it was not tried again"
            await pilot.press("r")
            if method == "device.token.rotate":
                await soon(lambda: "  live  " in text(app).splitlines()[0], "link by the secret")
            else:
                await soon(lambda: APPROVE.search(text(app)), "command to approve it")
                assert "took back" in app.store.link_why

    asyncio.run(story())
    assert len(pending(place.operator)) == (1 if method == "device.token.revoke" else 0)


@pytest.mark.usefixtures("at_home")
def test_without_the_secret_a_token_that_was_replaced_ends_the_watch(place: Place) -> None:
    place.pair("--read-only")
    place.shell.with_secret = False
    who = {"deviceId": place.device_id, "role": "operator"}

    async def story() -> None:
        app = dashboard(place.shell, "--read-only")
        async with app.run_test(size=(80, 24)) as pilot:
            await soon(lambda: "  live  " in text(app).splitlines()[0], "live link")
            await asyncio.to_thread(place.operator.call, "device.token.rotate", who)
            await soon(lambda: app.problem is not None, "end of the watch")
            await pilot.press("r")
            await soon(lambda: "--token-file" in (app.problem or ""), "what to do")
            assert "does not take this device's token any more" in (app.problem or "")

    asyncio.run(story())
    assert pending(place.operator) == []


@pytest.mark.usefixtures("at_home")
def test_a_device_approved_for_less_shows_what_it_may_until_the_rest_is_approved(
    place: Place,
) -> None:
    place.pair("--read-only")

    async def story() -> None:
        app = dashboard(place.shell)
        async with app.run_test(size=(80, 24)):
            await soon(lambda: "  live  " in text(app).splitlines()[0], "live link")
            await soon(lambda: APPROVE.search(text(app)), "command to approve the rest")
            assert app.store.facts is not None
            assert app.store.facts.scopes == ("operator.read",)
            assert "NOT GRANTED approvals, admin" in text(app).splitlines()[0]
            found = APPROVE.search(text(app))
            assert found is not None
            assert await asyncio.to_thread(approve, place.operator) == found.group(1)
            await soon(lambda: "can act" in text(app).splitlines()[0], "all of it", 40)
            assert "operator.admin" in app.store.facts.scopes
            assert not APPROVE.search(text(app))

    asyncio.run(story())
    assert pending(place.operator) == []


def test_a_replaced_device_token_is_fetched_again_with_the_secret(place: Place) -> None:
    shell = place.shell
    place.pair("--read-only")
    old = shell.kept()[1].read_text()
    who = {"deviceId": place.device_id, "role": "operator"}
    place.operator.call("device.token.rotate", who)
    assert shell.run("snapshot", "--read-only").code == 0
    assert shell.kept()[1].read_text() != old
    place.operator.call("device.token.revoke", who)
    revoked = shell.run("snapshot", "--read-only")
    assert revoked.code == 3
    assert APPROVE.search(revoked.err)
    assert "took back" in revoked.err


def test_after_the_secret_was_rotated_the_device_still_opens_it(
    version: str, tmp_path: Path
) -> None:
    with FakeProvider() as provider, RealGateway(version, provider, bind="lan") as gateway:
        with gateway.operator() as operator:
            place = Place(gateway, operator, tmp_path)
            place.pair("--read-only")
        gateway.token = "rotated-" + gateway.token
        gateway.restart()
        assert place.shell.run("snapshot", "--read-only").code == 0
        refused = place.shell.run("snapshot", url=gateway.url)
    assert refused.code == 3
    assert "refused the secret" in refused.err
    assert "--token-file" in refused.err
