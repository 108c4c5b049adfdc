"""A phantom recovery request (#88010): asked for twice, done once, and nothing was harmed."""

from clawtop.demo.scenarios.scenario import FIRST_S, SECOND, Scenario
from clawtop.demo.story import Story

KEY = "agent:main:slack:channel:c-support"
AGAIN = "agent:main:telegram:direct:77"
AGE_S = 372
AGO_S = 150
LEAK_S, MESSAGE_S = 350, 3
EVERY_S = 600.0  # of story
CLEARED = "aborted=true drained=false forceCleared=true"


def strike(story: Story) -> None:
    """The fault, minutes old: a message came while the recovery was under way."""
    world = story.world
    world.session(KEY, channel="slack")
    with world.past(AGO_S * SECOND):
        world.recovery(KEY, "requested", age_s=AGE_S)
    with world.past((AGO_S - 3) * SECOND):
        if not world.september:
            world.recovery(KEY, "requested", age_s=AGE_S + 3)
        _skipped(story)
    with world.past((AGO_S - 15) * SECOND):
        world.recovery(KEY, "completed", age_s=AGE_S, how=CLEARED)
    if not world.september:
        story.every(EVERY_S, lambda: _once_more(story), real=False, first=EVERY_S / 4)


def _skipped(story: Story) -> None:
    story.world.recovery(
        KEY, "completed", "skipped", "none", age_s=AGE_S + 3, outcome="already_in_flight"
    )


def _once_more(story: Story) -> None:
    """A lock leaks, the gateway recovers it by itself, and messages come meanwhile."""
    world = story.world
    session = world.session(AGAIN, channel="telegram")
    if session.lock is not None or world.draining:
        return
    with world.past(LEAK_S * SECOND):
        lock = world.leak(AGAIN)
        world.waits(AGAIN, "any news?", "channel")
    world.touch(AGAIN, "send")
    story.every(MESSAGE_S, lambda: _write_meanwhile(story, lock))


def _write_meanwhile(story: Story, lock: object) -> bool:
    """One message during the recovery; before it, silence, or the clock would start again."""
    session = story.world.session(AGAIN)
    if session.lock is not lock:
        return False
    if session.recovering is None:
        return True
    story.world.waits(AGAIN, "hello?", "channel")
    return False


def play(story: Story) -> None:
    """A healthy moment, then the fault."""
    story.after(FIRST_S, lambda: strike(story))


SCENARIO = Scenario(
    "phantom-recovery",
    "the gateway asked twice for one recovery; the second was never real (I-04, #88010)",
    "panel 4 counts the phantom apart: nothing is stuck, nothing is to be done",
    play,
    generation="april",
)
