"""Lanes: full with a queue that grows, and the same work dispatched twice."""

from __future__ import annotations

from itertools import pairwise

from msgspec import Struct

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, quoted, since
from clawtop.picture.lanes import Sample
from clawtop.picture.logs import LANE_WAIT, Note
from clawtop.picture.records import Lock, Proof
from clawtop.picture.tasks import Task
from clawtop.text import age, utc

SAMPLES = 3  # a rise over fewer is a chance
RECENT_MS = 120_000
RISE_MS = 20_000  # a burst of short turns is worked off within this
LONG_MS = 60_000  # a queue that does not fall for this long is pressure
TOGETHER_MS = 60_000  # copies of one intent are dispatched within this
ITSELF = (None, "", "lane")  # a full lane says that the lane itself blocks (2026.9.6)
FEWEST = 4  # slots of the main lane on early gateways; fewer runs cannot fill it


class Pressure(Struct, frozen=True):
    """A lane that is full with somebody waiting."""

    samples: list[Sample]
    rising: bool
    waits: list[Note]

    @property
    def since_ms(self) -> int:
        return self.samples[0].at_ms


def backpressure(scene: Scene, lane: str) -> Finding | None:
    """I-03. A full lane whose queue rises (over three samples and 20 s, beyond its height so far)
    or does not fall for a minute; or the same task twice for the same owner. A full lane whose
    queue falls now and then is only busy: somebody gets through."""
    pressure, copies = _pressure(scene, lane), _copies(scene, lane)
    if pressure is None and not copies:
        return None
    rising = pressure is not None and pressure.rising
    listed = lane in scene.store.lanes
    return Finding(
        severity=Severity.CRITICAL if rising else Severity.WARNING,
        certainty=Proof.PROVED if listed and pressure else Proof.LIKELY,
        summary=_summary(lane, pressure, copies),
        session_key=copies[0][0].session_key if copies and pressure is None else None,
        about=lane,
        since_ms=_since(pressure, copies),
        since_is="at_least" if pressure else "exact",
        evidence=_evidence(scene, lane, pressure, copies),
        ruled_out=_ruled_out(pressure, copies),
        ways=_ways(scene, lane, pressure, copies),
    )


def _pressure(scene: Scene, lane: str) -> Pressure | None:
    known = scene.store.lanes.get(lane)
    if known is not None and (known.draining or known.blocked_by not in ITSELF):
        return None  # draining, or held by a cap over all lanes: other troubles
    samples = _full_stretch(scene.store.lane_book.samples(lane))
    if not samples or scene.age(samples[-1].at_ms) > RECENT_MS:
        return None
    scene.again(samples[-1].at_ms + RECENT_MS + 1)
    if known is None and samples[-1].active < FEWEST:
        return None
    waits = _long_waits(scene, lane)
    if _rising(samples) or _risen(samples):
        return Pressure(samples, True, waits)
    stands = _lasts(samples, LONG_MS) and _never_falls(_lately(samples, LONG_MS))
    return Pressure(samples, False, waits) if stands or waits else None


def _full_stretch(samples: list[Sample]) -> list[Sample]:
    """The newest samples in which the lane was full with somebody waiting."""
    stretch: list[Sample] = []
    for sample in reversed(samples):
        if not (sample.full and sample.queued):
            break
        stretch.insert(0, sample)
    return stretch


def _lasts(samples: list[Sample], ms: int) -> bool:
    return samples[-1].at_ms - samples[0].at_ms >= ms


def _lately(samples: list[Sample], ms: int) -> list[Sample]:
    return [one for one in samples if samples[-1].at_ms - one.at_ms <= ms]


def _rising(samples: list[Sample]) -> bool:
    """It grows beyond its height so far. A busy lane goes up and down."""
    last, newest = samples[-SAMPLES:], samples[-1]
    before = [one.queued for one in samples if newest.at_ms - one.at_ms >= RISE_MS]
    return bool(before) and newest.queued > max(before) and _never_falls(last) and _grew(last)


def _never_falls(samples: list[Sample]) -> bool:
    return all(after.queued >= before.queued for before, after in pairwise(samples))


def _risen(samples: list[Sample]) -> bool:
    """It rose earlier in this stretch and has not fallen since: nobody got a slot."""
    return _lasts(samples, RISE_MS) and _never_falls(samples) and _grew(samples)


def _grew(samples: list[Sample]) -> bool:
    return samples[-1].queued > samples[0].queued


def _long_waits(scene: Scene, lane: str) -> list[Note]:
    """Log lines about somebody who waited a minute or more for this lane, lately."""
    notes = scene.store.logbook.of_head(LANE_WAIT, since_ms=scene.now_ms - RECENT_MS)
    mine = [note for note in notes if note.pairs.get("lane") == lane]
    return [note for note in mine if (note.number("waitedMs") or 0) >= LONG_MS]


def _copies(scene: Scene, lane: str) -> list[list[Task]]:
    """Groups of equal tasks made within a minute of each other, both still active."""
    groups = [group for group in scene.store.tasks.groups() if group[0].lane == lane]
    return [group for group in groups if _together(group)]


def _together(group: list[Task]) -> bool:
    times = [task.created_at_ms or task.started_at_ms for task in group]
    known = [time for time in times if time is not None]
    return len(known) > 1 and min(_gaps(sorted(known))) <= TOGETHER_MS


def _gaps(times: list[int]) -> list[int]:
    return [after - before for before, after in pairwise(times)]


def _summary(lane: str, pressure: Pressure | None, copies: list[list[Task]]) -> str:
    twice = f"{quoted(copies[0][0].title, 60)} runs {len(copies[0])} times" if copies else ""
    if pressure is None:
        return f"the same task was dispatched twice: {twice}"
    grows = "its queue grows" if pressure.rising else "its queue does not fall"
    full = f"lane {quoted(lane, 60)} is full and {grows}"
    return f"{full}; {twice}" if twice else full


def _since(pressure: Pressure | None, copies: list[list[Task]]) -> int | None:
    if pressure is None:
        return copies[0][1].created_at_ms or copies[0][1].started_at_ms
    waited = [note.at_ms - (note.number("waitedMs") or 0) for note in pressure.waits]
    return min([pressure.since_ms, *waited])


def _evidence(
    scene: Scene, lane: str, pressure: Pressure | None, copies: list[list[Task]]
) -> list[str]:
    lines = []
    if pressure is not None:
        first, height = pressure.samples[0], max(one.queued for one in pressure.samples)
        slots = f"{first.active} of {first.max}" if lane in scene.store.lanes else f"{first.active}"
        lines.append(
            f"{slots} slots taken and {first.queued} waiting {at(first.at_ms)},"
            f" {height} waiting at the most since"
        )
        if lane not in scene.store.lanes:
            lines.append("this gateway lists no lanes: taken from sessions at work and waiting")
        for note in pressure.waits[:3]:
            waited = age(note.number("waitedMs"))
            lines.append(f"the gateway logged a wait of {waited} for it {at(note.at_ms)}")
        head = _head_of_line(scene)
        if head is not None:
            lines.append(
                f"head of the line: {quoted(head.session_key, 80)}, {head.verdict},"
                f" held {since(head.since_ms)}"
            )
    for group in copies:
        ids = ", ".join(f"{quoted(one.task_id, 40)} ({_made(one)})" for one in group[:4])
        lines.append(f"{len(group)} × {quoted(group[0].title, 60)} for one owner: {ids}")
    return lines


def _made(task: Task) -> str:
    made = task.created_at_ms or task.started_at_ms
    return utc(made) if made is not None else "time unknown"


def _head_of_line(scene: Scene) -> Lock | None:
    """The oldest holder that makes no progress: what the others wait for."""
    held = [scene.store.held.locks[key] for key in scene.store.held.stuck]
    return min(held, key=lambda lock: (lock.since_ms or 0, lock.session_key), default=None)


def _ruled_out(pressure: Pressure | None, copies: list[list[Task]]) -> list[str]:
    lines = []
    if pressure is not None:
        lines += [
            "a busy lane that drains: its queue was not seen to fall",
            "a drain before a restart: the lane does not drain",
            "a cap over all lanes: the lane is not blocked by another",
        ]
    if copies:
        lines.append("two different tasks: title, owner and runtime are equal, made together")
    return lines


def _ways(
    scene: Scene, lane: str, pressure: Pressure | None, copies: list[list[Task]]
) -> list[Way]:
    ways = [Way(Act.CANCEL_TASK, task.task_id) for group in copies for task in group[:0:-1]][:4]
    if pressure is None:
        return ways
    head = _head_of_line(scene)
    if head is not None:
        ways.append(Way(Act.RELEASE, head.session_key))
    text = "every run in it makes progress: what waits is not lost by waiting"
    ways.append(Way(Act.ADVICE, text="look at the head of the line first" if head else text))
    ways.append(Way(Act.ADVICE, text="do not raise the lane's concurrency from a terminal"))
    return ways
