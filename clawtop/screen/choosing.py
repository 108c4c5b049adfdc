"""A small dialog with a few entries, one key each. Choosing sends nothing by itself."""

from __future__ import annotations

import time
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from clawtop.screen.keys import INTERRUPT


class Choose(ModalScreen[str | None], inherit_bindings=False):
    """``entries``: the key of each and what it does. Returns the key, or None for Esc and Enter.

    Keys typed before it was painted choose nothing.
    """

    DEFAULT_CSS = """
    Choose { align: center middle; }
    Choose > Vertical { width: 78; max-width: 100%; height: auto; max-height: 100%;
        border: round $warning; padding: 0 1; background: $surface; }
    Choose Static { width: 1fr; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False, priority=True),
        INTERRUPT,
    ]

    def __init__(self, text: Text, entries: dict[str, str], *, cancel: str = "Cancel") -> None:
        super().__init__()
        self._text, self._entries, self._cancel = text, entries, cancel
        self._painted_at: float | None = None

    def compose(self) -> ComposeResult:
        lines = [f"  {key}  {what}" for key, what in self._entries.items()]
        with Vertical():
            yield Static(self._text)
            yield Static(Text("\n".join([*lines, f"[ {self._cancel} ]  Esc or Enter"]), "bold"))

    def on_mount(self) -> None:
        self.call_after_refresh(self._armed)

    def _armed(self) -> None:
        self._painted_at = time.monotonic()

    def on_key(self, event: events.Key) -> None:
        if event.key in ("escape", "ctrl+c"):
            return
        event.stop()
        if event.key == "enter":
            self.dismiss(None)
        elif self._painted_at is None or event.time < self._painted_at:
            return
        elif event.key in self._entries:
            self.dismiss(event.key)
        elif event.key in ("n", "q"):
            self.dismiss(None)

    def action_cancel(self) -> None:
        self.dismiss(None)

    def action_interrupt(self) -> None:
        self.app.exit(return_code=130)
