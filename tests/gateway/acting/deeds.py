"""Every action clawtop has, made ready on the embedded gateway: one request to be sent, and how
the gateway's own state shows whether it was done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from clawtop.demo import World
from clawtop.demo.model import Generation
from clawtop.gateway.act import Release
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.cancel import Cancel
from clawtop.gateway.deny import Denial
from clawtop.gateway.drop import Drop
from clawtop.gateway.heartbeats import SwitchHeartbeats
from clawtop.gateway.look import until
from clawtop.gateway.under_way import UnderWay
from clawtop.gateway.watch import Watcher
from clawtop.picture.records import Verdict
from clawtop.remedies.drop import plan_drop
from clawtop.remedies.pausing import plan_switch
from clawtop.remedies.plan import plan_cancel, plan_deny_ids, plan_release
from tests.gateway.test_restart import planned

MAIN = "agent:main:main"
OTHER = "agent:main:other"
TASK, APPROVAL = "task-1", "approval-1"
WHO = "tester@desk"
RELEASE_S = 2.5  # how long a release is watched here
BACKDATED_MS = 180_000

Ready = Callable[[Watcher, ActionLog], Awaitable[UnderWay]]


@dataclass(frozen=True)
class Deed:
    """One action on one generation.

    sends: its method; looks: the questions of its last look. happened: whether it is done, by the
    world alone. first: somebody else does the same. yes: the answer of a gateway that did it.
    """

    name: str
    generation: Generation
    sends: str
    looks: str
    scope: str
    world: Callable[[World], object]
    ready: Ready
    happened: Callable[[World], bool]
    first: Callable[[World], object]
    yes: object

    @property
    def title(self) -> str:
        return f"{self.name} ({self.generation})"


# -- releases


def release(step: str, holds: Callable[[Watcher], bool]) -> Ready:
    async def ready(watcher: Watcher, log: ActionLog) -> UnderWay:
        watcher.named = frozenset({MAIN})
        assert await until(watcher, lambda: holds(watcher), 20), "the scene is not seen"
        plan = plan_release(watcher.store, MAIN, step)
        assert plan is not None
        return Release(watcher, plan, operator=WHO, log=log, wait_s=RELEASE_S)

    return ready


async def restarting(watcher: Watcher, log: ActionLog) -> UnderWay:
    plan = await planned(watcher, now=True)
    return Release(watcher, plan, operator=WHO, log=log, wait_s=8)


def run_named(watcher: Watcher) -> bool:
    """The run that holds it has a name."""
    lock = watcher.store.held.locks.get(MAIN)
    return lock is not None and lock.run_id is not None and _probed(watcher)


def held(watcher: Watcher) -> bool:
    return MAIN in watcher.store.held.locks and _probed(watcher)


def _probed(watcher: Watcher) -> bool:
    facts = watcher.store.held.sessions.get(MAIN)
    return facts is not None and facts.probed_ms is not None


def listed_inside(watcher: Watcher) -> bool:
    """The companion has named the lock."""
    store = watcher.store
    lock, facts = store.held.locks.get(MAIN), store.held.sessions.get(MAIN)
    named = lock is not None and lock.token is not None
    return named and facts is not None and bool(facts.session_id) and store.preflight is not None


def leaked(watcher: Watcher) -> bool:
    lock = watcher.store.held.locks.get(MAIN)
    return listed_inside(watcher) and lock is not None and lock.verdict == Verdict.LEAKED


def free(world: World) -> bool:
    return world.sessions[MAIN].lock is None and world.sessions[MAIN].run is None


def a_run(world: World) -> None:
    world.start_run(MAIN, "rpc", run_id="run-1")


def a_leak(world: World) -> None:
    with world.past(BACKDATED_MS):
        world.leak(MAIN)


def a_channel_run(world: World) -> None:
    world.start_run(MAIN, "channel")


def restarts_at_once(world: World) -> None:
    """It is done with its drain as soon as it begins."""
    with world.past(BACKDATED_MS):
        world.stick_in_hook(MAIN)
    world.lively = True
    first = world.boot_id

    def hasten() -> None:
        if world.restarting is not None and world.boot_id == first:
            world.restarting.ready = True

    world.actor = hasten


ABORTED = {"ok": True, "abortedRunId": "run-1", "status": "aborted"}
STARTED = {"runId": "r", "status": "started"}
SCHEDULED = {"ok": True, "status": "scheduled"}
LOOKS = "sessions.list chat.history"
WRITE, ADMIN = "operator.write", "operator.admin"


def end_it(world: World) -> None:
    """Whatever held the session lets go of all of it."""
    session = world.sessions[MAIN]
    if session.run is not None:
        world.end_run(MAIN)
    if session.lock is not None:
        world.release(MAIN)
    session.lane_taken, session.lane_free_at = False, None


def _release_deeds() -> list[Deed]:
    found = []
    for generation in ("april", "september"):
        for step, seen in (("abort-run", run_named), ("abort-session", run_named)):
            ready = release(step, seen)
            rows = ("sessions.abort", LOOKS, WRITE, a_run, ready, free, end_it, ABORTED)
            found.append(Deed(f"release {step}", generation, *rows))
        rows = ("gateway.restart.request", LOOKS, ADMIN, restarts_at_once, restarting)
        found.append(Deed("release restart", generation, *rows, free, end_it, SCHEDULED))
    stop = release("channel-stop", held)
    rows = ("chat.send", LOOKS, WRITE, a_channel_run, stop, free, end_it, STARTED)
    inside = release("companion-release", listed_inside)
    own = ("clawtop.release", LOOKS, ADMIN, a_leak, inside, free, end_it, {"ok": True})
    again = release("reset", leaked)
    reset = ("sessions.reset", LOOKS, ADMIN, a_leak, again, free, end_it, {"ok": True})
    return [
        *found,
        Deed("release channel-stop", "april", *rows),
        Deed("release companion-release", "april", *own),
        Deed("release reset", "september", *reset),
    ]


# -- batches of one


def an_approval(world: World) -> None:
    world.request_approval("ps aux", OTHER, id=APPROVAL)


async def denial(watcher: Watcher, log: ActionLog) -> UnderWay:
    backlog = watcher.store.backlog
    assert await until(watcher, lambda: backlog.get(APPROVAL) is not None, 20)
    plan, _ = plan_deny_ids(watcher.store, [APPROVAL])
    return Denial(watcher, plan, operator=WHO, log=log)


def denied(world: World) -> bool:
    return [one.decision for one in world.resolved if one.id == APPROVAL] == ["deny"]


def allow(world: World) -> None:
    """Another operator is faster, and of another opinion."""
    from clawtop.demo import approvals

    approvals.decide(world, world.approvals[APPROVAL], "allow-once", "somebody", "cli")


def a_task(world: World) -> None:
    task = {"id": TASK, "taskId": TASK, "title": "index", "ownerKey": OTHER, "sessionKey": OTHER}
    world.add_task({**task, "createdAt": world.now() - 60_000})


async def cancellation(watcher: Watcher, log: ActionLog) -> UnderWay:
    assert await until(watcher, lambda: watcher.store.tasks.get(TASK) is not None, 20)
    plan, _ = plan_cancel(watcher.store, [TASK])
    return Cancel(watcher, plan, operator=WHO, log=log)


def cancelled(world: World) -> bool:
    return [one["status"] for one in world.tasks if one["taskId"] == TASK] == ["cancelled"]


def end_task(world: World) -> None:
    world.end_task(world.tasks[0])


def copies(world: World) -> None:
    for text in ("end", "between", "end"):
        world.enqueue_event(OTHER, text)


async def dropping(watcher: Watcher, log: ActionLog) -> UnderWay:
    assert await until(watcher, lambda: len(watcher.store.queue.of(OTHER)) == 3, 20)
    return Drop(watcher, plan_drop(watcher.store, OTHER, 2), operator=WHO, log=log)


def dropped(world: World) -> bool:
    return world.system_events.get(OTHER) == ["end", "between"]


def take_copy(world: World) -> None:
    world.queues[OTHER].pop()


# -- the switch


def switch(act: str) -> Ready:
    async def ready(watcher: Watcher, log: ActionLog) -> UnderWay:
        assert await until(watcher, lambda: watcher.store.facts is not None, 20)
        return SwitchHeartbeats(
            watcher, plan_switch(watcher.store, act, None), operator=WHO, log=log
        )

    return ready


def _switch_deeds() -> list[Deed]:
    found = []
    for act, enabled in (("pause", False), ("resume", True)):

        def turn(world: World, on: bool) -> None:
            world.heartbeats_enabled = on

        found.append(
            Deed(
                f"heartbeats {act}",
                "september",
                "set-heartbeats",
                "",
                ADMIN,
                lambda world, on=not enabled: turn(world, on),  # type: ignore[misc]
                switch(act),
                lambda world, on=enabled: world.heartbeats_enabled is on,  # type: ignore[misc]
                lambda world, on=enabled: turn(world, on),  # type: ignore[misc]
                {"ok": True, "enabled": enabled},
            )
        )
    return found


def _batch_deeds() -> list[Deed]:
    found = []
    says = {"applied": True, "approval": {"id": APPROVAL, "status": "pending"}}
    ways: tuple[tuple[Generation, str, object], ...] = (
        ("april", "exec.approval.resolve", {"ok": True}),
        ("september", "approval.resolve", says),
    )
    for generation, method, yes in ways:
        rows = (method, "exec.approval.list", "operator.approvals", an_approval, denial, denied)
        found.append(Deed("deny", generation, *rows, allow, yes))
        ended = {"found": True, "cancelled": True}
        task = ("tasks.cancel", "tasks.list", WRITE, a_task, cancellation, cancelled, end_task)
        found.append(Deed("cancel-task", generation, *task, ended))
        gone = {"ok": True, "left": 2}
        line = ("clawtop.dropEvent", "clawtop.snapshot", ADMIN, copies, dropping, dropped)
        found.append(Deed("drop-event", generation, *line, take_copy, gone))
    return found


DEEDS = (*_release_deeds(), *_batch_deeds(), *_switch_deeds())
