"""Where the gateway is and what opens it: option, environment, clawtop's config, the gateway's
config, loopback. A secret found in the gateway's config goes only to the address it names.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from clawtop.errors import FindError, UsageError
from clawtop.gateway.config import (
    GatewayConfig,
    OwnConfig,
    config_path,
    read_gateway_config,
    read_own_config,
)
from clawtop.gateway.reading import read_line
from clawtop.gateway.secret import Secret
from clawtop.text import plain

LONGEST_SECRET = 65_536  # bytes of the file it is in
_TEMPLATE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}\Z")


class Options(Struct, frozen=True):
    """The common options of the command line that say where and with what."""

    url: str | None = None
    gateway: str | None = None
    profile: str | None = None
    config: str | None = None
    token_file: str | None = None
    password_file: str | None = None
    tls_fingerprint: str | None = None
    allow_plaintext: bool = False


class Target(Struct, frozen=True):
    """A gateway to connect to, and where each part of that knowledge came from."""

    url: str
    name: str
    secret: Secret | None
    url_from: str
    secret_from: str
    tls_fingerprint: str | None = None
    config_file: Path | None = None
    allow_plaintext: bool = False

    @property
    def may_carry_secret(self) -> bool:
        """Whether nobody on the way can read what is sent, or a person allowed that."""
        return self.url.startswith("wss:") or is_loopback(self.url) or self.allow_plaintext

    @property
    def address(self) -> str:
        """host:port, as people write it."""
        return urlsplit(self.url).netloc


def find(options: Options, env: Mapping[str, str], home: Path, own_config: Path) -> Target:
    """The gateway meant by these options on this host.

    Raises UsageError for options that contradict each other, FindError when a file that is
    needed cannot be read.
    """
    _check(options)
    target = _explicit(options, env)
    own: OwnConfig | None = None
    if target is None:
        own = read_own_config(own_config)
        target = _named(options, env, own)
    if target is None:
        target = _from_gateway_config(options, env, home)
    target = _with_secret(target, options, env)
    if options.tls_fingerprint:
        target = replace(target, tls_fingerprint=options.tls_fingerprint)
    if options.allow_plaintext:
        target = replace(target, allow_plaintext=True)
    _refuse_plain_remote(target)
    return _with_checked_pin(target)


def _check(options: Options) -> None:
    if options.url and options.gateway:
        raise UsageError("--url and --gateway name two gateways", "Give one of them")
    if options.token_file and options.password_file:
        raise UsageError("--token-file and --password-file are both given", "Give one of them")


def _explicit(options: Options, env: Mapping[str, str]) -> Target | None:
    if options.url:
        return _at(options.url, "--url")
    if env.get("CLAWTOP_URL") and not (options.gateway or options.config or options.profile):
        return _at(env["CLAWTOP_URL"], "CLAWTOP_URL")
    return None


def _at(url: str, source: str, name: str | None = None) -> Target:
    address = normal_url(url, source)
    return Target(address, name or urlsplit(address).netloc, None, source, "none")


def normal_url(url: str, source: str) -> str:
    """``ws://host:port`` from whatever a person wrote. Raises UsageError for no address."""
    text = url.strip()
    if "://" not in text:
        text = f"ws://{text}"
    text = re.sub(r"\Ahttp(s?)://", r"ws\1://", text)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise UsageError(f"{source} is not an address", "Write it like ws://127.0.0.1:18789")
    if parts.username or parts.password:
        raise UsageError(f"{source} holds a secret", "Put it in a file and use --token-file")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port or (443 if parts.scheme == 'wss' else 18789)}"


def _named(options: Options, env: Mapping[str, str], own: OwnConfig) -> Target | None:
    """An entry of clawtop's own config, by option, environment or its default."""
    chosen = options.gateway or env.get("CLAWTOP_GATEWAY")
    if not chosen and (options.config or options.profile):
        return None
    name = chosen or own.default
    if not name:
        return None
    entry = own.gateways.get(name)
    if entry is None:
        known = ", ".join(sorted(own.gateways)) or "none"
        raise UsageError(f"no gateway {name!r} in {own.path}", f"It has: {known}")
    target = _at(entry.url, f"{own.path} [{name}]", name)
    target = replace(
        target, tls_fingerprint=entry.tls_fingerprint, allow_plaintext=entry.allow_plaintext
    )
    for kind, path in (("token", entry.token_file), ("password", entry.password_file)):
        if path:
            secret = Secret(kind, _read_secret(path, f"[{name}] in {own.path}"))
            return replace(target, secret=secret, secret_from=f"{path} (from {own.path})")
    return target


def _from_gateway_config(options: Options, env: Mapping[str, str], home: Path) -> Target:
    if options.config:
        path = Path(os.path.expanduser(options.config))
    else:
        path = config_path(env, home, options.profile)
    config = read_gateway_config(path, must_exist=bool(options.config))
    if config.part("mode") == "remote" and isinstance(config.part("remote", "url"), str):
        target = _at(config.part("remote", "url"), f"gateway.remote.url in {path}")
        secret = None
        if not _secret_given(options, env):
            secret = _config_secret(config, env, ("remote", "token"), ("remote", "password"))
        pin = config.part("remote", "tlsFingerprint")
        target = replace(target, tls_fingerprint=pin if isinstance(pin, str) else None)
    else:
        target, secret = _local(config, env, options)
        if target.url.startswith("wss:"):
            target = replace(target, tls_fingerprint=_own_pin(config, env, options))
    target = replace(target, config_file=path if config.exists else None)
    if secret is not None:
        return replace(target, secret=secret, secret_from=str(path))
    return target


def _local(
    config: GatewayConfig, env: Mapping[str, str], options: Options
) -> tuple[Target, Secret | None]:
    explicit = options.config or options.profile
    port_word = None if explicit else env.get("OPENCLAW_GATEWAY_PORT")
    scheme = "wss" if config.part("tls", "enabled") is True else "ws"
    if port_word and not (port_word.isascii() and port_word.isdigit()):
        raise UsageError("OPENCLAW_GATEWAY_PORT is not a port", "Set it to a number or unset it")
    port = int(port_word) if port_word else config.port
    source = "OPENCLAW_GATEWAY_PORT" if port_word else "loopback default"
    if not port_word and config.exists:
        source = str(config.path)
    target = _at(f"{scheme}://127.0.0.1:{port}", source)
    if _secret_given(options, env) or port != config.port:
        return target, None  # the file's secret goes only to the address the file names
    return target, _config_secret(config, env, ("auth", "token"), ("auth", "password"))


def _own_pin(config: GatewayConfig, env: Mapping[str, str], options: Options) -> str | None:
    """Of the certificate that the gateway of this host uses; it makes one itself by default."""
    from clawtop.gateway.pin import pin_of_file  # loads OpenSSL: only where there is TLS

    named = config.part("tls", "certPath")
    if isinstance(named, str) and named.strip():
        return pin_of_file(Path(os.path.expanduser(named.strip())))
    named = "" if options.config or options.profile else env.get("OPENCLAW_STATE_DIR")
    folder = Path(os.path.expanduser(named)) if named else config.path.parent
    return pin_of_file(folder / "gateway" / "tls" / "gateway-cert.pem")


def _config_secret(
    config: GatewayConfig,
    env: Mapping[str, str],
    token: tuple[str, ...],
    password: tuple[str, ...],
) -> Secret | None:
    """The secret the config names, by its mode. Env references only; nothing is executed."""
    order = [("token", token), ("password", password)]
    if config.part("auth", "mode") == "password":
        order.reverse()
    if config.part("auth", "mode") == "none":
        return None
    for kind, names in order:
        value = config.part(*names)
        if value is not None and value != "":
            return Secret(kind, _resolve(value, env, f"gateway.{'.'.join(names)}", config.path))
    return None


def _resolve(value: Any, env: Mapping[str, str], name: str, path: Path) -> str:
    if isinstance(value, str):
        match = _TEMPLATE.match(value)
        if match is None and not value.startswith("${"):
            return value
        value = {"source": "env", "id": match.group(1)} if match else None
    if isinstance(value, dict) and value.get("source") == "env":
        variable = value.get("id")
        found = env.get(variable) if isinstance(variable, str) else None
        if found:
            return found
        raise FindError(
            f"{name} in {path} refers to the variable {variable}, which is not set here",
            "Set it, or pass --token-file",
        )
    raise FindError(
        f"{name} in {path} is a reference that clawtop does not resolve",
        "Pass the secret with --token-file or OPENCLAW_GATEWAY_TOKEN",
    )


def _secret_given(options: Options, env: Mapping[str, str]) -> bool:
    """Whether a secret comes from elsewhere; then the config's is not even resolved."""
    return bool(options.token_file or options.password_file) or any(env.get(v) for _, v in _ENV)


_ENV = (
    ("file:token", "CLAWTOP_TOKEN_FILE"),
    ("file:password", "CLAWTOP_PASSWORD_FILE"),
    ("token", "OPENCLAW_GATEWAY_TOKEN"),
    ("password", "OPENCLAW_GATEWAY_PASSWORD"),
)


def _secret_from_env(env: Mapping[str, str]) -> tuple[Secret, str] | None:
    for kind, variable in _ENV:
        value = env.get(variable)
        if value and kind.startswith("file:"):
            return Secret(kind.removeprefix("file:"), _read_secret(value, variable)), variable
        if value:
            return Secret(kind, value), variable
    return None


def _with_secret(target: Target, options: Options, env: Mapping[str, str]) -> Target:
    if options.token_file:
        secret = Secret("token", _read_secret(options.token_file, "--token-file"))
        return replace(target, secret=secret, secret_from="--token-file")
    if options.password_file:
        secret = Secret("password", _read_secret(options.password_file, "--password-file"))
        return replace(target, secret=secret, secret_from="--password-file")
    if target.secret is not None and target.config_file is None:
        return target  # an entry of clawtop's own config brought its own
    found = _secret_from_env(env)
    return target if found is None else replace(target, secret=found[0], secret_from=found[1])


def _read_secret(path: str, source: str) -> str:
    """The first line of a file, a pipe or (``-``) standard input."""
    try:
        if path == "-":
            text = sys.stdin.readline(LONGEST_SECRET)
        else:
            text = read_line(Path(os.path.expanduser(path)), LONGEST_SECRET).decode()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise FindError(
            f"cannot read the secret file of {source}{_where(path)}: {why}",
            "Check the path and its permissions",
        ) from None
    lines = text.strip().splitlines()
    if not lines:
        raise FindError(
            f"the secret file of {source}{_where(path)} is empty", "Put the secret in it"
        )
    return lines[0].strip()


def _where(path: str) -> str:
    """The path of a secret file, for an error: not where it may be the secret itself."""
    folder = os.path.expanduser(os.path.dirname(path))
    known = len(folder) > 1 and os.path.isdir(folder)
    return f" ({plain(path)})" if known else ""


def _with_checked_pin(target: Target) -> Target:
    """A pin that is none, or that nothing would check, is not silently passed by."""
    if target.tls_fingerprint is None:
        return target
    from clawtop.gateway.pin import normal_pin

    pin = normal_pin(target.tls_fingerprint)
    if pin is None:
        raise UsageError(
            "the TLS fingerprint is not a SHA-256 in hex",
            "It has 64 digits; openssl x509 -noout -fingerprint -sha256 prints it",
        )
    if not target.url.startswith("wss:"):
        raise UsageError(
            f"a TLS fingerprint is pinned, but {target.url} is not TLS", "Use wss://, or no pin"
        )
    return replace(target, tls_fingerprint=pin)


def _refuse_plain_remote(target: Target) -> None:
    """A secret is not sent readable over a network."""
    if target.secret is None or target.may_carry_secret:
        return
    raise FindError(
        f"{target.address} is not this host, and ws:// would send the secret readable",
        "Use wss://, or an SSH tunnel (ssh -L 18789:127.0.0.1:18789 HOST), or say"
        " --allow-plaintext",
    )


def is_loopback(url: str) -> bool:
    """Whether the address is on this host."""
    return _is_loopback(urlsplit(url).hostname or "")


def _is_loopback(host: str) -> bool:
    """This host by name or by address; a name that only looks like an address is not."""
    import ipaddress  # only for an address that is not plainly loopback

    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
