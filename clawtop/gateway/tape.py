"""A tape: what a gateway said and what we asked it, as JSON lines in one file, mode 0600.

The first line is a header. Every other line begins with our clock and the gateway's offset to
it, so that a place in time is found without reading what the line says. Payloads are written
as they came, secrets taken out. ``connect`` is never written: it carries the secret.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from clawtop import __version__
from clawtop.errors import ClawtopError, RefusedError
from clawtop.gateway import frames
from clawtop.gateway.feed import Line
from clawtop.gateway.find import Target
from clawtop.gateway.manner import Manner
from clawtop.gateway.tape_mask import Disguise

SCHEMA = "clawtop.tape/1"
ASIDE = 8  # a known secret as long as this is taken out wherever it stands, whatever breaks


class Gateway(Struct, frozen=True):
    """Which gateway a tape is of."""

    name: str
    url: str
    version: str | None = None
    boot_id: str | None = None


class Header(Struct, frozen=True):
    """The first line of a tape: of what it is, and what was asked for.

    ``at_ms`` is our clock, ``offset_ms`` the gateway's minus ours; ``for_ms`` how long it was to
    be, None: until interrupted; ``instance`` what we signed in with, None on older tapes.
    """

    schema: str
    clawtop: str
    at_ms: int
    offset_ms: int
    gateway: Gateway
    manner: Manner
    stale_after_ms: int
    for_ms: int | None = None
    instance: str | None = None


def header_of(
    target: Target,
    manner: Manner,
    first: Line,
    *,
    stale_after_ms: int,
    for_ms: int | None = None,
    instance: str | None = None,
) -> Header:
    """The header of a recording whose first line says that the link is up."""
    server = frames.decode_hello(first.payload).server
    return Header(
        schema=SCHEMA,
        clawtop=__version__,
        at_ms=first.at,
        offset_ms=first.offset,
        gateway=Gateway(target.name, target.url, server.version, server.boot_id),
        manner=manner,
        stale_after_ms=stale_after_ms,
        for_ms=for_ms,
        instance=instance,
    )


class Recorder:
    """Writes one tape. After a write that failed it writes nothing more: see ``problem``."""

    def __init__(self, path: Path, secret: str | None) -> None:
        """Create the file. Raises RefusedError when it exists, ClawtopError when it cannot be."""
        self.path = path
        self.counts: dict[str, int] = {}
        self.bytes = 0
        self.problem: str | None = None
        self._disguise = Disguise(secret)
        aside = secret is not None and len(secret) >= ASIDE
        self._secret = secret.encode("utf-8", "surrogatepass") if secret and aside else b""
        self._stand_in = self._disguise.stand_in(secret or "").encode()
        self.began_ms: int | None = None
        self.on_problem: Callable[[], None] | None = None
        self._encoder = msgspec.json.Encoder()
        self._file = _created(path)

    def begin(self, header: Header) -> None:
        """Write the first line. ``began_ms``: its time on the gateway's clock."""
        self.began_ms = header.at_ms + header.offset_ms
        self._append(self._disguise.json(self._encoder.encode(header)))

    def write(self, line: Line) -> None:
        """Write one line. Never raises: a full disk must not end the watching by surprise."""
        self.counts[line.what] = self.counts.get(line.what, 0) + 1
        self._append(self._disguise.json(self._encoder.encode(line)))

    def _append(self, data: bytes) -> None:
        if self.problem is not None:
            return
        # a line break between two parts of a payload is nothing but white space
        data = self._without_secret(data).replace(b"\n", b" ").replace(b"\r", b" ") + b"\n"
        try:
            while data:
                written = os.write(self._file, data)
                self.bytes += written
                data = data[written:]
        except OSError as error:
            self.problem = f"{self.path} cannot be written any more: {error.strerror}"
            if self.on_problem is not None:
                self.on_problem()

    def _without_secret(self, data: bytes) -> bytes:
        """The last look: the known secret where no string was, as a number or a broken text."""
        if not self._secret or self._secret not in data:
            return data
        return data.replace(self._secret, self._stand_in)

    def close(self) -> None:
        """End the tape. A file in which nothing was written is taken away again."""
        os.close(self._file)
        if not self.bytes:
            with contextlib.suppress(OSError):
                self.path.unlink()


def _created(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise RefusedError(f"{path} exists already", "Give a new file name") from None
    except OSError as error:
        raise ClawtopError(
            f"cannot write {path}: {error.strerror}", "Check the folder and its permissions"
        ) from None
