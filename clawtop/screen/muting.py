"""Incidents that a person does not want to hear of for an hour. No Textual here."""

from __future__ import annotations

from clawtop.incidents.incident import WORST_FIRST, Incident, Severity

HOUR_MS = 3_600_000


class Mutes:
    """Muted keys, each until a time (gateway ms) and only as long as it is no worse than then."""

    def __init__(self) -> None:
        self._until: dict[str, tuple[int, int]] = {}

    def mute(self, incident: Incident, now_ms: int) -> None:
        self._until[incident.key] = (now_ms + HOUR_MS, _rank(incident))

    def lift(self, key: str) -> bool:
        """Hear of it again; False when it was not muted."""
        return self._until.pop(key, None) is not None

    def holds(self, key: str) -> bool:
        return key in self._until

    def left_ms(self, key: str, now_ms: int) -> int | None:
        """How long it stays muted; None when it is not."""
        found = self._until.get(key)
        return None if found is None else max(found[0] - now_ms, 0)

    def settle(self, worse: list[Incident], now_ms: int) -> set[str]:
        """End what is over: its hour has passed, or it became more severe. The keys set free."""
        free = {key for key, (until_ms, _) in self._until.items() if until_ms <= now_ms}
        for one in worse:
            known = self._until.get(one.key)
            if known is not None and _rank(one) < known[1]:
                free.add(one.key)
        for key in free:
            del self._until[key]
        return free


def _rank(incident: Incident) -> int:
    return WORST_FIRST[Severity(incident.severity)]
