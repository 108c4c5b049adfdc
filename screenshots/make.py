"""The pictures of the documentation, taken from the running program: ``make pictures``.

Each is a scenario of ``clawtop demo`` at the moment a person on call would meet it.
"""

from __future__ import annotations

import asyncio
import os
import tempfile

from scene import LARGE, SMALL, WIDE, scene

HALF_NIGHT_S, NIGHT_S = 2_900, 3_930


async def healthy() -> None:
    """Nothing is wrong."""
    async with scene("healthy") as on:
        await on.go(75)
        await on.save("healthy", "nothing is wrong")


async def cascade() -> None:
    """One run asks for the same command again and again."""
    async with scene("cascade") as on:
        await on.go(200)
        await on.press("3")
        await on.save("cascade", "approval cascade")


async def duplicate_completion() -> None:
    """One command's end is queued twice."""
    async with scene("duplicate-completion") as on:
        await on.go(75)
        await on.press("1")
        await on.save("duplicate-completion", "duplicate completion")


async def backpressure() -> None:
    """A lane that is full, and a task that runs twice."""
    async with scene("backpressure") as on:
        await on.go(75)
        await on.press("0")
        await on.save("backpressure", "backpressure")
        await on.press("5")
        await on.save("lanes", "LANES AND TASKS", "second copy")


async def phantom_recovery() -> None:
    """The gateway asked twice for one recovery."""
    async with scene("phantom-recovery") as on:
        await on.go(75)
        await on.press("4")
        await on.save("phantom-recovery", "phantom")


async def leaked_lock() -> None:
    """A lock that leaked: the dashboard, the page, the dialog, and the lock itself."""
    async with scene("leaked-lock") as on:
        await on.go(75)
        await on.save("leaked-lock", "leaked reply-run lock")
        await on.press("enter")
        await on.save("detail", "HOW WE KNOW")
        await on.press("escape", "0", "enter")
        await on.save("leaked-lock-page", "EVIDENCE")
        await on.press("X")
        await on.save("confirm", "Esc to cancel")
        await on.press("escape", "escape", "2", "question_mark")
        await on.save("help", "MOVING")
        await on.press("escape")
        await on.lose_link(48, 4)
        await on.save("offline", "LINK LOST")


async def storm() -> None:
    """Many of everything."""
    async with scene("storm") as on:
        await on.go(60)
        await on.save("storm", "LEAKED")


async def busy_night() -> None:
    """A night that was watched from its first minute; on a wide terminal with the detail beside."""
    async with scene("busy-night", alone_s=60) as on:
        await on.go(HALF_NIGHT_S)
        await on.save("dashboard", "LEAKED", sizes=[SMALL])
        await on.go(NIGHT_S - HALF_NIGHT_S)
        await on.save("dashboard", "LEAKED", "lane backpressure", sizes=[LARGE, WIDE])


SCENES = (
    healthy,
    cascade,
    duplicate_completion,
    backpressure,
    phantom_recovery,
    leaked_lock,
    storm,
    busy_night,
)


def main() -> None:
    """Take the pictures in a home of their own, whatever the terminal is like."""
    with tempfile.TemporaryDirectory() as home:
        for name in [one for one in os.environ if one.startswith(("TEXTUAL", "NO_COLOR"))]:
            del os.environ[name]
        os.environ |= {"HOME": home, "XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home}
        for play in SCENES:
            asyncio.run(play())


if __name__ == "__main__":
    main()
