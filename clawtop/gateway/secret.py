"""A secret in memory: it can be sent, never shown."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Secret:
    """A token or password. Never shown: repr hides it."""

    kind: str
    value: str = field(repr=False)

    def params(self) -> dict[str, str]:
        return {self.kind: self.value}
