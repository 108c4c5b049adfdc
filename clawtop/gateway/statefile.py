"""Small files that clawtop keeps between runs: a reader sees the old one or the new one, whole."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from clawtop.gateway.actionlog import log_path


def gateway_file(env: Mapping[str, str], folder: str, url: str) -> Path:
    """Where something about the gateway at this address is kept."""
    name = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return log_path(env).parent / folder / f"{name}.json"


def write_whole(path: Path, data: bytes) -> None:
    """Put ``data`` there (mode 0600, its folder 0700). Raises OSError; then nothing changed."""
    with _written_beside(path, data) as name:
        os.replace(name, path)


def write_new(path: Path, data: bytes) -> bool:
    """The same where nothing is yet; False, and nothing changed, where something is."""
    with _written_beside(path, data) as name:
        try:
            os.link(name, path)
        except FileExistsError:
            return False
    return True


@contextlib.contextmanager
def _written_beside(path: Path, data: bytes) -> Iterator[str]:
    """A file with all of ``data`` in the same folder; afterwards its name is gone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.parent.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        yield name
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)
