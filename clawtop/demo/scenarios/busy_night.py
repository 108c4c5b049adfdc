"""A whole night: every fault, one after the other, between long healthy stretches."""

from functools import partial

from clawtop.demo.scenarios import (
    backpressure,
    cascade,
    duplicate_completion,
    leaked_lock,
    phantom_recovery,
)
from clawtop.demo.scenarios.scenario import Scenario
from clawtop.demo.story import Story

#: Seconds of story after the start. What nobody cures is still there when the next one comes.
NIGHT = (
    (90, leaked_lock.strike),
    (900, phantom_recovery.strike),
    (1_800, duplicate_completion.strike),
    (2_700, cascade.strike),
    (3_900, backpressure.strike),
)


def play(story: Story) -> None:
    """Put every fault at its hour."""
    for seconds, strike in NIGHT:
        story.after(seconds, partial(strike, story))


SCENARIO = Scenario(
    "busy-night",
    "a whole night: every fault above, one after the other, with healthy hours between",
    "cure each as it comes; w shows what changed since you last looked",
    play,
)
