"""From facts to a lock: is this session held, by whom, since when, and is that healthy?

No gateway lists its reply-run locks, so every lock is an inference with a proof level and its
reasons. The rules follow what was measured on real gateways of both generations:

* Newer gateways (rows carry ``snapshotAt`` or ``activeRunIds``) flag every held session,
  except for 60 s after an abort and where the lock's session id is not the stored one.
* On 2026.5.28 the flag counts only runs started by an RPC, or messages of an RPC that wait.
  A channel run shows as ``running`` without the flag, and so does a row never closed (ghost);
  only the anonymous count of embedded runs tells those two apart.

Progress is visible where the gateway reports it: always for runs started by an RPC, by a
probe (``chat.history``) for the others on newer gateways, else only through log lines.
"""

from __future__ import annotations

from clawtop.picture.exact import (
    delivery_hangs,
    hold_exactly,
    lane_verdict,
    leak_shows_exactly,
    next_exactly,
    since_exactly,
    waiting_exactly,
    waiting_is,
    why_leaked_exactly,
)
from clawtop.picture.hold import Context, Hold
from clawtop.picture.holders import holder_of, run_id_of
from clawtop.picture.records import Exactness, Lock, Proof, Verdict
from clawtop.picture.sessions import QUEUED, RunFacts, SessionFacts, whole
from clawtop.text import utc

PREPARING_MS = 60_000  # a healthy run is named within tens of seconds of taking the lock
UNDELIVERED_MS = 20_000  # delivering a reply takes a second or two
JUST_MS = 2_000  # rows are written again within this
UNTOUCHED_MS = 15_000  # a row silent for stale-after, and no run named for this long
SETTLE_MS = 90_000  # newer gateways release an aborted run within 60 s; allow for the next poll
QUIET_MS = 2_500  # the shortest watch that may call a silent run quiet
APRIL_SLOTS = 4  # of the main lane there: with so many runs a message may just wait for one
_FLAGGED = "the gateway flags the session as held"
_JUST_FLAGGED = (_FLAGGED,)  # the reason of nearly all, kept once
LONG_RUNNING = "long-running session"
RETRY_MS = 60_000  # a log line about a retry wait speaks for the next two diagnostic ticks


def hold_of(facts: SessionFacts, ctx: Context) -> Hold | None:
    """How the session is held, or None when nothing says that it is."""
    if ctx.registry_ms is not None:
        return hold_exactly(facts, ctx)
    if _aborting(facts, ctx):
        return Hold(Proof.LIKELY, ("an abort was asked and no release is seen yet",), aborting=True)
    if facts.active:
        return _flagged(facts, ctx)
    if facts.run is not None:
        return Hold(Proof.PROVED, (_how_seen(facts.run),))
    if facts.status == "running":
        return _claimed(facts, ctx)
    return None


def _aborting(facts: SessionFacts, ctx: Context) -> bool:
    """Asked to abort, and not seen free. Flags lie for up to 60 s after an abort (9.6)."""
    asked = facts.abort_asked_ms
    if asked is None or ctx.now_ms - asked > SETTLE_MS:
        return False
    if facts.ended_ms is not None and facts.ended_ms >= asked:
        return False
    if facts.active:
        return True
    if not ctx.true_flags:
        return facts.run is not None
    return not ctx.freed


def _flagged(facts: SessionFacts, ctx: Context) -> Hold:
    if ctx.true_flags:
        if facts.no_run_since_ms is not None and facts.run is None:
            named = f"and names no run for it since {utc(facts.no_run_since_ms)} at the latest"
            return Hold(Proof.PROVED, (_FLAGGED, named), no_run=True)
        return Hold(Proof.PROVED, _JUST_FLAGGED)
    if facts.status == "running" or facts.run is not None:
        return Hold(Proof.PROVED, ("the gateway flags a run that an RPC started",))
    why = ("a message is accepted for it, and no run has started",)
    return Hold(Proof.LIKELY, why, no_run=True)


def _claimed(facts: SessionFacts, ctx: Context) -> Hold | None:
    """The row says running without the flag: a channel run (5.28), an orphaned row, or a lock
    with another session id. The anonymous count of embedded runs decides."""
    slack = ctx.embedded_slack
    if slack is None:
        return Hold(Proof.POSSIBLE, ("its row says running; nothing here can confirm it",))
    if slack <= 0:
        why = ("its row says running, but the gateway counts no run that could be its",)
        return Hold(Proof.LIKELY, why, ghost=True)
    if slack >= ctx.claims:
        why = ("its row says running, and the gateway counts a run that fits no other session",)
        return Hold(Proof.LIKELY, why)
    why = (f"its row says running; {slack} of {ctx.claims} such rows can be true",)
    return Hold(Proof.POSSIBLE, why)


def _how_seen(run: RunFacts) -> str:
    if run.via == "probe":
        return "the gateway names the run in flight"
    return "its run was seen to start" if run.seen_start else "its run was seen at work"


def judge(facts: SessionFacts, ctx: Context) -> Lock | None:
    """The lock row of a session, or None when it is free."""
    hold = hold_of(facts, ctx)
    if hold is None:
        return None
    since_ms, age_is = _since(facts, hold)
    idle_since_ms, idle_is = idle_of(facts, ctx)
    began_ms = since_ms if age_is == "exact" else None
    verdict, reason = _verdict(facts, hold, ctx, began_ms, idle_since_ms, idle_is)
    sight = facts.exact
    return Lock(
        session_key=facts.key,
        session_id=(sight.lock.session_id if sight else None) or facts.session_id,
        run_id=None if sight and hold.no_run else run_id_of(facts),
        agent_id=facts.agent_id,
        holder=holder_of(facts, ctx, hold),
        phase=_phase(facts, hold),
        layer=_layer(facts, hold, ctx),
        since_ms=since_ms,
        age_is=age_is,
        idle_since_ms=idle_since_ms,
        idle_is=idle_is,
        waiting=waiting_of(facts),
        children=facts.children,
        verdict=verdict,
        proof=_proof(facts, hold, verdict, ctx),
        why=hold.why + reason + _missing(facts, ctx),  # adding nothing copies nothing
        row_running=facts.status == "running",
        row_active=facts.active,
        token=sight.lock.token if sight else None,
        in_lane=sight.lock.lane_task if sight else ctx.in_lane,
        waiting_is=waiting_is(sight) if sight else "at_least",
    )


def _layer(facts: SessionFacts, hold: Hold, ctx: Context) -> str | None:
    """What holds it, as far as that can be told from outside."""
    if hold.ghost:
        return None
    if hold.lane_only:
        return "lane"
    if facts.exact is not None:
        return "delivery" if delivery_hangs(facts.exact, facts, ctx) else "lock"
    return "delivery" if hold.no_run and _undelivered(facts, ctx) else "lock"


def _proof(facts: SessionFacts, hold: Hold, verdict: Verdict, ctx: Context) -> Proof:
    """A leak is never proved from outside the gateway; other verdicts are as sure as the hold."""
    if verdict is not Verdict.LEAKED or facts.exact is not None:
        return hold.proof
    return Proof.POSSIBLE if _undelivered(facts, ctx) else Proof.LIKELY


def _phase(facts: SessionFacts, hold: Hold) -> str | None:
    if facts.exact is not None:
        asks = facts.run is not None and facts.run.phase == "waiting_approval"
        return "waiting_approval" if asks else facts.exact.lock.phase
    if hold.aborting:
        return "aborting"
    if facts.status == QUEUED:
        return QUEUED
    if hold.ghost:
        return None
    if facts.run is not None:
        return facts.run.phase or ("running" if facts.run.seen_start else None)
    return "preparing" if facts.active_run_ids else None


def _since(facts: SessionFacts, hold: Hold) -> tuple[int | None, Exactness]:
    """When the lock was taken. The previous run's time is never printed as a lock's age."""
    if facts.exact is not None:
        return since_exactly(facts.exact, facts)
    run = facts.run
    if run is not None and (run.accepted_ms or run.started_ms):
        return run.accepted_ms or run.started_ms, "exact"
    waiting = [item.accepted_at for item in facts.pending if item.accepted_at]
    if hold.no_run and _row_runs(facts):
        return facts.started_ms, "exact"
    if hold.no_run:
        known = [at for at in (*waiting, facts.first_held_ms) if at]
        return (min(known) if known else None), "at_least"
    if facts.status == "running" and facts.started_ms:
        return facts.started_ms, "exact"
    return facts.first_held_ms, "at_least"


def _row_runs(facts: SessionFacts) -> bool:
    """The row itself says since when it runs; a run that is over would have left its end there."""
    return facts.status == "running" and bool(facts.started_ms) and facts.row_ended_ms is None


def idle_of(facts: SessionFacts, ctx: Context) -> tuple[int | None, Exactness]:
    """Since when nothing moved, as far as this gateway shows it; None: progress is not visible."""
    logged = _stall_progress(facts)
    told = whole(facts.exact.lock.last_activity_at_ms) if facts.exact is not None else None
    if told is not None:
        return max(told, logged, _progress(facts) if _progress_visible(facts) else 0), "exact"
    if not _progress_visible(facts):
        return (logged, "exact") if logged else (None, "at_least")
    seen = max(_progress(facts), logged)
    watch = ctx.watch_since_ms
    if seen and (_named_by_probe(facts) or (watch is not None and seen >= watch)):
        return seen, "exact"
    if watch is None:
        return (seen or None), "at_least"
    return max(watch, seen), "at_least"


def _named_by_probe(facts: SessionFacts) -> bool:
    """The gateway itself named the newest event of this run."""
    return facts.run is not None and facts.run.via == "probe"


def _progress(facts: SessionFacts) -> int:
    """The newest sign of this run's own life; what an earlier run did does not count, and a wait
    for an approval is no silence."""
    progress = max(facts.progress_ms or 0, facts.waited_ms)
    return progress if progress > _start(facts) else _start(facts)


def _start(facts: SessionFacts) -> int:
    if facts.run is not None and (facts.run.started_ms or facts.run.accepted_ms):
        return facts.run.started_ms or facts.run.accepted_ms or 0
    return (facts.started_ms or 0) if facts.status == "running" else 0


def _stall_progress(facts: SessionFacts) -> int:
    """What the log says of the run that is there now: a line about an earlier one is past, and
    what the gateway calls long-running was well, and may have moved on unseen since."""
    stall = facts.stall
    past = max(_start(facts), facts.ended_ms or 0, facts.waited_ms)
    if stall is None or stall.at_ms <= past or stall.head == LONG_RUNNING:
        return 0
    return stall.progress_ms or 0


def _progress_visible(facts: SessionFacts) -> bool:
    """Runs started by an RPC broadcast what they do; others are known by probe or log only."""
    run = facts.run
    if run is not None:
        return run.via == "agent" or (run.via == "probe" and not run.abortable)
    return bool(facts.active) and facts.no_run_since_ms is None


def waiting_of(facts: SessionFacts) -> int | None:
    """Messages known to wait. From outside those of a channel never show, whatever the session was
    used for before (measured on 2026.9.6): none listed is None, not zero."""
    queued = sum(1 for item in facts.pending if item.state == "queued")
    queued += max((facts.pending_total or 0) - len(facts.pending), 0)  # beyond the page we read
    if facts.exact is not None:
        return waiting_exactly(facts.exact, queued)
    return queued or None


def _verdict(
    facts: SessionFacts,
    hold: Hold,
    ctx: Context,
    since_ms: int | None,
    idle_since_ms: int | None,
    idle_is: Exactness,
) -> tuple[Verdict, tuple[str, ...]]:
    """The first verdict that fits, and the reason in words."""
    early = _early_verdict(facts, hold, ctx)
    if early is not None:
        return early
    if idle_since_ms is None:
        return _unseen_progress(facts, ctx, since_ms)
    idle = ctx.now_ms - idle_since_ms
    exactly = idle_is == "exact"
    if idle >= ctx.stale_after_ms:
        return Verdict.STALE, (_last(idle_since_ms, exactly),)
    if exactly or (since_ms is not None and ctx.now_ms - since_ms < ctx.stale_after_ms):
        return Verdict.WORKING, ()
    if idle >= QUIET_MS:
        return Verdict.QUIET, (_last(idle_since_ms, exactly),)
    return Verdict.UNKNOWN, ("not watched long enough to tell",)


def _unseen_progress(
    facts: SessionFacts, ctx: Context, since_ms: int | None
) -> tuple[Verdict, tuple[str, ...]]:
    """Most of what such a run does is not told: a fresh start or transcript line speaks for it."""
    seen = max(since_ms or 0, facts.progress_ms or 0, facts.waited_ms)
    if seen and ctx.now_ms - seen < ctx.stale_after_ms:
        return Verdict.WORKING, ("it began or wrote lately; the rest is not visible here",)
    return Verdict.UNKNOWN, ("this gateway does not show the progress of such a run",)


def _early_verdict(
    facts: SessionFacts, hold: Hold, ctx: Context
) -> tuple[Verdict, tuple[str, ...]] | None:
    """Verdicts that come before any question of age."""
    if ctx.approval_ids and not hold.ghost:
        return Verdict.WAITING_APPROVAL, (f"approval {ctx.approval_ids[0]} is pending for it",)
    if facts.run is not None and facts.run.phase == "waiting_approval":
        name = facts.run.approval_id or "an approval"
        return Verdict.WAITING_APPROVAL, (f"its run waits for {name}",)
    if _waits_for_retry(facts, ctx):
        return Verdict.WAITING_RETRY, ("the gateway logs a provider retry wait",)
    if hold.aborting:
        return Verdict.ABORTING, ()
    if facts.status == QUEUED and facts.active:
        return Verdict.UNKNOWN, ("its run waits for a slot of a lane",)
    if hold.ghost:
        return Verdict.GHOST, ()
    if hold.lane_only:
        verdict = lane_verdict(facts, ctx)
        return (verdict, ("no run is known that works there",)) if verdict else None
    sight = facts.exact
    if hold.no_run and sight is not None and leak_shows_exactly(sight, facts, ctx):
        return Verdict.LEAKED, (why_leaked_exactly(sight, facts, ctx),)
    if hold.no_run and sight is None and _leak_shows(facts, ctx):
        return Verdict.LEAKED, (_why_leaked(facts, ctx),)
    if hold.no_run:
        return Verdict.UNKNOWN, ("it may still be preparing; a minute more will tell",)
    return None


def _why_leaked(facts: SessionFacts, ctx: Context) -> str:
    if _undelivered(facts, ctx):
        return f"its run ended at {utc(facts.row_ended_ms or 0)}: the reply seems never delivered"
    return "that is longer than any preparation takes"


def _waits_for_retry(facts: SessionFacts, ctx: Context) -> bool:
    stall = facts.stall
    return (
        stall is not None
        and stall.reason == "provider_retry_wait"
        and ctx.now_ms - stall.at_ms <= RETRY_MS
    )


def _leak_shows(facts: SessionFacts, ctx: Context) -> bool:
    """Held without a run for longer than preparing takes, seen more than once."""
    since = facts.no_run_since_ms
    if since is None or facts.no_run_probes < 2:
        return False
    if ctx.true_flags and _waits_for_nobody(facts, ctx):
        return True
    if ctx.now_ms - since >= PREPARING_MS:
        return ctx.true_flags or ctx.others_held < APRIL_SLOTS
    return ctx.true_flags and (_long_untouched(facts, ctx, since) or _held_on(facts, ctx))


def _waits_for_nobody(facts: SessionFacts, ctx: Context) -> bool:
    """A message accepted after the last run had ended still waits, and no run has begun since:
    the gateway's own times prove it at a first look."""
    if facts.row_ended_ms is None:
        return False
    waits = [item.accepted_at or ctx.now_ms for item in facts.pending if item.state == "queued"]
    return any(facts.row_ended_ms <= at < ctx.now_ms - PREPARING_MS for at in waits)


def _undelivered(facts: SessionFacts, ctx: Context) -> bool:
    """Perhaps its reply is still on its way. Such a lock ends by itself after 30 to 60 s (measured
    on 2026.9.6); one that is held even longer is a leak like others."""
    young = ctx.now_ms - (facts.row_ended_ms or 0) < UNDELIVERED_MS + PREPARING_MS
    return young and _held_on(facts, ctx)


def _held_on(facts: SessionFacts, ctx: Context) -> bool:
    """Still held although its own run ended a while ago and no message came since."""
    ended, first = facts.row_ended_ms, facts.first_held_ms
    if not ctx.true_flags or ended is None or first is None or facts.run is not None:
        return False
    alone = facts.written_ms - ended <= JUST_MS and first - ended <= PREPARING_MS
    watched = ctx.now_ms - (facts.no_run_since_ms or ctx.now_ms)
    if not alone or facts.no_run_probes < 2 or watched < UNDELIVERED_MS / 2:
        return False
    return ctx.now_ms - ended >= UNDELIVERED_MS


def _long_untouched(facts: SessionFacts, ctx: Context, since_ms: int) -> bool:
    """The row's own times prove what we have not watched: accepting a message and starting a run
    both write the row (measured on 2026.9.6), and nothing has for longer than preparing takes."""
    if facts.active_run_ids is not None or not facts.written_ms:
        return False
    silent_ms = ctx.now_ms - facts.written_ms
    if _row_runs(facts):
        return silent_ms >= PREPARING_MS
    return silent_ms >= ctx.stale_after_ms and ctx.now_ms - since_ms >= UNTOUCHED_MS


def _last(idle_since_ms: int, exactly: bool) -> str:
    if exactly:
        return f"last progress at {utc(idle_since_ms)}"
    return f"no progress since clawtop began to watch at {utc(idle_since_ms)}"


def _missing(facts: SessionFacts, ctx: Context) -> tuple[str, ...]:
    """Why the run id is null, where it is."""
    if run_id_of(facts) is not None or facts.status != "running" or facts.tells_pending:
        return ()
    if not ctx.true_flags:
        return ("this gateway does not name runs that began before clawtop came",)
    return ()


def next_change_ms(lock: Lock, facts: SessionFacts, ctx: Context) -> int | None:
    """When the row would read differently although nothing happens; None: never."""
    times = next_exactly(facts.exact, facts) if facts.exact is not None else []
    if lock.idle_since_ms is not None:
        times.append(lock.idle_since_ms + ctx.stale_after_ms)
        if lock.idle_is == "at_least":
            times.append(lock.idle_since_ms + QUIET_MS)
    if facts.no_run_since_ms is not None:
        times.append(facts.no_run_since_ms + PREPARING_MS)
        times.append(facts.no_run_since_ms + UNTOUCHED_MS)
        ended = facts.row_ended_ms or 0
        times.append(facts.no_run_since_ms + UNDELIVERED_MS // 2)
        times += [ended + UNDELIVERED_MS, ended + UNDELIVERED_MS + PREPARING_MS]
        times.append(facts.written_ms + PREPARING_MS)
    if facts.abort_asked_ms is not None:
        times.append(facts.abort_asked_ms + SETTLE_MS + 1)
    if lock.since_ms is not None:
        times.append(lock.since_ms + ctx.stale_after_ms)
    if lock.idle_since_ms is None and facts.progress_ms is not None:
        times.append(facts.progress_ms + ctx.stale_after_ms)
    later = [at for at in times if at > ctx.now_ms]
    return min(later) if later else None
