"""Dead letters and ingress pressure, as ``health`` counts them (2026.9.6; none before).

A count says nothing by itself: what failed long ago stays listed until somebody removes it.
What matters is whether it grows, so each queue keeps how it went since clawtop came.
"""

from __future__ import annotations

from msgspec import Struct

from clawtop.picture.changes import DeliveryQueues, QueueCount
from clawtop.picture.sessions import whole

QUEUES = 200


class Delivery(Struct, frozen=True, gc=False):
    """One queue: ``kind`` is ``outbound``, ``inbound`` (dead letters of each) or ``pressure``.

    ``least`` is the smallest count since clawtop came; ``rose_ms``: when it last grew;
    ``falling``: it went down at the last look.
    """

    kind: str
    name: str
    count: int
    least: int
    oldest_ms: int | None
    rose_ms: int | None = None
    falling: bool = False


class DeliveryBook:
    """Every queue that ``health`` named."""

    def __init__(self) -> None:
        self.queues: dict[tuple[str, str], Delivery] = {}
        self._looked = False

    def clear(self) -> None:
        self.queues.clear()
        self._looked = False

    def read(self, told: DeliveryQueues | None, now_ms: int) -> bool:
        """A look; None where this gateway counts none now. True when anything changed."""
        rows = _rows(told) if told is not None else []
        fresh = {(kind, _name(row)): self._merged(kind, row, now_ms) for kind, row in rows}
        changed = fresh != self.queues
        self.queues, self._looked = fresh, True
        return changed

    def _merged(self, kind: str, row: QueueCount, now_ms: int) -> Delivery:
        name, count = _name(row), row.count if row.count is not None else row.pending_count or 0
        known = self.queues.get((kind, name))
        before = known.count if known else (0 if self._looked else count)
        return Delivery(
            kind=kind,
            name=name,
            count=count,
            least=min(count, known.least if known else before),
            oldest_ms=whole(row.oldest_failed_at) or whole(row.oldest_received_at),
            rose_ms=now_ms if count > before else (known.rose_ms if known else None),
            falling=count < before or (known is not None and known.falling and count == before),
        )


def _rows(told: DeliveryQueues) -> list[tuple[str, QueueCount]]:
    rows = [("outbound", row) for row in told.failed or ()]
    rows += [("inbound", row) for row in told.ingress_failed or ()]
    rows += [("pressure", row) for row in told.ingress_pressure or ()]
    return rows[:QUEUES]


def _name(row: QueueCount) -> str:
    if row.queue_name:
        return row.queue_name
    return f"{row.channel_id or '?'}/{row.account_id or 'default'}"
