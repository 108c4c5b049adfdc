"""The small memory of ``check`` between runs: one file a gateway, read whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from clawtop.gateway.reading import read_whole
from clawtop.gateway.statefile import gateway_file, write_whole

LARGEST = 4_000_000  # bytes; more than this was not written here


def memory_path(env: Mapping[str, str], url: str) -> Path:
    """Where the last look at this gateway lies."""
    return gateway_file(env, "check", url)


def load(path: Path) -> object:
    """What was kept; None when there is nothing usable."""
    try:
        data = read_whole(path, LARGEST)
        kept: object = None if data is None else json.loads(data)
    except (OSError, ValueError, RecursionError):
        return None
    return kept


def save(path: Path, memory: object) -> str | None:
    """Keep this instead; a sentence when it cannot be written. A reader sees the old or the new."""
    data = json.dumps(memory, ensure_ascii=True).encode()
    if len(data) > LARGEST:
        return f"what was seen is too much to keep in {path}"
    try:
        write_whole(path, data)
    except OSError as error:
        return f"what was seen cannot be kept in {path}: {error.strerror}"
    return None
