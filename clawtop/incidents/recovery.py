"""The gateway's own recovery where its bookkeeping misleads."""

from __future__ import annotations

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, quoted
from clawtop.picture.records import Proof, Recovery
from clawtop.text import count

SHOWN_MS = 1_800_000  # a harmless finding is worth half an hour


def phantom(scene: Scene, name: str) -> Finding | None:
    """I-04. A recovery was requested while one of the same session was under way: the second is
    skipped as ``already_in_flight`` (2026.5.28; a new message bumps the session's generation).

    ``name``: the session, or "" for attempts that no log line names.
    """
    found = [one for one in scene.store.recoveries() if one.verdict == "phantom"]
    found = [one for one in found if (one.session_key or "") == name]
    recent = [one for one in found if scene.age(_at(one)) < SHOWN_MS]
    if not recent:
        return None
    newest, oldest = recent[0], recent[-1]
    scene.again((_at(newest) or scene.now_ms) + SHOWN_MS)
    skipped = [one for one in recent if one.completed_at_ms is not None]
    return Finding(
        severity=Severity.INFO,
        certainty=Proof.PROVED if skipped else Proof.LIKELY,
        summary="a recovery was requested while one was under way; nothing was harmed",
        session_key=name or None,
        about="phantom",
        since_ms=_at(oldest),
        since_is="exact",
        evidence=[_line(one) for one in recent[:6]]
        + [f"{count(len(recent), 'request')} standing for no attempt"],
        ruled_out=[
            "a lost outcome: another attempt of the same minute was already in flight",
            "a ring that overflowed: no record was dropped in between"
            if not scene.store.ledger.lost_history
            else "not ruled out: the ring dropped older records",
            "an attempt still running: more than a minute has passed",
        ],
        ways=[
            Way(Act.ADVICE, text="nothing to do: count it apart, so that the metrics are honest"),
            Way(Act.ADVICE, text="later gateways key a recovery by session and do not do this"),
        ],
    )


def _at(one: Recovery) -> int | None:
    return one.requested_at_ms or one.completed_at_ms


def _line(one: Recovery) -> str:
    where = quoted(one.session_key, 80) if one.session_key else "a session the log does not name"
    if one.requested_at_ms is None:
        return f"skipped as already in flight {at(one.completed_at_ms)} for {where}"
    if one.completed_at_ms is None:
        return f"requested {at(one.requested_at_ms)} for {where}, and never completed"
    return f"requested {at(one.requested_at_ms)} for {where}, skipped as already in flight"
