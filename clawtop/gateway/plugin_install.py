"""The companion in the gateway's config: what stands there, and the official commands to change it.

Nothing here runs a command or writes a file; reading is all.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clawtop
from clawtop.errors import RefusedError
from clawtop.gateway.config import GatewayConfig

PLUGIN_ID = "clawtop-companion"
ENTRY = f"plugins.entries.{PLUGIN_ID}"
SWITCH = f"{ENTRY}.config.allowRelease"
PATHS = "plugins.load.paths"
TURN_ON = ("config", "set", SWITCH, "true", "--strict-json")
UNINSTALL = ("plugins", "uninstall", PLUGIN_ID, "--force")
MANIFEST = "openclaw.plugin.json"

Words = tuple[str, ...]


def companion_folder() -> Path:
    """The plugin's folder inside this package. Raises RefusedError where there is no such folder:
    the gateway reads it from disk, so an archive will not do."""
    folder = Path(clawtop.__file__).parent / "companion"
    if (folder / MANIFEST).is_file():
        return folder.resolve()
    raise RefusedError(
        f"there is no folder {folder}: clawtop runs from an archive or is incomplete",
        "Install it with pip or pipx, so that a gateway can read the plugin",
    )


def own_version() -> str | None:
    """The version of the companion in this package; None where it cannot be read."""
    try:
        version = _manifest(companion_folder()).get("version")
    except RefusedError:
        return None
    return version if isinstance(version, str) else None


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Settings:
    """What the gateway's config says of the companion.

    ``folders``: load paths that hold a companion, as written; ``others``: the remaining ones.
    ``allow``: ``plugins.allow``, None where there is none and all are allowed. ``reload``:
    ``gateway.reload.mode``, what the gateway does when its config changes. ``commented``: the
    file is JSON5, so that writing it as JSON loses something.
    """

    config: Path
    exists: bool
    folders: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    has_entry: bool = False
    switched_off: bool = False
    allow_release: bool = False
    allow: tuple[str, ...] | None = None
    denied: bool = False
    plugins_off: bool = False
    reload: str = "hybrid"
    commented: bool = False

    def why_not(self) -> str | None:
        """Why the gateway does not load it; None when it should."""
        if not self.folders:
            return "no load path holds it"
        if self.plugins_off:
            return "plugins.enabled is false"
        if self.denied:
            return "plugins.deny names it"
        if self.allow is not None and PLUGIN_ID not in self.allow:
            return "plugins.allow does not name it"
        return f"{ENTRY}.enabled is false" if self.switched_off else None

    def links(self, folder: Path) -> bool:
        """Whether a load path is that folder."""
        return any(_resolved(one) == folder for one in self.folders)

    def gone(self) -> list[str]:
        """Load paths of a companion whose folder is not there any more."""
        return [one for one in self.folders if not _resolved(one).exists()]

    def elsewhere(self, folder: Path) -> list[str]:
        """Load paths that hold another companion than the one in that folder."""
        return [one for one in self.folders if _resolved(one) != folder]


def settings_of(config: GatewayConfig) -> Settings:
    """What a config says of the companion."""
    plugins = config.plugins
    load = plugins.get("load")
    paths = [one for one in _list(load, "paths") if isinstance(one, str)]
    entries = plugins.get("entries")
    entry = entries.get(PLUGIN_ID) if isinstance(entries, dict) else None
    own = entry.get("config") if isinstance(entry, dict) else None
    allow = plugins.get("allow")
    mode = config.part("reload", "mode")
    return Settings(
        config=config.path,
        exists=config.exists,
        folders=tuple(one for one in paths if _holds_companion(one)),
        others=tuple(one for one in paths if not _holds_companion(one)),
        has_entry=isinstance(entry, dict),
        switched_off=isinstance(entry, dict) and entry.get("enabled") is False,
        allow_release=isinstance(own, dict) and own.get("allowRelease") is True,
        allow=tuple(str(one) for one in allow) if isinstance(allow, list) else None,
        denied=PLUGIN_ID in _list(plugins, "deny"),
        plugins_off=plugins.get("enabled") is False,
        reload=mode if isinstance(mode, str) else "hybrid",
        commented=config.exists and _is_more_than_json(config.path),
    )


def _is_more_than_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    return False


def _list(holder: object, name: str) -> list[Any]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []


def _holds_companion(path: str) -> bool:
    folder = _resolved(path)
    if _manifest(folder).get("id") == PLUGIN_ID:
        return True
    return not folder.exists() and folder.parts[-2:] == ("clawtop", "companion")


def _resolved(path: str) -> Path:
    return Path(os.path.expanduser(path)).resolve()


def install_words(folder: Path, *, asks: bool) -> Words:
    """The official way to link a folder.

    Without ``--force`` and ``--accept-capabilities`` the gateways that know the latter cancel
    where nobody can answer (2026.8.2, 2026.9.6); 2026.5.28 does not combine --force with --link.
    """
    leave = ("--force", "--accept-capabilities") if asks else ()
    return ("plugins", "install", "--link", *leave, str(folder))


def install_plan(
    settings: Settings, folder: Path, *, asks: bool, allow_release: bool
) -> list[Words]:
    """The commands that are still needed, in order; none: it is installed as wanted.

    The official install lists the plugin in ``plugins.allow`` itself (2026.5.28, 2026.9.6).
    Raises RefusedError where it would not help, or would undo what somebody decided.
    """
    if settings.plugins_off:
        raise RefusedError(
            f"{settings.config} switches all plugins off (plugins.enabled false)",
            "Switch them on first, if that is meant",
        )
    if settings.denied:
        raise RefusedError(
            f"{settings.config} denies this plugin (plugins.deny), and installing it would undo"
            " that",
            "Take it out of that list first, if that is meant",
        )
    other = settings.elsewhere(folder)
    if other:
        raise RefusedError(
            f"the gateway links a companion of another place already: {other[0]}",
            "Take that out with clawtop companion uninstall, then install again",
        )
    plan = []
    if settings.why_not() is not None:
        plan.append(install_words(folder, asks=asks))
    if allow_release and not settings.allow_release:
        plan.append(TURN_ON)
    return plan


def leftovers(settings: Settings) -> list[Words]:
    """The commands that take out what the official uninstall leaves behind.

    2026.9.6 leaves a switched-off entry; both generations leave load paths that were written
    by hand, and 2026.9.6 then refuses the uninstall as a whole.
    """
    plan: list[Words] = []
    if settings.folders and settings.others:
        paths = json.dumps(list(settings.others))
        plan.append(("config", "set", PATHS, paths, "--strict-json"))
    elif settings.folders:
        plan.append(("config", "unset", PATHS))
    if settings.has_entry:
        plan.append(("config", "unset", ENTRY))
    return plan
