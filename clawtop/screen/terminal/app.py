"""An app that is fit for its terminal: what the dashboard is built on."""

from __future__ import annotations

import os
from collections.abc import Sequence

from textual import events
from textual._styles_cache import StylesCache
from textual.await_complete import AwaitComplete
from textual.filter import LineFilter, NoColor
from textual.widgets import Input

from clawtop.screen.terminal.colours import ReadableColours
from clawtop.screen.terminal.glyphs import AsciiOnly
from clawtop.screen.terminal.keyboard import Keyboard
from clawtop.screen.terminal.output import Output


class TerminalApp(Output, inherit_bindings=False):
    """Colours and characters that the terminal has, and only keys that were meant.

    ``theme``: one of Textual's, None for its default; ``ascii_only``: the terminal shows no
    other characters.
    """

    def __init__(self, *, theme: str | None = None, ascii_only: bool = False) -> None:
        super().__init__()
        if theme is not None:
            self.theme = theme
        self.animation_level = "none"
        self._keyboard = Keyboard()
        self._began_in_terminal = os.isatty(0)
        self._fitting: list[LineFilter] = [AsciiOnly()] if ascii_only else []
        if self.no_color:
            self._fitting.append(NoColor())
        elif self.native_ansi_color:
            self._fitting.append(ReadableColours())

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every painted line goes through."""
        textuals = [] if self.no_color else super().get_line_filters()  # shades of grey
        return [*textuals, *self._fitting]

    def terminal_is_gone(self) -> bool:
        """Whether nobody is at the other end any more; where the terminal is not the controlling
        one, no SIGHUP says so."""
        return self._began_in_terminal and not os.isatty(0)

    def pop_screen(self) -> AwaitComplete:
        """A page is closed. Textual 8.2 keeps the painted lines of a thousand widgets that are gone
        as keys of a cache of two colours each: over a night, a hundred megabytes."""
        closed = super().pop_screen()
        StylesCache.get_inner_outer.cache_clear()
        return closed

    async def on_event(self, event: events.Event) -> None:
        """A key that was not meant is dropped here, before anything sees it."""
        if isinstance(event, events.Key) and not event.is_forwarded and await self._hear(event):
            return
        await super().on_event(event)

    async def _hear(self, key: events.Key) -> bool:
        """True when nothing is left to do for this key."""
        return self._is_rest(key) or await self.take_key(key)

    async def take_key(self, event: events.Key) -> bool:
        """Act on a key that was meant; False leaves it to the bindings and the widgets."""
        return False

    def _is_rest(self, event: events.Key) -> bool:
        typing = isinstance(self.focused, Input)
        return self._keyboard.is_rest(event.key, event.character, event.time, typing=typing)
