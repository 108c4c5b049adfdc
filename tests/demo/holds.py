"""The kinds of hold a session can have, for the tests."""

from collections.abc import Callable
from typing import Any

from clawtop.demo import Generation, ManualClock, World
from tests.demo.wire import Wire

KEY = "agent:main:k"
Make = Callable[[World], object]

HOLDS: dict[str, Make] = {
    "rpc": lambda w: w.start_run(KEY),
    "channel": lambda w: w.start_run(KEY, "channel"),
    "heartbeat": lambda w: w.start_run(KEY, "heartbeat"),
    "orphan-queued": lambda w: w.leak(KEY, "queued"),
    "orphan": lambda w: w.leak(KEY),
    "other-id": lambda w: w.leak(KEY, same_session_id=False),
    "hook": lambda w: w.stick_in_hook(KEY),
    "ghost": lambda w: w.ghost(KEY),
    "free": lambda w: w.session(KEY),
}


def world_of(generation: Generation, hold: str) -> tuple[World, ManualClock]:
    """A world with one session held that way, and its clock."""
    clock = ManualClock()
    world = World(generation, clock)
    HOLDS[hold](world)
    return world, clock


async def row_of(client: Wire) -> dict[str, Any]:
    """The only row of the session list."""
    return dict((await client.ok("sessions.list"))["sessions"][0])


def locked(world: World) -> bool:
    """Whether the lock is held."""
    return world.sessions[KEY].lock is not None
