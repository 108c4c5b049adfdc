"""The two histories a gateway keeps: the stability ring and the log file."""

import json
from collections import Counter, deque
from datetime import UTC, datetime

from clawtop.demo.model import Obj

LEVELS = {"DEBUG": 2, "INFO": 3, "WARN": 4, "ERROR": 5}


def iso(ms: int) -> str:
    """Format ms since the epoch as the gateway does, UTC with ms and a Z."""
    stamp = datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")


class Stability:
    """Ring of cut-down diagnostic records; capacity 1000, seq has no gaps here."""

    def __init__(self, capacity: int = 1000, first_seq: int = 19) -> None:
        """Start empty; 19 is the first seq seen on a fresh 2026.5.28."""
        self.capacity = capacity
        self.next_seq = first_seq
        self.dropped = 0
        self.ring: deque[Obj] = deque()

    def add(self, ts: int, kind: str, fields: Obj) -> Obj:
        """Append one record and push the oldest out when full."""
        record = {"seq": self.next_seq, "ts": ts, "type": kind, **fields}
        self.next_seq += 1
        self.ring.append(record)
        while len(self.ring) > self.capacity:
            self.ring.popleft()
            self.dropped += 1
        return record

    def answer(self, now: int, limit: int, kind: str | None, since: int | None) -> Obj:
        """Answer ``diagnostics.stability``: newest ``limit`` records that pass the filters."""
        rows = [r for r in self.ring if kind in (None, r["type"])]
        rows = [r for r in rows if since is None or r["seq"] > since]
        result: Obj = {
            "generatedAt": iso(now),
            "capacity": self.capacity,
            "count": len(rows),
            "dropped": self.dropped,
            "events": rows[-limit:],
            "summary": {"byType": dict(Counter(r["type"] for r in rows))},
        }
        if rows:
            result |= {"firstSeq": rows[0]["seq"], "lastSeq": rows[-1]["seq"]}
        return result


class LogFile:
    """Log lines held as bytes; cursors are byte offsets."""

    def __init__(self, name: str = "/tmp/openclaw/openclaw-2026-11-20.log") -> None:
        """Start an empty file with that name."""
        self.name = name
        self.data = bytearray()

    def add(self, ts: int, level: str, message: str, subsystem: str, fields: Obj) -> None:
        """Append one JSON line in the gateway's layout."""
        name = json.dumps({"subsystem": subsystem}, separators=(",", ":"))
        meta = {
            "runtime": "node",
            "hostname": "demo",
            "name": name,
            "date": iso(ts),
            "logLevelId": LEVELS[level],
            "logLevelName": level,
        }
        line = {
            "0": name,
            "1": message,
            "_meta": meta,
            "time": iso(ts)[:-1] + "+00:00",
            "hostname": "demo",
            "message": message,
            **fields,
        }
        self.raw(json.dumps(line, separators=(",", ":"), ensure_ascii=False))

    def raw(self, line: str) -> None:
        """Append one line as it is, JSON or not."""
        self.data += line.encode() + b"\n"

    def rotate(self, name: str) -> None:
        """Start a new file, as at midnight."""
        self.name, self.data = name, bytearray()

    def tail(self, cursor: int | None, limit: int, max_bytes: int, *, tells: bool) -> Obj:
        """Answer ``logs.tail``; a jump over more than ``max_bytes`` sets reset and truncated.

        ``tells``: lines dropped by ``limit`` set truncated, as on 2026.9.6 but not 2026.5.28.
        """
        size = len(self.data)
        reset = cursor is not None and cursor > size
        start = max(0, size - max_bytes) if cursor is None or reset else cursor
        truncated = cursor is None and start > 0
        if size - start > max_bytes:
            start, reset, truncated = size - max_bytes, True, True
        lines = self._lines(start)
        truncated = truncated or (tells and len(lines) > limit)
        return {
            "file": self.name,
            "cursor": size,
            "size": size,
            "lines": lines[-limit:],
            "truncated": truncated,
            "reset": reset,
        }

    def _lines(self, start: int) -> list[str]:
        """Return the lines from a byte offset on; a first half line is left out."""
        chunk = self.data[start:]
        if start and self.data[start - 1 : start] != b"\n":
            chunk = chunk.partition(b"\n")[2]
        return chunk.decode(errors="replace").splitlines()
