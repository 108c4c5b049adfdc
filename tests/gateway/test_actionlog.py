"""The action log: two lines an action, whole lines only, readable whatever happened to it."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from clawtop.errors import ClawtopError
from clawtop.gateway import actionlog
from clawtop.gateway.actionlog import ActionLog, action_text, log_path, read_log
from clawtop.remedies.outcome import Action

KEY = "agent:main:telegram:dm:42"


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1_000, 100_000))
    monkeypatch.setattr(actionlog.time, "time", lambda: float(next(ticks)))


def action(**more: Any) -> Action:
    told: dict[str, Any] = {
        "action": "release",
        "gateway": "edge-1",
        "target": {"session_key": KEY},
        "step": "abort-run",
        "plan": ["sessions.abort {}"],
        "loses": [],
        "started_at_ms": 5,
        "operator": "ada@host",
    }
    return Action(**told | more)


def log(path: Path, **env: str) -> ActionLog:
    return ActionLog(path / "deep" / "actions.jsonl", env)


def test_an_action_is_read_back_as_its_end(tmp_path: Path) -> None:
    one = log(tmp_path, SSH_CONNECTION="10.0.0.9 50000 10.0.0.1 22")
    done = action()
    action_id = one.begin(done, 77)
    done.outcome, done.reason = "done", "the gateway reported it"
    one.end(action_id, done, 99)
    (line,) = read_log(one.path)
    assert (line["id"], line["phase"], line["outcome"]) == (action_id, "end", "done")
    assert (line["gateway_at_ms"], line["at_ms"]) == (99, 1_001_000)
    assert line["ssh_from"] == "10.0.0.9"
    assert line["schema"] == "clawtop.log/1"
    assert one.problem is None
    assert len(one.path.read_text().splitlines()) == 2


def test_a_beginning_without_an_end_is_an_unknown_outcome(tmp_path: Path) -> None:
    one = log(tmp_path)
    one.begin(action(), 77)
    (line,) = read_log(one.path)
    assert line["outcome"] == "unknown"
    assert "ended before" in line["reason"]


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    one = log(tmp_path)
    one.begin(action(), 1)
    assert stat.S_IMODE(one.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(one.path.parent.stat().st_mode) == 0o700


def test_it_only_ever_appends(tmp_path: Path) -> None:
    first, second = log(tmp_path), log(tmp_path)
    first.begin(action(), 1)
    before = first.path.read_text()
    second.begin(action(), 2)
    assert first.path.read_text().startswith(before)
    assert len(read_log(first.path)) == 2


def test_half_lines_and_foreign_lines_are_skipped(tmp_path: Path) -> None:
    one = log(tmp_path)
    one.begin(action(), 1)
    with one.path.open("ab") as handle:
        handle.write(
            b'{"id":"half","at_m\n\xff\xfe\n[]\n{"id":5,"at_ms":1}\n{"id":"x","at_ms":"1"}\n'
        )
    one.begin(action(), 2)
    assert len(read_log(one.path)) == 2


def test_hostile_text_stays_on_its_line(tmp_path: Path) -> None:
    one = log(tmp_path)
    one.begin(action(target={"session_key": "a\nb\u2028c\x85d"}, reason="x\r\ny"), 1)
    assert one.path.read_bytes().isascii()
    (line,) = read_log(one.path)
    assert line["target"]["session_key"] == "a\nb\u2028c\x85d"
    text = "\n".join(action_text(line))
    assert "a\\nb\\u2028c\\x85d" in text


def test_only_the_recent_ones_oldest_first(tmp_path: Path) -> None:
    one = log(tmp_path)
    ids = [one.begin(action(), number) for number in range(3)]
    assert [line["id"] for line in read_log(one.path)] == ids
    assert [line["id"] for line in read_log(one.path, since_ms=1_001_000)] == ids[1:]


def test_no_log_yet_is_an_empty_log(tmp_path: Path) -> None:
    assert read_log(tmp_path / "none.jsonl") == []


def test_a_log_that_is_a_folder_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(ClawtopError, match="cannot read"):
        read_log(tmp_path)


def test_a_log_that_cannot_be_written_never_stops_an_action(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    one = ActionLog(blocker / "actions.jsonl", {})
    assert one.begin(action(), 1)
    assert one.problem is not None
    assert "cannot be written" in one.problem


@pytest.mark.skipif(os.name != "posix", reason="device files")
def test_a_full_disk_is_said_once_and_never_raised() -> None:
    one = ActionLog(Path("/dev/full"), {})
    one.end("id", action(), 1)
    assert one.problem is not None


def test_the_log_lies_in_the_state_folder(tmp_path: Path) -> None:
    assert log_path({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "clawtop" / "actions.jsonl"
    assert log_path({}).name == "actions.jsonl"


def test_one_action_in_words() -> None:
    line = json.loads(json.dumps(action(outcome="done", reason="it ended").document()))
    head, who, why = action_text(line | {"at_ms": 0})
    assert head == f"1970-01-01T00:00:00.000Z  done          release abort-run  {KEY}"
    assert (who.strip(), why.strip()) == ("by ada@host on edge-1", "it ended")
    ids = {"action": "deny", "step": "deny", "target": {"ids": ["a", "b"]}, "at_ms": 0}
    assert "deny  a, b" in action_text(ids)[0]
    assert action_text({"at_ms": 0, "target": None})[0].endswith("?  ")
