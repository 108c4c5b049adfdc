"""The command palette: every key's act by its words, orders of the rows, and records by name.

It is made from the key table, so that nothing can be there that no key does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from clawtop.screen.keys import GROUPS, INTERRUPT, MOVING, name_of
from clawtop.screen.line import Line
from clawtop.screen.reading import Modal
from clawtop.text import plain

MOST = 50  # entries shown; more words show others
HINT = "Type words of a command or a name · Enter does it · Esc back"


class Entry(NamedTuple):
    """One thing that can be done: ``action`` is what a key would call."""

    words: str
    action: str
    key: str = ""


def entries(orders: Sequence[str], sessions: Sequence[str]) -> list[Entry]:
    """All there is: the keys that do something, the orders of the panel in focus, the rows."""
    keys = [key for _, group in GROUPS for key in group if key.action not in HIDDEN]
    found = [Entry(key.what, key.action, name_of(key)) for key in keys]
    found += [Entry(f"sort by {name}", f"order({name!r})") for name in orders]
    found += [Entry(f"go to {plain(one)}", f"go_to({one!r})") for one in sessions]
    return found


HIDDEN = {key.action for key in MOVING if not key.action.startswith("panel")} | {
    "palette",
    "up_level",
    "open",
}


def matching(found: Sequence[Entry], typed: str) -> list[Entry]:
    """The entries in which every typed word is found; those that begin so come first."""
    words = typed.lower().split()
    kept = [one for one in found if all(word in one.words.lower() for word in words)]
    begins = typed.strip().lower()
    return sorted(kept, key=lambda one: not one.words.lower().startswith(begins))[:MOST]


class Palette(Modal, inherit_bindings=False):
    """Choose one entry; returns its action, None for Esc."""

    DEFAULT_CSS = """
    Palette { align: center top; }
    Palette > Vertical { width: 80; max-width: 100%; height: auto; max-height: 100%;
        background: $surface; }
    Palette Input, Palette Input:focus { border: none; height: 1; padding: 0; }
    Palette OptionList, Palette OptionList:focus { border: none; padding: 0; height: auto;
        max-height: 14; background: $surface; scrollbar-size: 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Back", show=False, priority=True),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        INTERRUPT,
    ]

    def __init__(self, found: Sequence[Entry]) -> None:
        super().__init__()
        self._all, self._shown = found, list(found[:MOST])

    def compose(self) -> ComposeResult:
        typed = Input(placeholder="command")
        typed.cursor_blink = False
        with Vertical():
            yield typed
            yield OptionList(*map(_option, self._shown))
            yield Line(HINT, "dim")

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.can_focus = False
        options.highlighted = 0
        self.set_focus(self.query_one(Input))

    def on_key(self, event: events.Key) -> None:
        """Only keys typed before the input had the focus come here: they are its first ones."""
        if event.character is not None and event.is_printable:
            event.stop()
            self.query_one(Input).insert_text_at_cursor(event.character)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._shown = matching(self._all, event.value)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(map(_option, self._shown))
        options.highlighted = 0 if self._shown else None

    def on_input_submitted(self) -> None:
        index = self.query_one(OptionList).highlighted
        self.dismiss(None if index is None else self._shown[index].action)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index].action)

    def action_move(self, delta: int) -> None:
        options = self.query_one(OptionList)
        if delta > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()

    def action_cancel(self) -> None:
        self.dismiss(None)


def _option(one: Entry) -> Option:
    return Option(
        Text.assemble((f"{one.key:<8}", "dim"), one.words, no_wrap=True, overflow="ellipsis")
    )
