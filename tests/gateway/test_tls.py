"""wss:// to an embedded gateway: the system's trust, a pinned certificate, and neither."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from clawtop.demo import ScriptedGateway
from clawtop.errors import ConnectError, SignInError, UsageError
from clawtop.gateway.client import Client
from clawtop.gateway.clock import GatewayClock
from clawtop.gateway.find import Options, Target, find
from clawtop.gateway.link import Link
from clawtop.gateway.methods import READ_METHODS
from clawtop.gateway.secret import Secret

from .certificates import Certificate, self_signed

CLIENT = Client("0.0", "linux", "clawtop (tester@desk)", "test")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return self_signed(tmp_path_factory.mktemp("tls") / "gateway.pem")


@dataclass
class Front:
    """TLS in front of a gateway. ``target``: it as something to connect to."""

    gateway: ScriptedGateway
    target: Target

    async def enter(self, target: Target) -> tuple[str, ...]:
        """Connect; the scopes granted."""
        link = Link(target, CLIENT, ("operator.read",), READ_METHODS, clock=GatewayClock())
        hello = await link.open()
        await link.close()
        return tuple(hello.auth.scopes)


@asynccontextmanager
async def front(certificate: Certificate) -> AsyncIterator[Front]:
    async with ScriptedGateway() as gateway:
        ends: list[asyncio.StreamWriter] = []

        async def relay(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
            far, onward = await asyncio.open_connection("127.0.0.1", gateway.port)
            ends.extend((back, onward))
            await asyncio.gather(_pipe(near, onward), _pipe(far, back))

        server = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=certificate.served())
        port = server.sockets[0].getsockname()[1]
        token = Secret("token", gateway.token)
        try:
            yield Front(gateway, Target(f"wss://127.0.0.1:{port}", "edge-1", token, "t", "t"))
        finally:
            server.close()
            for end in ends:
                end.close()
            await server.wait_closed()


async def _pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()


def test_the_systems_trust_refuses_a_stranger_before_a_secret_is_sent(
    certificate: Certificate,
) -> None:
    async def scene() -> None:
        async with asyncio.timeout(20), front(certificate) as on:
            with pytest.raises(ConnectError, match=r"does not trust .*self-signed") as told:
                await on.enter(on.target)
            assert told.value.code == "tls"
            assert "--tls-fingerprint" in told.value.next_step
            assert on.gateway.requests == []

    asyncio.run(scene())


def test_whom_the_system_trusts_needs_no_pin(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))

    async def scene() -> None:
        async with asyncio.timeout(20), front(certificate) as on:
            assert await on.enter(on.target) == ("operator.read",)

    asyncio.run(scene())


def test_the_pinned_certificate_and_no_other(certificate: Certificate) -> None:
    async def scene() -> None:
        async with asyncio.timeout(20), front(certificate) as on:
            pinned = replace(on.target, tls_fingerprint=certificate.fingerprint)
            assert await on.enter(pinned) == ("operator.read",)
            on.gateway.requests.clear()
            with pytest.raises(SignInError, match="is not the pinned one"):
                await on.enter(replace(on.target, tls_fingerprint="0" * 64))
            assert on.gateway.requests == []

    asyncio.run(scene())


def found(tmp_path: Path, url: str, pin: str | None = None, *, allow: bool = False) -> Target:
    options = Options(url=url, tls_fingerprint=pin, allow_plaintext=allow)
    env = {"OPENCLAW_GATEWAY_TOKEN": "secret-hunter2"}
    return find(options, env, tmp_path, tmp_path / "config.toml")


@pytest.mark.parametrize(
    "written", ["AB" * 32, "ab" * 32, ":".join(["AB"] * 32), "sha256:" + "ab" * 32]
)
def test_a_pin_in_any_common_spelling(tmp_path: Path, written: str) -> None:
    assert found(tmp_path, "wss://edge-1", written).tls_fingerprint == "ab" * 32


@pytest.mark.parametrize("written", ["", "ab", "x" * 64, "ab" * 33, "ab" * 20])
def test_a_pin_that_is_none_is_refused(tmp_path: Path, written: str) -> None:
    if written:
        with pytest.raises(UsageError, match="is not a SHA-256"):
            found(tmp_path, "wss://edge-1", written)
    else:
        assert found(tmp_path, "wss://edge-1", written).tls_fingerprint is None


def test_a_pin_that_nothing_would_check_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not TLS"):
        found(tmp_path, "ws://127.0.0.1:18789", "ab" * 32)


Local = Callable[..., Target]


@pytest.fixture
def local(tmp_path: Path) -> Local:
    """The gateway of this host by its config, its certificate in its usual place."""
    folder = tmp_path / ".openclaw"
    (folder / "gateway" / "tls").mkdir(parents=True)

    def find_it(env: dict[str, str] | None = None, pin: str | None = None, **tls: str) -> Target:
        config = {"gateway": {"port": 19001, "tls": {"enabled": True, **tls}}}
        (folder / "openclaw.json").write_text(json.dumps(config))
        return find(Options(tls_fingerprint=pin), env or {}, tmp_path, tmp_path / "config.toml")

    return find_it


def test_the_gateway_of_this_host_is_pinned_to_the_certificate_it_made(
    local: Local, tmp_path: Path
) -> None:
    made = self_signed(tmp_path / ".openclaw" / "gateway" / "tls" / "gateway-cert.pem")
    target = local()
    assert (target.url, target.tls_fingerprint) == ("wss://127.0.0.1:19001", made.fingerprint)
    assert local(pin="ab" * 32).tls_fingerprint == "ab" * 32


def test_a_certificate_that_its_config_names_is_pinned_in_its_place(
    local: Local, tmp_path: Path
) -> None:
    self_signed(tmp_path / ".openclaw" / "gateway" / "tls" / "gateway-cert.pem")
    named = self_signed(tmp_path / "named.pem")
    assert local(certPath=str(named.file)).tls_fingerprint == named.fingerprint
    assert local(certPath=str(tmp_path / "none.pem")).tls_fingerprint is None


def test_another_state_folder_holds_another_certificate(local: Local, tmp_path: Path) -> None:
    elsewhere = tmp_path / "state" / "gateway" / "tls"
    elsewhere.mkdir(parents=True)
    made = self_signed(elsewhere / "gateway-cert.pem")
    env = {
        "OPENCLAW_STATE_DIR": str(tmp_path / "state"),
        "OPENCLAW_CONFIG_PATH": str(tmp_path / ".openclaw" / "openclaw.json"),
    }
    assert local(env).tls_fingerprint == made.fingerprint


def test_without_tls_no_certificate_is_looked_for(tmp_path: Path) -> None:
    made = tmp_path / ".openclaw" / "gateway" / "tls" / "gateway-cert.pem"
    made.parent.mkdir(parents=True)
    self_signed(made)
    target = find(Options(), {}, tmp_path, tmp_path / "config.toml")
    assert (target.url, target.tls_fingerprint) == ("ws://127.0.0.1:18789", None)


# -- the wrong scheme


def test_a_gateway_with_tls_asked_without_it_says_so(certificate: Certificate) -> None:
    async def scene() -> None:
        async with asyncio.timeout(20), front(certificate) as on:
            plain = replace(on.target, url=on.target.url.replace("wss:", "ws:"))
            with pytest.raises(ConnectError, match="or it wants TLS") as told:
                await on.enter(plain)
            assert "wss://" in told.value.next_step
            assert on.gateway.requests == []

    asyncio.run(scene())


def test_a_gateway_without_tls_asked_for_it_says_so() -> None:
    async def scene() -> None:
        async with asyncio.timeout(20), ScriptedGateway() as gateway:
            token = Secret("token", gateway.token)
            url = gateway.url.replace("ws:", "wss:").rstrip("/")
            target = Target(url, "edge-1", token, "t", "t")
            with pytest.raises(ConnectError, match="does not speak TLS") as told:
                await Front(gateway, target).enter(target)
            assert (told.value.code, "ws://" in told.value.next_step) == ("tls", True)

    asyncio.run(scene())
