"""The shell on the embedded gateway: the gateway in a thread, clawtop in its own process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from clawtop.demo import ScriptedGateway

T = TypeVar("T")


@dataclass
class Ran:
    """What one command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def sentence(self) -> str:
        """The one sentence on stderr; fails for a traceback or for more than one line."""
        assert "Traceback" not in self.err, self.err
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("clawtop: "), self.err
        return lines[0]


def clawtop(*args: str, env: dict[str, str] | None = None, stdin: str = "") -> Ran:
    """Run one command without a terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "clawtop", *args],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **(env or {})},
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


class Served:
    """An embedded gateway in a thread of its own."""

    def __init__(self, gateway: ScriptedGateway, folder: Path) -> None:
        self.gateway = gateway
        self.loop = asyncio.new_event_loop()
        self.token_file = folder / "token"
        self.token_file.write_text(gateway.token + "\n")

    def do(self, what: Callable[[ScriptedGateway], T]) -> T:
        """Do something to the gateway inside its own loop."""

        async def run() -> T:
            return what(self.gateway)

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(20)

    def run(self, *args: str, **how: Any) -> Ran:
        """One clawtop command against it."""
        where = ("--url", self.gateway.url, "--token-file", str(self.token_file))
        return clawtop(*args, *where, **how)

    def sent(self) -> list[str]:
        """Every method that crossed the wire, connect included."""
        return self.do(lambda gateway: [seen.method for seen in gateway.requests])


@contextmanager
def serving(folder: Path, generation: str = "september", **how: Any) -> Iterator[Served]:
    """Serve until the block ends."""
    gateway = ScriptedGateway(generation, **how)
    served = Served(gateway, folder)
    ready, stop = threading.Event(), asyncio.Event()

    async def main() -> None:
        async with gateway:
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=served.loop.run_until_complete, args=(main(),))
    thread.start()
    try:
        assert ready.wait(20), "the embedded gateway did not start"
        yield served
    finally:
        served.loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        served.loop.close()
