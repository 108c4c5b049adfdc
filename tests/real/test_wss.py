"""TLS to real gateways that made their own certificate: pinned, wrongly pinned, and not pinned."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.gateway.certificates import self_signed

from .lab import FakeProvider, RealGateway
from .living import dashboard, soon
from .shell import Ran, Shell
from .test_pairing import text
from .wire import Wire

pytestmark = pytest.mark.real

TOLD_BY = re.compile(r"openssl x509 [^~]*~/(\S+)")


class Guarded:
    """A gateway that listens with TLS only, and clawtop's command line on the same host."""

    def __init__(self, gateway: RealGateway, home: Path) -> None:
        self.gateway = gateway
        self.shell = Shell(home, gateway.url, gateway.token)
        certificate = gateway.home / ".openclaw" / "gateway" / "tls" / "gateway-cert.pem"
        der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
        self.pin = hashlib.sha256(der).hexdigest()

    def snapshot(self, *words: str, url: str | None = None) -> Ran:
        ran = self.shell.run("snapshot", *words, url=url)
        assert self.gateway.token not in ran.out + ran.err
        return ran


class AtHome(Shell):
    """clawtop's command line where the config lies, with no word of where or with what."""

    def __init__(self, home: Path, config: Path) -> None:
        super().__init__(home, "", "")
        self.env["OPENCLAW_CONFIG_PATH"] = str(config)

    def arguments(self, *words: str, url: str | None = None) -> list[str]:
        return list(words)


class _Started(dict[str, RealGateway]):
    def __init__(self, exits: ExitStack) -> None:
        super().__init__()
        self._exits = exits

    def __missing__(self, version: str) -> RealGateway:
        provider = self._exits.enter_context(FakeProvider())
        gateway = RealGateway(version, provider, tls=True)
        self[version] = self._exits.enter_context(gateway)
        return gateway


@pytest.fixture(scope="module")
def gateways_with_tls() -> Iterator[dict[str, RealGateway]]:
    with ExitStack() as exits:
        yield _Started(exits)


@pytest.fixture
def guarded(gateways_with_tls: dict[str, RealGateway], version: str, tmp_path: Path) -> Guarded:
    return Guarded(gateways_with_tls[version], tmp_path)


def test_the_pinned_certificate_opens_it(guarded: Guarded) -> None:
    ran = guarded.snapshot("--tls-fingerprint", guarded.pin, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.document()["gateway"]["version"] == guarded.gateway.version


def test_without_a_pin_it_says_what_to_do_and_that_is_what_helps(guarded: Guarded) -> None:
    ran = guarded.snapshot()
    assert (ran.code, ran.out, ran.err.count("\n")) == (3, "", 1)
    assert "does not trust the certificate of 127.0.0.1" in ran.err
    assert "--tls-fingerprint" in ran.err
    told_by = TOLD_BY.search(ran.err)
    assert told_by is not None
    command = told_by[0].rstrip(".\n").replace("~", str(guarded.gateway.home))
    told = subprocess.run(command.split(), capture_output=True, text=True, check=True).stdout
    assert guarded.snapshot("--tls-fingerprint", told.strip().partition("=")[2]).code == 0


def test_whoever_sits_on_the_way_hears_no_secret(guarded: Guarded, tmp_path: Path) -> None:
    theirs = self_signed(tmp_path / "theirs.pem")
    with Wire(guarded.gateway.url, tls=theirs.served()) as wire:
        wrong = guarded.snapshot("--tls-fingerprint", guarded.pin, url=wire.url)
        none = guarded.snapshot(url=wire.url)
        assert [frames for frames in wire.connections if frames] == []
        fooled = guarded.snapshot("--tls-fingerprint", theirs.fingerprint, url=wire.url)
        assert guarded.gateway.token in json.dumps(wire.connections), "it would have been heard"
    assert fooled.code == 0
    assert (wrong.code, wrong.out, wrong.err.count("\n")) == (3, "", 1)
    assert "is not the pinned one" in wrong.err
    assert (none.code, none.out) == (3, "")


def test_on_its_own_host_the_config_tells_the_certificate(guarded: Guarded) -> None:
    config = guarded.gateway.config_path
    body = json.loads(config.read_text())
    body["gateway"]["port"] = guarded.gateway.port
    body["gateway"]["auth"] = {"token": guarded.gateway.token}
    there = config.with_name("as-it-would-be.json")
    there.write_text(json.dumps(body))
    found = AtHome(guarded.shell.home, there).document("snapshot")
    assert found["gateway"]["version"] == guarded.gateway.version


def test_without_tls_it_says_that_it_may_be_wanted(guarded: Guarded) -> None:
    ran = guarded.snapshot(url=guarded.gateway.url.replace("wss://", "ws://"))
    assert (ran.code, ran.err.count("\n")) == (3, 1)
    assert "wants TLS" in ran.err
    assert "wss://" in ran.err


def test_the_dashboard_lives_on_it(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, guarded.shell.env[name])

    async def story() -> None:
        app = dashboard(guarded.shell, "--tls-fingerprint", guarded.pin)
        async with app.run_test(size=(80, 24)):
            await soon(lambda: "  live  " in text(app).splitlines()[0], "live link")
            assert guarded.gateway.version in text(app).splitlines()[0]

    asyncio.run(story())
