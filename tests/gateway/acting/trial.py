"""One action under one fault: what came of it, against what the gateway's own state shows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clawtop.demo import ScriptedGateway, World
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.client import Client
from clawtop.gateway.find import Target
from clawtop.gateway.link import Link
from clawtop.gateway.look import until, watching
from clawtop.gateway.manner import Manner
from clawtop.gateway.methods import ACTING
from clawtop.gateway.secret import Secret
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from clawtop.remedies.outcome import Action

from .deeds import MAIN, OTHER, WHO, Deed

SECRET = "c4nary-of-the-gateway"
SHAPED = "abcd1234efgh"  # somebody else's, told by its shape
TIMEOUT_S = 1.0
LATE_S = 1.4  # an answer after the deadline
WITHOUT = frozenset({"not_released", "not_effective"})  # sent, and without effect
EXIT = {"done": 0, "nothing_to_do": 0, "refused": 1, "unknown": 4}  # README and PRODUCT agree


@dataclass
class Trial:
    """The scene, and what is needed to torment it."""

    deed: Deed
    gateway: ScriptedGateway
    watcher: Watcher
    cut: set[str]

    @property
    def world(self) -> World:
        return self.gateway.world

    def sent(self) -> int:
        """How often the acting request reached the gateway."""
        return len(self.gateway.seen(self.deed.sends))

    def cut_after_hello(self) -> None:
        """The acting link breaks between its greeting and the request."""
        self.cut.add(self.gateway.url)

    def revoke(self) -> None:
        """Another secret from now on; links that are open stay open."""
        self.gateway.door = replace(self.gateway.door, token="another")

    def without_scope(self) -> None:
        self.gateway.door = replace(self.gateway.door, scopes_granted=("operator.read",))

    def restarted(self) -> None:
        """The gateway is restarted as soon as the request has arrived, and does not answer it."""
        self.gateway.faults.silent_methods.add(self.deed.sends)
        self.gateway.faults.meanwhile[self.deed.sends] = lambda: self.gateway._spawn(
            self.gateway.restart(down_s=0.1)
        )


Torment = Callable[[Trial], Awaitable[None] | None]


@dataclass(frozen=True)
class Fault:
    """What goes wrong between the plan and the end. ``words``: outcomes that can be true;
    ``sent``: how many requests reach the gateway."""

    name: str
    torment: Torment
    words: frozenset[str]
    sent: int
    lasting: bool = False
    elsewhere: bool = False  # somebody else does it


@dataclass(frozen=True)
class Seen:
    """What came of it. ``happened``: by the gateway's own state."""

    action: Action
    sent: int
    happened: bool
    lines: list[dict[str, Any]]
    text: str


async def run(deed: Deed, fault: Fault, folder: Path, cut: set[str]) -> Seen:
    """Make the scene, the plan and the fault; then act."""
    world = World(deed.generation, companion=True, settle_ms=400)
    for key in (MAIN, OTHER):
        world.session(key, new=True)
    async with ScriptedGateway(world=world, token=SECRET, pump_s=0.05) as gateway:
        target = Target(gateway.url, "edge-1", Secret("token", SECRET), "a test", "a test")
        client = Client("0.0", "linux", f"clawtop ({WHO})", "test")
        watcher = Watcher(target, client, Store(), Manner(timeout_s=TIMEOUT_S))
        log = ActionLog(folder / "actions.jsonl", {"SSH_CONNECTION": "192.0.2.7 5 192.0.2.1 22"})
        async with watching(watcher, lasting=fault.lasting or deed.name == "release restart"):
            assert await until(watcher, lambda: "preflight" in watcher.store.listed, 20)
            deed.world(world)
            watcher.ask_all_now()
            runner = await deed.ready(watcher, log)
            trial = Trial(deed, gateway, watcher, cut)
            doing = fault.torment(trial)
            if doing is not None:
                await doing
            action = await runner.run()
            await quiet(gateway)
            text = log.path.read_text()
            lines = [json.loads(line) for line in text.splitlines()]
            return Seen(action, trial.sent(), deed.happened(world), lines, text)


async def quiet(gateway: ScriptedGateway) -> None:
    """A request that was read and waits is counted as well; nothing is in between."""
    for _ in range(3):
        await asyncio.sleep(0)


def breaking(cut: set[str]) -> Callable[[Link], Awaitable[Any]]:
    """``Link.open`` that loses an acting link to one of these addresses right after hello."""
    opened = Link.open

    async def open_and_lose(link: Link) -> Any:
        hello = await opened(link)
        acting = bool(link._session._allow & ACTING.keys())
        if acting and link.target.url in cut and link._socket is not None:
            link._socket.transport.abort()
            await link.closed()
        return hello

    return open_and_lose


def lies(deed: Deed, fault: Fault, seen: Seen) -> list[str]:
    """Everything that is not true of what was said; empty when all of it is."""
    action, word = seen.action, seen.action.outcome
    happened, begun = seen.happened, [line["phase"] for line in seen.lines]
    sent, reasons = seen.sent, [action.reason, *(one.reason for one in action.items or ())]
    last = seen.lines[-1] if seen.lines else {}
    checks = {
        f"{word}, expected {sorted(fault.words)} ({reasons})": word in fault.words,
        f"sent {sent} times, expected {fault.sent}": sent == fault.sent,
        f"done, but it did not happen ({action.reason})": word != "done" or happened,
        f"{word}, but it happened": fault.elsewhere or word not in WITHOUT or not happened,
        f"unknown, and {sent} were sent": word != "unknown" or sent == 1,
        f"{word}, and {sent} were sent": word != "nothing_to_do" or sent == 0,
        f"requested is {action.requested}, sent {sent}": action.requested is (sent > 0),
        f"accepted is {action.accepted}, nothing was sent": sent > 0 or not action.accepted,
        f"exit code {action.exit_code} for {word}": action.exit_code == EXIT.get(word, 5),
        f"no reason for {word}": word == "done" or any(reasons),
        f"lines {begun}": begun == ["begin", "end"],
        "the lines are of two actions": len({line["id"] for line in seen.lines}) == 1,
        f"{last.get('outcome')} in the log": last.get("outcome") == word,
        "the first line claims an outcome": seen.lines[0]["outcome"] == "planned",
        "a secret in the log": SECRET not in seen.text and SHAPED not in seen.text,
        "a control character": "\\u001b" not in seen.text,
    }
    return [f"{deed.title} × {fault.name}: {lie}" for lie, fine in checks.items() if not fine]
