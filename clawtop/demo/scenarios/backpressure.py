"""Lane backpressure (#18760): the main lane is full, its queue grows, and one task runs twice."""

from dataclasses import dataclass, field

from clawtop.demo import lanes
from clawtop.demo.model import Obj, Run
from clawtop.demo.scenarios.scenario import FIRST_S, MINUTE, SECOND, Scenario
from clawtop.demo.story import Story
from clawtop.demo.world import World

OWNER = "agent:main:librarian"
TITLE = "rebuild the search index"
CHILDREN = ("agent:main:subagent:index-a", "agent:main:subagent:index-b")
MAIL = tuple(f"agent:main:mail:{number:03}" for number in range(120))
AGE_MS = 9 * MINUTE
AT_ONCE = 12  # messages that already wait when it is first seen
PLENTY = 60  # then the queue grows more slowly
STEP_S = 2.0
LASTS_S = 3_600.0  # of story, until the older copy is done by itself


@dataclass
class Jam:
    """The fault while it lasts: two copies fight for the index and slow everybody down."""

    story: Story
    tasks: list[Obj] = field(default_factory=list)
    steps: int = 0

    @property
    def world(self) -> World:
        """The world it is in."""
        return self.story.world

    @property
    def jammed(self) -> bool:
        """Whether both copies still work."""
        return len([task for task in self.tasks if task["status"] == "running"]) > 1

    def copies(self) -> None:
        """The same task twice, seconds apart."""
        for number, child in enumerate(CHILDREN):
            with self.world.past(AGE_MS - number * 4 * SECOND):
                self.world.session(child, parent_key=OWNER)
                run = self.world.start_run(child, "rpc", text=TITLE)
                self.tasks.append(self.story.task(TITLE, OWNER, child, run))
            self.world.progress(child)  # it worked all the while
            self.story.alive(child, run, 3.0)

    def fill(self) -> None:
        """Take every slot that is left, then let messages wait, the oldest for minutes."""
        world = self.world
        free = max(lanes.slots(world, "main") - lanes.active(world, "main"), 2)
        for number in range(free):
            if world.session(MAIL[number]).lock is not None:
                continue
            with world.past(AGE_MS - number * 20 * SECOND):
                run = world.start_run(MAIL[number], "rpc", text="find the mail about the boiler")
            self.world.progress(MAIL[number])
            self.story.alive(MAIL[number], run, 3.0)
        for number in range(AT_ONCE):
            ago = (AT_ONCE - number) * 25 * SECOND
            with world.past(ago):
                self.arrive()
            if number % 3 == 2:
                with world.past(ago - SECOND):
                    self._past_wait(number)

    def _past_wait(self, behind: int) -> None:
        """A line of somebody who got through, with how many were left."""
        full = lanes.slots(self.world, "main")
        self.world.log(
            f"lane wait exceeded: lane=main waitedMs={20_000 + 9_000 * behind}"
            f" queueAhead={behind // 2} activeAhead={full} activeNow={full - 1}"
            f" queueBehind={behind + 1}",
            "WARN",
        )

    def arrive(self) -> None:
        """One more message for a session that is free."""
        for key in MAIL:
            run = self.story.run(key, "rpc", "find the mail about the roof", 86_400, "Found it.")
            if run is not None:
                self.story.alive(key, run, 3.0)
                return

    def finish_one(self) -> None:
        """The oldest of the slow runs gets done."""
        working = [run for key in MAIL if (run := self._working(key)) is not None]
        if working:
            first = min(working, key=lambda run: run.started_at)
            first.auto_end_at = self.world.now()

    def _working(self, key: str) -> Run | None:
        run = self.world.session(key).run
        return run if run is not None and run.queued_at is None else None

    def step(self) -> bool:
        """Two seconds of it: more comes in than gets done, until one copy is gone."""
        self.steps += 1
        queued = len(lanes.queued(self.world, "main"))
        if not self.jammed:
            self.finish_one()
            return any(self.world.session(key).run for key in MAIL)
        if queued < PLENTY or self.steps % 15 == 0:
            self.arrive()
        if self.steps % 10 == 0:
            self.finish_one()
            self._report()
        return True

    def _report(self) -> None:
        """The copies report progress."""
        for task in self.tasks:
            if task["status"] == "running":
                task["updatedAt"] = self.world.now()
                self.world.put_task(task)

    def end(self) -> None:
        """The older copy is done by itself."""
        if self.tasks[0]["status"] == "running":
            self.world.end_task(self.tasks[0])
            if self.world.session(CHILDREN[0]).run is not None:
                self.world.end_run(CHILDREN[0])


def strike(story: Story) -> None:
    """The fault, minutes old: full lane, waiting messages, two copies of a task."""
    if story.world.session(MAIL[0]).lock is not None:
        return
    for key in MAIL:
        story.world.session(key)
    jam = Jam(story)
    jam.copies()
    jam.fill()
    story.every(STEP_S, jam.step)
    story.after(LASTS_S, jam.end)


def play(story: Story) -> None:
    """A healthy moment, then the fault."""
    story.after(FIRST_S, lambda: strike(story))


SCENARIO = Scenario(
    "backpressure",
    "the main lane is full and its queue grows; one task was started twice (I-03, #18760)",
    "press 5 for lanes and tasks: X there cancels the younger of two equal tasks",
    play,
)
