"""Reading a small file whose path somebody else chose: never waits for ever, never reads without
end. A path may name a pipe that nobody writes to, a device, a folder or gigabytes.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from pathlib import Path

PIPE_S = 30.0  # for whoever writes into a pipe; a person may have to type a passphrase there
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def read_whole(path: Path, largest: int) -> bytes | None:
    """The bytes of a regular file; None when there is no such file.

    Raises OSError (its ``strerror`` says why) for one of more than ``largest`` bytes, and for
    what is no file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | _NO_WAIT)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(handle, "rb", closefd=True) as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        data = file.read(largest + 1)
    return _no_more_than(largest, data)


def read_line(path: Path, largest: int, wait_s: float | None = None) -> bytes:
    """The first line that is not blank, of a file or of a pipe; b"" when there is none.

    Waits ``wait_s`` seconds (else ``PIPE_S``) for what is not there yet. Raises OSError.
    """
    end = time.monotonic() + (PIPE_S if wait_s is None else wait_s)
    handle = os.open(path, os.O_RDONLY | _NO_WAIT)
    data = b""
    try:
        whole = stat.S_ISREG(os.fstat(handle).st_mode)
        while b"\n" not in data.lstrip() and len(data) <= largest:
            if not whole and not select.select([handle], [], [], max(end - time.monotonic(), 0))[0]:
                raise OSError(errno.ETIMEDOUT, "nobody wrote a line into it")
            more = os.read(handle, largest + 1)
            if not more:
                break
            data += more
    finally:
        os.close(handle)
    return _no_more_than(largest, data).strip().partition(b"\n")[0]


def _no_more_than(largest: int, data: bytes) -> bytes:
    if len(data) > largest:
        raise OSError(errno.EFBIG, f"it has more than {largest:,} bytes")
    return data
