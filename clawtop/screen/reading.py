"""A page over the dashboard: a text to read and scroll, and a line that says how old it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from clawtop.screen.keys import INTERRUPT, fitting, name_of_key
from clawtop.screen.line import Words
from clawtop.screen.pace import EVERY_S, Pace
from clawtop.screen.page import Hanging
from clawtop.text import plain

OLD_S = 10.0  # as in the header
LIVE = "live"

SCROLLING: tuple[BindingType, ...] = (
    Binding("escape,q,enter", "close", "Back", show=False),
    Binding("up,k", "scroll(-1)", "Up", show=False),
    Binding("down,j", "scroll(1)", "Down", show=False),
    Binding("pageup", "scroll(-10)", "Page up", show=False),
    Binding("pagedown,space", "scroll(10)", "Page down", show=False),
    Binding("home,g", "ends(0)", "First", show=False),
    Binding("end,G", "ends(1)", "Last", show=False),
    Binding("question_mark", "app.help", "Help", show=False),
    Binding("ctrl+l", "app.repaint", "Repaint", show=False),
    INTERRUPT,
)

Do = Callable[[str], Awaitable[object]]


class Modal(ModalScreen[str | None], inherit_bindings=False):
    """A screen over the dashboard that is left once."""

    def dismiss(self, result: str | None = None) -> AwaitComplete:
        """Leave it. A second key that came with the one that left it leaves nothing else."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def action_scroll(self, lines: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


class Reading(Modal, inherit_bindings=False):
    """A text, and under it which keys work here and how old it is.

    ``do`` is handed what an acting key means, and says itself what it cannot do; without it no
    key acts here. ``renew`` gives the newest text, None once what it tells of is gone: then the
    last one stays, and says so. It is called at the pace of a page (every ``every_s``), and at
    once where ``about`` has changed. ``taken``: when a text was made that is never renewed.
    """

    DEFAULT_CSS = """
    Reading { background: $surface; }
    Reading > VerticalScroll { width: 100%; height: 1fr; padding: 0 1; background: $surface; }
    Reading Static { width: 1fr; }
    Reading Line { padding: 0 1; background: $surface; }
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
        keys: Sequence[str] = (),
        do: Do | None = None,
        renew: Callable[[], Text | None] | None = None,
        about: Callable[[], object] = lambda: None,
        every_s: float = EVERY_S,
        taken: str = "",
        at_end: bool = False,
    ) -> None:
        super().__init__()
        self._text = text if isinstance(text, Text) else Text(text)
        self._keys = ("Esc back", *keys)
        self._do, self._renew, self._about = do, renew, about
        self._pace = Pace(every_s)
        self._pace.read(about(), lambda: self._text)
        self._taken = taken
        self._freshness = self._words = self._read_at = ""
        self._at_end = at_end
        self._foot = Words(style="dim")

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Static(Hanging(self._text))
        yield self._foot

    def on_mount(self) -> None:
        self._tell_keys()
        if self._at_end:
            self.call_after_refresh(self._to_end)

    def on_resize(self) -> None:
        self._tell_keys()

    # -- what it shows

    def renew(self, freshness: str, clock: str) -> None:
        """Bring it up to date. ``freshness``: of the picture; ``clock``: the gateway's time."""
        if self._renew is None:
            return
        self._read_at = self._read_at or clock
        due, text = self._pace.read(self._about(), self._renew)
        if due and text is None:
            self._taken = f"GONE, as of {self._read_at}"
        if text is not None:
            self._taken, self._read_at = "", clock
            if text != self._text:
                self.show(text)
        self._freshness = freshness
        self._tell_keys()

    def show(self, text: Text) -> None:
        """This text from now on."""
        scroll = self.query_one(VerticalScroll)
        follow = self._at_end and scroll.scroll_y >= scroll.max_scroll_y
        self._text = text
        self.query_one(Static).update(Hanging(text))
        if follow:  # whoever reads the newest line goes on reading the newest line
            self.call_after_refresh(self._to_end)

    def say(self, text: str) -> None:
        """One line for the person, until the next key; empty: the keys again."""
        self._words = plain(text)
        self._tell_keys()

    def _tell_keys(self) -> None:
        """The last line: what can be done here, or what was just said, and how old all this is."""
        tail = self._old()
        room = self.app.size.width - 2 - cell_len(tail) - 2
        words = self._words or fitting(self._keys, room)
        told = bool(self._words) or tail not in ("", LIVE)
        end = f"  {tail}" if tail else ""
        self._foot.say(words, "bold" if told else "dim", end, whole=bool(self._words))

    def _old(self) -> str:
        if self._taken or self._renew is None:
            return self._taken
        if self._freshness != LIVE or self._pace.age_s < OLD_S:
            return self._freshness
        return f"read {round(self._pace.age_s)}s ago"

    # -- its keys

    def on_key(self, event: events.Key) -> None:
        """A key of the dashboard that has no meaning here keeps its place, and says so."""
        name = name_of_key(event.key)
        self.say(f"{name} is a key of the dashboard: Esc first" if name else "")

    def action_close(self) -> None:
        self.dismiss(None)

    async def action_act(self, what: str) -> None:
        self.say("")
        if self._do is None:
            self.say("on this page there is nothing to act on: Esc first")
            return
        await self._do(what)
        self._pace.now()

    def action_scroll(self, lines: int) -> None:
        self.say("")
        super().action_scroll(lines)

    def action_ends(self, last: int) -> None:
        self.say("")
        if last:
            self._to_end()
        else:
            self.query_one(VerticalScroll).scroll_to(y=0, animate=False, force=True)

    def _to_end(self) -> None:
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_to(y=scroll.max_scroll_y, animate=False, force=True)
