"""What judging one session needs, and the first half of the answer: how it is held, if it is."""

from __future__ import annotations

from msgspec import Struct

from clawtop.picture.records import Proof


class Context(Struct, frozen=True, gc=False):
    """What judging one session needs to know of the rest. Times are gateway ms.

    ``registry_ms``: when the gateway's own registry was read last; None where nobody can read it.
    ``in_lane``: a task of the session's own lane is at work now; None: not known.
    """

    now_ms: int
    stale_after_ms: int
    watch_since_ms: int | None
    true_flags: bool
    embedded_slack: int | None
    freed: bool
    claims: int
    approval_ids: tuple[str, ...] = ()
    others_held: int = 0
    registry_ms: int | None = None
    in_lane: bool | None = None


class Hold(Struct, frozen=True, gc=False):
    """How we know that a session is held. ``no_run``: no owner of the lock is at work.

    ``lane_only``: the registry has no lock of it, yet its lane is taken.
    """

    proof: Proof
    why: tuple[str, ...]
    ghost: bool = False
    aborting: bool = False
    no_run: bool = False
    lane_only: bool = False
