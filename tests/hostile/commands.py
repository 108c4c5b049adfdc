"""Every command that asks a gateway or shows what one said, as the shell runs it."""

from __future__ import annotations

from pathlib import Path

from tests.hostile.inside import Shell


def looking(key: str) -> list[tuple[str, ...]]:
    """Those that change nothing; ``key``: a session in trouble."""
    return [
        ("snapshot", "--approvals", "on"),
        ("snapshot", "--json", "--approvals", "on"),
        ("check", "--approvals", "on"),
        ("check", "--json", "--approvals", "on"),
        ("logs",),
        ("logs", key),
        ("report", "--approvals", "on"),
        ("doctor",),
        ("doctor", "--json"),
        ("heartbeats", "status"),
        ("heartbeats", "status", "--json"),
        ("companion", "status"),
        ("companion", "status", "--json"),
        ("release", key, "--dry-run"),
        ("release", key, "--dry-run", "--json"),
        ("deny", "--duplicates", "--keep", "oldest", "--dry-run"),
        ("cancel-task", "--duplicates", "--keep", "oldest", "--dry-run"),
        ("drop-event", "agent:main:main", "--position", "1", "--dry-run"),
    ]


def acting(key: str) -> list[tuple[str, ...]]:
    """Those that act."""
    why = ("--yes", "--reason", "it is stuck")
    return [
        ("deny", "--duplicates", "--keep", "oldest", *why),
        ("deny", "--duplicates", "--keep", "none", "--json", *why),
        ("cancel-task", "--duplicates", "--keep", "oldest", *why),
        ("drop-event", "agent:main:main", "--position", "1", *why),
        ("release", key, "--step", "companion-release", "--wait", "3", "--accept-loss", *why),
        ("heartbeats", "pause", "--confirm-gateway", "x", "--yes"),
        ("actions",),
        ("actions", "--json"),
    ]


def completing(key: str, where: tuple[str, ...]) -> list[tuple[str, ...]]:
    """What a shell asks when Tab is pressed."""
    lines = (
        ("clawtop", *where, "release", ""),
        ("clawtop", *where, "deny", ""),
        ("clawtop", *where, "cancel-task", ""),
        ("clawtop", *where, "release", key, "--expect-run", ""),
        ("clawtop", *where, "report", "--incident", ""),
    )
    return [("complete", shell, *line) for shell in ("zsh", "fish") for line in lines]


def every(shell: Shell, key: str, where: tuple[str, ...], tape: Path) -> dict[str, str]:
    """Run them all; what each said, by its command line."""
    said = {}
    recording = [
        ("record", str(tape), "--for", "1", "--approvals", "on", *where),
        ("replay", str(tape), "--text"),
        ("replay", str(tape), "--json"),
    ]
    asking = [(*one, *where) for one in looking(key) + acting(key) if one[0] != "actions"]
    asking += [one for one in acting(key) if one[0] == "actions"]
    for line in [*recording, *asking, *completing(key, where)]:
        said[" ".join(line)] = shell.run(*line)
    return said
