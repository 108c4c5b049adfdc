"""Small sentences that several families use. Nothing in them ticks: times, never ages."""

from __future__ import annotations

from clawtop.picture.records import Lock
from clawtop.text import mask, plain, utc

LONGEST = 160  # characters of gateway text that evidence quotes


def quoted(text: str, longest: int = LONGEST) -> str:
    """Gateway text for evidence: masked, escaped, bounded."""
    shown = plain(mask(text)[0])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def at(ms: int | None) -> str:
    """``at 03:12:44Z``, or words for a time that is not known."""
    return "at an unknown time" if ms is None else f"at {utc(ms)}"


def since(ms: int | None) -> str:
    return "since an unknown time" if ms is None else f"since {utc(ms)}"


def holder_of(lock: Lock) -> str:
    """Who holds it, as far as that is known."""
    run = f" run {quoted(lock.run_id, 60)}" if lock.run_id else ""
    return f"{lock.holder}{run}" if lock.holder != "unknown" else f"an unknown holder{run}"


def listed(words: list[str], most: int = 6) -> str:
    """The first few of a list, and how many more there are."""
    more = len(words) - most
    shown = ", ".join(quoted(word, 60) for word in words[:most])
    return f"{shown} and {more} more" if more > 0 else shown
