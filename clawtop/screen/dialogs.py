"""Modal screens: a text to read, a choice, and confirmations of three weights.

Cancel is what every dialog starts with. Keys typed before a dialog was painted, and pasted
text, never confirm. The dialog is given the plan; nothing is read from under the cursor again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from clawtop.screen.keys import INTERRUPT
from clawtop.screen.page import Hanging
from clawtop.text import plain


def _no_news() -> None:
    return None


SCROLLING: tuple[BindingType, ...] = (
    Binding("escape,q,enter", "close", "Back", show=False),
    Binding("up,k", "scroll(-1)", "Up", show=False),
    Binding("down,j", "scroll(1)", "Down", show=False),
    Binding("pageup", "scroll(-10)", "Page up", show=False),
    Binding("pagedown,space", "scroll(10)", "Page down", show=False),
    Binding("home,g", "ends(0)", "First", show=False),
    Binding("end,G", "ends(1)", "Last", show=False),
    Binding("question_mark", "app.help", "Help", show=False),
    INTERRUPT,
)


class Modal(ModalScreen[str | None], inherit_bindings=False):
    """A screen over the dashboard that is left once."""

    def dismiss(self, result: str | None = None) -> AwaitComplete:
        """Leave it. A second key that came with the one that left it leaves nothing else."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


class Reading(Modal, inherit_bindings=False):
    """A text to read and scroll. Returns the acting key that was pressed in it, if any."""

    DEFAULT_CSS = """
    Reading { align: center middle; }
    Reading > VerticalScroll { width: 100%; height: 100%; padding: 0 1; background: $surface; }
    Reading Static { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *SCROLLING,
        Binding("X", "act('release')", "Release", show=False),
        Binding("K", "act('kill')", "Kill", show=False),
        Binding("N", "act('deny')", "Deny", show=False),
        Binding("c", "act('copy')", "Copy", show=False),
        Binding("z", "act('mute')", "Mute", show=False),
        Binding("l", "act('logs')", "Log lines", show=False),
        *(Binding(str(n), f"act('way({n})')", "Way out", show=False) for n in range(1, 10)),
    ]

    def __init__(
        self,
        text: str | Text,
        *,
        acting: bool = False,
        renew: Callable[[], Text | None] = _no_news,
        at_end: bool = False,
    ) -> None:
        super().__init__()
        self._text = text if isinstance(text, Text) else Text(text)
        self._acting = acting
        self._renew = renew
        self._at_end = at_end

    def on_mount(self) -> None:
        if self._at_end:
            self.call_after_refresh(self.action_ends, 1)

    def renew(self) -> None:
        """Show the newest text; when its record is gone the last one stays."""
        text = self._renew()
        if text is not None and text != self._text:
            self.show(text)

    def show(self, text: Text) -> None:
        """This text from now on."""
        scroll = self.query_one(VerticalScroll)
        follow = self._at_end and scroll.scroll_y >= scroll.max_scroll_y
        self._text = text
        self.query_one(Static).update(Hanging(text))
        if follow:  # whoever reads the newest line goes on reading the newest line
            self.call_after_refresh(self.action_ends, 1)

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static(Hanging(self._text))

    def action_close(self) -> None:
        self.dismiss(None)

    def action_act(self, what: str) -> None:
        if self._acting:
            self.dismiss(what)

    def action_ends(self, last: int) -> None:
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_to(y=scroll.max_scroll_y if last else 0, animate=False, force=True)


class Dialog(Modal, inherit_bindings=False):
    """A question over the dashboard: what it is about, and below it what can be answered.

    The answers are always in sight; where the screen is too low for the rest, that scrolls.
    Keys typed before it was painted answer nothing.
    """

    AUTO_FOCUS = ""
    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > Vertical { width: 78; max-width: 100%; height: auto;
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
OTHER_KEYS = ("escape", "ctrl+c", "up", "down", "pageup", "pagedown")  # they have bindings


class _NoPaste(Input):
    """An input that takes typed keys only. Its cursor rests: a blink would be bytes."""

    cursor_blink = False

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()


class Confirm(Dialog, inherit_bindings=False):
    """One confirmation. ``word`` None: weight 1, ``y`` confirms. Else the word is typed.

    ``called`` says what the word is where it does not say so itself: the gateway's name.
    ``choices`` (key, label, text) come first when there is more than one thing to confirm; the
    result is the chosen key, or ``yes``; None is cancel.
    """

    BINDINGS = Dialog.BINDINGS

    def __init__(
        self,
        text: Text,
        *,
        word: str | None = None,
        called: str = "",
        choices: tuple[tuple[str, str, Text], ...] = (),
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
            if name == key:
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
