"""The small memory of ``check`` between runs: one file a gateway, read whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from clawtop.gateway.actionlog import log_path

LARGEST = 4_000_000  # bytes; more than this was not written here


def memory_path(env: Mapping[str, str], url: str) -> Path:
    """Where the last look at this gateway lies."""
    name = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return log_path(env).parent / "check" / f"{name}.json"


def load(path: Path) -> object:
    """What was kept; None when there is nothing usable."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        kept: object = json.loads(data) if len(data) <= LARGEST else None
    except (OSError, ValueError, RecursionError):
        return None
    return kept


def save(path: Path, memory: object) -> str | None:
    """Keep this instead; a sentence when it cannot be written. A reader sees the old or the new."""
    data = json.dumps(memory, ensure_ascii=True).encode()
    if len(data) > LARGEST:
        return f"what was seen is too much to keep in {path}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".check-")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(name, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        return f"what was seen cannot be kept in {path}: {error.strerror}"
    return None
