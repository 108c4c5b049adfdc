"""Everything that goes wrong between a plan and its end, and the outcomes that can be true then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .deeds import Deed
from .trial import LATE_S, SECRET, SHAPED, WITHOUT, Fault, Trial

NO = {"code": "UNAVAILABLE", "message": f"not now \x1b[2J {SECRET} token={SHAPED}"}
NONSENSE: list[object] = ["what", {"ok": "perhaps"}, None]


def words(*found: str) -> frozenset[str]:
    return frozenset(found)


def on(change: Callable[[Trial, str], object]) -> Callable[[Trial], None]:
    """A fault of the acting method."""

    def torment(trial: Trial) -> None:
        change(trial, trial.deed.sends)

    return torment


def spoil_looks(trial: Trial) -> None:
    for method in trial.deed.looks.split():
        trial.gateway.faults.odd_answers[method] = "what"


def refuse_looks(trial: Trial) -> None:
    for method in trial.deed.looks.split():
        trial.gateway.faults.error_methods[method] = NO


async def throw_out(trial: Trial) -> None:
    trial.revoke()
    await trial.gateway.drop_all(4001, "auth changed")


def drain(trial: Trial) -> None:
    trial.gateway.faults.refuse_upgrade_status = 503


REFUSED = words("refused")
UNCLEAR = words("unknown")
SEEN = words("done", "unknown")

FAULTS = (
    Fault("nothing wrong", lambda trial: None, words("done"), 1),
    # before anything is sent
    Fault("cut before it is written", Trial.cut_after_hello, REFUSED, 0),
    Fault("no new links: draining", drain, REFUSED, 0),
    Fault("secret changed", Trial.revoke, REFUSED, 0),
    Fault("access revoked and thrown out", throw_out, REFUSED, 0),
    Fault("scope missing", Trial.without_scope, REFUSED, 0),
    Fault("the last look is nonsense", spoil_looks, REFUSED, 0),
    Fault("the last look is refused", refuse_looks, REFUSED, 0),
    Fault(
        "another operator first, seen",
        lambda trial: trial.deed.first(trial.world) and None,
        words("refused", "nothing_to_do"),
        0,
        elsewhere=True,
    ),
    # after it
    Fault(
        "another operator first, not seen",
        on(lambda t, m: t.gateway.faults.meanwhile.update({m: lambda: t.deed.first(t.world)})),
        words("refused", "done", *WITHOUT),
        1,
        elsewhere=True,
    ),
    Fault(
        "cut, nothing happened",
        on(lambda t, m: t.gateway.faults.close_before_effect.add(m)),
        UNCLEAR,
        1,
    ),
    Fault(
        "cut, it happened",
        on(lambda t, m: t.gateway.faults.close_after_request.update({m: 1006})),
        SEEN,
        1,
    ),
    Fault(
        "answer after the deadline",
        on(lambda t, m: t.gateway.faults.late_methods.update({m: LATE_S})),
        SEEN,
        1,
    ),
    Fault("no answer at all", on(lambda t, m: t.gateway.faults.silent_methods.add(m)), SEEN, 1),
    Fault("gateway restarted", Trial.restarted, SEEN, 1),
    Fault("gateway restarted, link comes back", Trial.restarted, SEEN, 1, lasting=True),
    Fault(
        "error answer", on(lambda t, m: t.gateway.faults.error_methods.update({m: NO})), WITHOUT, 1
    ),
    Fault("answer to another id", on(lambda t, m: t.gateway.faults.other_id.add(m)), SEEN, 1),
    Fault("answer without a word", on(lambda t, m: t.gateway.faults.bare_answers.add(m)), SEEN, 1),
    *(
        Fault(
            f"nonsense {body}, it happened",
            on(lambda t, m, body=body: t.gateway.faults.odd_answers.update({m: body})),  # type: ignore[misc]
            SEEN,
            1,
        )
        for body in NONSENSE
    ),
    *(
        Fault(
            f"nonsense {body}, nothing happened",
            on(lambda t, m, body=body: t.gateway.faults.false_answers.update({m: body})),  # type: ignore[misc]
            UNCLEAR | WITHOUT,
            1,
        )
        for body in NONSENSE
    ),
    Fault(
        "yes, and nothing happened",
        on(lambda t, m: t.gateway.faults.false_answers.update({m: t.deed.yes})),
        WITHOUT,
        1,
    ),
)

# No gateway tells whether its heartbeats are on: there is nothing to look at.
BLIND = (
    "yes, and nothing happened",
    "another operator first, seen",
    "the last look is nonsense",
    "the last look is refused",
)


def faults_of(deed: Deed) -> list[Fault]:
    """Every fault that this action can meet."""
    if deed.sends == "set-heartbeats":
        return [fault for fault in FAULTS if fault.name not in BLIND]
    if deed.sends == "gateway.restart.request":  # one that is announced may begin much later
        return [
            replace(fault, words=fault.words | UNCLEAR) if fault.sent else fault for fault in FAULTS
        ]
    if deed.name == "deny":  # what somebody else decided first is told as it is recorded
        return [
            replace(fault, words=fault.words | WITHOUT) if fault.elsewhere else fault
            for fault in FAULTS
        ]
    return list(FAULTS)
