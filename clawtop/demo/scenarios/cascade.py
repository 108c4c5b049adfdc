"""An approval cascade (#69478): one run asks for the same command again and again."""

from clawtop.demo import recovery
from clawtop.demo.asking import Asker, ask
from clawtop.demo.model import Run, Session
from clawtop.demo.scenarios.scenario import FIRST_S, MINUTE, SECOND, Scenario
from clawtop.demo.story import Story

KEY = "agent:maelcum:heartbeat"
LAWFUL = "agent:main:slack:channel:c-release"
COMMAND = "ps aux | grep -E 'contextstored|vllm|ollama' | grep -v grep | tail -5"
LAWFUL_COMMANDS = tuple(f"git -C /srv/{name} log --oneline -5" for name in ("api", "web", "docs"))
AGE_MS = 462 * SECOND
FIRST, MOST = 3, 14
GROW_S = 15
PROVIDERS = (("a/m1", "b/m1"), ("b/m1", "c/m1"))


def strike(story: Story) -> None:
    """The fault: the run is nearly eight minutes old and has asked three times."""
    world = story.world
    if world.session(KEY).lock is not None:
        return
    with world.past(AGE_MS):
        run = world.start_run(KEY, "heartbeat", run_id=None)
        run.progress_at = world.now()
    asker = world.askers[KEY] = Asker(KEY, run.run_id, COMMAND, {"cwd": "/srv/agents/maelcum"})
    _past(story, run, asker)
    _lawful(story)
    world.touch(KEY, "send")
    story.every(GROW_S, lambda: _grow(story, run, asker), real=False)


def _past(story: Story, run: Run, asker: Asker) -> None:
    """What the log and the backlog already hold, in the order in which it happened."""
    world, session = story.world, story.world.session(KEY)
    for index, (source, target) in enumerate(PROVIDERS):
        with world.past(AGE_MS - (60 + 90 * index) * SECOND):
            failover(story, run, source, target)
            ask(world, asker)
    for seconds in range(AGE_MS // SECOND - 122, 0, -30):
        with world.past(seconds * SECOND):
            _stuck(story, session, AGE_MS - seconds * SECOND)
    with world.past(20 * SECOND):
        ask(world, asker)


def _stuck(story: Story, session: Session, age_ms: int) -> None:
    story.world.log(recovery.stuck_line(session, age_ms), "WARN")


def failover(story: Story, run: Run, source: str, target: str) -> None:
    """The structured line of a run whose provider timed out."""
    provider, model = source.split("/")
    told = {
        "event": "embedded_run_failover_decision",
        "tags": ["error_handling", "failover", "prompt", "fallback_model"],
        "runId": run.run_id,
        "stage": "prompt",
        "decision": "fallback_model",
        "failoverReason": "timeout",
        "profileFailureReason": "timeout",
        "provider": provider,
        "model": model,
        "sourceProvider": provider,
        "sourceModel": model,
        "fallbackConfigured": True,
        "timedOut": True,
        "aborted": False,
        "to": target,
    }
    text = "embedded run failover decision"
    story.world.log(text, "WARN", "agent/embedded", **{"1": told, "2": text})


def _lawful(story: Story) -> None:
    """Another session asks for three different commands: nothing is wrong with that."""
    world = story.world
    if world.session(LAWFUL).lock is not None:
        return
    with world.past(40 * SECOND):
        world.start_run(LAWFUL, "rpc", text="what changed in our repositories?")
    for index, command in enumerate(LAWFUL_COMMANDS):
        with world.past((30 - 5 * index) * SECOND):
            world.request_approval(command, LAWFUL, ttl_ms=25 * MINUTE)
    world.touch(LAWFUL, "send")
    story.every(5, lambda: _lawful_goes_on(story))


def _lawful_goes_on(story: Story) -> bool:
    """Once all three were answered, that run is done."""
    world = story.world
    if any(one.session_key == LAWFUL for one in world.approvals.values()):
        return True
    if world.session(LAWFUL).run is not None:
        world.end_run(LAWFUL)
    return False


def _grow(story: Story, run: Run, asker: Asker) -> bool:
    """Another copy every quarter of a minute, up to fourteen, while the run lives."""
    world = story.world
    if not story.holds(KEY, run):
        return False
    pending = [one for one in world.approvals.values() if one.session_key == KEY]
    if len(pending) < MOST and asker.due is None:
        failover(story, run, *story.chance.choice(PROVIDERS))
        ask(world, asker)
    return True


def play(story: Story) -> None:
    """A healthy moment, then the fault. Without help each copy waits out its half hour."""
    story.after(FIRST_S, lambda: strike(story))


SCENARIO = Scenario(
    "cascade",
    "one heartbeat run asks for the same command over and over, a new id each time (I-01, #69478)",
    "press 0 and Enter: stop the run that asks (K), then N denies the copies",
    play,
)
