"""Every kind of incident, in one list: a new one is a function in its family and a line here."""

from __future__ import annotations

from clawtop.incidents import (
    aborted,
    approvals,
    attempts,
    delivery,
    drain,
    events,
    heartbeats,
    lanes,
    locks,
    no_heartbeats,
    overlap,
    process,
    recovery,
    refusals,
    sessions,
    stalls,
)
from clawtop.incidents.scene import Kind, Subject

_NO_EFFECT = ("#92270", "#71127", "#109041", "#130810")
_ABORTED = ("#101670", "#88870", "#118459", "#143396")
_RESTART = ("#146692", "#117096", "#122644")
_ENDLESS = ("#86324", "#137904")
_SETTLE = ("#154250", "#152351", "#135692")

ALL: tuple[Kind, ...] = (
    Kind("I-01", "approval cascade", Subject.GROUP, approvals.cascade, ("#69478", "#69570")),
    Kind("I-02", "duplicate completion", Subject.QUEUE, events.twice, ("#46798", "#154474")),
    Kind("I-03", "lane backpressure", Subject.LANE, lanes.backpressure, ("#18760", "#14214")),
    Kind("I-03", "task dispatched twice", Subject.LANE, lanes.dispatched_twice, ("#18760",)),
    Kind("I-04", "phantom recovery request", Subject.SESSION, recovery.phantom, ("#88010",)),
    Kind("I-04", "phantom recovery request", Subject.GATEWAY, recovery.phantom, ("#88010",)),
    Kind("I-05", "leaked reply-run lock", Subject.SESSION, locks.leaked, ("#90535", "#84710")),
    Kind("I-05", "leaked reply-run lock", Subject.GATEWAY, locks.unnamed, ("#90535", "#84710")),
    Kind("I-06", "recovery without effect", Subject.SESSION, attempts.no_effect, _NO_EFFECT),
    Kind("I-06", "recovery without effect", Subject.GATEWAY, attempts.lost, _NO_EFFECT),
    Kind("I-07", "healthy work aborted", Subject.SESSION, aborted.healthy_aborted, _ABORTED),
    Kind("I-08", "reply lost", Subject.SESSION, delivery.lost_reply, ("#145152", "#92184")),
    Kind("I-09", "waiting for a human", Subject.SESSION, approvals.waiting, ("#150769", "#62360")),
    Kind("I-10", "approval out of step", Subject.GATEWAY, refusals.out_of_step, ("#69570",)),
    Kind("I-11", "ghost running row", Subject.SESSION, sessions.ghost, ("#82382", "#91697")),
    Kind("I-12", "stop cut off by a restart", Subject.SESSION, sessions.interrupted, _RESTART),
    Kind("I-13", "two owners of one session", Subject.SESSION, sessions.taken_over, ("#121831",)),
    Kind("I-14", "run without authority", Subject.GATEWAY, refusals.no_authority, ("#141252",)),
    Kind("I-15", "every second call fails", Subject.SESSION, refusals.every_second, ("#77485",)),
    Kind("I-16", "model gone quiet", Subject.SESSION, stalls.gone_quiet, ("#85251", "#76337")),
    Kind("I-17", "session file locked", Subject.GATEWAY, process.disk_lock, ("#17421", "#69790")),
    Kind("I-18", "gateway slow or mute", Subject.GATEWAY, process.slow, ("#77995", "#71127")),
    Kind("I-19", "draining that does not end", Subject.GATEWAY, drain.endless, ("#78136",)),
    Kind("I-20", "replies lost by a restart", Subject.GATEWAY, drain.replies_lost, ("#95866",)),
    Kind("I-21", "two runs in one session", Subject.SESSION, overlap.two_runs, ("#111897",)),
    Kind("I-21", "two runs in one place", Subject.LANE, overlap.over_cap, ("#111897",)),
    Kind("I-22", "heartbeat storm", Subject.HEARTBEATS, heartbeats.storm, ("#48723", "#22320")),
    Kind("I-22", "heartbeat that never ends", Subject.SESSION, heartbeats.endless, _ENDLESS),
    Kind("I-23", "heartbeats silent", Subject.HEARTBEATS, no_heartbeats.silent, ("#63232",)),
    Kind("I-24", "reply not delivered", Subject.SESSION, delivery.undelivered, ("#83184",)),
    Kind("I-25", "dead letters", Subject.GATEWAY, delivery.dead_letters, ("#99842", "#126522")),
    Kind("I-26", "sub-agent completion loop", Subject.GATEWAY, delivery.settle_loop, _SETTLE),
    Kind("I-27", "system-event queue at its cap", Subject.QUEUE, events.cap),
)
