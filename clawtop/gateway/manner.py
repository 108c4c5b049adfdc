"""How to watch: with which scopes, and whether approvals are to be seen."""

from __future__ import annotations

from msgspec import Struct

from clawtop.gateway.methods import ADMIN, APPROVALS, READ


class Manner(Struct, frozen=True):
    """How to watch. ``one_shot``: approvals only where seeing them changes nothing."""

    read_only: bool = False
    approvals: str = "auto"
    one_shot: bool = False
    timeout_s: float = 10.0

    @property
    def wants_approvals(self) -> bool:
        return not self.read_only and self.approvals != "off"

    @property
    def insists(self) -> bool:
        """Approvals were asked for by name, for one answer: it is not given without them."""
        return self.one_shot and self.approvals == "on"

    def scopes(self, *, route: bool | None) -> tuple[str, ...]:
        """Scopes to ask for. ``route``: whether approvals would make us one; None: not known."""
        if not self.wants_approvals:
            return (READ,)
        if self.one_shot and self.approvals == "auto" and route is not False:
            return (READ,)
        return (READ, APPROVALS, ADMIN)
