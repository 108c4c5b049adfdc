"""Which certificate a gateway has to show: the SHA-256 of it, in hex."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

from clawtop.gateway.reading import read_whole

LARGEST = 200_000  # bytes of a file of certificates
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_FIRST = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


def normal_pin(written: str) -> str | None:
    """A fingerprint in any common spelling; None for what is none."""
    pin = written.lower().removeprefix("sha256:").replace(":", "").strip()
    return pin if _SHA256.match(pin) else None


def pin_of_file(path: Path) -> str | None:
    """Of the certificate in a PEM file, the first where it holds a chain; None without one."""
    try:
        found = _FIRST.search(read_whole(path, LARGEST) or b"")
        return None if found is None else hashlib.sha256(base64.b64decode(found[1])).hexdigest()
    except (OSError, ValueError):
        return None
