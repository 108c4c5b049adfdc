"""A duplicate completion (#46798): the end of one command is queued, and answered, twice."""

from clawtop.demo import events
from clawtop.demo.model import Run
from clawtop.demo.scenarios.scenario import FIRST_S, SECOND, Scenario
from clawtop.demo.story import Story

OLD, NEW = "brisk-falcon", "quiet-harbor"
WORK_S = 3_600.0  # of story: until then the main session takes no queued line


def line(exec_id: str) -> str:
    """The end of a command as it is queued for the session."""
    return f"Exec finished (node=n, id={exec_id}, code 0)"


def strike(story: Story) -> None:
    """The fault: one pair became two turns four minutes ago, another pair is still queued."""
    world = story.world
    main = world.session(world.main_key)
    if main.lock is not None and not _let_go(story):
        story.after_real(5, lambda: strike(story))
        return
    for seconds in (240, 190):
        with world.past(seconds * SECOND):
            events.user(world, main, f"System: {line(OLD)}")
            events.message(world, main, "assistant", "The backup is done.")
            world.heartbeat("sent", reason="exec-event", durationMs=2_400)
    with world.past(90 * SECOND):
        run = world.start_run(main.key, "rpc", text="go through the whole archive")
    _queue(story)
    story.alive(main.key, run, 2.0)
    story.after(WORK_S, lambda: _done(story, run))


def _let_go(story: Story) -> bool:
    """A heartbeat in progress gives way to the story; any other work is waited for."""
    main = story.world.session(story.world.main_key)
    if main.run is None or main.run.holder != "heartbeat":
        return False
    story.world.end_run(main.key)
    return True


def _queue(story: Story) -> None:
    """The same end twice, another line between: consecutive copies would be refused."""
    world = story.world
    with world.past(80 * SECOND):
        world.enqueue_event(world.main_key, line(NEW))
        world.enqueue_event(world.main_key, "node n reconnected")
    with world.past(30 * SECOND):
        world.enqueue_event(world.main_key, line(NEW))
    world.touch(world.main_key, "send")


def _done(story: Story, run: Run) -> None:
    """The long turn ends; the next heartbeat takes both copies with it."""
    if story.holds(story.world.main_key, run):
        story.world.end_run(story.world.main_key)


def play(story: Story) -> None:
    """A healthy moment, then the fault."""
    story.after(FIRST_S, lambda: strike(story))


SCENARIO = Scenario(
    "duplicate-completion",
    "the end of one command became two turns, and the next one is queued twice (I-02, #46798)",
    "panel 1 holds the same end twice: N there drops the copy; 0 tells the story",
    play,
)
