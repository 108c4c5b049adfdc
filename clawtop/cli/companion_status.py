"""``clawtop companion status``: in the config or not, loaded or not, and what it can do there."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from typing import Any

from clawtop.cli.common import find_options
from clawtop.cli.companion_look import Look, config_of, look, runs_here
from clawtop.cli.setup import target_of
from clawtop.errors import RefusedError
from clawtop.gateway import plugin_install as plugin
from clawtop.gateway.openclaw import meaning
from clawtop.gateway.plugin_install import Settings
from clawtop.text import plain

SCHEMA = "clawtop.companion-status/1"
LOADED, NOT_LOADED = 0, 1


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError."""
    target = target_of(args)
    live = asyncio.run(look(args, target))
    settings, why = _settings(args, None if args.here else runs_here(target, live))
    if live.error is not None:
        if not args.json:
            print("\n".join(_config_lines(_config(settings, why))))
        raise live.error
    document = status_document(live, settings, why)
    if args.json:
        print(json.dumps(document, ensure_ascii=True))
    else:
        print("\n".join(_lines(document, _turn_on(args))))
    return LOADED if document["loaded"] else NOT_LOADED


def _settings(args: argparse.Namespace, elsewhere: str | None) -> tuple[Settings | None, str]:
    """What the config of this host says; None with the reason where it is not this gateway's."""
    if elsewhere:
        return None, elsewhere
    try:
        return plugin.settings_of(config_of(args)), ""
    except RefusedError as error:
        return None, error.message.removesuffix("; nothing was changed")


def status_document(live: Look, settings: Settings | None, why: str) -> dict[str, Any]:
    """Everything status knows, as plain data. ``why``: the reason where the config is unknown."""
    store = live.store
    assert store is not None
    assert store.facts is not None
    known = store.companion
    return {
        "schema": SCHEMA,
        "gateway": {
            "name": store.facts.name,
            "url": store.facts.url,
            "version": store.facts.version,
        },
        "config": _config(settings, why),
        "loaded": live.loaded,
        "answers": None if not live.loaded else known is not None,
        "version": known.version if known else None,
        "own_version": plugin.own_version(),
        "can_release": known.can_release if known else None,
        "cannot_read": dict(known.why) if known else None,
        "next": _next(live, settings),
    }


def _config(settings: Settings | None, why: str) -> dict[str, Any]:
    if settings is None:
        return {"path": None, "installed": None, "why": why, "folders": None, "allow_release": None}
    return {
        "path": str(settings.config),
        "installed": settings.why_not() is None,
        "why": settings.why_not(),
        "folders": list(settings.folders),
        "allow_release": settings.allow_release,
    }


def _next(live: Look, settings: Settings | None) -> str | None:
    """What to do next, as one sentence; None when all is well."""
    known = live.store.companion if live.store else None
    installed = None if settings is None else settings.why_not() is None
    if not live.loaded:
        if installed is False:
            return "install it: clawtop companion install"
        if installed:
            return (
                "look again in a minute, then restart the gateway: it is in its config, but not"
                " loaded"
            )
        return "install it where the gateway runs: clawtop companion install"
    if known is None:
        return "it is loaded but does not answer: look for it in clawtop logs"
    if installed is False:
        return "it is loaded but not in this config: the next start of the gateway lets it go"
    own = plugin.own_version()
    if own is not None and known.version != own:
        return "restart the gateway: it runs another version of the companion than this clawtop has"
    if settings is not None and settings.allow_release != known.can_release:
        return (
            "look again in a minute, then restart the gateway: its switch for releasing is not"
            " as its config says"
        )
    return None


def _turn_on(args: argparse.Namespace) -> str:
    return meaning(args.openclaw, find_options(args), os.environ, None).shown(*plugin.TURN_ON)


def _config_lines(config: dict[str, Any]) -> list[str]:
    if config["path"] is None:
        return [f"config     not known: {plain(config['why'])}"]
    says = "installed" if config["installed"] else f"not installed: {config['why']}"
    lines = [f"config     {plain(config['path'])}: {says}"]
    return lines + [f"folder     {plain(folder)}" for folder in config["folders"]]


def _lines(document: dict[str, Any], turn_on: str) -> list[str]:
    gateway, own = document["gateway"], document["own_version"] or "?"
    lines = [
        f"gateway    {plain(gateway['name'])}, {plain(gateway['version'] or 'version unknown')}"
    ]
    lines += _config_lines(document["config"])
    if not document["loaded"]:
        lines.append("loaded     no")
    elif not document["answers"]:
        lines.append("loaded     yes, but it does not answer")
    else:
        lines.append(f"loaded     yes, version {plain(document['version'] or '?')} (ours is {own})")
        lines.append(_release_line(document["can_release"], turn_on))
        cannot = document["cannot_read"]
        lines += [f"cannot read {name}: {plain(why)}" for name, why in cannot.items()]
        if not cannot:
            lines.append("reads      every part")
    return [*lines, *([f"next       {document['next']}"] if document["next"] else [])]


def _release_line(can_release: bool, turn_on: str) -> str:
    if can_release:
        return "releasing  on"
    return f"releasing  off; clawtop companion install --allow-release turns it on, or: {turn_on}"
