"""The way of a frame to the terminal: only what changed is sent, and a terminal that has stopped
reading is not waited for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import textual
from rich.control import Control
from textual.app import App
from textual.screen import Screen

from clawtop.screen.terminal.frame import Frames, can_be_compared

if TYPE_CHECKING:
    from rich.console import RenderableType

BEHIND = 2  # frames that the terminal has not taken: no reason to make another one
FULL = 20  # pieces of output; Textual's writer holds 30 and then stops the whole program
AGAIN_S = 0.1  # when to look again whether a terminal takes what it is sent
SYNC_START, SYNC_END = "\x1b[?2026h", "\x1b[?2026l"  # what lies between is shown at once


class Output(App[None], inherit_bindings=False):
    """An app whose frames are compared with what the terminal shows."""

    def __init__(self) -> None:
        super().__init__()
        self._frames: Frames | None = None
        self._left_out = False
        self._cursor = (-1, -1)

    def send_changes_only(self) -> None:
        """From here on; not before the first frame, for telling Textual's version takes time."""
        self._frames = Frames() if can_be_compared(textual.__version__) else None

    def terminal_is_behind(self) -> bool:
        """The terminal does not take what was sent: a frame now would have to wait."""
        return self._untaken() >= BEHIND

    def _untaken(self) -> int:
        queue = getattr(getattr(self._driver, "_writer_thread", None), "_queue", None)
        return 0 if queue is None else queue.qsize()

    def repaint(self) -> None:
        """Send every cell again, whatever the terminal is thought to show."""
        self._forget()
        self.screen.refresh()

    def on_resize(self) -> None:
        """Also sent when the program comes back from a stop: the terminal may show anything."""
        self._forget()
        if self._screen_stack:
            self.screen.refresh()

    def _forget(self) -> None:
        if self._frames is not None:
            self._frames.forget()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if renderable is None or not self._is_shown():
            super()._display(screen, renderable)
        elif self._untaken() >= FULL:
            self._leave_out()
            self.post_display_hook()
        elif (text := self._changes(renderable)) is None:
            self._forget()
            super()._display(screen, renderable)
        else:
            self._send(text)
            self.post_display_hook()

    def _leave_out(self) -> None:
        """Nothing of this frame is sent; the screen is, as it is once the terminal reads again."""
        if not self._left_out:
            self._left_out = True
            asyncio.get_running_loop().call_later(AGAIN_S, self._catch_up)

    def _catch_up(self) -> None:
        self._left_out = False
        if self.is_running and self._untaken() >= BEHIND:
            self._leave_out()
        elif self.is_running:
            self.screen.refresh()

    def _is_shown(self) -> bool:
        """Textual itself drops a frame while one of these does not hold."""
        on = self._running and not self._closed and not self._batch_count
        driver = self._driver
        return on and driver is not None and not self.is_headless and not driver.is_inline

    def _changes(self, renderable: RenderableType) -> str | None:
        return self._frames.changes(renderable, self.console) if self._frames else None

    def _send(self, text: str) -> None:
        """The changes, and the cursor to where an input wants it."""
        x, y = self.screen.outer_size.clamp_offset(self.cursor_position)
        if self._driver is None or not (text or (x, y) != self._cursor):
            return
        self._cursor = (x, y)
        text += Control.move_to(x, y).segment.text
        self._driver.write(f"{SYNC_START}{text}{SYNC_END}" if self._sync_available else text)
        self._driver.flush()
