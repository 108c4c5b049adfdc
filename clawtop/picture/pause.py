"""What clawtop itself did to a gateway's heartbeats, and whether that still holds.

No gateway tells whether heartbeats are paused. A pause lives in the memory of the gateway's
process: it outlasts a restart inside that process, although the boot id is then a new one, and
ends with the process (measured on 2026.5.28 and 2026.9.6). So it is the start of the process
that decides, which the greeting's uptime tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from clawtop.text import iso

if TYPE_CHECKING:
    from clawtop.picture.changes import GatewayFacts

SAME_START_MS = 5_000  # two handshakes tell the start of one process this exactly
AT_ONCE_MS = 1_000  # a heartbeat that began so soon after a pause may have begun before it
ON, OFF, UNKNOWN = "on", "paused_by_us", "unknown"
ENDED = "the gateway's process is a new one since: that pause is over"
NOT_TOLD = "no gateway tells whether heartbeats are paused"


class Act(StrEnum):
    """The newest thing clawtop did about it; ``-asked``: sent, and no answer is known."""

    PAUSE_ASKED = "pause-asked"
    PAUSED = "paused"
    RESUME_ASKED = "resume-asked"
    RESUMED = "resumed"


class Pause(Struct, frozen=True):
    """The newest act of clawtop on this host on one gateway. Times are gateway ms.

    ``paused_at_ms``: when the pause that this is about was sent; None: it resumed what it had
    not paused. ``boot_id`` and ``started_ms`` name the process that was told.
    """

    act: Act
    at_ms: int
    operator: str
    gateway: str
    url: str
    paused_at_ms: int | None = None
    boot_id: str | None = None
    started_ms: int | None = None


class PauseKnown(Struct, frozen=True):
    """What is kept about it on this host; ``problem``: why that cannot be read."""

    pause: Pause | None
    problem: str | None = None


class Ran(Protocol):
    """A heartbeat that was told: when its turn began, if that is known."""

    @property
    def began_ms(self) -> int | None: ...


class Switch(Struct, frozen=True):
    """Whether heartbeats are paused, as far as clawtop can say.

    ``since_ms``: of our pause, while it may hold. ``possible``: they may be off because of us,
    and that is not certain: a person has to look.
    """

    state: str
    why: str
    since_ms: int | None = None
    possible: bool = False
    operator: str | None = None

    @property
    def reminds(self) -> bool:
        """A person has to be reminded of it."""
        return self.since_ms is not None

    @property
    def word(self) -> str:
        """In two or three words; empty where nobody has to be reminded."""
        if not self.reminds:
            return ""
        return "heartbeats perhaps paused" if self.possible else "heartbeats paused"


def same_process(
    pause: Pause, facts: GatewayFacts | None, started_ms: int | None, now_uptime_ms: int | None
) -> bool | None:
    """Whether the process that was told is the one that answers now; None: not known.

    ``started_ms``: when the one that answers now began; ``now_uptime_ms``: its uptime when it
    greeted. A host that slept, or whose clock was set, moves the start of a process that lives.
    """
    if facts is None or facts.url != pause.url:
        return None
    if pause.boot_id is not None and pause.boot_id == facts.boot_id:
        return True
    if started_ms is None or pause.started_ms is None or now_uptime_ms is None:
        return None
    if abs(started_ms - pause.started_ms) <= SAME_START_MS:
        return True
    if now_uptime_ms < pause.at_ms - pause.started_ms:
        return False  # an uptime never goes back
    named = pause.boot_id is not None and facts.boot_id is not None
    return False if named and started_ms > pause.at_ms else None


def switch_of(
    known: PauseKnown | None,
    facts: GatewayFacts | None,
    started_ms: int | None,
    beats: Iterable[Ran] = (),
) -> Switch:
    """What can be said now. ``beats``: the heartbeats that were told."""
    if known is None or (known.pause is None and known.problem is None):
        return Switch(UNKNOWN, NOT_TOLD)
    pause = known.pause
    if pause is None:
        return Switch(UNKNOWN, f"{NOT_TOLD}, and {known.problem}")
    same = same_process(pause, facts, started_ms, facts.uptime_ms if facts else None)
    told = f"clawtop {_DONE[pause.act]} at {iso(pause.at_ms)}"
    if same is False:
        return Switch(UNKNOWN, f"{told}; {ENDED}")
    if pause.act is Act.RESUMED:
        return Switch(UNKNOWN, f"{told}; {NOT_TOLD} since")
    after = [one.began_ms for one in beats if _disproves(one, pause)]
    if after:
        ran = max(at for at in after if at is not None)
        return Switch(UNKNOWN, f"{told}; somebody resumed them: one began at {iso(ran)}")
    if pause.act is Act.PAUSED and same:
        return Switch(OFF, told, pause.paused_at_ms, operator=pause.operator)
    doubt = {
        Act.PAUSED: "whether this gateway was restarted since is not known",
        Act.PAUSE_ASKED: "no answer came: they may be off",
        Act.RESUME_ASKED: "no answer came: they may still be off",
    }[pause.act]
    return Switch(UNKNOWN, f"{told}; {doubt}", pause.paused_at_ms, True, pause.operator)


_DONE = {
    Act.PAUSE_ASKED: "asked to pause heartbeats",
    Act.PAUSED: "paused heartbeats",
    Act.RESUME_ASKED: "asked to resume heartbeats",
    Act.RESUMED: "resumed heartbeats",
}


def _disproves(one: Ran, pause: Pause) -> bool:
    """No heartbeat is told while they are off (measured on 2026.5.28 and 2026.9.6)."""
    return one.began_ms is not None and one.began_ms > pause.at_ms + AT_ONCE_MS
