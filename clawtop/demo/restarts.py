"""A restart that was asked for: put off while work is active, then a drain, then a new process.

Measured: an ordinary request waits until the gateway is idle, at most five minutes;
``skipDeferral`` begins at once. Both then drain. On 2026.5.28 only work in lanes holds that up,
on 2026.9.6 a leaked lock does as well, up to 315 s; new messages are refused meanwhile.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawtop.demo import lanes, snapshot
from clawtop.demo.model import Generation, Obj, Out, RpcError

if TYPE_CHECKING:
    from clawtop.demo.world import World

DEFER_MS = 300_000
DRAIN_MS: dict[Generation, int] = {"april": 300_000, "september": 315_000}


@dataclass
class Restart:
    """A restart under way; ``ready``: the server may do it now. Times in ms."""

    asked_at: int
    drain_since: int | None = None
    ready: bool = False


def request(world: "World", skip: bool, reason: str | None) -> Obj:
    """``gateway.restart.request``: scheduled, deferred, or coalesced with an earlier one."""
    plan = snapshot.preflight(world)
    again = world.restarting is not None
    now = plan["safe"] or skip
    if world.restarting is None:
        world.restarting = Restart(world.now())
    if now and world.restarting.drain_since is None:
        drain(world)
    return {
        "ok": True,
        "status": "coalesced" if again else "scheduled" if now else "deferred",
        "preflight": plan,
        "restart": {
            "ok": True,
            "pid": 4242,
            "signal": "SIGUSR1",
            "delayMs": 0,
            "reason": reason,
            "coalesced": again,
        },
    }


def drain(world: "World") -> None:
    """Take no new work from now on; September says so."""
    if world.restarting is not None:
        world.restarting.drain_since = world.now()
    world.draining = True
    if world.september:
        world.put(Out("gateway.suspension", {"phase": "draining"}, "operator.read"))


def refuse_when_draining(world: "World") -> None:
    """Raise the error that new messages get while the gateway drains."""
    if world.draining:
        raise RpcError("UNAVAILABLE", "Gateway is draining for restart; new tasks are not accepted")


def tick(world: "World") -> None:
    """Go on to the drain, and to the restart itself."""
    one = world.restarting
    if one is None or one.ready:
        return
    if one.drain_since is None:
        late = world.now() - one.asked_at >= DEFER_MS
        if late or snapshot.preflight(world)["safe"]:
            drain(world)
        return
    over = world.now() - one.drain_since >= DRAIN_MS[world.generation]
    one.ready = over or not any(_blocks(world, key) for key in world.sessions)


def _blocks(world: "World", key: str) -> bool:
    """Whether this session holds up the drain."""
    session = world.sessions[key]
    return lanes.has_slot(session) or (world.september and session.lock is not None)
