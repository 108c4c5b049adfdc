"""What a quiet screen costs: CPU and bytes while only ages tick, and while nothing changes.

All programs run side by side; each window is a round.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from benchmarks.emitting import emitter
from benchmarks.figures import Figure, amount, most, ratio, unmeasured
from benchmarks.terminal import LARGE, SMALL, Terminal, clawtop, drained, in_terminal

SETTLE_S, WINDOW_S = 15.0, 20.0
HTOP = ["htop", "-d", "10"]
OVER_SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}  # chooses the 16 colours
SIZES = {"80x24": (SMALL, 1_200.0), "200x50": (LARGE, 5_000.0)}  # and the target in bytes/s


@dataclass
class Windows:
    """One program: CPU share and bytes a second of each window."""

    terminal: Terminal
    cpu: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)


Found = dict[str, Windows]


def measure(rounds: int) -> list[Figure]:
    """The figures of ``rounds`` windows."""
    with ExitStack() as stack:
        found = _programs(stack)
        time.sleep(SETTLE_S)
        for _ in range(rounds):
            _window([*found.values()])
    return [
        *_figures(found),
        amount("idle bytes/s, ages tick, 16 colours, 80x24 (P5)", found["ansi"].rate, 600, "B/s"),
        most("idle bytes/s, nothing is held, 80x24 (P6)", found["empty"].rate, 0, "B/s"),
        most("idle bytes/s, all ages coarse, 80x24 (P6)", found["coarse"].rate, 0, "B/s"),
    ]


def _programs(stack: ExitStack) -> Found:
    """Everything that is compared, started; ``htop`` only where there is one."""
    urls = {
        scene: stack.enter_context(emitter(scene)).url for scene in ("ticking", "coarse", "empty")
    }
    ticking = clawtop(urls["ticking"])
    commands = [("ansi", ticking, SMALL, OVER_SSH)]
    commands += [(scene, clawtop(urls[scene]), SMALL, {}) for scene in ("coarse", "empty")]
    for name, (size, _) in SIZES.items():
        commands.append((f"clawtop {name}", ticking, size, {}))
        if shutil.which(HTOP[0]):
            commands.append((f"htop {name}", HTOP, size, {}))
    found = {}
    for name, command, size, more in commands:
        terminal = stack.enter_context(in_terminal(command, size, more))
        stack.enter_context(drained(terminal))
        found[name] = Windows(terminal)
    return found


def _window(programs: Sequence[Windows]) -> None:
    began = [(one.terminal.cpu_s(), one.terminal.taken) for one in programs]
    at = time.monotonic()
    time.sleep(WINDOW_S)
    took = time.monotonic() - at
    for one, (cpu, taken) in zip(programs, began, strict=True):
        one.cpu.append((one.terminal.cpu_s() - cpu) / took)
        one.rate.append((one.terminal.taken - taken) / took)


def _figures(found: Found) -> list[Figure]:
    figures = []
    for name, (_, limit) in SIZES.items():
        ours, other = found[f"clawtop {name}"], found.get(f"htop {name}")
        figures += [
            _cpu(f"idle CPU, ages tick, against htop -d 10, {name} (P3)", ours, other),
            amount(f"idle bytes/s, ages tick, {name} (P4)", ours.rate, limit, "B/s"),
            _bytes(f"idle bytes/s, ages tick, against htop -d 10, {name} (P4)", ours, other),
        ]
    return figures


def _cpu(name: str, ours: Windows, other: Windows | None) -> Figure:
    if other is None:
        return unmeasured(name, 2.0, "htop is not installed")
    behind = f"{median(ours.cpu) * 100:.2f} and {median(other.cpu) * 100:.2f} % of a core"
    return ratio(name, ours.cpu, other.cpu, 2.0, behind)


def _bytes(name: str, ours: Windows, other: Windows | None) -> Figure:
    if other is None:
        return unmeasured(name, 1.5, "htop is not installed")
    behind = f"{median(ours.rate):,.0f} and {median(other.rate):,.0f} B/s"
    return ratio(name, ours.rate, other.rate, 1.5, behind)
