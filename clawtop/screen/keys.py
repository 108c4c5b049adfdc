"""The one key table: bindings, help, footer and palette are made from it.

Acting keys are the capitals X, K, N, T. No letter of a broken arrow-key sequence (A-D, F, H) is
used, nor anything a terminal swallows (ctrl+s, ctrl+q, ctrl+z, function keys).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import cell_len
from textual.binding import Binding


class Key(NamedTuple):
    """One key: what it does, in a few words; ``foot`` is its word in the footer, if any."""

    keys: str
    action: str
    what: str
    foot: str = ""
    shown: str = ""


MOVING = (
    Key("up,k", "move(-1)", "up", shown="↑ k"),
    Key("down,j", "move(1)", "down", shown="↓ j"),
    Key("home,g", "first", "first row", shown="g"),
    Key("end,G", "last", "last row", shown="G"),
    Key("pageup", "page(-1)", "page up", shown="PgUp"),
    Key("pagedown", "page(1)", "page down", shown="PgDn"),
    Key("tab", "next_panel(1)", "next panel", shown="Tab"),
    Key("shift+tab", "next_panel(-1)", "panel before", shown="Shift-Tab"),
    Key("0", "panel(0)", "incidents: what is wrong, in words"),
    Key("1", "panel(1)", "system events"),
    Key("2", "panel(2)", "locks"),
    Key("3", "panel(3)", "approvals"),
    Key("4", "panel(4)", "recovery attempts"),
)
LOOKING = (
    Key("enter", "open", "detail: everything known, and the ways out", "detail", "Enter"),
    Key("slash", "filter", "filter (words, state:stale, agent:main)", "filter", "/"),
    Key("w", "changes", "what changed since the last w", "changes"),
    Key("s", "sort", "sort: the next order of this panel (need, oldest, …)", "sort"),
    Key("f", "freeze", "freeze the rows; again to let them go", "freeze"),
    Key("z", "mute", "mute this incident for an hour; again to hear of it"),
    Key("l", "logs", "log lines of this row's session"),
    Key("5", "lanes", "lanes and tasks: what runs, what is stale, second copies"),
    Key("a", "actions", "action log"),
    Key("c", "copy", "show the full id on a line of its own, and copy it"),
    Key("r", "ask", "ask everything again, or connect now"),
    Key("ctrl+l", "repaint", "repaint", shown="^L"),
    Key(
        "colon", "palette", "every command by its words, every session by its key", "commands", ":"
    ),
    Key("question_mark", "help", "this help", "help", "?"),
    Key("escape", "up_level", "one level back", shown="Esc"),
    Key("q", "leave", "quit", "quit"),
)
ACTING = (
    Key("X", "release", "release this lock, or this incident's first way out", "release"),
    Key("K", "kill", "kill: abort the run of this lock or incident", "kill"),
    Key("N", "deny", "say no: deny copies of an approval, drop a copied event", "deny"),
    Key("T", "heartbeats", "heartbeats: pause, resume (the whole gateway's)", "heartbeats"),
)
REPLAYING = (
    Key("space", "replay_pause", "pause, or go on"),
    Key("comma,less_than_sign", "replay_scrub(-1)", "a minute back", shown=", <"),
    Key("full_stop,greater_than_sign", "replay_scrub(1)", "a minute on", shown=". >"),
    Key("p", "replay_incident(-1)", "the previous first naming of an incident"),
    Key("n", "replay_incident(1)", "the next first naming of an incident"),
)
GROUPS = (
    ("moving", MOVING),
    ("looking", LOOKING),
    ("acting", ACTING),
    ("in a replay", REPLAYING),
)
INTERRUPT = Binding("ctrl+c", "app.interrupt", "quit at once", show=False)


def bindings() -> list[Binding]:
    """Every key of the dashboard; what they do is the app's."""
    keys = [key for _, group in GROUPS for key in group]
    return [Binding(key.keys, f"app.{key.action}", key.what, show=False) for key in keys]


def name_of(key: Key) -> str:
    return key.shown or key.keys


def name_of_key(pressed: str) -> str:
    """How the table names what was pressed; empty for what is no key of the dashboard."""
    found = (key for _, group in GROUPS for key in group if pressed in key.keys.split(","))
    return next((name_of(key) for key in found), "")


def fitting(words: Iterable[str], width: int) -> str:
    """As many words as fit whole, in this order."""
    text = ""
    for word in words:
        longer = f"{text}  {word}" if text else word
        if cell_len(longer) > width:
            break
        text = longer
    return text


# What the footer tells first; where the terminal is narrow, those at the end are left out.
FOOT = ["enter", "X", "K", "N", "slash", "question_mark", "w", "q", "T", "colon", "s", "f"]


def foot_text(width: int) -> str:
    """The footer: the keys that matter most, as many as fit whole."""
    named = {key.keys: key for _, group in GROUPS for key in group if key.foot}
    return fitting((f"{name_of(named[one])} {named[one].foot}" for one in FOOT), width)
