"""The scenarios of the demo gateway: one small file each, and this list."""

from clawtop.demo.clock import Clock
from clawtop.demo.model import Generation, new_id
from clawtop.demo.scenarios import (
    backpressure,
    busy_night,
    cascade,
    duplicate_completion,
    healthy,
    leaked_lock,
    phantom_recovery,
    storm,
)
from clawtop.demo.scenarios.scenario import Scenario
from clawtop.demo.story import Story
from clawtop.demo.traffic import Traffic
from clawtop.demo.world import World

ALL: tuple[Scenario, ...] = (
    healthy.SCENARIO,
    cascade.SCENARIO,
    duplicate_completion.SCENARIO,
    backpressure.SCENARIO,
    phantom_recovery.SCENARIO,
    leaked_lock.SCENARIO,
    storm.SCENARIO,
    busy_night.SCENARIO,
)
SCENARIOS = {one.name: one for one in ALL}
DEFAULT = leaked_lock.SCENARIO.name
UPTIME_MS = 26 * 3_600_000


def stage(
    scenario: Scenario,
    generation: Generation | None = None,
    *,
    speed: float = 1.0,
    seed: int = 1,
    now: Clock | None = None,
    companion: bool = False,
) -> World:
    """A living world in which that scenario plays; every ``World.tick`` moves it on."""
    new_id.seed(seed)
    world = World(generation or scenario.generation, now, answer_ms=3_000, companion=companion)
    world.started_at -= UPTIME_MS
    world.lively = True
    story = Story(world, speed=speed, seed=seed)
    Traffic(story).begin()
    scenario.play(story)
    world.actor = story.tick
    return world
