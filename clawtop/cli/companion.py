"""``clawtop companion``: the plugin inside the gateway, put in and taken out the official way."""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clawtop.cli import companion_status, companion_text
from clawtop.cli.common import find_options, is_read_only, seconds
from clawtop.cli.companion_look import Look, Now, config_of, look, runs_here, state_now
from clawtop.cli.confirm import confirm
from clawtop.cli.setup import target_of
from clawtop.errors import IncompleteError, RefusedError, UsageError
from clawtop.gateway import plugin_install as plugin
from clawtop.gateway.find import Target
from clawtop.gateway.openclaw import About, Done, Openclaw, ask, find_openclaw, meaning
from clawtop.gateway.plugin_install import Settings, Words

AGAIN_S = 0.5


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError, RefusedError, IncompleteError, CallError."""
    if args.allow_release and args.act != "install":
        raise UsageError("--allow-release belongs to install", "See clawtop companion --help")
    if args.json and args.act != "status":
        raise UsageError("--json belongs to status", "See clawtop companion --help")
    acts: dict[str, Callable[[argparse.Namespace], int]] = {
        "path": _path,
        "install": _install,
        "uninstall": _uninstall,
        "status": companion_status.run,
    }
    return acts[args.act](args)


def _path(_args: argparse.Namespace) -> int:
    print(plugin.companion_folder())
    return 0


@dataclass(frozen=True)
class Here:
    """Everything that was found out before anything is changed."""

    target: Target
    command: Openclaw
    about: About
    settings: Settings
    live: Look


def _install(args: argparse.Namespace) -> int:
    folder = plugin.companion_folder()
    here = _look_around(args, companion_text.by_hand(_shown(args), folder, args.allow_release))
    plan = plugin.install_plan(
        here.settings, folder, asks=here.about.asks, allow_release=args.allow_release
    )
    if not plan:
        print(f"nothing to do: {here.settings.config} links {folder} already")
        _say(companion_text.loaded_lines(here.live))
        return 0
    lines = companion_text.plan_lines("installs", here.about, here.settings, here.live)
    lines += [f"runs      {here.command.shown(*words)}" for words in plan]
    lines += companion_text.install_notes(here.command, folder, args.allow_release)
    _say(lines)
    if not _agreed(args):
        return 0
    for words in plan:
        settings = _apply(args, here, words)
    why = settings.why_not() or _not_as_wanted(settings, folder, args.allow_release)
    if why:
        raise IncompleteError(
            f"the official command said that it is done, but {why} in {settings.config}",
            "Look with clawtop companion status; clawtop companion uninstall undoes it",
        )
    print(f"installed in {settings.config}")
    _await_taken_up(args, here, wanted=True)
    return 0


def _not_as_wanted(settings: Settings, folder: Path, allow_release: bool) -> str | None:
    if not settings.links(folder):
        return f"{folder} is not linked"
    if allow_release and not settings.allow_release:
        return "releasing is not switched on"
    return None


def _uninstall(args: argparse.Namespace) -> int:
    command = _shown(args)
    here = _look_around(args, [f"  {command.shown(*plugin.UNINSTALL)}"])
    if not here.settings.folders and not here.settings.has_entry:
        print(f"nothing to do: {here.settings.config} does not name the companion")
        _say(companion_text.loaded_lines(here.live))
        return 0
    lines = companion_text.plan_lines("takes out", here.about, here.settings, here.live)
    lines.append(f"runs      {here.command.shown(*plugin.UNINSTALL)}")
    lines.append("          then config set or unset for the lines that it leaves behind, if any")
    _say(lines)
    if not _agreed(args):
        return 0
    settings = _uninstalled(args, here)
    print(f"taken out of {settings.config}")
    if plugin.PLUGIN_ID in (settings.allow or ()):
        print(f"plugins.allow still names {plugin.PLUGIN_ID}, which does no harm")
    _await_taken_up(args, here, wanted=False)
    return 0


def _uninstalled(args: argparse.Namespace, here: Here) -> Settings:
    """The official uninstall, and then what it leaves; what the config says afterwards."""
    done = here.command.run(*plugin.UNINSTALL)
    _say_done(done)
    settings = _read(args)
    if done.code:
        print(f"it failed with exit code {done.code}; taking the lines out one by one instead")
    for words in plugin.leftovers(settings):
        settings = _apply(args, here, words)
    if settings.folders or settings.has_entry:
        raise IncompleteError(
            f"{settings.config} still names the companion", "Look with clawtop companion status"
        )
    return settings


# -- before anything is changed


def _shown(args: argparse.Namespace) -> Openclaw:
    return meaning(args.openclaw, find_options(args), os.environ, None)


def _look_around(args: argparse.Namespace, by_hand: list[str]) -> Here:
    """Find the gateway, its config and its command on this host.

    ``by_hand``: what to run where the gateway is, printed when that is not here. Raises
    RefusedError, and nothing was changed then; FindError.
    """
    seconds(args.wait)  # a wrong one is said before anything is done
    settings = _read(args)
    target = target_of(args)
    live = asyncio.run(look(args, target))
    elsewhere = None if args.here else runs_here(target, live)
    if elsewhere:
        _say(["where the gateway runs:", *by_hand])
        raise RefusedError(
            f"{elsewhere}, so nothing was changed",
            "Run that there, or add --here if it is this host after all",
        )
    command = find_openclaw(meaning(args.openclaw, find_options(args), os.environ, target))
    if command is None:
        _say(["with the gateway's own command line:", *by_hand])
        raise RefusedError(
            f"{args.openclaw or 'openclaw'} was not found on this host, so nothing was changed",
            "Name it with --openclaw PATH, or run that where it is",
        )
    about = ask(command)
    _check(about, command, settings)
    return Here(target, command, about, settings, live)


def _read(args: argparse.Namespace) -> Settings:
    """The companion in the gateway's config. Raises RefusedError for a broken file."""
    return plugin.settings_of(config_of(args))


def _check(about: About, command: Openclaw, settings: Settings) -> None:
    if not about.links:
        raise RefusedError(
            f"{command.program} cannot link a plugin from a folder, so nothing was changed",
            "See what it offers: openclaw plugins install --help",
        )
    if about.config is not None and about.config.resolve() != settings.config.resolve():
        raise RefusedError(
            f"{command.program} would change {about.config}, but clawtop reads {settings.config}"
            " for this gateway; nothing was changed",
            "Name the gateway's config with --config PATH, or its --profile",
        )
    if about.invalid:
        raise RefusedError(
            f"the gateway calls {settings.config} invalid ({about.invalid}); nothing was changed",
            _cure(command, settings),
        )


def _cure(command: Openclaw, settings: Settings) -> str:
    """2026.5.28 takes no command while a linked folder is gone, and its doctor then restores an
    older config as a whole."""
    gone = settings.gone()
    if not gone:
        return f"See {command.shown('config', 'validate')}"
    return (
        f"Put the folder {gone[0]} back, or take it out of {plugin.PATHS} in that file by hand;"
        " openclaw doctor --fix may restore an older config as a whole"
    )


def _agreed(args: argparse.Namespace) -> bool:
    """False for a dry run. Raises RefusedError without a yes."""
    if args.dry_run:
        print("dry run: nothing was changed")
        return False
    if is_read_only(args):
        raise RefusedError("this is read-only", "Start without --read-only to change anything")
    confirm(args, [], loses_more=False)
    return True


# -- changing, and what came of it


def _apply(args: argparse.Namespace, here: Here, words: Words) -> Settings:
    """Run one command; what the config says afterwards. Raises IncompleteError if it failed."""
    before = _bytes(here.settings.config)
    done = here.command.run(*words)
    _say_done(done)
    if done.code:
        changed = _bytes(here.settings.config) != before
        raise IncompleteError(
            f"{done.shown} failed with exit code {done.code};"
            f" {here.settings.config} was {'changed all the same' if changed else 'not changed'}",
            "Read what it printed; clawtop companion status shows what is there now"
            if changed
            else "Read what it printed, then try again",
        )
    return _read(args)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _await_taken_up(args: argparse.Namespace, here: Here, *, wanted: bool) -> None:
    """Look whether the running gateway takes the change up by itself, and say so."""
    until = time.monotonic() + seconds(args.wait)
    now: Now | None = None
    while here.live.store is not None:
        now = asyncio.run(state_now(args, here.target))
        if _as_wanted(now, args, wanted=wanted) or time.monotonic() >= until:
            break
        time.sleep(AGAIN_S)
    done = _as_wanted(now, args, wanted=wanted)
    live = here.live if done or here.live.store is None else asyncio.run(look(args, here.target))
    reached = here.live.store is not None
    _say(
        companion_text.taken_up_lines(
            here.command, live, now, reached=reached, done=done, wanted=wanted
        )
    )


def _as_wanted(now: Now | None, args: argparse.Namespace, *, wanted: bool) -> bool:
    if now is None or now.loaded is not wanted:
        return False
    return now.can_release is True or not (wanted and args.allow_release)


def _say_done(done: Done) -> None:
    _say([done.shown, *(f"  | {line}" for line in done.told())])


def _say(lines: list[str]) -> None:
    print("\n".join(lines), flush=True)
