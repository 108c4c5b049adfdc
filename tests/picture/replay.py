"""Plays recorded traffic into a store, the way the watching link would."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Raw

from clawtop.gateway import frames
from clawtop.gateway.answers import Reader
from clawtop.picture import changes as c
from clawtop.picture.store import Store
from tests.picture.builders import gateway

DATA = Path(__file__).parent / "data"
SITUATIONS = ("held", "leaked", "approvals", "system-events", "recovery")


def lines(generation: str, situation: str) -> list[dict[str, Any]]:
    text = (DATA / f"{generation}-{situation}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def change_of(line: dict[str, Any], reader: Reader) -> c.Change | None:
    raw = Raw(json.dumps(line.get("payload")).encode())
    if "event" in line:
        return frames.event_change(line["event"], raw)
    match line["answer"]:
        case "sessions.list":
            return reader.sessions(raw, all_asked=True)
        case "gateway.restart.preflight":
            return reader.preflight(raw, line["ms"])
        case "chat.history":
            return reader.history(raw, line["key"], line["ms"])
        case "diagnostics.lanes":
            return reader.lanes(raw)
        case "diagnostics.stability":
            return reader.stability(raw)
        case "logs.tail":
            return reader.logs(raw)[0]
        case "status":
            return reader.status(raw)
        case "exec.approval.list":
            return reader.approvals(raw, "exec")
    return None


class Playback:
    """A store fed line by line; stops where a note says what is being looked at."""

    def __init__(self, generation: str, situation: str) -> None:
        self.lines = lines(generation, situation)
        self.reader = Reader()
        self.store = Store()
        self.store.apply(c.LinkUp(gateway(generation), self.lines[0]["ms"]), self.lines[0]["ms"])

    def play(self) -> Iterator[dict[str, Any]]:
        """Apply each line, then hand it out; the store is refreshed at its time."""
        for line in self.lines:
            if "note" not in line:
                change = change_of(line, self.reader)
                if change is not None:
                    self.store.apply(change, line["ms"])
            self.store.refresh(line["ms"])
            yield line

    def after_look(self, note: str) -> Store:
        """The store once everything asked after this note was answered."""
        looking = False
        for line in self.play():
            looking = looking or line.get("note") == note
            if looking and line.get("answer") == "chat.history":
                return self.store
        raise AssertionError(f"nothing was looked at as {note!r}")

    def to_the_end(self) -> Store:
        for _ in self.play():
            pass
        return self.store
