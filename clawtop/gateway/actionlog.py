"""The action log: append-only JSON lines under the platform's state folder, mode 0600.

Two lines an action: ``begin`` before anything is sent, ``end`` with the outcome. A begin without
an end (killed in between) reads as outcome unknown. No secret is ever in it.
"""

from __future__ import annotations

import errno
import json
import os
import time
import uuid
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from clawtop.errors import ClawtopError
from clawtop.gateway.reading import read_whole
from clawtop.text import iso, plain

if TYPE_CHECKING:  # the log is read before anything is done, and then none of that is needed
    from clawtop.remedies.outcome import Action

SCHEMA = "clawtop.log/1"
LARGEST = 500_000_000  # bytes; a million actions
NO_END = "no outcome is logged: it is under way, or clawtop ended before the outcome was seen"


def log_path(env: Mapping[str, str]) -> Path:
    """Where the log lies: ``$XDG_STATE_HOME`` or the platform's own place."""
    if env.get("XDG_STATE_HOME"):
        return Path(env["XDG_STATE_HOME"]) / "clawtop" / "actions.jsonl"
    from platformdirs import user_state_path

    return user_state_path("clawtop") / "actions.jsonl"


class ActionLog:
    """Appends to one file. A file that cannot be written is said once and never stops an action."""

    def __init__(self, path: Path, env: Mapping[str, str]) -> None:
        self.path = path
        self.problem: str | None = None
        self._origin = (env.get("SSH_CONNECTION") or "").split(" ")[0] or None

    def begin(self, action: Action, gateway_ms: int) -> str:
        """Write the intention; the id that its end will carry."""
        action_id = uuid.uuid4().hex[:12]
        self._append("begin", action_id, action, gateway_ms)
        return action_id

    def end(self, action_id: str, action: Action, gateway_ms: int) -> None:
        self._append("end", action_id, action, gateway_ms)

    def _append(self, phase: str, action_id: str, action: Action, gateway_ms: int) -> None:
        line = {
            "schema": SCHEMA,
            "id": action_id,
            "phase": phase,
            "at_ms": round(time.time() * 1000),
            "gateway_at_ms": gateway_ms,
            "ssh_from": self._origin,
            **{key: value for key, value in action.document().items() if key != "schema"},
        }
        data = (json.dumps(line, ensure_ascii=True) + "\n").encode()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                _write(handle, data)
            finally:
                os.close(handle)
        except OSError as error:
            self.problem = f"the action log {self.path} cannot be written: {error.strerror}"


def _write(handle: int, data: bytes) -> None:
    """One line in one write, on a line of its own also behind half a line. Raises OSError."""
    size = os.fstat(handle).st_size
    whole = size == 0 or os.pread(handle, 1, size - 1) == b"\n"
    data = data if whole else b"\n" + data
    if os.write(handle, data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(handle)


class Runner(Protocol):
    """Whatever performs an action and logs it: ``action`` fills in while ``run`` goes on."""

    action: Action
    log: ActionLog

    def run(self) -> Awaitable[Action]: ...


def read_log(path: Path, since_ms: int | None = None) -> list[dict[str, Any]]:
    """Every action, oldest first, each as its latest line; half lines are skipped.

    Raises ClawtopError when the file exists and cannot be read.
    """
    try:
        data = read_whole(path, LARGEST)
    except OSError as error:
        raise ClawtopError(
            f"cannot read {path}: {error.strerror}", "Check its permissions"
        ) from None
    if data is None:
        return []
    found: dict[str, dict[str, Any]] = {}
    for raw in data.decode(errors="replace").splitlines():
        line = _line(raw)
        if line is not None:
            found[line["id"]] = line
    recent = [one for one in found.values() if since_ms is None or one["at_ms"] >= since_ms]
    return [_closed(one) for one in sorted(recent, key=lambda one: int(one["at_ms"]))]


def _line(raw: str) -> dict[str, Any] | None:
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    wanted = isinstance(line, dict) and isinstance(line.get("id"), str)
    return line if wanted and isinstance(line.get("at_ms"), int) else None


def _closed(line: dict[str, Any]) -> dict[str, Any]:
    if line.get("phase") == "end":
        return line
    return {**line, "outcome": "unknown", "reason": NO_END}


def action_text(line: dict[str, Any]) -> list[str]:
    """One logged action in two or three lines."""
    target = line.get("target") if isinstance(line.get("target"), dict) else {}
    ids = (target or {}).get("ids")
    what = (target or {}).get("session_key") or ", ".join(map(str, ids or ()))
    action, step = line.get("action", "?"), line.get("step", "")
    title = action if step in ("", action) else f"{action} {step}"
    outcome = str(line.get("outcome", "unknown"))
    head = f"{iso(line['at_ms'])}  {outcome:<13} {title}  {plain(str(what))}"
    who = f"    by {line.get('operator')} on {line.get('gateway')}"
    texts = [head, plain(who)]
    if line.get("reason"):
        texts.append(f"    {plain(str(line['reason']))}")
    return texts
