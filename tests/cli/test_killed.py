"""clawtop killed with SIGKILL at many points of an action: the log on disk tells what is known."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clawtop.demo import World
from clawtop.gateway.actionlog import log_path
from tests.cli.shell import Served, clawtop, serving

SECRET = "c4nary-of-the-gateway"
BEFORE = (1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 22, 25)  # requests that the gateway has seen
AFTER_S = (0.0, 0.01, 0.05, 0.2, 0.5, 0.9)  # since it saw the abort
AT_ONCE = 6


def key(number: int) -> str:
    return f"agent:main:{number}"


def aborted(served: Served) -> bool:
    return bool(served.gateway.seen("sessions.abort"))


def requests(number: int) -> Callable[[Served], bool]:
    return lambda served: len(served.gateway.requests) >= number


def after(pause_s: float) -> Callable[[Served], bool]:
    seen: list[float] = []

    def when(served: Served) -> bool:
        if not seen and aborted(served):
            seen.append(time.monotonic())
        return bool(seen) and time.monotonic() - seen[0] >= pause_s

    return when


def kill(folder: Path, number: int, when: Callable[[Served], bool]) -> bool:
    """Release on a gateway of its own, and kill clawtop as soon as ``when``; whether the abort
    was sent by then."""
    own = folder / str(number)
    own.mkdir()
    world = World("september", companion=True)
    world.start_run(key(number), "rpc")
    with serving(own, world=world, token=SECRET) as served:
        words = ["release", key(number), "--step", "abort-run", "--yes"]
        where = ["--url", served.gateway.url, "--token-file", str(served.token_file)]
        process = subprocess.Popen(
            [sys.executable, "-m", "clawtop", *words, *where],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(own), "HOME": str(own)},
        )
        deadline = time.monotonic() + 60
        while not when(served) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        assert process.poll() is None, "it ended before it could be killed"
        process.kill()
        process.wait()
        return aborted(served)


def test_what_was_sent_was_written_down_before(tmp_path: Path) -> None:
    """All of them write into one log."""
    points = [*map(requests, BEFORE), *map(after, AFTER_S)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        jobs = [pool.submit(kill, tmp_path, number, when) for number, when in enumerate(points)]
        sent = {key(number) for number, job in enumerate(jobs) if job.result()}
    text = log_path({"XDG_STATE_HOME": str(tmp_path)}).read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    begun = {line["target"]["session_key"] for line in lines if line["phase"] == "begin"}
    ended = {line["target"]["session_key"] for line in lines if line["phase"] == "end"}
    assert len(AFTER_S) <= len(sent) < len(points)
    assert ended <= sent <= begun
    assert SECRET not in text
    told = clawtop("actions", "--json", env={"XDG_STATE_HOME": str(tmp_path)}).json["actions"]
    words = {one["target"]["session_key"]: one["outcome"] for one in told}
    assert words.keys() == begun
    assert {words[one] for one in begun - ended} == {"unknown"}
