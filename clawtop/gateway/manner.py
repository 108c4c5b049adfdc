"""How to watch: with which scopes, and whether approvals are to be seen."""

from __future__ import annotations

from dataclasses import dataclass

from clawtop.gateway.methods import ADMIN, APPROVALS, READ


@dataclass(frozen=True)
class Manner:
    """How to watch. ``one_shot``: approvals only where seeing them changes nothing."""

    read_only: bool = False
    approvals: str = "auto"
    one_shot: bool = False
    timeout_s: float = 10.0

    @property
    def wants_approvals(self) -> bool:
        return not self.read_only and self.approvals != "off"

    def scopes(self, *, route: bool | None) -> tuple[str, ...]:
        """Scopes to ask for. ``route``: whether approvals would make us one; None: not known."""
        if not self.wants_approvals:
            return (READ,)
        if self.one_shot and self.approvals == "auto" and route is not False:
            return (READ,)
        return (READ, APPROVALS, ADMIN)
