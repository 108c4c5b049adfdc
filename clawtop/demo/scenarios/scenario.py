"""What a scenario is."""

from collections.abc import Callable
from dataclasses import dataclass

from clawtop.demo.model import Generation
from clawtop.demo.story import Story

FIRST_S = 15.0  # of healthy story before the fault of a scenario with one fault
SECOND, MINUTE = 1_000, 60_000


@dataclass(frozen=True)
class Scenario:
    """One story. ``what`` says it in a line; ``look_at`` tells a newcomer what to try.

    ``generation`` is the one it plays on unless another is asked for.
    """

    name: str
    what: str
    look_at: str
    play: Callable[[Story], None]
    generation: Generation = "september"
