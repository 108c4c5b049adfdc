"""A story: steps that become due as time goes by, driven from the world's clock.

Story time is what ``speed`` shortens: the pauses between steps. What happens inside the world,
a run that works for five seconds or a lock that settles for sixty, takes its real time.
"""

import heapq
import random
from collections.abc import Callable

from clawtop.demo.model import Obj, Run, Session
from clawtop.demo.world import World

Step = Callable[[], object]


class Story:
    """The driver of one scenario; ``chance`` is its only source of luck.

    A step that raises ends the story: a fault in a scenario must not pass for a quiet one.
    """

    def __init__(self, world: World, *, speed: float = 1.0, seed: int = 1) -> None:
        """Begin now; ``speed`` above 1 shortens the pauses."""
        self.world, self.speed = world, speed
        self.chance = random.Random(seed)
        self._steps: list[tuple[float, int, Step]] = []
        self._count = 0

    def after(self, seconds: float, step: Step) -> None:
        """Do something after a pause of the story."""
        self._put(seconds / self.speed, step)

    def after_real(self, seconds: float, step: Step) -> None:
        """Do something after real seconds, whatever the speed."""
        self._put(seconds, step)

    def _put(self, seconds: float, step: Step) -> None:
        self._count += 1
        heapq.heappush(self._steps, (self.world.now() + seconds * 1000, self._count, step))

    def every(self, seconds: float, step: Step, *, real: bool = True, first: float = 0.0) -> None:
        """Do something again and again; ``step`` returns False to stop. Real seconds or story's."""
        wait = self.after_real if real else self.after

        def again() -> None:
            if step() is not False:
                wait(seconds, again)

        wait(first or seconds, again)

    def tick(self) -> None:
        """Do every step that is due, oldest first."""
        while self._steps and self._steps[0][0] <= self.world.now():
            heapq.heappop(self._steps)[2]()

    # -- what scenarios do again and again

    def free(self, key: str) -> Session | None:
        """The session, if a message to it would run at once; None too while draining."""
        session = self.world.session(key)
        held = session.lock is not None or session.waiting or session.lane_taken
        return None if held or self.world.draining else session

    def run(self, key: str, holder: str, text: str, takes_s: float, answer: str) -> Run | None:
        """A message to a free session: a run of that length, which may wait for a slot."""
        session = self.free(key)
        if session is None:
            return None
        via = "rpc" if holder == "rpc" else "channel"
        before, self.world.answer_ms = self.world.answer_ms, round(takes_s * 1000)
        self.world.send(key, text, "rpc" if via == "rpc" else "channel")
        self.world.answer_ms = before
        if session.run is not None:
            session.run.answer = answer
        return session.run

    def holds(self, key: str, run: Run) -> bool:
        """Whether this very run still holds the session."""
        session = self.world.sessions.get(key)
        return session is not None and session.run is run

    def still_held(self, key: str, lock: object) -> bool:
        """Whether this very lock still holds the session."""
        session = self.world.sessions.get(key)
        return session is not None and session.lock is lock

    def alive(self, key: str, run: Run, every_s: float = 2.0) -> None:
        """Let a run show progress for as long as it works."""

        def step() -> bool:
            if not self.holds(key, run):
                return False
            if run.queued_at is None:
                self.world.progress(key)
            return True

        self.every(every_s, step)

    def task(self, title: str, owner: str, child: str, run: Run) -> Obj:
        """A background task whose work is that run."""
        extra: Obj = {"execution": {"state": "running"}} if self.world.september else {}
        return self.world.add_task(
            {
                "title": title,
                "sessionKey": owner,
                "ownerKey": owner,
                "childSessionKey": child,
                "runId": run.run_id,
                **extra,
            }
        )
