"""A well gateway: the traffic of every other scenario, and no fault."""

from clawtop.demo.scenarios.scenario import Scenario
from clawtop.demo.story import Story


def play(story: Story) -> None:
    """Add nothing to the traffic."""


SCENARIO = Scenario(
    "healthy",
    "a busy gateway with nothing wrong: chats, a long run, commands, heartbeats",
    "all is well: panel 2 shows who works, Enter how clawtop knows it",
    play,
)
