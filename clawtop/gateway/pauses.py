"""The memory of what clawtop on this host did to a gateway's heartbeats: one small file each.

It outlives clawtop, because the pause does, and no gateway tells of it. Another host's clawtop
keeps its own and knows nothing of this one; so does another address of the same gateway.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping

import msgspec

from clawtop.errors import RefusedError
from clawtop.gateway.reading import read_whole
from clawtop.gateway.statefile import gateway_file, write_whole
from clawtop.picture.pause import Pause, PauseKnown

SCHEMA = "clawtop.pause/1"
LARGEST = 64_000  # bytes; more than this was not written here
RESUME = "clawtop heartbeats resume settles it"


class Kept(msgspec.Struct):
    """The file."""

    schema: str
    pause: Pause


Stamp = tuple[int, int, int] | None


class Pauses:
    """The newest act on the gateway at one address."""

    def __init__(self, env: Mapping[str, str], url: str) -> None:
        self.path = gateway_file(env, "heartbeats", url)
        self._stamp: Stamp = None

    def load(self) -> PauseKnown:
        """What is kept. A file that is broken is no reason to fail, and is never taken for none."""
        self._stamp = self._stamped()
        try:
            data = read_whole(self.path, LARGEST)
            if data is None:
                return PauseKnown(None)
            kept = msgspec.json.decode(data, type=Kept)
        except OSError as error:
            return PauseKnown(None, self._unreadable(error.strerror or str(error)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return PauseKnown(None, self._unreadable("it is not complete"))
        if kept.schema != SCHEMA:
            return PauseKnown(None, self._unreadable("another version of clawtop wrote it"))
        return PauseKnown(kept.pause)

    def _unreadable(self, why: str) -> str:
        return f"what clawtop did is not known: {self.path} cannot be read ({why}); {RESUME}"

    def news(self) -> PauseKnown | None:
        """What is kept, when that changed since it was last read or written here."""
        return self.load() if self._stamped() != self._stamp else None

    def _stamped(self) -> Stamp:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def keep(self, pause: Pause | None) -> str | None:
        """Keep this instead; None: forget. A sentence when that cannot be done."""
        try:
            if pause is None:
                self.path.unlink(missing_ok=True)
            else:
                write_whole(self.path, msgspec.json.encode(Kept(SCHEMA, pause)))
        except OSError as error:
            return self._unkept(error)
        finally:
            self._stamp = self._stamped()
        return None

    def why_not(self) -> str | None:
        """Why nothing could be kept now; None when it could. Tried out, not guessed."""
        trial = self.path.with_suffix(".trial")
        try:
            write_whole(trial, b"")
            trial.unlink()
        except OSError as error:
            return self._unkept(error)
        return None

    def _unkept(self, error: OSError) -> str:
        return f"the reminder cannot be kept in {self.path}: {error.strerror}"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Only one clawtop of this host at a time: what is kept must be what was sent last.

        Raises RefusedError while another one is at it. Where no file can be made nobody can wait
        for anybody.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            yield
            return
        try:
            _lock(handle)
            yield
        finally:
            os.close(handle)  # which lets go of it; so does the end of the process


def _lock(handle: int) -> None:
    import fcntl  # not on every system; only who acts needs it

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise RefusedError(
            "another clawtop on this host pauses or resumes right now",
            "Wait for it, then look with clawtop heartbeats status",
        ) from None
