"""Tells the rest of a torn escape sequence from what a person typed. Pure.

A key like an arrow arrives as Esc, ``[`` and more. On a slow link the rest may come so late that
the Esc was taken for a key of its own, and ``[``, digits and a letter follow as if typed.
"""

from __future__ import annotations

INTRODUCERS = ("[", "O")
TORN_S = 5.0  # a rest that comes later than this is believed to be typed
NEVER = float("-inf")


class Keyboard:
    """Follows the keys of one terminal, in their order."""

    def __init__(self) -> None:
        self._escape_at = self._rest_at = NEVER

    def is_rest(self, key: str, character: str | None, at_s: float, *, typing: bool) -> bool:
        """Whether this key is part of a sequence, and not meant.

        ``at_s``: seconds on any clock; ``typing``: it would be text in an input, where ``[`` is
        a character like any other unless an Esc came just before.
        """
        after_escape = at_s - self._escape_at < TORN_S
        inside = at_s - self._rest_at < TORN_S
        self._escape_at = at_s if key == "escape" else NEVER
        self._rest_at = NEVER
        if key == "escape" or character is None:
            return False
        if inside:
            if not _is_final(character):
                self._rest_at = at_s
            return True
        torn = after_escape or (character == "[" and not typing) or key == "alt+shift+o"
        if torn and character in INTRODUCERS:
            self._rest_at = at_s
            return True
        return False


def _is_final(character: str) -> bool:
    """The last character of a sequence; digits and signs come before it."""
    return "@" <= character <= "~"
