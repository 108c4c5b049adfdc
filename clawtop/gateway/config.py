"""The two config files: the gateway's own (JSON5) and clawtop's (TOML). Reading only.

The gateway's file: ``OPENCLAW_CONFIG_PATH``, else ``openclaw.json`` in its state folder
(``OPENCLAW_STATE_DIR``, else ``$OPENCLAW_HOME/.openclaw``, else ``~/.openclaw``; a profile adds
``-NAME``). Errors name the file and the place in it, never its content.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from clawtop.errors import FindError
from clawtop.gateway.reading import read_whole

DEFAULT_PORT = 18789
INCLUDE_DEPTH = 5
LARGEST = 500_000  # bytes of one file; JSON5 that is no JSON takes 20 s a million


class GatewayConfig(Struct, frozen=True):
    """What the gateway's own file says about reaching it. ``path`` may not exist."""

    path: Path
    exists: bool
    gateway: dict[str, Any]
    plugins: dict[str, Any] = field(default_factory=dict)

    def part(self, *names: str) -> Any:
        """A nested value of its ``gateway`` section, or None."""
        value: Any = self.gateway
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    @property
    def port(self) -> int:
        port = self.part("port")
        return port if isinstance(port, int) and 0 < port < 65536 else DEFAULT_PORT


def config_path(env: Mapping[str, str], home: Path, profile: str | None) -> Path:
    """Where the gateway's config file lies on this host."""
    explicit = env.get("OPENCLAW_CONFIG_PATH")
    if explicit and not profile:
        return Path(os.path.expanduser(explicit))
    return state_dir(env, home, profile) / "openclaw.json"


def state_dir(env: Mapping[str, str], home: Path, profile: str | None) -> Path:
    """The gateway's state folder."""
    if env.get("OPENCLAW_STATE_DIR") and not profile:
        return Path(os.path.expanduser(env["OPENCLAW_STATE_DIR"]))
    profile = profile or env.get("OPENCLAW_PROFILE") or ""
    suffix = f"-{profile}" if profile and profile != "default" else ""
    base = Path(os.path.expanduser(env["OPENCLAW_HOME"])) if env.get("OPENCLAW_HOME") else home
    return base / f".openclaw{suffix}"


def read_gateway_config(path: Path, *, must_exist: bool) -> GatewayConfig:
    """The gateway's config file. Raises FindError for one that cannot be read or understood."""
    value = _load(path, 0)
    if value is None:
        if must_exist:
            raise FindError(f"there is no config file at {path}", "Check the path")
        return GatewayConfig(path, False, {})
    return GatewayConfig(path, True, _section(value, "gateway"), _section(value, "plugins"))


def _section(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def read_logging(path: Path) -> dict[str, Any]:
    """The ``logging`` section of the gateway's config; empty for a file that tells nothing."""
    try:
        return _section(_load(path, 0) or {}, "logging")
    except FindError:
        return {}


def _load(path: Path, depth: int) -> dict[str, Any] | None:
    """What the file says, its includes with it; None when there is no such file."""
    try:
        data = read_whole(path, LARGEST)
        value = None if data is None else _parsed(data.decode())
    except OSError as error:
        raise FindError(
            f"cannot read {path}: {error.strerror or 'unreadable'}",
            "Put the file right, or pass --url and --token-file",
        ) from None
    except (ValueError, RecursionError) as error:
        raise FindError(
            f"{path} is not complete JSON5{_place(error)}",
            "Finish or restore the file, or pass --url and --token-file",
        ) from None
    if data is None:
        return None
    return _with_includes(value, path, depth) if isinstance(value, dict) else {}


def _parsed(text: str) -> Any:
    """JSON5. What a gateway writes itself is plain JSON, which is read a hundred times faster."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        import json5  # slow to import as well

        return json5.loads(text)


def _included(path: Path, depth: int) -> dict[str, Any]:
    found = _load(path, depth)
    if found is None:
        raise FindError(f"cannot read {path}: it is included and not there", "Check its name")
    return found


def _place(error: Exception) -> str:
    match = re.search(r":(\d+)\D", str(error))
    return f" (line {match.group(1)})" if match else ""


def _with_includes(value: dict[str, Any], path: Path, depth: int) -> dict[str, Any]:
    """``$include``: the named files first, then what stands beside them."""
    named = value.pop("$include", None)
    names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    merged: dict[str, Any] = {}
    for name in names:
        if isinstance(name, str) and depth < INCLUDE_DEPTH:
            merged = _merge(merged, _included(path.parent / name, depth + 1))
    for key, inner in value.items():
        value[key] = _with_includes(inner, path, depth) if isinstance(inner, dict) else inner
    return _merge(merged, value)


def _merge(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


class Entry(Struct, frozen=True):
    """One gateway of clawtop's own config."""

    name: str
    url: str
    token_file: str | None = None
    password_file: str | None = None
    tls_fingerprint: str | None = None
    allow_plaintext: bool = False


class OwnConfig(Struct, frozen=True):
    path: Path
    default: str | None
    gateways: dict[str, Entry]
    theme: str | None = None


def read_own_config(path: Path) -> OwnConfig:
    """clawtop's ``config.toml``; an absent one is empty. Raises FindError for a broken one."""
    try:
        data = read_whole(path, LARGEST)
    except OSError as error:
        raise FindError(
            f"cannot read {path}: {error.strerror or 'unreadable'}",
            "Put the file right, or move it away",
        ) from None
    if data is None:
        return OwnConfig(path, None, {})
    import tomllib  # costs time before the first frame; most hosts have no such file

    try:
        value = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        place = re.search(r"\(at .*?\)", str(error))
        raise FindError(
            f"{path} is not complete TOML {place.group(0) if place else ''}".rstrip(),
            "Finish or remove the file",
        ) from None
    tables = value.get("gateways")
    entries = {
        name: _entry(name, table, path)
        for name, table in (tables if isinstance(tables, dict) else {}).items()
    }
    return OwnConfig(path, _word(value, "default"), entries, _word(value, "theme"))


def _word(value: dict[str, Any], name: str) -> str | None:
    word = value.get(name)
    return word if isinstance(word, str) else None


def _entry(name: str, table: Any, path: Path) -> Entry:
    if not isinstance(table, dict) or not isinstance(table.get("url"), str):
        raise FindError(f"gateway {name!r} in {path} has no url", 'Add url = "ws://host:port"')
    words = {
        key: table[key]
        for key in ("token_file", "password_file", "tls_fingerprint")
        if isinstance(table.get(key), str)
    }
    plaintext = table.get("allow_plaintext") is True
    return Entry(name=name, url=table["url"], allow_plaintext=plaintext, **words)
