"""Which theme the dashboard has: the one asked for, or what fits the terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from clawtop.errors import UsageError
from clawtop.text import plain

AUTO, ANSI = "auto", "ansi"
OWN_COLOURS = "ansi-dark"  # the terminal's own 16, on its own background
SIXTEEN = ("linux", "vt100", "vt102", "vt220")  # terminals that have no others


def over_ssh(env: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of an SSH connection."""
    return bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY"))


def theme_of(wish: str, env: Mapping[str, str]) -> str | None:
    """The theme for this wish; None leaves it to Textual. Raises UsageError for a wrong name.

    Over SSH the terminal's own colours are the default: they are half the bytes.
    """
    if env.get("NO_COLOR") is not None or wish == ANSI:
        return OWN_COLOURS
    if wish == AUTO:
        own = over_ssh(env) or env.get("TERM") in SIXTEEN
        return OWN_COLOURS if own else None
    from textual.theme import BUILTIN_THEMES

    if wish not in BUILTIN_THEMES:
        names = ", ".join([AUTO, ANSI, *sorted(BUILTIN_THEMES)])
        raise UsageError(f"there is no theme {plain(wish)!r}", f"There are: {names}")
    return wish
