"""``watch`` as a script reads it: a line a change, no line for mere progress, no end of its own."""

from __future__ import annotations

import asyncio
import json
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clawtop.gateway.methods import READ_METHODS
from tests.cli.shell import Served, clawtop

MAIN = "agent:main:main"
ASKS = "agent:main:asks"
PANELS = {"locks", "approvals", "system_events", "recoveries", "incidents", "lanes", "link"}
CHANGES = {"new", "changed", "gone", "link", "gap"}
Line = dict[str, Any]


class Watching:
    """A watch under way: its lines as they come."""

    def __init__(self, process: subprocess.Popen[str], *, as_json: bool) -> None:
        self.process, self.as_json = process, as_json
        self.seen: list[Any] = []
        self._lines: queue.Queue[str] = queue.Queue()
        assert process.stdout is not None
        self.reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self.reader.start()

    def _read(self, out: Any) -> None:
        for line in out:
            self._lines.put(line)

    def until(self, fits: Callable[[Any], bool], deadline_s: float = 30) -> Any:
        """The next line that fits; fails when none comes in time."""
        end = time.monotonic() + deadline_s
        while True:
            try:
                text = self._lines.get(timeout=max(end - time.monotonic(), 0.001))
            except queue.Empty:
                raise AssertionError(f"no such line among {self.seen}") from None
            line = json.loads(text) if self.as_json else text.rstrip("\n")
            self.seen.append(line)
            if fits(line):
                return line

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@contextmanager
def watching(served: Served, *args: str, as_json: bool = True) -> Iterator[Watching]:
    where = ("--url", served.gateway.url, "--token-file", str(served.token_file))
    words = [sys.executable, "-m", "clawtop", "watch", *where, *args]
    with subprocess.Popen(
        words + (["--json"] if as_json else []),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        watch = Watching(process, as_json=as_json)
        try:
            yield watch
        finally:
            process.kill()
            watch.reader.join(20)


def is_of(panel: str, change: str, name: str | None = None) -> Callable[[Line], bool]:
    return lambda line: (
        (line["panel"], line["change"]) == (panel, change) and name in (None, line["id"])
    )


def test_the_first_lines_are_the_present_picture(september: Served) -> None:
    september.do(lambda gateway: gateway.world.start_run(MAIN, "rpc", run_id="run-1"))
    (one,) = september.do(lambda gateway: [gateway.world.request_approval("ls", ASKS)])
    september.do(lambda gateway: gateway.world.enqueue_event(MAIN, "hello"))
    with watching(september) as watch:
        watch.until(is_of("lanes", "new"))
        assert watch.interrupt() == 130
    first = watch.seen[0]
    assert (first["panel"], first["change"], first["row"]["up"]) == ("link", "link", True)
    told = {(line["panel"], line["change"]): line for line in watch.seen}
    lock = told["locks", "new"]
    assert (lock["id"], lock["row"]["run_id"], lock["row"]["holder"]) == (MAIN, "run-1", "rpc")
    assert lock["row"]["verdict"] == "working"
    assert told["approvals", "new"]["id"] == one
    assert told["system_events", "new"]["row"]["text"] == "hello"
    assert all(line["schema"] == "clawtop.change/1" for line in watch.seen)
    assert all(line["panel"] in PANELS and line["change"] in CHANGES for line in watch.seen)
    assert all(set(line) >= {"at_ms", "panel", "id", "row"} for line in watch.seen)
    assert set(september.sent()) <= READ_METHODS | {"connect"}


def test_what_begins_and_ends_is_a_line_and_progress_is_none(september: Served) -> None:
    september.do(lambda gateway: gateway.world.start_run(MAIN, "rpc", run_id="run-1"))
    with watching(september) as watch:
        watch.until(is_of("locks", "new", MAIN))
        for _ in range(20):
            september.do(lambda gateway: gateway.world.progress(MAIN))
        september.do(lambda gateway: gateway.world.start_run("agent:main:two", run_id="run-2"))
        watch.until(is_of("locks", "new", "agent:main:two"))
        september.do(lambda gateway: gateway.world.progress(MAIN))
        september.do(lambda gateway: gateway.world.end_run(MAIN))
        gone = watch.until(is_of("locks", "gone", MAIN))
    assert gone["row"]["run_id"] == "run-1"
    mine = [line for line in watch.seen if line["id"] == MAIN and line["panel"] == "locks"]
    assert [line["change"] for line in mine] == ["new", "gone"]


def test_an_incident_is_new_worse_and_gone(september: Served) -> None:
    with watching(september) as watch:
        watch.until(is_of("lanes", "new"))
        ids = september.do(
            lambda gateway: [gateway.world.request_approval("ps", ASKS) for _ in range(3)]
        )
        new = watch.until(is_of("incidents", "new"))
        assert (new["row"]["id"], new["row"]["severity"]) == ("I-01", "warning")
        assert new["id"] == new["row"]["key"]
        september.do(lambda gateway: gateway.world.request_approval("ps", ASKS))
        worse = watch.until(is_of("incidents", "changed"))
        assert (worse["was"], worse["row"]["severity"]) == ("worse", "critical")
        assert len({line["id"] for line in watch.seen if line["panel"] == "incidents"}) == 1
    approvals = [line for line in watch.seen if line["panel"] == "approvals"]
    assert {line["id"] for line in approvals} >= set(ids)
    assert {line["change"] for line in approvals} == {"new"}, "a new copy does not change the rest"


def test_a_lost_link_is_a_line_and_it_comes_back(september: Served) -> None:
    def stop(gateway: Any) -> Any:
        return asyncio.ensure_future(gateway.stop_listening())

    def start(gateway: Any) -> Any:
        return asyncio.ensure_future(gateway.start_listening())

    with watching(september) as watch:
        watch.until(is_of("lanes", "new"))
        september.do(stop)
        down = watch.until(is_of("link", "link"))
        assert (down["row"]["up"], bool(down["row"]["why"])) == (False, True)
        assert watch.process.poll() is None
        september.do(start)
        up = watch.until(lambda line: line["panel"] == "link" and line["row"].get("up"))
        assert up["row"]["gateway"]["name"] == up["id"]
        september.do(lambda gateway: gateway.world.start_run(MAIN, "rpc", run_id="run-1"))
        watch.until(is_of("locks", "new", MAIN))
        assert watch.interrupt() == 130
        assert watch.process.stderr is not None
        assert watch.process.stderr.read() == ""


def test_a_restart_takes_the_locks_with_it(september: Served) -> None:
    september.do(lambda gateway: gateway.world.start_run(MAIN, "rpc", run_id="run-1"))
    with watching(september) as watch:
        watch.until(is_of("locks", "new", MAIN))
        september.do(lambda gateway: asyncio.ensure_future(gateway.restart()))
        watch.until(is_of("locks", "gone", MAIN))


def test_text_is_one_readable_line_a_change_and_hostile_text_stays_text(
    september: Served,
) -> None:
    hostile = "rm \x1b[2J\n10:00:00Z  new  lock  \u202e --token abcd1234efgh"
    with watching(september, as_json=False) as watch:
        watch.until(lambda line: "from here on changes" in line)
        september.do(lambda gateway: gateway.world.request_approval(hostile, ASKS))
        line = watch.until(lambda line: " new approval " in line)
    assert line[8:10] == "Z "
    assert f"asked by session {ASKS}, command rm" in line
    assert "abcd1234efgh" not in line
    assert "\\x1b[2J\\n" in line
    assert not any(ord(char) < 32 or char == "\u202e" for line in watch.seen for char in line)


def test_a_reader_that_goes_away_ends_it_without_a_word(september: Served) -> None:
    where = f"--url {september.gateway.url} --token-file {september.token_file}"
    command = f"{sys.executable} -m clawtop watch --json {where} | head -n 1"
    shell = subprocess.Popen(
        ["bash", "-c", f"set -o pipefail; {command}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        out, err = shell.communicate(timeout=60)
    finally:
        shell.kill()
    assert len(out.splitlines()) == 1
    assert err == ""
    assert shell.returncode == 128 + signal.SIGPIPE


def test_a_command_is_run_for_a_new_incident(september: Served, tmp_path: Path) -> None:
    got = tmp_path / "got.json"
    script = tmp_path / "page.sh"
    script.write_text(f"#!/bin/sh\ncat > {got}.part && mv {got}.part {got}\necho loud\n")
    script.chmod(0o700)
    with watching(september, "--on-incident", str(script)) as watch:
        watch.until(is_of("lanes", "new"))
        september.do(lambda gateway: [gateway.world.request_approval("ps", ASKS) for _ in "abc"])
        told = watch.until(is_of("incidents", "new"))
        end = time.monotonic() + 20
        while not got.exists():
            assert time.monotonic() < end, "the command was not run"
            time.sleep(0.02)
        assert watch.interrupt() == 130
    assert json.loads(got.read_text())["key"] == told["id"]


def test_no_gateway_to_begin_with_is_an_error() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ran = clawtop("watch", "--json", "--url", f"127.0.0.1:{port}")
    assert ran.code == 3
    assert ran.json["schema"] == "clawtop.error/1"
    assert "nothing listens" in ran.sentence()
