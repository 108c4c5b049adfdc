"""The configuration and environment a lab gateway runs with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from .install import node_binary
from .provider import FakeProvider

PLUGIN_ID = "clawtop-lab"
PLUGIN_DIR = Path(__file__).parent / "plugin"
COMPANION_ID = "clawtop-companion"
COMPANION_DIR = Path(__file__).parents[3] / "clawtop" / "companion"

Companion = Literal["looks", "acts"]
"""The companion plugin beside the lab's: with its switch for acting off, or on."""

_ON_MISS = {"host": "gateway", "security": "allowlist", "ask": "on-miss"}
_FREE = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0}
_KEPT_ENV = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SHELL", "USER")


def build_config(
    home: Path,
    provider: FakeProvider,
    *,
    approvals: bool,
    heartbeat_every: str,
    plugin: bool,
    companion: Companion | None,
    extra: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """openclaw.json for one gateway."""
    config: dict[str, Any] = {
        "gateway": {"mode": "local", "controlUi": {"enabled": False}},
        "update": {"checkOnStart": False},
        "discovery": {"mdns": {"mode": "off"}},
        # Otherwise every gateway of the host writes one shared file.
        "logging": {"file": str(home / "gateway.log")},
        "agents": {
            "defaults": {
                "model": {"primary": "a/m1", "fallbacks": ["b/m1"]},
                "workspace": str(home / "workspace"),
                "skipBootstrap": True,
                "heartbeat": {"every": heartbeat_every},
            }
        },
        "models": {
            "mode": "replace",
            "providers": {name: _provider(provider.base_url(name)) for name in ("a", "b")},
        },
    }
    if approvals:
        config["tools"] = {"exec": dict(_ON_MISS)}
    if plugin:
        config["plugins"] = _plugin_config()
    if companion:
        config = merge(config, {"plugins": _companion_config(companion)})
    return merge(config, extra or {})


def _provider(base_url: str) -> dict[str, Any]:
    model = {
        "id": "m1",
        "name": "Lab model",
        "reasoning": False,
        "input": ["text"],
        "cost": dict(_FREE),
        "contextWindow": 128_000,
        "maxTokens": 8_000,
    }
    return {"baseUrl": base_url, "apiKey": "x", "api": "openai-completions", "models": [model]}


def _plugin_config() -> dict[str, Any]:
    # The hook reads prompts, which needs leave of its own.
    entry = {"enabled": True, "hooks": {"allowConversationAccess": True}}
    return {"load": {"paths": [str(PLUGIN_DIR)]}, "entries": {PLUGIN_ID: entry}}


def _companion_config(companion: Companion) -> dict[str, Any]:
    entry = {"enabled": True, "config": {"allowRelease": companion == "acts"}}
    return {"load": {"paths": [str(COMPANION_DIR)]}, "entries": {COMPANION_ID: entry}}


def merge(base: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Deep merge: mappings join, everything else is replaced by ``extra``.

    Lists named ``paths`` join too, so that another plugin can be loaded beside the lab's.
    """
    result = dict(base)
    for key, value in extra.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            result[key] = merge(old, value)
        elif key == "paths" and isinstance(old, list) and isinstance(value, list):
            result[key] = [*old, *value]
        else:
            result[key] = value
    return result


def build_env(home: Path, extra: Mapping[str, str] | None) -> dict[str, str]:
    """A small environment: none of the developer's keys or OpenClaw settings leak in.

    NODE_COMPILE_CACHE stays unset too: with it the gateway would be a child of a launcher.
    """
    env = {key: os.environ[key] for key in _KEPT_ENV if key in os.environ}
    env["PATH"] = f"{node_binary().parent}{os.pathsep}{env.get('PATH', os.defpath)}"
    env.update(
        HOME=str(home),
        OPENCLAW_HOME=str(home),
        OPENCLAW_SKIP_CHANNELS="1",
        OPENCLAW_DISABLE_BONJOUR="1",
        # A restart asked for by RPC must stay in our process group, where stop() finds it.
        OPENCLAW_NO_RESPAWN="1",
        NO_COLOR="1",
    )
    env.update(extra or {})
    return env
