"""The application: one timer, the keys, and the way from a key to a confirmed plan.

Nothing heavy is imported here: the first frame is painted before the watcher (and with it
websockets) is imported and made.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input

from clawtop.errors import ClawtopError
from clawtop.picture.follow import PANELS
from clawtop.picture.store import Store
from clawtop.screen.alarm import Alarm
from clawtop.screen.dashboard import Dashboard
from clawtop.screen.doing import Doing
from clawtop.screen.finding import Finding
from clawtop.screen.header import Second, first_line, freshness, second_line
from clawtop.screen.keys import INTERRUPT
from clawtop.screen.knowing import Knowing
from clawtop.screen.looking import Looking
from clawtop.screen.replaying import Replaying
from clawtop.screen.settled import Settled
from clawtop.screen.terminal.app import TerminalApp
from clawtop.text import age, plain, utc

if TYPE_CHECKING:
    from clawtop.gateway.hook import Hook
    from clawtop.gateway.watch import Watcher
    from clawtop.incidents.scene import Kind
    from clawtop.screen.acting import Acting
    from clawtop.screen.pausing import Pausing
    from clawtop.screen.reading import Reading

FRAME_S = 0.1  # at most ten paints a second
REST = 6  # and at most a sixth of the time, or a slow host would paint instead of reading
KEY_FIRST_S = 0.04  # how long a paint waits for the frame that answers a key
BESIDE_S = 0.2  # the detail beside follows the selection once it rests: it is costly
LONGEST_S = 0.5  # between two paints, however long one took
HOLD_S = 3.0  # rows hold still after a key
JUDGE_A_FRAME = 500  # sessions judged per paint; in a storm the rest waits for the next one

INCIDENTS = "incidents"  # their panel; the store knows nothing of them

MakeWatcher = Callable[[Callable[[], None]], "Watcher"]


class ClawtopApp(Looking, Finding, Knowing, Replaying, TerminalApp, inherit_bindings=False):
    """The dashboard over one watcher."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [INTERRUPT]

    def __init__(
        self,
        make_watcher: MakeWatcher,
        target: tuple[str, str],
        *,
        store: Store,
        operator: str,
        theme: str | None = None,
        ascii_only: bool = False,
        hint: str = "",
        kinds: Sequence[Kind] | None = None,
        bell: bool = False,
        hook: Hook | None = None,
    ) -> None:
        super().__init__(theme=theme, ascii_only=ascii_only)
        self.store, self.operator, self.hint = store, operator, hint
        self.watcher: Watcher | None = None
        self.doing = Doing(self.dirty)
        self.board = Dashboard()
        self.filter_words: tuple[str, ...] = ()
        self.frozen_ms: int | None = None
        self.problem: str | None = None
        self._make_watcher, self._target, self._kinds = make_watcher, target, kinds
        self.alarm = Alarm(self.bell if bell else None, hook)
        if hook is not None:
            hook.on_problem = self.say
        self._armed = False
        self._painted_at = self._key_at = self._pressed_at = 0.0
        self._gave_way = False
        self._paint_took_s = 0.0
        self._pending: dict[str, set[str]] = {}
        self._words_until = 0.0
        self._settled = Settled()
        self._watching: asyncio.Task[None] | None = None

    # -- start and end

    def get_default_screen(self) -> Screen[None]:
        """The dashboard is the first screen; composing another under it costs time."""
        return self.board

    def on_mount(self) -> None:
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """After the first frame: connect, and let the second tick."""
        gc.enable()  # the dashboard is loaded without it
        if not self.is_headless:
            self._settled.begin()
        self.send_changes_only()
        self.board.begin()
        self.begin_knowing(self._kinds)
        self.set_interval(1.0, self._tick)
        self._heed_signals()
        self._watching = asyncio.create_task(self._watch(), name="clawtop-watch")

    def _heed_signals(self) -> None:
        """SIGTERM and a closed terminal end it in order: the terminal is left usable."""
        if self.is_headless:
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: int) -> None:
        self.exit(return_code=128 + number)

    async def _watch(self) -> None:
        try:
            self.watcher = self._make_watcher(self.dirty)
            self.problem = None
            await self.watcher.run()
        except ClawtopError as error:
            self.problem = error.sentence()
            self.dirty()
        except Exception as error:  # noqa: BLE001 - the link worker's border: shown, never silent
            self.problem = f"clawtop itself failed: {type(error).__name__}. Press r to try again."
            self.dirty()

    def restart_watch(self) -> None:
        """Try again after a failure that ended the watch."""
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch(), name="clawtop-watch")

    async def on_unmount(self) -> None:
        await self.doing.stop()
        await self.alarm.close()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self.watcher is not None:
            await self.watcher.close()

    # -- the one timer

    def dirty(self) -> None:
        """Something changed: paint soon, at most ten times a second. Called for every event."""
        if self._armed:
            return
        self._armed = True
        pause = min(max(FRAME_S, self._paint_took_s * REST), LONGEST_S)
        wait = self._painted_at + pause - time.monotonic()
        asyncio.get_running_loop().call_later(max(wait, 0.01), self._paint)

    def _tick(self) -> None:
        """Once a second for ages, when nothing else has painted."""
        if self.terminal_is_gone():
            self._signalled(signal.SIGHUP)
        if not self._armed and time.monotonic() - self._painted_at > 0.9:
            self._paint()

    def _gives_way(self) -> bool:
        """A key is answered first: its frame is on the way. Once for each paint, or keys that are
        held down would stop all painting."""
        self._gave_way = not self._gave_way and time.monotonic() - self._pressed_at < KEY_FIRST_S
        if self._gave_way:
            self._armed = True
            asyncio.get_running_loop().call_later(KEY_FIRST_S, self._paint)
        return self._gave_way

    def _paint(self) -> None:
        if self._gives_way():
            return
        self._armed = False
        self._painted_at = time.monotonic()
        if not self.is_running:
            return
        if self.terminal_is_behind():  # skip this paint; the gateway is read on
            self.dirty()
            return
        self._paint_all()
        self._paint_took_s = time.monotonic() - self._painted_at

    def _paint_all(self) -> None:
        if self.watcher is not None and self.watcher.store is not self.store:
            self.show(self.watcher.store)
        now_ms = self.watcher.clock.now_ms() if self.watcher is not None else self.store.now_ms
        self.store.refresh(now_ms, JUDGE_A_FRAME)
        if not self.is_headless:
            self._settled.look(self.store.listed)
        if self.store.held.backlog_of_work:
            self.dirty()
        self._take(self.store.take_touched())
        self._take({INCIDENTS: self.know()})
        if not self._holding():
            pending, self._pending = self._pending, {}
            self.board.update_rows(self.store, pending)
        shown_ms = self.frozen_ms if self.frozen_ms is not None else self.store.now_ms
        self.board.header_lines.say(*self._header())
        self.board.paint(self.store, shown_ms, self.filter_words)
        self.board.select_first()
        self._paint_beside()
        self._paint_words()
        page = self.open_page()
        if page is not None:
            page.renew(self._freshness(), utc(self.store.now_ms))

    def _paint_beside(self) -> None:
        if self.board.beside is None:
            return
        if time.monotonic() - self._pressed_at < BESIDE_S:
            self.dirty()
        else:
            from clawtop.screen.pages import state_of

            about = (*self.selected(), state_of(self.record()))
            self.board.beside.show(about, self.page_beside)

    def show(self, store: Store) -> None:
        """Another picture from here on: a replay has gone to another time."""
        self.store = store
        self._pending = {panel: {"*"} for panel in PANELS}
        self.begin_knowing(self._kinds)

    def _take(self, touched: dict[str, set[str]]) -> None:
        for panel, ids in touched.items():
            if ids:
                self._pending.setdefault(panel, set()).update(ids)

    def _holding(self) -> bool:
        """Rows hold still while frozen, while a dialog is open, and 3 s after a key."""
        if self.frozen_ms is not None or self.screen is not self.board:
            return True
        resting = time.monotonic() - self._key_at < HOLD_S
        return resting and any(len(panel.model.rows) for panel in self.board.panels)

    async def take_key(self, event: events.Key) -> bool:
        """A key has done its work before the next one is looked at: on a slow link they come in
        bundles, and what follows ``:`` or ``/`` is meant for what that opens."""
        self._pressed_at = time.monotonic()
        active = self.active_bindings.get(event.key)
        if active is None or isinstance(self.focused, Input):
            return False
        await self.run_action(active.binding.action, active.node)
        return True

    def note_key(self) -> None:
        """A key was pressed in the dashboard: rows hold still for a moment."""
        self._key_at = time.monotonic()

    def _header(self) -> tuple[str, Second]:
        frozen = ""
        if self.frozen_ms is not None:
            passed = age(self.store.now_ms - self.frozen_ms)
            frozen = f"FROZEN at {utc(self.frozen_ms)}, {passed}"
        banner = self._banner()
        first = first_line(
            self.store, self._target, self.doing.head(), frozen, banner, self.size.width
        )
        return first, second_line(self.store, self.standing, self._next_try(), self.size.width)

    def _banner(self) -> str:
        return self.watcher.banner if self.watcher is not None else ""

    def _freshness(self) -> str:
        return self._banner() or freshness(self.store)

    def _next_try(self) -> str:
        if self.problem is not None:
            return "" if self.store.link_why in self.problem else plain(self.problem)
        watcher = self.watcher
        if watcher is None or watcher.retry_at is None or self.store.link_up:
            return ""
        left = max(round(watcher.retry_at - time.monotonic()), 0)
        return f"trying again in {left} s (r: now)"

    # -- the keys that act: what they do is loaded with the first of them

    @cached_property
    def acting(self) -> Acting:
        from clawtop.screen.acting import Acting

        return Acting(self)

    @cached_property
    def pausing(self) -> Pausing:
        from clawtop.screen.pausing import Pausing

        return Pausing(self)

    def action_release(self) -> None:
        self.acting.release_selected()

    def action_kill(self) -> None:
        self.acting.kill_selected()

    def action_deny(self) -> None:
        self.acting.deny_selected()

    def action_way(self, number: int) -> None:
        self.acting.start_number(number)

    def action_heartbeats(self) -> None:
        self.pausing.choose()

    # -- words

    def say(self, text: str) -> None:
        """One line for the person; it stays until the next key or for a while."""
        page = self.open_page()
        if page is not None:
            page.say(text)
            return
        self._words_until = time.monotonic() + 20
        self.board.words.say(plain(text), "bold", whole=True)

    def back_to_board(self) -> None:
        """Close the page that is open, if any: the dashboard shows what comes of an action."""
        page = self.open_page()
        if page is not None:
            page.dismiss(None)

    def open_page(self) -> Reading | None:
        """The page to read that lies over the dashboard, if any."""
        if self.screen is self.board:
            return None
        from clawtop.screen.reading import Reading  # loaded by whatever opened one

        return self.screen if isinstance(self.screen, Reading) else None

    def hush(self) -> None:
        self._words_until = 0.0

    def _paint_words(self) -> None:
        doing = self.doing.line(self.size.width)
        if time.monotonic() >= self._words_until:
            todo = self.watcher.todo if self.watcher is not None else ""
            words = doing or plain(todo) or self.gone()
            style = "bold" if words else "dim"
            self.board.words.say(words or self.hint, style, whole=bool(words))
