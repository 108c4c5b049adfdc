"""The action log cut off anywhere: what is whole is read, and what follows is written whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clawtop.gateway.actionlog import ActionLog, action_text, read_log
from clawtop.remedies.outcome import Action


def action(number: int) -> Action:
    target = {"session_key": f"agent:main:{number}"}
    return Action("release", "edge-1", target, "abort-run", [], [], number, "ada@host")


def keys(path: Path) -> list[str]:
    return [line["target"]["session_key"] for line in read_log(path)]


def test_a_last_line_cut_at_any_byte_costs_nothing_but_itself(tmp_path: Path) -> None:
    log = ActionLog(tmp_path / "actions.jsonl", {})
    log.begin(action(1), 1)
    kept = log.path.stat().st_size
    log.begin(action(2), 2)
    whole = log.path.read_bytes()
    for size in range(kept, len(whole)):
        log.path.write_bytes(whole[:size])
        read = keys(log.path)
        assert read[0] == "agent:main:1"
        assert len(read) == (2 if size == len(whole) - 1 else 1)  # only its newline is missing
        log.begin(action(3), 3)
        assert keys(log.path) == [*read, "agent:main:3"], f"cut at byte {size}"


def test_a_line_that_the_disk_took_in_part_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ActionLog(tmp_path / "actions.jsonl", {})
    import os

    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[:40]))
    log.begin(action(1), 1)
    assert log.problem is not None
    assert "No space left" in log.problem
    monkeypatch.undo()
    log.begin(action(2), 2)
    assert keys(log.path) == ["agent:main:2"]


@pytest.mark.parametrize(
    "line",
    [
        {"target": {"ids": None}},
        {"target": {"ids": [1, None]}},
        {"target": [], "outcome": None, "reason": 5},
        {"operator": {}, "gateway": []},
    ],
    ids=str,
)
def test_a_foreign_line_is_shown_as_far_as_it_goes(tmp_path: Path, line: object) -> None:
    path = tmp_path / "actions.jsonl"
    assert isinstance(line, dict)
    path.write_text(json.dumps({"id": "x", "at_ms": 1, "phase": "end", **line}) + "\n")
    (found,) = read_log(path)
    assert action_text(found)


def test_nesting_without_end_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    path.write_text("[" * 100_000 + "\n" + '{"id": "x", "at_ms": 1}\n')
    assert len(read_log(path)) == 1
