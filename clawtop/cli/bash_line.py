"""A line as bash hands it to a completion, and the replies, which bash puts in as they are.

readline replaces only what follows the last word break (``:`` and ``=`` are among them), or an
opening quote.
"""

from __future__ import annotations

import re
import string

BARE = frozenset(string.ascii_letters + string.digits + "_@%+,./:=-")
UNFIT = {"'": "'", '"': '"$`\\!'}  # what cannot stand between these quotes
_TOKEN = re.compile(
    r"""(?P<space>\s+) | \\(?P<escaped>.?) | '(?P<single>[^']*)(?P<end1>'?)
    | "(?P<double>(?:\\.|[^"\\])*)(?P<end2>"?) | (?P<bare>.)""",
    re.VERBOSE | re.DOTALL,
)


class BashLine:
    """``words``: those before the cursor, without their quotes; the last one is being typed."""

    def __init__(self, line: str, breaks: str) -> None:
        self.words: list[str] = []
        self._breaks = breaks
        self._begin()
        for token in _TOKEN.finditer(line.lstrip()):
            self._take(token)
        self.words.append(self._word)

    def _begin(self) -> None:
        """``kept``: how much of the word readline leaves alone; ``quote``: the open one."""
        self._word, self._kept, self._quote, self._closed = "", 0, "", False

    def _take(self, token: re.Match[str]) -> None:
        kind = token.lastgroup
        if kind == "space":
            self.words.append(self._word)
            self._begin()
        elif kind == "escaped":
            self._word += token["escaped"]
        elif kind == "bare":
            self._word += token["bare"]
            if token["bare"] in self._breaks:
                self._kept = len(self._word)
        else:
            self._quoted(token)

    def _quoted(self, token: re.Match[str]) -> None:
        closed = bool(token["end1"] or token["end2"])
        self._closed, self._quote = closed or self._closed, "" if closed else token[0][0]
        self._kept = len(self._word)
        self._word += token["single"] or re.sub(r"\\([$`\"\\])", r"\1", token["double"] or "")

    def reply(self, value: str) -> str | None:
        """The rest of ``value`` for the last word, quoted; None where that cannot be done."""
        rest = value[self._kept :]
        if self._closed:
            return None
        if self._quote:
            return None if set(rest) & set(UNFIT[self._quote]) else rest
        return "".join(char if char in BARE else f"\\{char}" for char in rest)
