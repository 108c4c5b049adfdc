"""clawtop as a person starts it: a process of its own, a home of its own, no terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_KEPT_ENV = ("PATH", "LANG", "LC_ALL", "TMPDIR", "USER", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Ran:
    """One finished command."""

    code: int
    out: str
    err: str
    took_s: float

    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found


class Shell:
    """Runs clawtop against one gateway, its secret in a file."""

    def __init__(self, home: Path, url: str, token: str) -> None:
        self.home, self.url = home, url
        self.token_file = home / "token"
        self.token_file.write_text(token + "\n", encoding="utf-8")
        self.log_file = home / "state" / "clawtop" / "actions.jsonl"
        kept = {name: os.environ[name] for name in _KEPT_ENV if name in os.environ}
        self.env = kept | {
            "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CONFIG_HOME": str(home / "config"),
        }

    def arguments(self, *words: str, url: str | None = None) -> list[str]:
        """The words of one command with where and with what."""
        return [*words, "--url", url or self.url, "--token-file", str(self.token_file)]

    def start(self, *words: str, url: str | None = None) -> subprocess.Popen[str]:
        """Start it; warnings are errors there as well."""
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "clawtop", *self.arguments(*words, url=url)],
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, url: str | None = None, timeout: float = 60) -> Ran:
        """Run it to its end."""
        began = time.monotonic()
        process = self.start(*words, url=url)
        return finish(process, timeout, began)

    def document(self, *words: str, url: str | None = None) -> dict[str, Any]:
        """The document of a command that succeeds without a word on stderr."""
        ran = self.run(*words, "--json", url=url)
        assert (ran.code, ran.err) == (0, "")
        return ran.document()


def finish(process: subprocess.Popen[str], timeout: float, began: float | None = None) -> Ran:
    """Wait for its end; it is killed when that does not come in time."""
    since = time.monotonic() if began is None else began
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"clawtop did not end within {timeout:g} s: {out} {err}") from None
    return Ran(process.returncode, out, err, time.monotonic() - since)
