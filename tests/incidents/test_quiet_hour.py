"""A healthy busy hour raises nothing; the order in which things are told changes nothing."""

import random
from itertools import permutations

import pytest

from clawtop.picture import changes as c
from clawtop.picture.unseen import NOT_SEEN
from tests.incidents.scenes import Watch, lane, logged, stuck_line
from tests.picture.builders import (
    KEY,
    at_ms,
    begins,
    counted,
    ends,
    later_row,
    listed,
    row,
    running_row,
    works,
)

HOUR_S = 3_600
BEAT_S = 300
SESSIONS = [f"agent:main:telegram:dm:{number}" for number in range(8)]


class Busy:
    """Eight sessions of a healthy gateway: turns of half a minute to seven minutes."""

    def __init__(self, generation: str, seed: int) -> None:
        self.watch = Watch(generation)
        self.later = generation == "september"
        self.chance = random.Random(seed)
        self.until = dict.fromkeys(SESSIONS, 0.0)
        self.turns = dict.fromkeys(SESSIONS, 0)
        self.running: set[str] = set()

    def live(self) -> Watch:
        for now in range(0, HOUR_S, 5):
            for key in SESSIONS:
                self.step(key, now)
            self.gateway(now)
        return self.watch

    def step(self, key: str, now: int) -> None:
        run = f"{key}-{self.turns[key]}"
        if key in self.running and now >= self.until[key]:
            self.running.discard(key)
            self.turns[key] += 1
            self.watch.tell(ends(run, key, at=now), at=now)
            self.until[key] = now + self.chance.uniform(5, 60)
        elif key in self.running:
            self.watch.tell(works(run, key, at=now), at=now)
        elif now >= self.until[key]:
            self.running.add(key)
            self.until[key] = now + self.chance.uniform(30, 420)
            self.watch.tell(begins(run, key, at=now), at=now)

    def gateway(self, now: int) -> None:
        """What is asked and what the gateway tells by itself."""
        tell = self.watch.tell
        rows = [self.row(key, now) for key in SESSIONS]
        tell(listed(*rows, at=now), counted(len(self.running), at=now), at=now)
        tell(c.Answered("sessions.list", self.chance.randint(20, 2_500)), at=now)
        lanes = [lane(active=len(self.running), queued=self.chance.randint(0, 1))]
        tell(c.LanesRead(lanes), at=now)
        if now % 60 == 0:
            tell(c.Health(c.EventLoop(self.chance.random() < 0.2), c.DeliveryQueues()), at=now)
        if now % 30 == 0:
            tell(c.Tick(at_ms(now)), at=now)
        if now % BEAT_S == 0:
            agent = c.HeartbeatAgent("main", True, BEAT_S * 1000)
            tell(c.StatusRead([], [], heartbeats=(agent,)), at=now)
            tell(c.HeartbeatSeen(at_ms(now), "ok-empty", "interval"), at=now)
        if now % 120 == 0 and self.running:
            self.long_running(sorted(self.running)[0], now)

    def row(self, key: str, now: int) -> c.Row:
        busy = key in self.running
        if self.later:
            return later_row(key, active=busy, at=now, updated_at=at_ms(now))
        if busy:
            return running_row(key, updated_at=at_ms(now))
        return row(key, status="done", has_active_run=False, updated_at=at_ms(now))

    def long_running(self, key: str, now: int) -> None:
        """What the gateway logs of healthy long work, and one wait for a lane."""
        healthy = stuck_line(
            key, age_s=130, head="long-running session", reason="active_work", lastProgressAge="1s"
        )
        self.watch.tell(logged(healthy, at=now), at=now)
        wait = f"lane wait exceeded: lane=session:{key} waitedMs=2100 queueAhead=0 activeNow=1"
        self.watch.tell(logged(wait, at=now), at=now)


@pytest.mark.parametrize("generation", ["april", "september"])
@pytest.mark.parametrize("seed", range(3))
def test_an_hour_of_healthy_traffic_raises_nothing(generation: str, seed: int) -> None:
    watch = Busy(generation, seed).live()
    assert [change.incident.summary for change in watch.changes] == []


def moments() -> list[tuple[float, c.Change]]:
    """Things that are told about by answers of their own, in any order."""
    stalled = stuck_line(
        KEY,
        age_s=330,
        head="stalled session",
        reason="active_model_call_without_progress",
        lastProgressAge="330s",
    )
    outcome = "stuck session recovery outcome: status=released"
    freed = f"{outcome} sessionId=id-of-{KEY} sessionKey={KEY} released=0"
    return [
        (340, logged(stalled, at=340)),
        (340, logged(freed, at=341)),
        (341, logged(freed, at=371)),
        (342, logged(stuck_line(KEY, age_s=400), at=380)),
        (343, c.Answered("sessions.list", None)),
    ]


def test_any_order_of_the_same_answers_gives_the_same_incidents() -> None:
    seen = set()
    for order in permutations(moments()):
        watch = Watch().tell(begins(at=0), works(at=10), at=10)
        for _, change in order:
            watch.tell(change, at=400)
        seen.add(tuple((one.id, one.certainty) for one in watch.wait_until(401).all()))
    assert len(seen) == 1
    assert {one for one, _ in seen.pop()} == {"I-06"}


def test_what_cannot_be_seen_is_told_for_every_kind_that_has_gaps() -> None:
    told = {one.incident for one in NOT_SEEN}
    assert {"I-10", "I-13", "I-17", "I-21", "I-22", "I-23", "I-24", "I-26"} <= told
    assert all(one.what and one.why for one in NOT_SEEN)
