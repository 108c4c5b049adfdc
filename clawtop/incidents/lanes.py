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
RISE_MS = 15_000  # a burst of short turns is worked off within this
MOVED_MS = 30_000  # the log is read every few seconds
LONG_MS = 60_000  # a queue that does not fall for this long is pressure
TOGETHER_MS = 60_000  # copies of one intent are dispatched within this
ITSELF = (None, "", "lane")  # a full lane says that the lane itself blocks (2026.9.6)
FEWEST = 4  # slots of the main lane on early gateways; fewer runs cannot fill it


RULED_OUT = (
    "a busy lane that drains: its queue was not seen to fall",
    "a drain before a restart: the lane does not drain",
    "a cap over all lanes: the lane is not blocked by another",
)
TWINS_RULED_OUT = ("two different tasks: title, owner and runtime are equal, made together",)


class Pressure(Struct, frozen=True):
    """A lane that is full with somebody waiting."""

    samples: list[Sample]
    rising: bool
    waits: list[Note]

    @property
    def since_ms(self) -> int:
        return self.samples[0].at_ms


def backpressure(scene: Scene, lane: str) -> Finding | None:
    """I-03. A full lane whose queue rises (over three samples) or does not fall for a minute. A
    full lane whose queue falls is only busy. Copies of a task in it are told with it."""
    pressure = _pressure(scene, lane)
    if pressure is None:
        return None
    copies = _copies(scene, lane)
    return Finding(
        severity=Severity.CRITICAL if pressure.rising else Severity.WARNING,
        certainty=Proof.PROVED if lane in scene.store.lanes else Proof.LIKELY,
        summary=_summary(lane, pressure, copies),
        about=lane,
        since_ms=_since(pressure),
        evidence=[*_pressed(scene, lane, pressure), *_twins(copies)],
        ruled_out=[*RULED_OUT, *(TWINS_RULED_OUT if copies else ())],
        ways=[*_cancels(copies), *_lane_ways(scene)],
    )


def dispatched_twice(scene: Scene, lane: str) -> Finding | None:
    """I-03. The same task twice for the same owner, made within a minute, both still active."""
    copies = _copies(scene, lane)
    if not copies or _pressure(scene, lane) is not None:
        return None
    first, second = copies[0][0], copies[0][1]
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.LIKELY,
        summary=f"{quoted(first.title, 60)} runs {len(copies[0])} times for one owner",
        session_key=first.session_key,
        about=f"{lane} tasks",
        since_ms=second.created_at_ms or second.started_at_ms,
        since_is="exact",
        evidence=_twins(copies),
        ruled_out=[*TWINS_RULED_OUT],
        ways=_cancels(copies),
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
    if (_rising(samples) or _risen(samples)) and not _moves(scene, lane):
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
    return [note for note in _waits(scene, lane, RECENT_MS) if _waited(note) >= LONG_MS]


def _moves(scene: Scene, lane: str) -> bool:
    """Somebody got a slot just now after a short wait: the lane is busy, and it moves."""
    short = [note for note in _waits(scene, lane, MOVED_MS) if _waited(note) < LONG_MS]
    if short:
        scene.again(short[-1].at_ms + MOVED_MS + 1)
    return bool(short)


def _waits(scene: Scene, lane: str, lately_ms: int) -> list[Note]:
    notes = scene.store.logbook.of_head(LANE_WAIT, since_ms=scene.now_ms - lately_ms)
    return [note for note in notes if note.pairs.get("lane") == lane]


def _waited(note: Note) -> int:
    return note.number("waitedMs") or 0


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


def _summary(lane: str, pressure: Pressure, copies: list[list[Task]]) -> str:
    grows = "its queue grows" if pressure.rising else "its queue does not fall"
    full = f"{quoted(lane, 40)} is full, {grows}"
    if not copies:
        return full
    return f"{full}; {quoted(copies[0][0].title, 60)} runs {len(copies[0])} times"


def _since(pressure: Pressure) -> int:
    waited = [note.at_ms - (note.number("waitedMs") or 0) for note in pressure.waits]
    return min([pressure.since_ms, *waited])


def _pressed(scene: Scene, lane: str, pressure: Pressure) -> list[str]:
    first, height = pressure.samples[0], max(one.queued for one in pressure.samples)
    listed = lane in scene.store.lanes
    slots = f"{first.active} of {first.max}" if listed else f"{first.active}"
    lines = [
        f"{slots} slots taken and {first.queued} waiting {at(first.at_ms)},"
        f" {height} waiting at the most since"
    ]
    if not listed:
        lines.append("this gateway lists no lanes: taken from sessions at work and waiting")
    for note in pressure.waits[:3]:
        waited = age(note.number("waitedMs"))
        lines.append(f"the gateway logged a wait of {waited} for it {at(note.at_ms)}")
    head = _head_of_line(scene)
    if head is not None:
        where = quoted(head.session_key, 80)
        lines.append(f"head of the line: {where}, {head.verdict}, held {since(head.since_ms)}")
    return lines


def _twins(copies: list[list[Task]]) -> list[str]:
    lines = []
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


def _cancels(copies: list[list[Task]]) -> list[Way]:
    """The younger copies, the youngest first."""
    return [Way(Act.CANCEL_TASK, task.task_id) for group in copies for task in group[:0:-1]][:4]


def _lane_ways(scene: Scene) -> list[Way]:
    ways = []
    head = _head_of_line(scene)
    if head is not None:
        ways.append(Way(Act.RELEASE, head.session_key))
    text = "every run in it makes progress: what waits is not lost by waiting"
    ways.append(Way(Act.ADVICE, text="look at the head of the line first" if head else text))
    ways.append(Way(Act.ADVICE, text="do not raise the lane's concurrency from a terminal"))
    return ways
