"""Words for ears: no symbol, no column and no colour stands for a word."""

from __future__ import annotations

import re

from clawtop.text import age, mask, plain, utc

_UNITS = {"d": "day", "h": "hour", "m": "minute", "s": "second"}


def how_long(ms: int | None, *, at_least: bool = False) -> str:
    """An age in words: ``at least 4 minutes 10 seconds``; units of nothing are left out."""
    if ms is None:
        return "an unknown time"
    parts = [(int(number), _UNITS[unit]) for number, unit in re.findall(r"(\d+)([dhms])", age(ms))]
    told = [f"{number} {unit}{'s' * (number != 1)}" for number, unit in parts if number]
    return ("at least " if at_least else "") + (" ".join(told) or "0 seconds")


def sentence(at_ms: int, subject: str, *facts: str) -> str:
    """One line: the time, what it is about, and what is known of it. Safe for a terminal."""
    told = ", ".join(fact for fact in facts if fact)
    text = f"{subject}: {told}" if told else subject
    return f"{utc(at_ms)} {plain(mask(text)[0])}"


def word(text: str) -> str:
    """One of the words of the contract, as it is said: ``no effect``."""
    return text.replace("_", " ")
