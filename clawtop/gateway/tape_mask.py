"""Takes secrets out of JSON without parsing or rewriting the rest of it.

Only string literals (and numbers named like a secret) are touched, so what was JSON stays JSON.
A secret becomes a stand-in that is the same for the same secret within one tape (equal commands
stay equal, different ones different) and tells nothing about it. Cost follows the number of
suspicious places, not the size.
"""

from __future__ import annotations

import json
import os
import re
from hashlib import blake2s

from clawtop.text import disguise

SHORTEST = 4  # a known secret shorter than this is not looked for: it would be found everywhere
DEEPEST = 4  # JSON inside a string inside JSON …

_LITERAL = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:\s*)?', re.DOTALL)
_ITEM = re.compile(rb'[\s,]*"([^"\\]*(?:\\.[^"\\]*)*)"(?!\s*:)', re.DOTALL)
_LIST = re.compile(rb"\[")
_NUMBER = re.compile(rb"-?\d[\d.eE+-]{3,40}")
# Where a secret may be. Looked for in lower case: without a flag the search is ten times faster.
_SIGNS = (
    rb"token|passw|secret|sk-|://|bearer|basic|credential|authorization|api[_-]?key"
    rb"|gh[pousr]_|github_pat_|xox|akia|aiza|eyj|\\u00"
)
_WORDS = r"(?i)(?:api[_-]?key|token|secret|passw(?:or)?d|passwd|credential|authorization)"
_NAME = re.compile(_WORDS + r"[\w-]{0,40}\Z")
_SINGLE = re.compile(_WORDS + r"\Z")
_FLAG = re.compile(r"(?i)--?[\w-]{0,40}(?:api[_-]?key|token|secret|passw(?:or)?d|passwd)\Z")
_SHAPE = re.compile(r"gh[pousr]_|github_pat_")
_SIMPLE = re.compile(r"[A-Za-z0-9._~+=-]+\Z")  # looks the same inside JSON


class Disguise:
    """Secrets out, stand-ins in. ``known``: the secret of the gateway that is watched.

    ``salt`` makes stand-ins tell nothing; it is never written. Random when not given.
    """

    def __init__(self, known: str | None = None, salt: bytes | None = None) -> None:
        self._salt = salt or os.urandom(16)
        self._known = known if known is not None and len(known) >= SHORTEST else None
        signs = [_SIGNS]
        if self._known is not None:
            signs.append(re.escape(_bytes(self._known).lower()))
            if not _SIMPLE.match(self._known):
                signs.append(rb"\\")
        self._signs = re.compile(b"|".join(signs))

    def stand_in(self, secret: str) -> str:
        """What is written instead: made so that it is masked like the secret when shown."""
        data = _bytes(secret)
        number = blake2s(data, key=self._salt, digest_size=6).hexdigest()
        if secret.startswith("AKIA"):
            return f"AKIA{number.upper()}"
        shape = _SHAPE.match(secret)
        return f"{shape.group() if shape else 'sk-'}masked{number}"

    def json(self, raw: bytes, depth: int = 0) -> bytes:
        """``raw`` JSON without secrets. Where there is none, the very same bytes."""
        walk = _Walk(self, raw, depth)
        for sign in self._signs.finditer(raw.lower()):
            if sign.start() >= walk.seen:
                walk.look(sign.start())
        return walk.end()

    def text(self, text: str, depth: int = 0) -> str:
        """The text of one string: JSON inside it stays JSON."""
        if depth < DEEPEST and text[:1] in ("{", "[") and _is_json(text):
            inner = self.json(_bytes(text), depth + 1)
            return inner.decode("utf-8", "surrogatepass")
        if self._known is not None:
            text = text.replace(self._known, self.stand_in(self._known))
        return disguise(text, self.stand_in)


class _Walk:
    """One JSON text and its suspicious places, from left to right."""

    def __init__(self, disguise: Disguise, raw: bytes, depth: int) -> None:
        self._disguise, self._raw, self._depth = disguise, raw, depth
        self._out: list[bytes] = []
        self._done = 0  # copied or replaced up to here
        self.seen = 0  # looked at up to here

    def look(self, place: int) -> None:
        """Look at the literal around a place. Words stand in literals and nowhere else."""
        literal = _LITERAL.match(self._raw, _opening(self._raw, place))
        if literal is None or literal.end() <= place:
            return
        self.seen = literal.end()
        text = _unescaped(literal.group(1))
        after = self._disguise.text(text, self._depth) if text is not None else None
        if after is None or after != text:
            self._replace(literal, after)
        if text is None:
            return
        if literal.group(2):
            self._value_of(text)
        elif _FLAG.match(text):
            self._hide_item(self.seen)

    def _value_of(self, name: str) -> None:
        """Hide what stands behind a name like this: a string, a list of them, a number."""
        if not _NAME.search(name):
            return
        number = _NUMBER.match(self._raw, self.seen)
        opened = _LIST.match(self._raw, self.seen)
        if number is not None:
            if _SINGLE.search(name):
                self._put(number.start(), number.end(), b"0")
        elif opened is None:
            self._hide_item(self.seen)
        else:
            self.seen = opened.end()
            while self._hide_item(self.seen, flags=False):
                pass

    def _hide_item(self, start: int, *, flags: bool = True) -> bool:
        """Hide the string that comes next; with ``flags``, unless it is another flag."""
        item = _ITEM.match(self._raw, start)
        if item is None or (flags and item.group(1).startswith(b"-")):
            return False
        text = _unescaped(item.group(1))
        if text != "":
            hidden = self._disguise.stand_in(text if text is not None else item.group(1).hex())
            self._put(item.start(1), item.end(1), _escaped(hidden))
        self.seen = item.end()
        return True

    def _replace(self, literal: re.Match[bytes], text: str | None) -> None:
        body = literal.group(1)
        shown = text if text is not None else self._disguise.stand_in(body.hex())
        self._put(literal.start(1), literal.end(1), _escaped(shown))

    def _put(self, start: int, end: int, new: bytes) -> None:
        self._out += [self._raw[self._done : start], new]
        self._done = end
        self.seen = max(self.seen, end)

    def end(self) -> bytes:
        """All of it."""
        if not self._out:
            return self._raw
        return b"".join([*self._out, self._raw[self._done :]])


def _opening(raw: bytes, place: int) -> int:
    """Where the literal around ``place`` begins: the first quote before it that is not escaped."""
    at = raw.rfind(b'"', 0, place)
    while at > 0:
        first = at
        while first > 0 and raw[first - 1] == 0x5C:
            first -= 1
        if (at - first) % 2 == 0:
            return at
        at = raw.rfind(b'"', 0, first)
    return max(at, 0)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _unescaped(body: bytes) -> str | None:
    """What a literal says; None when it is no string."""
    try:
        value = json.loads(b'"' + body + b'"', strict=False)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def _escaped(text: str) -> bytes:
    return json.dumps(text).encode("ascii")[1:-1]
