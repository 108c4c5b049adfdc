"""Lawful traffic that no scenario plays: chance decides, and nothing in it is a fault."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from clawtop.demo import approvals
from clawtop.demo.model import Approval, Run
from clawtop.demo.story import Story
from tests.demo.hour import Quarters

CHANNELS = ("telegram", "slack", None)


@dataclass
class Habits:
    """How a gateway is used. Seconds; pairs are the least and the most."""

    sessions: int = 12
    pause_s: tuple[float, float] = (10, 120)  # of one session between its turns
    turn_s: tuple[float, float] = (2, 40)
    long_s: tuple[float, float] = (300, 1_800)
    long_share: float = 0.05
    alive_s: tuple[float, float] = (1, 60)  # how often a run shows life
    ask_share: float = 0.1
    answer_s: tuple[float, float] = (3, 240)
    deny_share: float = 0.2
    second_share: float = 0.1  # a message comes while the session is at work
    event_every_s: float = 40
    heartbeat_s: float | None = 120


@dataclass
class Lawful:
    """The traffic of one gateway; ``begin`` starts it on the story's clock."""

    gateway: Quarters
    habits: Habits = field(default_factory=Habits)
    seed: int = 1

    def __post_init__(self) -> None:
        self.world = self.gateway.world
        self.story = Story(self.world, seed=self.seed)
        self.chance = random.Random(self.seed)
        self.asked = 0

    def begin(self) -> Lawful:
        """Every session begins somewhere in its pause."""
        habits, world = self.habits, self.world
        world.session(world.main_key)
        if habits.heartbeat_s is not None:
            world.heartbeat_ms = round(habits.heartbeat_s * 1000)
        for number in range(habits.sessions):
            self.add(f"agent:main:{'subagent' if number % 5 == 4 else 'chat'}:s{number}", number)
        self.story.every(habits.event_every_s, self._event)
        world.actor = self.story.tick
        return self

    def add(self, key: str, number: int = 0, *, new: bool = False) -> None:
        """One more session, with or without a past."""
        channel = None if "subagent" in key else CHANNELS[number % len(CHANNELS)]
        self.world.session(key, new=new, channel=channel)
        self.story.after(self._of(self.habits.pause_s), lambda: self._turn(key))

    def bulk(self, many: int) -> None:
        """Many new sessions at once, each with one short turn soon after."""
        self.asked += 1
        for number in range(many):
            key = f"agent:main:bulk:{self.asked}-{number}"
            self.world.session(key, new=True, channel=CHANNELS[number % len(CHANNELS)])
            self.story.after(self._of((0, many)), lambda key=key: self._once(key))

    def _once(self, key: str) -> None:
        session = self.world.session(key)
        holder = "channel" if session.channel else "rpc"
        run = self.story.run(key, holder, "hello", self._of((1, 5)), "welcome")
        if run is not None:
            self._live(key, run, 1.0)

    def _of(self, pair: tuple[float, float]) -> float:
        return self.chance.uniform(*pair)

    def _turn(self, key: str) -> None:
        """A turn, and the next one after a pause."""
        habits, session = self.habits, self.world.session(key)
        long = self.chance.random() < habits.long_share
        takes_s = self._of(habits.long_s if long else habits.turn_s)
        holder = "channel" if session.channel else "rpc"
        run = self.story.run(key, holder, f"do something, {takes_s:.0f}", takes_s, "done")
        self.story.after(takes_s + self._of(habits.pause_s), lambda: self._turn(key))
        if run is None:
            return
        self._live(key, run, self._of(habits.alive_s))
        if self.chance.random() < habits.ask_share:
            self.story.after(min(takes_s / 2, 20), lambda: self._ask(key, run))
        if self.chance.random() < habits.second_share:
            self.story.after(takes_s / 2, lambda: self._second(key))

    def _live(self, key: str, run: Run, every_s: float) -> None:
        """Life is shown while it works; a run that waits for an answer is silent."""

        def step() -> bool:
            if not self.story.holds(key, run):
                return False
            if run.queued_at is None and not self._asking(key):
                self.world.progress(key)
            return True

        self.story.every(every_s, step)

    def _asking(self, key: str) -> bool:
        return any(one.session_key == key for one in self.world.approvals.values())

    def _second(self, key: str) -> None:
        session = self.world.session(key)
        if session.lock is not None and not self.world.draining:
            self.world.send(key, "and one more thing", "channel" if session.channel else "rpc")

    def _ask(self, key: str, run: Run) -> None:
        """It asks for a command and waits; a person answers within minutes."""
        if not self.story.holds(key, run) or run.queued_at is not None:
            return
        self.asked += 1
        same = self.chance.random() < 0.3
        command = "git status" if same else f"kubectl logs deploy/p{self.asked}"
        asked = self.world.request_approval(command, key)
        run.auto_end_at = None
        wait_s = self._of(self.habits.answer_s)
        self.story.after(wait_s, lambda: self._answer(key, asked, run, same))

    def _answer(self, key: str, asked: str, run: Run, allow: bool) -> None:
        record: Approval | None = self.world.approvals.get(asked)
        if record is not None:
            deny = not allow and self.chance.random() < self.habits.deny_share
            approvals.decide(self.world, record, "deny" if deny else "allow-once", "control-ui")
        if not self.story.holds(key, run):
            return
        run.auto_end_at = self.world.now() + round(self._of(self.habits.turn_s) * 1000)
        self.world.progress(key)

    def _event(self) -> None:
        """A command of the main session ends: a line for its next turn."""
        self.asked += 1
        line = f"Exec finished (node=n, id=job-{self.asked}, code 0)"
        self.world.enqueue_event(self.world.main_key, line)
