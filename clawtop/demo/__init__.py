"""The demo room: an OpenClaw gateway that runs inside this process.

``ScriptedGateway`` is a loopback WebSocket server that speaks the gateway protocol of two
generations, "april" (as 2026.5.28) and "september" (as 2026.9.6). What it tells its clients
comes from a ``World``, a small model of sessions, reply-run locks, lanes, waiting messages,
approvals, heartbeats, recoveries and logs; tests and ``scenarios`` change the world and the
matching frames go out. ``Faults`` switches misbehaviour on. The room imports nothing from the
rest of clawtop, and websockets only when the server is asked for.
"""

from typing import TYPE_CHECKING, Any

from clawtop.demo.clock import ManualClock, SystemClock
from clawtop.demo.faults import Faults
from clawtop.demo.model import Generation, Lock, Run, Session, Waiting
from clawtop.demo.world import World

if TYPE_CHECKING:
    from clawtop.demo.conversations import Seen
    from clawtop.demo.server import ScriptedGateway

__all__ = [
    "Faults",
    "Generation",
    "Lock",
    "ManualClock",
    "Run",
    "ScriptedGateway",
    "Seen",
    "Session",
    "SystemClock",
    "Waiting",
    "World",
]


def __getattr__(name: str) -> Any:
    """Import the server only when it is wanted: the screen paints before websockets loads."""
    if name == "ScriptedGateway":
        from clawtop.demo.server import ScriptedGateway

        return ScriptedGateway
    if name == "Seen":
        from clawtop.demo.conversations import Seen

        return Seen
    raise AttributeError(name)
