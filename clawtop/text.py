"""Words and numbers for people: escaping, masking, ages, durations. Pure; a leaf.

Everything a gateway sends is hostile text. ``plain`` is the one door through which it
reaches a terminal: after it no byte can move a cursor, hide a direction change or forge a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

from clawtop.errors import UsageError

# Categories that a terminal or a reader cannot see as they are: control, format (bidi marks,
# zero width), surrogates, private use, unassigned, line and paragraph separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SAFE_ASCII = re.compile(r"[\x20-\x7e]*\Z")
MASK = "***"
_NAMES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def plain(text: str) -> str:
    """Gateway text made safe to show on one line; unseen characters become visible escapes."""
    if _SAFE_ASCII.match(text):
        return text
    return "".join(_escape(char) for char in text)


def _escape(char: str) -> str:
    if char in _NAMES:
        return _NAMES[char]
    if unicodedata.category(char) not in _UNSEEN:
        return char
    point = ord(char)
    if point <= 0xFF:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"


# Every repetition that can fail is bounded: commands are hostile text, and must not cost a second.
_SECRET_SHAPES = r"""
    (?P<key>(?i:(?:api[_-]?key|token|secret|passw(?:or)?d|passwd|credential|authorization)
        [\w-]{0,40})["']?\s*[=:]\s*["']?(?i:(?:bearer|basic)\s+)?)(?P<value>[^\s"'&;|]{4,})
    | (?P<flag>(?<![\w-])--?(?i:[\w-]{0,40}(?:api[_-]?key|token|secret|passw(?:or)?d|passwd))
        \s+["']?)
        (?P<fvalue>[^\s"'&;|-][^\s"'&;|]{3,})
    | (?P<bearer>(?i:\b(?:bearer|basic)\s+))(?P<bvalue>[A-Za-z0-9._~+/=-]{8,})
    | (?P<url>[a-z][a-z0-9+.-]{0,15}://[^\s/:@]*:)(?P<uvalue>[^\s@/]+)(?=@)
    | (?P<known>\b(?:sk-[A-Za-z0-9_-]{8,}|gh[pousr]_[A-Za-z0-9]{8,}|github_pat_\w{8,}
        |xox[abprs]-[\w-]{8,}|AKIA[A-Z0-9]{12,}|AIza[\w-]{20,}|eyJ[\w-]{8,500}\.[\w-]{4,}[\w.-]*))
    """


@cache
def _secret_shapes() -> re.Pattern[str]:
    """Compiled for the first text that may hold one: the first frame waits for none."""
    return re.compile(_SECRET_SHAPES, re.VERBOSE)


def mask(text: str) -> tuple[str, bool]:
    """``text`` with things shaped like secrets replaced, and whether anything was."""
    masked = _secret_shapes().sub(_masked, text)
    return masked, masked != text


def shown(text: str) -> str:
    """Anybody's text on a line of ours: ``plain``, and no secret that its shape gives away."""
    return plain(mask(text)[0])


def _masked(match: re.Match[str]) -> str:
    return _before(match) + MASK


def _before(match: re.Match[str]) -> str:
    """What of a secret's shape stays: the name before the value."""
    found = (match.group(prefix) for prefix in ("key", "flag", "bearer", "url"))
    return next((text for text in found if text is not None), "")


def disguise(text: str, stand_in: Callable[[str], str]) -> str:
    """``text`` with each secret replaced by ``stand_in(secret)``.

    Where the stand-in looks like a secret too, ``mask`` shows the same for both texts.
    """

    def other(match: re.Match[str]) -> str:
        before = _before(match)
        return before + stand_in(match.group()[len(before) :])

    return _secret_shapes().sub(other, text)


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?\Z")


def duration_ms(text: str) -> int:
    """A DURATION of the command line (``90s``, ``10m``, ``2h``; bare number: seconds) in ms.

    Raises UsageError for anything else.
    """
    match = _DURATION.match(text.strip())
    if not match:
        raise UsageError(
            f"{plain(text)!r} is not a duration", "Write it like 90s, 10m or 2h (bare: seconds)"
        )
    value = float(match.group(1)) * _UNITS[match.group(2) or "s"]
    if value > 366 * 86400:
        raise UsageError(f"{plain(text)} is longer than a year", "Give a shorter duration")
    return round(value * 1000)


def age(ms: int | None, *, at_least: bool = False) -> str:
    """An age in at most two units (``12s``, ``4m10s``, ``17m``, ``2h07m``, ``3d04h``).

    Old ages are coarse on purpose: they stop ticking, and so stop being sent. ``None`` is ``?``.
    """
    if ms is None:
        return "?"
    return ("≥" if at_least else "") + _age(max(ms, 0) // 1000)


def _age(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds}s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 10:
        return f"{minutes}m{rest:02d}s"
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02d}m"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours:02d}h"


LAST_MS = 253_402_300_799_999  # the end of the year 9999


def utc(ms: int) -> str:
    """A time of day for people who compare logs: ``03:12:44Z``."""
    return _moment(ms).strftime("%H:%M:%SZ")


def iso(ms: int) -> str:
    """A whole time for machines: ``2026-11-20T03:12:44.120Z``."""
    return _moment(ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def _moment(ms: int) -> datetime:
    """What no calendar has is its first or its last day: a gateway can say any number."""
    return datetime.fromtimestamp(min(max(ms, 0), LAST_MS) // 1000, UTC)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """``1 message``, ``2 messages``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
