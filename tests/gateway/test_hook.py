"""The command of ``--on-incident``: what it is given, and every bound it is kept in."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from clawtop.errors import UsageError
from clawtop.gateway.hook import Hook, Limits

DEADLINE_S = 20.0
HOOKS: list[Hook] = []  # to be closed, however a test ends


def writer(folder: Path, out: Path, *, before: str = "", after: str = "") -> str:
    """A command that appends what it reads to a file; ``before``, ``after``: more of its code."""
    script = folder / "hook script.py"
    script.write_text(
        "import os, sys, time\n"
        f"{before}\n"
        "data = sys.stdin.read()\n"
        f"with open({str(out)!r}, 'a') as file: file.write(data)\n"
        f"{after}\n"
    )
    return shlex.join([sys.executable, str(script)])


def incident(key: str = "k", severity: str = "warning", **more: Any) -> dict[str, Any]:
    return {"key": key, "severity": severity} | more


class Scene:
    """A hook, what it said went wrong, and what its command wrote."""

    def __init__(self, folder: Path, **how: Any) -> None:
        self.out, self.problems = folder / "out", list[str]()
        limits = Limits(**how.pop("limits", {}))
        self.clock = [0.0] if how.pop("still", False) else None
        clock = (lambda: self.clock[0]) if self.clock else time.monotonic  # type: ignore[index]
        command = how.pop("command", None) or writer(folder, self.out, **how)
        self.hook = Hook(command, on_problem=self.problems.append, limits=limits, clock=clock)
        HOOKS.append(self.hook)

    def told(self) -> list[dict[str, Any]]:
        if not self.out.exists():
            return []
        return [json.loads(line) for line in self.out.read_text().splitlines()]

    async def idle(self) -> None:
        await self.until(lambda: self.hook._working is None or self.hook._working.done())

    async def until(self, seen: Callable[[], object]) -> None:
        end = time.monotonic() + DEADLINE_S
        while not seen():
            assert time.monotonic() < end, (self.problems, self.told())
            await asyncio.sleep(0.01)


def play(act: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(60):
            try:
                await act()
            finally:
                while HOOKS:
                    await HOOKS.pop().close()

    asyncio.run(run())


def test_the_incident_comes_as_one_line_of_json_on_stdin(tmp_path: Path) -> None:
    async def act() -> None:
        scene = Scene(tmp_path)
        assert scene.hook.offer("new", incident(summary="stuck\n\u202eevil"))
        await scene.idle()
        assert scene.told() == [incident(summary="stuck\n\u202eevil")]
        assert scene.problems == []
        await scene.hook.close()

    play(act)


@pytest.mark.parametrize(
    ("what", "severity"),
    [("changed", "critical"), ("better", "warning"), ("gone", "critical"), ("new", "info")],
)
def test_only_news_of_a_warning_or_worse_is_handed_over(
    tmp_path: Path, what: str, severity: str
) -> None:
    async def act() -> None:
        scene = Scene(tmp_path)
        assert not scene.hook.offer(what, incident(severity=severity))
        assert scene.hook._working is None

    play(act)


def test_the_same_incident_is_not_handed_over_again_unless_it_is_more_severe(
    tmp_path: Path,
) -> None:
    async def act() -> None:
        scene = Scene(tmp_path, still=True)
        assert scene.clock is not None
        assert scene.hook.offer("new", incident())
        assert not scene.hook.offer("new", incident())
        assert not scene.hook.offer("worse", incident())
        assert scene.hook.offer("worse", incident(severity="critical"))
        assert not scene.hook.offer("worse", incident(severity="critical"))
        assert scene.hook.offer("new", incident("other"))
        scene.clock[0] += 599
        assert not scene.hook.offer("new", incident(severity="critical"))
        scene.clock[0] += 2
        assert scene.hook.offer("new", incident())
        await scene.idle()
        assert len(scene.told()) == 4

    play(act)


def test_commands_run_one_at_a_time_in_order(tmp_path: Path) -> None:
    marker = tmp_path / "running"
    before = f"assert not os.path.exists({str(marker)!r}); open({str(marker)!r}, 'w').close()"

    async def act() -> None:
        scene = Scene(tmp_path, before=before, after=f"os.unlink({str(marker)!r})")
        for number in range(5):
            assert scene.hook.offer("new", incident(str(number)))
        await scene.idle()
        assert [one["key"] for one in scene.told()] == list("01234")
        assert scene.problems == []

    play(act)


def test_what_does_not_fit_in_the_queue_is_dropped_and_said(tmp_path: Path) -> None:
    async def act() -> None:
        scene = Scene(tmp_path, limits={"queue": 3})
        taken = [scene.hook.offer("new", incident(str(number))) for number in range(6)]
        assert taken == [True] * 3 + [False] * 3
        await scene.idle()
        assert [one["key"] for one in scene.told()] == list("012")
        assert any("was not told of 3 incidents: too many at once" in one for one in scene.problems)
        assert scene.hook.offer("new", incident("5"))  # it may come again: nobody was told of it
        await scene.idle()
        assert scene.told()[-1]["key"] == "5"

    play(act)


def test_no_more_than_so_many_start_in_a_minute(tmp_path: Path) -> None:
    async def act() -> None:
        scene = Scene(tmp_path, still=True, limits={"a_minute": 2})
        assert scene.clock is not None
        for number in range(3):
            scene.hook.offer("new", incident(str(number)))
        await scene.until(lambda: len(scene.told()) == 2)
        worker = scene.hook._working
        assert worker is not None
        await asyncio.wait([worker], timeout=0.3)
        assert not worker.done()
        assert len(scene.told()) == 2
        await scene.hook.close()

    play(act)


def test_the_minute_passes_and_the_rest_is_handed_over(tmp_path: Path) -> None:
    async def act() -> None:
        scene = Scene(tmp_path, limits={"a_minute": 1, "minute_s": 0.2})
        began = time.monotonic()
        for number in range(3):
            scene.hook.offer("new", incident(str(number)))
        await scene.idle()
        assert len(scene.told()) == 3
        assert time.monotonic() - began >= 0.4

    play(act)


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    before = (
        "child = os.fork()\n"
        f"with open({str(pids)!r}, 'a') as file: file.write(f'{{os.getpid()}}\\n')\n"
        "time.sleep(60)"
    )

    async def act() -> None:
        scene = Scene(tmp_path, before=before, limits={"timeout_s": 2.0})
        scene.hook.offer("new", incident("slow", filler="x" * 1_000_000))
        await scene.until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
        await scene.idle()
        assert any("was ended: it took longer than 2 s" in one for one in scene.problems)
        await scene.until(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))

    play(act)


def alive(pid: int) -> bool:
    """Whether it runs; a zombie that init has not fetched yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_closing_ends_the_command_that_runs_and_forgets_the_rest(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    before = f"open({str(pid_file)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"

    async def act() -> None:
        scene = Scene(tmp_path, before=before)
        scene.hook.offer("new", incident("a"))
        scene.hook.offer("new", incident("b"))
        await scene.until(lambda: pid_file.exists() and pid_file.read_text())
        await scene.hook.close()
        assert not alive(int(pid_file.read_text()))
        assert scene.told() == []

    play(act)


@pytest.mark.parametrize("steps", range(6))
def test_closing_while_it_is_being_started_neither_hangs_nor_leaves_it(
    tmp_path: Path, steps: int
) -> None:
    """It may be at any of the first few turns of the loop."""

    async def act() -> None:
        scene = Scene(tmp_path, after="time.sleep(60)")
        scene.hook.offer("new", incident())
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await scene.hook.close()
        assert scene.told() == []

    play(act)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/no/such/command", "cannot be started"),
        (f"{sys.executable} -c 'raise SystemExit(3)'", "failed with exit code 3"),
        (f"{sys.executable} -c 'import os; os.kill(os.getpid(), 9)'", "failed with exit code -9"),
    ],
)
def test_a_failure_is_one_sentence_and_the_next_incident_is_tried(
    tmp_path: Path, command: str, said: str
) -> None:
    async def act() -> None:
        scene = Scene(tmp_path, command=command)
        scene.hook.offer("new", incident("a", filler="x" * 1_000_000))  # nobody reads it
        scene.hook.offer("new", incident("b"))
        await scene.idle()
        assert len(scene.problems) == 2
        assert all(said in one and "\n" not in one for one in scene.problems)

    play(act)


def test_what_the_command_prints_goes_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    noise = "print('LOUD'); print('LOUD', file=sys.stderr); os.write(1, b'LOUD')\n"
    tty = "try: open('/dev/tty', 'w').write('LOUD')\nexcept OSError: pass"

    async def act() -> None:
        scene = Scene(tmp_path, before=noise + tty)
        scene.hook.offer("new", incident())
        await scene.idle()
        assert len(scene.told()) == 1

    play(act)
    assert "LOUD" not in "".join(capfd.readouterr())


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    made = tmp_path / "made"

    async def act() -> None:
        scene = Scene(tmp_path, command=f"{sys.executable} -c pass ; touch {made} $(touch {made})")
        scene.hook.offer("new", incident())
        await scene.idle()
        assert not made.exists()
        assert os.listdir(tmp_path) == []

    play(act)


@pytest.mark.parametrize("command", ["", "   ", "page 'ops"])
def test_a_command_that_is_none_is_refused_at_the_start(command: str) -> None:
    with pytest.raises(UsageError):
        Hook(command)
