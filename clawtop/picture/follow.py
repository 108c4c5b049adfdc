"""Who wants to know what changed: ids, by panel, gathered until they are taken."""

from __future__ import annotations

PANELS = (
    "system_events",
    "sessions",
    "locks",
    "approvals",
    "recoveries",
    "lanes",
    "tasks",
    "waiting",
    "heartbeats",
    "logs",
    "gateway",
)
ALL = "*"  # a panel whose rows are few and replaced whole


class Follower:
    """Whoever wants to know which ids were touched in each panel since the last ``take``."""

    def __init__(self) -> None:
        self._touched: dict[str, set[str]] = {}

    def touch(self, panel: str, ids: tuple[str, ...]) -> None:
        self._touched.setdefault(panel, set()).update(ids)

    def touch_all(self) -> None:
        """Everything is new."""
        for panel in PANELS:
            self.touch(panel, (ALL,))

    def take(self) -> dict[str, set[str]]:
        """What was touched; empty from here on."""
        touched, self._touched = self._touched, {}
        return touched
