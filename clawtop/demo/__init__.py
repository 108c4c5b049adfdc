"""The demo room: a scripted OpenClaw gateway that runs inside this process.

``ScriptedGateway`` is a loopback WebSocket server that speaks the gateway protocol of two
generations, "april" (as 2026.5.28) and "september" (as 2026.9.6). What it tells its clients
comes from a ``World``, a small model of sessions, reply-run locks, waiting messages,
approvals and logs; tests change the world and the matching frames go out. ``Faults``
switches misbehaviour on. The room imports nothing from the rest of clawtop.
"""

from clawtop.demo.clock import ManualClock, SystemClock
from clawtop.demo.conversations import Seen
from clawtop.demo.faults import Faults
from clawtop.demo.model import Generation, Lock, Run, Session, Waiting
from clawtop.demo.server import ScriptedGateway
from clawtop.demo.world import World

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
