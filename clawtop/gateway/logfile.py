"""The gateway's log file on this host, for when the gateway itself does not answer.

``logging.file`` of its config, else one file a host and day in ``/tmp/openclaw``, which every
gateway of the host may write to (2026.5.28 and 2026.9.6). Read from its end, bounded; what is no
log is refused, because anybody may put anything there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from clawtop.errors import FindError
from clawtop.gateway.config import config_path, read_gateway_config, read_logging
from clawtop.gateway.find import Target, is_loopback

SHARED = Path("/tmp/openclaw")
MOST = 8_000_000  # bytes from the end; a day's file may have 100 MB
LONGEST = 64_000  # characters of a line that are read; more is no log line


def local_log(
    target: Target, env: Mapping[str, str], home: Path, profile: str | None, now: datetime
) -> tuple[Path, bool] | None:
    """(file, whether other gateways may write to it too); None for a gateway of another host."""
    if not is_loopback(target.url):
        return None
    config = target.config_file or config_path(env, home, profile)
    named = read_logging(config).get("file") if _is_its(config, target) else None
    if isinstance(named, str) and named:
        return Path(os.path.expanduser(named)), False
    return _newest(now), True


def _is_its(config: Path, target: Target) -> bool:
    """The config is this gateway's: it led to the address, or it names the same port."""
    if target.config_file is not None:
        return True
    try:
        return read_gateway_config(config, must_exist=False).port == urlsplit(target.url).port
    except FindError:
        return False


def _newest(now: datetime, folder: Path = SHARED) -> Path:
    """Today's file; just after midnight perhaps yesterday's is all there is."""
    today = folder / f"openclaw-{now:%Y-%m-%d}.log"
    if today.exists():
        return today
    return max(folder.glob("openclaw-????-??-??.log"), default=today)


def read_tail(path: Path, most: int = MOST) -> list[str]:
    """The lines at the end of a log file, oldest first. Raises FindError for what is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOCTTY", 0))
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise FindError(f"{path} is not a file", "Set logging.file of the gateway")
            start = max(status.st_size - most, 0)
            data = os.pread(handle, min(status.st_size, most), start)
        finally:
            os.close(handle)
    except OSError as error:
        raise FindError(
            f"cannot read the log file {path}: {error.strerror}", "Check its permissions"
        ) from None
    if b"\0" in data:
        raise FindError(f"{path} is not a log: it holds binary data", "Look at it by hand")
    lines = data.decode("utf-8", errors="replace").split("\n")
    return [line[:LONGEST] for line in (lines[1:] if start else lines) if line.strip()]
