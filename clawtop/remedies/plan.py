"""Plans: what exactly would be done to whom, made from one picture. Nothing is sent here."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

from clawtop.errors import RefusedError, UsageError
from clawtop.picture.records import Approval, Holder, Lock, Verdict
from clawtop.picture.store import Store
from clawtop.picture.tasks import Task
from clawtop.remedies.clearing import clearing
from clawtop.remedies.ladder import ladder, only_restart
from clawtop.remedies.steps import Call, Offer, Step
from clawtop.text import count, mask, plain

NOT_HELD = "the session is not held any more"


@dataclass(frozen=True)
class Pins:
    """What must still be true when the request is sent. None: not known, not pinned."""

    session_id: str | None
    run_id: str | None
    holder: str
    token: str | None = None

    @classmethod
    def of(cls, lock: Lock) -> Pins:
        return cls(lock.session_id, lock.run_id, lock.holder, lock.token)


# After an observed release that nobody's answer proves. Only where the person asks for it.
PROBE_TEXT = "[clawtop] This session was stuck and is released. Please answer with one word: OK"


NAME = "NAME"  # of the gateway: a line that is pasted, or run by a script, restarts nothing


@dataclass(frozen=True)
class ReleasePlan:
    """One step on one session, as the dialog or the dry run shows it.

    ``probe``: a message to be sent after the release, when nothing else shows that it answers.
    """

    gateway: str
    lock: Lock
    offer: Offer
    pins: Pins
    next_step: str | None
    probe: Call | None = None

    @classmethod
    def of(
        cls, lock: Lock, offer: Offer, store: Store, next_step: str | None = None
    ) -> ReleasePlan:
        """The plan of an offer, pinned to what holds the session now."""
        return cls(_name(store), lock, offer, Pins.of(lock), next_step)

    @property
    def session_key(self) -> str:
        return self.lock.session_key

    @property
    def run_id(self) -> str | None:
        """The run it ends, by name, where that is known."""
        named = [call.params["runId"] for call in self.offer.calls if "runId" in call.params]
        return str(named[0]) if named else self.lock.run_id

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(call.method for call in self.offer.calls)

    @property
    def calls_text(self) -> list[str]:
        texts = [call.text() for call in self.offer.calls]
        return [*texts, f"then {self.probe.text()}"] if self.probe else texts

    @property
    def loses(self) -> tuple[str, ...]:
        """Everything it destroys, the run first."""
        kept = ("the transcript keeps the probe message and its answer",) if self.probe else ()
        return (*self.offer.loses, *kept)

    @property
    def waiting_text(self) -> list[str]:
        """Each message that waits, and what is foretold of it."""
        return [one.text() for one in self.offer.waiting]

    def command(self) -> str:
        """The equal command line, pinned to this target; the words that confirm it are left out,
        and so is the name that a person has to fill in."""
        words = ["clawtop", "release", self.session_key, "--step", str(self.offer.step)]
        if any(call.params.get("skipDeferral") for call in self.offer.calls):
            words.append("--now")
        if any(call.params.get("clearQueued") for call in self.offer.calls):
            words.append("--clear-queued")
        if self.pins.run_id:
            words += ["--expect-run", self.pins.run_id]
        if self.pins.session_id:
            words += ["--expect-session-id", self.pins.session_id]
        if self.offer.beyond:
            words += ["--confirm-gateway", NAME]
        return " ".join(shlex.quote(word) for word in words)


def plan_release(
    store: Store,
    session_key: str,
    step: str | None = None,
    *,
    now: bool = False,
    probe: bool = False,
    clear_queued: bool = False,
) -> ReleasePlan | None:
    """The named step, else the first that should free this lock; None when nothing is held.

    ``now``: a restart does not wait for what is at work. ``probe``: send a message afterwards.
    ``clear_queued``: the abort empties the session's queue as well.
    Raises UsageError for a step that does not exist, RefusedError for one not offered here.
    """
    wanted = _step(step)
    lock = store.held.locks.get(session_key)
    if lock is None:
        return None
    offers = ladder(lock, store, now=now)
    offered = [offer for offer in offers if offer.available]
    if wanted is None:
        chosen = next((offer for offer in offered if not offer.by_name), None)
        if chosen is None:
            raise _no_step(lock, offers, store)
    else:
        chosen = next(offer for offer in offers if offer.step is wanted)
        if not chosen.available:
            raise RefusedError(
                f"{wanted} is not offered for {plain(session_key)}: {chosen.why_not}",
                _instead(offered),
            )
    after = offered[offered.index(chosen) + 1 :]
    chosen = clearing(chosen, store) if clear_queued else chosen
    plan = ReleasePlan.of(lock, chosen, store, str(after[0].step) if after else None)
    return replace(plan, probe=_probe(session_key)) if probe else plan


def _probe(session_key: str) -> Call:
    return Call("chat.send", {"sessionKey": session_key, "message": PROBE_TEXT})


def kill_step(lock: Lock, store: Store) -> Step:
    """How to end what runs there: by the run's id where that is offered, else by the session."""
    offered = {offer.step for offer in ladder(lock, store) if offer.available}
    return Step.ABORT_RUN if Step.ABORT_RUN in offered else Step.ABORT_SESSION


def _step(step: str | None) -> Step | None:
    if step is None:
        return None
    try:
        return Step(step)
    except ValueError:
        names = ", ".join(Step)
        raise UsageError(f"there is no step {plain(step)!r}", f"Steps: {names}") from None


def _no_step(lock: Lock, offers: list[Offer], store: Store) -> RefusedError:
    key = plain(lock.session_key)
    only = only_restart(lock, store)
    if only is not None:
        return RefusedError(
            f"nothing but a restart of the gateway helps {key}: {only}",
            "See what that would interrupt: add --step restart --dry-run",
        )
    reasons = {offer.why_not for offer in offers if offer.why_not}
    why = next(iter(reasons)) if len(reasons) == 1 else "no step is known to free this kind of hold"
    told = "" if len(reasons) == 1 else "See why each step is not: clawtop snapshot --json"
    return RefusedError(f"nothing is offered for {key}: {why}", told)


def _instead(offered: list[Offer]) -> str:
    return f"Offered: {', '.join(offer.step for offer in offered)}" if offered else ""


def changed_since(plan: ReleasePlan, store: Store) -> str | None:
    """Why the plan's target is not the same any more; None when it is.

    An unknown that became known is no change; a known that became another is.
    """
    now = store.held.locks.get(plan.session_key)
    if now is None or now.verdict == Verdict.GHOST:  # a row alone holds nothing
        return NOT_HELD
    pins = plan.pins
    if pins.token and now.token and now.token != pins.token:
        return "another operation holds it now"
    if plan.offer.step is Step.COMPANION_RELEASE and now.token is None:
        return "the companion does not name its lock any more"
    if pins.session_id and now.session_id and pins.session_id != now.session_id:
        return "the session has another session id now"
    if pins.run_id and now.run_id != pins.run_id:
        return "another run holds it now" if now.run_id else "the run it was held by is gone"
    known = Holder.UNKNOWN not in (pins.holder, now.holder)
    if pins.run_id is None and known and pins.holder != now.holder:
        return f"it is held by {now.holder} now, not by {pins.holder}"
    return None


def check_expected(lock: Lock, run_id: str | None, session_id: str | None) -> None:
    """``--expect-run`` and ``--expect-session-id``. Raises RefusedError."""
    for name, wanted, found in (
        ("run", run_id, lock.run_id),
        ("session id", session_id, lock.session_id),
    ):
        if wanted and found != wanted:
            have = "is not known" if found is None else f"is {plain(found)}"
            raise RefusedError(
                f"the {name} of {plain(lock.session_key)} {have}, not {plain(wanted)}",
                "Look again with clawtop snapshot",
            )


@dataclass(frozen=True)
class DenyPlan:
    """Approvals to deny, one by one, and what stays."""

    gateway: str
    targets: tuple[Approval, ...]
    kept: tuple[Approval, ...]

    @property
    def calls_text(self) -> list[str]:
        method = {"exec": "exec.approval.resolve", "plugin": "plugin.approval.resolve"}
        return [
            f'{method.get(one.kind, "approval.resolve")} {{"id": "{one.id}", "decision": "deny"}}'
            for one in self.targets
        ]

    @property
    def loses(self) -> list[str]:
        return [f"{count(len(self.targets), 'request')} denied; the asking runs go on without"]


def plan_deny_ids(store: Store, ids: list[str]) -> tuple[DenyPlan, list[str]]:
    """Deny these; the second part are ids that are not pending."""
    found = [(one, store.backlog.get(one)) for one in dict.fromkeys(ids)]
    targets = tuple(approval for _, approval in found if approval is not None)
    missing = [one for one, approval in found if approval is None]
    return DenyPlan(_name(store), targets, ()), missing


def plan_deny_duplicates(store: Store, keep: str, session_key: str | None = None) -> DenyPlan:
    """Deny the copies of every repeated request but the one to keep.

    ``keep``: oldest, newest, none, or the id of a pending approval (then only its group).
    Raises RefusedError when that id is not pending.
    """
    groups = [group for group in store.backlog.groups() if len(group) > 1]
    if session_key is not None:
        groups = [group for group in groups if group[0].session_key == session_key]
    if keep not in ("oldest", "newest", "none"):
        kept = store.backlog.get(keep)
        if kept is None:
            raise RefusedError(
                f"{plain(keep)} is not a pending approval", "--keep oldest, newest, none or an ID"
            )
        groups = [group for group in groups if group[0].group == kept.group]
    targets: list[Approval] = []
    stays: list[Approval] = []
    for group in groups:
        staying = _kept(group, keep)
        targets += [one for one in group if one is not staying]
        stays += [staying] if staying else []
    return DenyPlan(_name(store), tuple(targets), tuple(stays))


def _kept(group: tuple[Approval, ...], keep: str) -> Approval | None:
    if keep == "none":
        return None
    if keep == "oldest":
        return group[0]
    if keep == "newest":
        return group[-1]
    return next((one for one in group if one.id == keep), None)


@dataclass(frozen=True)
class CancelPlan:
    """Tasks to cancel, one by one, and what stays."""

    gateway: str
    targets: tuple[Task, ...]
    kept: tuple[Task, ...]

    @property
    def calls_text(self) -> list[str]:
        return [f'tasks.cancel {{"taskId": "{one.task_id}"}}' for one in self.targets]

    @property
    def loses(self) -> list[str]:
        return [f"what {_titled(one)} has done so far" for one in self.targets]


def _titled(task: Task) -> str:
    return mask(task.title)[0] or task.task_id


def plan_cancel(store: Store, ids: list[str]) -> tuple[CancelPlan, list[str]]:
    """Cancel these tasks; the second part are ids that are not active."""
    found = [(one, store.tasks.get(one)) for one in dict.fromkeys(ids)]
    targets = tuple(task for _, task in found if task is not None)
    missing = [one for one, task in found if task is None]
    return CancelPlan(_name(store), targets, ()), missing


def plan_cancel_duplicates(store: Store, keep: str) -> CancelPlan:
    """Cancel the copies of every task but one of each group.

    ``keep``: oldest, newest, or the id of an active task (then only its group).
    Raises RefusedError when that id is not active.
    """
    groups = store.tasks.groups()
    if keep not in ("oldest", "newest"):
        if store.tasks.get(keep) is None:
            raise RefusedError(
                f"{plain(keep)} is not an active task", "--keep oldest, newest or ID"
            )
        groups = [group for group in groups if any(one.task_id == keep for one in group)]
    stays = [_stays(group, keep) for group in groups]
    targets = [
        one for group, kept in zip(groups, stays, strict=True) for one in group if one != kept
    ]
    return CancelPlan(_name(store), tuple(targets), tuple(stays))


def _stays(group: list[Task], keep: str) -> Task:
    if keep in ("oldest", "newest"):
        return group[0 if keep == "oldest" else -1]
    return next(one for one in group if one.task_id == keep)


def _name(store: Store) -> str:
    return store.facts.name if store.facts else ""
