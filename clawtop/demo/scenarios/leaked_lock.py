"""A leaked reply-run lock (#90535): one chat is read and never answered, its neighbours are."""

from clawtop.demo import recovery
from clawtop.demo.model import Lock
from clawtop.demo.scenarios.scenario import FIRST_S, MINUTE, SECOND, Scenario
from clawtop.demo.story import Story
from clawtop.demo.traffic import receipt

KEY = "agent:main:telegram:direct:42"
SIBLING = "agent:main:telegram:direct:7"
AGE_MS = 17 * MINUTE
MESSAGES = (
    (16, "could you check the boiler alarm?"),
    (12, "are you there?"),
    (7, "it is still beeping"),
    (2, "hello??"),
)
RPC_MESSAGE = (15, "remind them about the boiler service")


def strike(story: Story) -> None:
    """The fault, already 17 minutes old."""
    world = story.world
    if world.session(KEY, channel="telegram").lock is not None:
        return
    lock = _leak(story)
    for minutes, text in sorted([*MESSAGES, RPC_MESSAGE], reverse=True):
        with world.past(minutes * MINUTE):
            if text == RPC_MESSAGE[1]:
                world.waits(KEY, text)
            else:
                _write(story, text)
                _neighbour(story)
        if not world.september and minutes not in (MESSAGES[0][0], MESSAGES[-1][0]):
            _stalled(story, lock, minutes)
    world.touch(KEY, "send")
    story.every(240, lambda: _again(story, lock), real=False)


def _leak(story: Story) -> Lock:
    """Its last answered turn, and a lock that stayed."""
    world = story.world
    with world.past(AGE_MS):
        session = world.session(KEY)
        session.channel = "telegram"
        receipt(story, KEY, "telegram")
        session.started_at, session.ended_at = world.now() - 9_000, world.now()
        session.updated_at = world.now()
        return world.leak(KEY)


def _write(story: Story, text: str) -> None:
    """A message with its receipt, and then nothing."""
    receipt(story, KEY, "telegram")
    story.world.waits(KEY, text, "channel")


def _stalled(story: Story, lock: Lock, minutes: int) -> None:
    """April's lines about it, from two minutes after a message until the next one."""
    world = story.world
    for seconds in (120, 150):
        with world.past(minutes * MINUTE - seconds * SECOND):
            held_ms = world.now() - lock.since
            line = recovery.leak_line(world.session(KEY), seconds * SECOND, held_ms)
            world.log(line, "WARN")


def _neighbour(story: Story) -> None:
    """Another chat of the same account, answered in seconds all the while."""
    receipt(story, SIBLING, "telegram")
    where = f"channel=telegram account=default sessionKey={SIBLING}"
    story.world.log(f"reply delivered: {where}", subsystem="gateway/channels/telegram")


def _again(story: Story, lock: Lock) -> bool:
    """The person tries again now and then; on April that puts the built-in recovery off."""
    if not story.still_held(KEY, lock) or len(story.world.session(KEY).waiting) > 40:
        return False
    if not story.world.draining:
        _write(story, "anybody?")
    return True


def play(story: Story) -> None:
    """A healthy moment, then the fault. Without help it stays for ever."""
    story.after(FIRST_S, lambda: strike(story))


SCENARIO = Scenario(
    "leaked-lock",
    "a chat is read and never answered: its reply-run lock leaked 17 minutes ago (I-05, #90535)",
    "press 0 and Enter: who gets no answer and why; X starts the first way out",
    play,
)
