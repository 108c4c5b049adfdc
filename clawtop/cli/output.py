"""Where what is printed cannot go: a full disk, a closed stream, a reader that went away.

The exit code then still tells what became of the command; one sentence on stderr tells the rest.
"""

from __future__ import annotations

import errno
import os
import signal
import sys

from clawtop.text import shown

LOST = 1  # nothing was sent, and what was read could not be shown
_WRITING = (errno.ENOSPC, errno.EBADF, errno.EIO, errno.EFBIG)


def open_closed() -> None:
    """Give a closed stream one of its own: Python has None there, and ``print`` says nothing.

    Every write to a stdout like that fails, as it does on a full disk.
    """
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY), encoding="utf-8")
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def is_dumb() -> bool:
    """Whether the terminal can only print lines."""
    return os.environ.get("TERM") == "dumb"


def complain(sentence: str) -> None:
    """One line on stderr, if that can still be written."""
    try:
        print(shown(sentence), file=sys.stderr, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def lost(error: OSError) -> int:
    """Say that the output is lost, and let what is left of it go nowhere; the exit code."""
    # else the interpreter writes it once more at its end, and complains itself
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 128 + signal.SIGPIPE
    why = error.strerror or str(error)
    if error.filename is None and error.errno in _WRITING:
        complain(f"clawtop: the output could not be written: {why}. Print it somewhere else.")
    else:
        complain(f"clawtop: {error.filename or 'something that it needs'} cannot be used: {why}.")
    return LOST
