"""Scenarios played on a clock that only a test moves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from clawtop.demo import Generation, ManualClock, World
from clawtop.demo.model import Out
from clawtop.demo.scenarios import SCENARIOS, stage

GENERATIONS: tuple[Generation, ...] = ("april", "september")
STEP_MS = 100


@dataclass
class Played:
    """A world in which a scenario plays, its clock, and what it told."""

    world: World
    clock: ManualClock
    told: list[Out] = field(default_factory=list)

    def go(self, seconds: float) -> None:
        """Let that much time pass."""
        for _ in range(round(seconds * 1000 / STEP_MS)):
            self.clock.advance(STEP_MS)
            self.world.tick()
            self.told += self.world.outbox
            self.world.outbox.clear()

    def events(self, name: str) -> list[Any]:
        return [out.payload for out in self.told if out.event == name]

    def lines(self, head: str = "") -> list[str]:
        """Messages of the log that begin so."""
        found = [one["message"] for one in self.log()]
        return [one for one in found if one.startswith(head)]

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.world.log_file.data.decode().splitlines()]

    def ring(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.world.stability.ring if one["type"] == kind]

    def pending(self, key: str) -> list[Any]:
        return [one for one in self.world.approvals.values() if one.session_key == key]

    def answered(self, key: str) -> list[str]:
        """The answers in a session's transcript."""
        told = [one for one in self.world.session(key).messages if one["role"] == "assistant"]
        return [one["content"][0]["text"] for one in told]


def play(
    name: str,
    generation: Generation | None = None,
    seconds: float = 0.0,
    *,
    speed: float = 1.0,
    seed: int = 1,
) -> Played:
    """Play a scenario for that long."""
    clock = ManualClock()
    world = stage(SCENARIOS[name], generation, speed=speed, seed=seed, now=clock)
    played = Played(world, clock)
    played.go(seconds)
    return played
