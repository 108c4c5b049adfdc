"""A secret in memory: it can be sent, never shown."""

from __future__ import annotations

from msgspec import Struct

from clawtop.text import MASK


class Secret(Struct, frozen=True):
    """A token or password. Never shown: repr hides it."""

    kind: str
    value: str

    def __repr__(self) -> str:
        return f"Secret(kind={self.kind!r})"

    def params(self) -> dict[str, str]:
        return {self.kind: self.value}

    def out_of(self, text: str) -> str:
        """``text`` without it: a gateway may repeat in an error what it was sent."""
        return text.replace(self.value, MASK) if self.value else text
