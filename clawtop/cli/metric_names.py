"""The figures of ``check`` by name, in the order of its first line, and what each counts."""

from __future__ import annotations

METRICS = {
    "locks": "sessions that are held",
    "stale": "held without progress for stale-after, leaked ones included",
    "approvals": "approvals pending",
    "oldest_lock": "how long the oldest lock is held, in seconds",
    "leaked": "held, and no run will give it back",
    "unnamed_locks": "locks that no session can be named for",
    "copies": "how often the most repeated approval is pending",
    "waiting": "messages known to wait behind a lock",
    "system_events": "system events queued for the main sessions",
    "recoveries_failed": "recovery attempts failed, lost or without effect",
    "lane_queue": "work queued in all lanes",
    "tasks": "background tasks queued or running",
    "incidents": "incidents of warning or worse that are not ignored",
}
