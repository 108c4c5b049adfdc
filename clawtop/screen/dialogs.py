"""Modal screens: a text to read, a choice, and confirmations of three weights.

Cancel is what every dialog starts with. Keys typed before a dialog was painted, and pasted
text, never confirm. The dialog is given the plan; nothing is read from under the cursor again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from clawtop.screen.keys import INTERRUPT
from clawtop.screen.page import Hanging
from clawtop.screen.reading import Modal
from clawtop.text import plain


class Dialog(Modal, inherit_bindings=False):
    """A question over the dashboard: what it is about, and below it what can be answered.

    The answers are always in sight; where the screen is too low for the rest, that scrolls.
    Keys typed before it was painted answer nothing.
    """

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > Vertical { width: 80; max-width: 100%; height: auto;
        border: round $warning; padding: 0 1; background: $surface; }
    Dialog VerticalScroll { height: auto; background: $surface; }
    Dialog Static { width: 1fr; height: auto; }
    Dialog Input, Dialog Input:focus { border: none; height: 1; padding: 0; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False, priority=True),
        Binding("up", "scroll(-1)", "Up", show=False),
        Binding("down", "scroll(1)", "Down", show=False),
        Binding("pageup", "scroll(-5)", "Page up", show=False),
        Binding("pagedown", "scroll(5)", "Page down", show=False),
        Binding("ctrl+l", "app.repaint", "Repaint", show=False),
        INTERRUPT,
    ]

    def __init__(self, text: Text) -> None:
        super().__init__()
        self._text = text
        self._painted_at: float | None = None

    def ask(self) -> Text:
        """What can be answered."""
        raise NotImplementedError

    def below(self) -> Iterable[Widget]:
        """What stands under the answers."""
        return ()

    def compose(self) -> ComposeResult:
        with Vertical():
            with VerticalScroll(can_focus=False):
                yield Static(Hanging(self._text), id="what")
            yield Static(self.ask(), id="ask")
            yield from self.below()

    def on_mount(self) -> None:
        what = self.query_one(VerticalScroll)
        self.watch(what, "show_vertical_scrollbar", self._tell_more, init=False)
        self.call_after_refresh(self._fit)

    def on_resize(self) -> None:
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        """Leave room for the answers; only then can it be answered."""
        lower = [child for child in self.query("Dialog > Vertical > *") if child.id]
        room = self.size.height - BORDERS - sum(child.size.height for child in lower)
        self.query_one(VerticalScroll).styles.max_height = max(room, 1)
        if self._painted_at is None:
            self.call_after_refresh(self._armed)

    def _tell_more(self, cut: bool) -> None:
        """Say when there is more to read than fits."""
        self.query_one(Vertical).border_subtitle = MORE if cut else ""

    def _armed(self) -> None:
        self._painted_at = time.monotonic()

    def typed_ahead(self, event: Message) -> bool:
        """Whether that was typed before the dialog could be read."""
        return self._painted_at is None or event.time < self._painted_at

    def on_paste(self, event: events.Paste) -> None:
        event.stop()

    def action_cancel(self) -> None:
        self.dismiss(None)


BORDERS = 2  # lines
MORE = "there is more: arrow keys"
OTHER_KEYS = ("escape", "ctrl+c", "ctrl+l", "up", "down", "pageup", "pagedown")  # have bindings


class _NoPaste(Input):
    """An input that takes typed keys only. Its cursor rests: a blink would be bytes."""

    cursor_blink = False

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()


class Confirm(Dialog, inherit_bindings=False):
    """One confirmation. ``word`` None: weight 1, ``y`` confirms. Else the word is typed.

    ``called`` says what the word is where it does not say so itself: the gateway's name.
    ``choices`` (key, label, text) come first when there is more than one thing to confirm; one
    without a text leads elsewhere. The result is the chosen key, or ``yes``; None is cancel.
    """

    BINDINGS = Dialog.BINDINGS

    def __init__(
        self,
        text: Text,
        *,
        word: str | None = None,
        called: str = "",
        choices: tuple[tuple[str, str, Text | None], ...] = (),
    ) -> None:
        super().__init__(text)
        self._word, self._choices = word, choices
        self._asked = f"{called} ({word})" if called else word
        self._chosen: str | None = None

    def below(self) -> Iterable[Widget]:
        return [] if self._word is None else [_NoPaste(id="word", placeholder="")]

    def ask(self) -> Text:
        if self._word is not None:
            return Text(f"Type {self._asked} and Enter to go on, Esc to cancel", "bold")
        if self._choices and self._chosen is None:
            lines = [f"  {key}  {label}" for key, label, _ in self._choices]
            return Text("\n".join([*lines, "[ Cancel ]  Esc, n, q or Enter"]), "bold")
        return Text("[ Cancel ]  Esc, n, q or Enter     y  go on", "bold")

    def _armed(self) -> None:
        super()._armed()
        if self._word is not None:
            self.query_one(Input).focus()

    def on_key(self, event: events.Key) -> None:
        if self._word is not None or event.key in OTHER_KEYS:
            return
        event.stop()
        if event.key in ("n", "q", "enter"):
            self.dismiss(None)
        elif self.typed_ahead(event):
            return
        elif self._choices and self._chosen is None:
            self._choose(event.key)
        elif event.key == "y":
            self.dismiss(self._chosen or "yes")

    def _choose(self, key: str) -> None:
        for name, _, text in self._choices:
            if name == key and text is None:
                self.dismiss(key)
            elif name == key and text is not None:
                self._chosen = key
                self._painted_at = None
                self.query_one("#what", Static).update(Hanging(text))
                self.query_one("#ask", Static).update(self.ask())
                self.call_after_refresh(self._fit)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value.strip() == self._word and not self.typed_ahead(event):
            self.dismiss("yes")
        elif event.value.strip() in ("n", "q", ""):
            self.dismiss(None)


def confirm_beyond(text: Text, gateway: str) -> Confirm:
    """Weight 3, for what reaches beyond one session: the gateway's name is typed."""
    return Confirm(text, word=plain(gateway), called="the gateway's name")


class Choose(Dialog, inherit_bindings=False):
    """A few entries, one key each. ``entries``: the key of each and what it does.

    Returns the key, or None for Esc and Enter. Choosing sends nothing by itself.
    """

    BINDINGS = Dialog.BINDINGS

    def __init__(self, text: Text, entries: dict[str, str], *, cancel: str = "Cancel") -> None:
        super().__init__(text)
        self._entries, self._cancel = entries, cancel

    def ask(self) -> Text:
        lines = [f"  {key}  {what}" for key, what in self._entries.items()]
        return Text("\n".join([*lines, f"[ {self._cancel} ]  Esc or Enter"]), "bold")

    def on_key(self, event: events.Key) -> None:
        if event.key in OTHER_KEYS:
            return
        event.stop()
        if event.key == "enter":
            self.dismiss(None)
        elif self.typed_ahead(event):
            return
        elif event.key in self._entries:
            self.dismiss(event.key)
        elif event.key in ("n", "q"):
            self.dismiss(None)
