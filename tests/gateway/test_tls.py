"""wss:// to an embedded gateway: the system's trust, a pinned certificate, and neither."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clawtop.demo import ScriptedGateway
from clawtop.errors import ConnectError, SignInError, UsageError
from clawtop.gateway.client import Client
from clawtop.gateway.clock import GatewayClock
from clawtop.gateway.find import Options, Target, find
from clawtop.gateway.link import Link
from clawtop.gateway.methods import READ_METHODS
from clawtop.gateway.secret import Secret

CLIENT = Client("0.0", "linux", "clawtop (tester@desk)", "test")


@dataclass(frozen=True)
class Certificate:
    """A self-signed one for 127.0.0.1, and where it lies with its key."""

    file: Path
    fingerprint: str


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway.test")])
    now = datetime.datetime.now(datetime.UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(host, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "gateway.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    der = built.public_bytes(serialization.Encoding.DER)
    return Certificate(file, hashlib.sha256(der).hexdigest())


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
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.file)
    async with ScriptedGateway() as gateway:
        ends: list[asyncio.StreamWriter] = []

        async def relay(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
            far, onward = await asyncio.open_connection("127.0.0.1", gateway.port)
            ends.extend((back, onward))
            await asyncio.gather(_pipe(near, onward), _pipe(far, back))

        server = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context)
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
            with pytest.raises(ConnectError, match="TLS with 127") as told:
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
