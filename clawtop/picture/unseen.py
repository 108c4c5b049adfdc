"""What is known to go wrong and cannot be seen from outside the gateway, and why.

Read in the code of 2026.5.28 and 2026.9.6, or measured there. It is said, not hidden: that no
incident is shown does not prove that none of these is there.
"""

from __future__ import annotations

from msgspec import Struct

from clawtop.picture.companion import Companion


class Unseen(Struct, frozen=True):
    """``incident``: the kind it would be; ``what`` is not seen, and ``why``.

    ``part``: what the companion would have to read to show it; None: it does not show it either.
    """

    incident: str
    what: str
    why: str
    part: str | None = None


NOT_SEEN = (
    Unseen(
        "I-06",
        "which session an attempt without a name was for",
        "only log lines name it",
        "recoveries",
    ),
    Unseen(
        "I-10",
        "approvals answered at once by a stray client, shown on a wrong surface, or asked again"
        " after a restart",
        "a stray answer looks like a person's own tool, and no gateway lists its surfaces",
    ),
    Unseen(
        "I-11",
        "a tool call that outlives a reset",
        "no gateway lists tool calls under way",
    ),
    Unseen(
        "I-13",
        "whose session was taken over, on 2026.5.28",
        "the line names a file there; from the other side two gateways on one folder look alike",
    ),
    Unseen(
        "I-17",
        "whether the process that holds a session's file lives, on 2026.5.28",
        "the line names a process at most; 2026.9.6 has no such files",
    ),
    Unseen("I-18", "whether other gateways are mute too", "clawtop watches one"),
    Unseen(
        "I-21",
        "two runs that no RPC started, side by side",
        "runs of channels and heartbeats send no events to operators",
    ),
    Unseen(
        "I-22",
        "whether a long heartbeat run repeats the same call",
        "tool calls are told only to clients that announce a capability",
    ),
    Unseen("I-22", "which agent's heartbeats are too many", "the event names no agent"),
    Unseen("I-23", "whether heartbeats are paused", "no gateway tells it"),
    Unseen(
        "I-23",
        "quiet hours, on 2026.5.28",
        "nothing is sent then, so less than a day of silence proves nothing there",
    ),
    Unseen(
        "I-24",
        "a final reply that waits in a session for its delivery",
        "rows carry no such field on 2026.5.28 and 2026.9.6; 2026.9.6 counts dead letters (I-25)",
    ),
    Unseen("I-25", "dead letters before the later generation", "health does not count them there"),
    Unseen("I-26", "which sub-agent and which session loop", "the line masks both ids"),
    Unseen(
        "I-27",
        "lost system events of other than main sessions",
        "only those are told",
        "system_events",
    ),
)


def not_seen(companion: Companion | None) -> list[Unseen]:
    """What cannot be seen on this gateway now."""
    return [
        one
        for one in NOT_SEEN
        if companion is None or one.part is None or not companion.reads(one.part)
    ]
