"""A tape as a file: what is refused, what is cut, what is garbage, and how it is opened."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from clawtop.errors import ClawtopError, RefusedError, UsageError
from clawtop.gateway import tape as tape_module
from clawtop.gateway.feed import Line
from clawtop.gateway.find import Target
from clawtop.gateway.manner import Manner
from clawtop.gateway.playback import Playback
from clawtop.gateway.secret import Secret
from clawtop.gateway.tape import Header, Recorder, header_of
from clawtop.gateway.tape_read import Tape

T0 = 1_795_000_000_000
TOKEN = "canary-token-of-the-gateway"
HELLO = Raw(
    b'{"type":"hello-ok","protocol":4,"server":{"version":"2026.9.6","bootId":"b"},'
    b'"features":{"methods":["status","sessions.list"],"events":[]},'
    b'"auth":{"scopes":["operator.read"]}}'
)


def up(at: int = 0) -> Line:
    return Line(T0 + at, 7, "up", asked_scopes=("operator.read",), payload=HELLO)


def tick(at: int) -> Line:
    return Line(T0 + at, 7, "event", event="tick", payload=Raw(b'{"ts":%d}' % (T0 + at)))


def header(first: Line) -> Header:
    target = Target("ws://edge:1", "edge-1", Secret("token", TOKEN), "a test", "a test")
    return header_of(target, Manner(), first, stale_after_ms=600_000)


def recorded(path: Path, *lines: Line, secret: str | None = TOKEN) -> Path:
    first = up()
    recorder = Recorder(path, secret)
    recorder.begin(header(first))
    for line in (first, *lines):
        recorder.write(line)
    recorder.close()
    return path


def opened(path: Path) -> Tape:
    tape = Tape(path)
    assert tape.scan()
    return tape


def played(tape: Tape) -> Playback:
    playback = Playback(tape)
    playback.play_to(tape.ends_ms)
    playback.finish()
    return playback


# -- writing


def test_a_tape_is_its_owners_alone(tmp_path: Path) -> None:
    umask = os.umask(0)
    path = recorded(tmp_path / "tape")
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_exists_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "tape"
    path.write_text("mine")
    with pytest.raises(RefusedError, match="exists already"):
        Recorder(path, None)
    assert path.read_text() == "mine"


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ClawtopError, match="cannot write"):
        Recorder(tmp_path / "nowhere" / "tape", None)


def test_nothing_written_leaves_no_file(tmp_path: Path) -> None:
    Recorder(tmp_path / "tape", None).close()
    assert not list(tmp_path.iterdir())


def test_every_line_says_when_on_both_clocks_and_what(tmp_path: Path) -> None:
    ask = Line(T0, 7, "ask", id=3, method="status", params={})
    path = recorded(tmp_path / "tape", ask, tick(5))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["schema"] == "clawtop.tape/1"
    assert lines[0]["gateway"] == {
        "name": "edge-1",
        "url": "ws://edge:1",
        "version": "2026.9.6",
        "boot_id": "b",
    }
    assert lines[2] == {
        "at": T0,
        "offset": 7,
        "is": "ask",
        "id": 3,
        "method": "status",
        "params": {},
    }
    assert all(line["at"] >= T0 and line["offset"] == 7 for line in lines[1:])


def test_a_payload_is_written_as_it_came(tmp_path: Path) -> None:
    raw = b'{"z": 1.50,  "a":"\\u00e9\xc3\xa9", "z2":1e3}'
    path = recorded(tmp_path / "tape", Line(T0, 7, "event", event="x", payload=Raw(raw)))
    assert raw in path.read_bytes()


def test_a_payload_on_many_lines_becomes_one(tmp_path: Path) -> None:
    raw = b'{\n "ts":\r\n 5}'
    path = recorded(tmp_path / "tape", Line(T0, 7, "event", event="tick", payload=Raw(raw)))
    tape = opened(path)
    line = tape.line(1)
    assert line is not None
    assert msgspec.json.decode(line.payload) == {"ts": 5}
    tape.close()


@pytest.mark.parametrize(
    "line",
    [
        Line(T0, 7, "event", event="agent", payload=Raw(b'{"t":"%s"}' % TOKEN.encode())),
        Line(T0, 7, "failed", method="status", why=f"no {TOKEN} here"),
        Line(T0, 7, "down", why=f"closed: {TOKEN}"),
        Line(T0, 7, "ask", method="x", params={"key": [TOKEN]}),
        Line(T0, 7, "event", event=TOKEN, payload=Raw(b"{}")),
    ],
    ids=["payload", "failure", "down", "params", "event"],
)
def test_the_gateways_secret_is_never_on_the_tape(tmp_path: Path, line: Line) -> None:
    path = recorded(tmp_path / "tape", line)
    assert TOKEN.encode() not in path.read_bytes()
    tape = opened(path)
    assert len(tape) == 2
    assert tape.line(1) is not None
    tape.close()


def test_a_secret_that_is_a_number_is_gone_too(tmp_path: Path) -> None:
    raw = Raw(b'{"n":123456789012345,"t":"a"}')
    line = Line(T0, 7, "event", event="x", payload=raw)
    path = recorded(tmp_path / "tape", line, tick(9), secret="123456789012345")
    assert b"123456789012345" not in path.read_bytes()
    tape = opened(path)
    assert played(tape).skipped == 1, "that line may be lost; the rest is not"
    tape.close()


def test_a_full_disk_ends_the_writing_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = Recorder(tmp_path / "tape", None)
    told: list[str] = []
    recorder.on_problem = lambda: told.append("problem")
    recorder.begin(header(up()))
    recorder.write(up())
    real = os.write

    def short(file: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(28, "No space left on device")
        return real(file, data[: len(data) // 2])

    monkeypatch.setattr(tape_module.os, "write", short)
    for at in range(5):
        recorder.write(tick(at))
    monkeypatch.undo()
    recorder.close()
    assert told == ["problem"]
    assert "No space left" in (recorder.problem or "")
    tape = opened(tmp_path / "tape")
    assert tape.cut
    assert len(tape) == 1, "what was written before is good"
    tape.close()


# -- reading


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"hello\n", "is not a recording"),
        (b'{"schema":"clawtop.log/1"}\n', "is not a recording"),
        (b"[1,2]\n", "is not a recording"),
        (b"\xff\xfe\x00" * 50, "is not a recording"),
        (b'{"schema":"clawtop.tape/1","clawtop":"1","at_m', "is not a recording"),
    ],
)
def test_what_is_no_tape_is_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "tape"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=words) as caught:
        Tape(path)
    assert caught.value.exit_code == 2


def test_a_tape_of_another_make_is_named(tmp_path: Path) -> None:
    path = recorded(tmp_path / "tape")
    path.write_bytes(path.read_bytes().replace(b"clawtop.tape/1", b"clawtop.tape/9", 1))
    with pytest.raises(UsageError, match=r"clawtop\.tape/9"):
        Tape(path)


def test_a_folder_a_pipe_and_nothing_are_no_tapes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, words in ((".", "not a file"), ("pipe", "not a file"), ("none", "cannot read")):
        with pytest.raises(UsageError, match=words):
            Tape(tmp_path / name)


def test_cut_at_every_byte_it_still_opens(tmp_path: Path) -> None:
    whole = recorded(tmp_path / "whole", *(tick(at) for at in range(4))).read_bytes()
    begin = whole.index(b"\n") + 1
    path = tmp_path / "cut"
    for end in range(begin, len(whole) + 1):
        path.write_bytes(whole[:end])
        tape = opened(path)
        breaks = whole[begin:end].count(b"\n")
        lost_break_only = end < len(whole) and whole[end : end + 1] == b"\n"
        assert len(tape) == breaks + lost_break_only, end
        assert tape.cut == (not lost_break_only and whole[end - 1 : end] != b"\n"), end
        assert played(tape).skipped == 0
        tape.close()


@given(st.lists(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), max_size=6))
def test_garbage_between_lines_is_skipped_and_counted(tmp_path_factory: Any, junk: Any) -> None:
    path = tmp_path_factory.mktemp("tape") / "tape"
    recorded(path, tick(1))
    junk = [one.replace(b"\n", b" ").replace(b"\r", b" ") for one in junk]
    path.write_bytes(path.read_bytes() + b"".join(one + b"\n" for one in junk))
    tape = opened(path)
    assert tape.skipped + len(tape) == 2 + len(junk)
    assert played(tape).store.link_up
    tape.close()


stamp = f'{{"at":{T0},"offset":7'
values = st.none() | st.integers() | st.text(max_size=9) | st.lists(st.integers(), max_size=2)
methods = st.sampled_from(
    (
        "sessions.list",
        "chat.history",
        "logs.tail",
        "status",
        "exec.approval.list",
        "tasks.list",
        "diagnostics.stability",
        "gateway.restart.preflight",
        "system-presence",
        "nonsense",
    )
)
odd_lines = st.fixed_dictionaries(
    {"is": st.sampled_from(["event", "answer", "failed", "up", "down", "ask", "what"])},
    optional={
        "event": st.sampled_from(["agent", "tick", "sessions.changed", "presence", "x"]),
        "method": methods,
        "missed": st.integers(-3, 3),
        "params": st.dictionaries(st.sampled_from(["offset", "sessionKey", "x"]), values),
        "payload": values | st.dictionaries(st.sampled_from(["ts", "sessions", "lines"]), values),
        "why": st.text(max_size=5),
    },
)


@given(st.lists(odd_lines, max_size=5))
def test_odd_lines_of_the_right_form_never_raise(tmp_path_factory: Any, lines: Any) -> None:
    path = recorded(tmp_path_factory.mktemp("tape") / "tape", tick(1))
    tails = (json.dumps(line)[1:] for line in lines)
    path.write_text(path.read_text() + "".join(f"{stamp},{tail}\n" for tail in tails))
    tape = opened(path)
    assert len(tape) == 2 + len(lines)
    played(tape)
    tape.close()


def test_the_index_grows_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clawtop.gateway import tape_read

    monkeypatch.setattr(tape_read, "BLOCK", 256)
    path = recorded(tmp_path / "tape", *(tick(at) for at in range(50)))
    tape, sizes = Tape(path), [0]
    while not tape.scan(0):
        sizes.append(len(tape))
    assert len(sizes) > 5
    assert sizes == sorted(sizes)
    assert len(tape) == 51
    assert not tape.cut
    assert [tape.time(n) for n in range(1, 51)] == [T0 + 7 + at for at in range(50)]
    assert tape.place(T0 + 7 + 9) == 11
    tape.close()


def test_times_never_go_back(tmp_path: Path) -> None:
    tape = opened(recorded(tmp_path / "tape", tick(500), tick(100), tick(900)))
    assert [tape.time(n) - T0 - 7 for n in range(4)] == [0, 500, 500, 900]
    tape.close()
