"""Many of everything, for size: hundreds of sessions, locks, approvals, tasks and lines."""

from clawtop.demo import lanes
from clawtop.demo.model import Obj, Run
from clawtop.demo.scenarios.scenario import MINUTE, SECOND, Scenario
from clawtop.demo.story import Story

SESSIONS = 400
CHURN = 25  # runs that report each second


class Storm:
    """Everything in numbers that follow from ``size``, the number of sessions."""

    def __init__(self, story: Story, size: int) -> None:
        """Prepare; ``begin`` makes it."""
        self.story, self.world, self.size = story, story.world, size
        self.working: dict[str, Run] = {}
        self.keys = [f"agent:team{n % 9}:chat:{n:05}" for n in range(size)]

    def begin(self) -> None:
        """Make all of it, with a past, and keep it moving."""
        for number, key in enumerate(self.keys):
            self.world.session(key, channel="slack" if number % 3 else None)
        self._locks()
        self._approvals()
        self._recoveries()
        self._tasks()
        self._events()
        self.story.every(1.0, self._churn)

    def _locks(self) -> None:
        """A tenth leaked with messages behind, some stuck in a hook, a fifth at work: all slots."""
        for number, key in enumerate(self.keys):
            with self.world.past((3 + number % 50) * MINUTE):
                if number % 10 == 0:
                    self.world.leak(key)
                    self.world.waits(key, "hello?")
                elif number % 41 == 0:
                    self.world.stick_in_hook(key)
                elif number % 5 == 1:
                    self.working[key] = self.world.start_run(key, "rpc")
                elif number % 29 == 0:
                    self.world.ghost(key)
        self.world.main_slots = lanes.active(self.world, "main")

    def _approvals(self) -> None:
        """One in four a copy, in groups of five; all from sessions at work."""
        keys = list(self.working)
        for number in range(self.size // 4):
            key = keys[number % len(keys)]
            same = number % 4 == 0
            command = f"make deploy STEP={number // 20 if same else number + 1000}"
            with self.world.past((number % 20) * 10 * SECOND):
                self.world.request_approval(command, keys[0] if same else key)

    def _recoveries(self) -> None:
        for number in range(self.size // 10):
            key = self.keys[number * 10]
            with self.world.past((self.size // 10 - number) * 5 * SECOND + 15 * SECOND):
                self.world.recovery(key, "requested", age_s=400 + number)
            with self.world.past((self.size // 10 - number) * 5 * SECOND):
                how = "" if number % 2 else "aborted=true drained=true forceCleared=false"
                self.world.recovery(key, "completed", age_s=400 + number, how=how)

    def _tasks(self) -> None:
        for number, (key, run) in enumerate(list(self.working.items())[: self.size // 10]):
            with self.world.past(number % 30 * MINUTE):
                self.story.task(f"collect part {number // 2}", "agent:main:collector", key, run)

    def _events(self) -> None:
        """The main session is at work: lines pile up to the cap. Channels cannot keep up."""
        world = self.world
        if world.session(world.main_key).lock is None:
            self.working[world.main_key] = world.start_run(world.main_key)
        for number in range(30):
            world.enqueue_event(world.main_key, f"node n{number} reconnected")
        pressure: Obj = {
            "channelId": "slack",
            "accountId": "default",
            "laneCount": 3,
            "pendingCount": self.size // 8,
            "claimedCount": 3,
            "blockedCount": 2,
            "oldestReceivedAt": world.now() - 9 * MINUTE,
        }
        failed = [{"queueName": "outbound", "count": 7, "oldestFailedAt": world.now() - MINUTE}]
        if world.september:
            world.health_extra["deliveryQueues"] = {"failed": failed, "ingressPressure": [pressure]}

    def _churn(self) -> None:
        """A handful of the runs at work report."""
        live = [key for key, run in self.working.items() if self.story.holds(key, run)]
        for key in self.story.chance.sample(live, min(CHURN, len(live))):
            self.world.progress(key)


def play(story: Story, size: int = SESSIONS) -> None:
    """All at once, at the start."""
    Storm(story, size).begin()


SCENARIO = Scenario(
    "storm",
    "many of everything at once: hundreds of sessions, locks, approvals, tasks and lines",
    "try / to filter; the worst incident stays on top, 0 lists them all",
    play,
)
