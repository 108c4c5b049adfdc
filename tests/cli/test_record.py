"""``record`` and ``replay`` from the shell, on an embedded gateway."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clawtop.demo import World
from tests.cli.shell import Served, clawtop, serving

TOKEN = "canary-token-0123456789"
DM = "agent:main:telegram:direct:42"


def world_of(generation: str) -> World:
    """A leaked lock, a message behind it, and an approval asked four times."""
    world = World(generation)
    world.session(DM)
    world.leak(DM)
    world.waits(DM, "is anybody there?")
    for _ in range(4):
        world.request_approval(f"deploy --token {TOKEN}", DM)
    return world


def launch(path: Path, *where: str) -> subprocess.Popen[str]:
    """A recording in the background."""
    command = [sys.executable, "-m", "clawtop", "record", str(path), *where]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def start(served: Served, path: Path) -> subprocess.Popen[str]:
    """A recording in the background, begun when it returns."""
    process = launch(path, "--url", served.gateway.url, "--token-file", str(served.token_file))
    wait(lambda: path.exists() and path.read_bytes().count(b"\n") > 8, process)
    return process


def wait(seen: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 30
    while not seen():
        if process.poll() is not None:
            raise AssertionError(process.communicate())
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("generation", ["april", "september"])
def test_what_is_recorded_can_be_replayed_and_holds_no_secret(
    tmp_path: Path, generation: str
) -> None:
    path = tmp_path / "night.jsonl"
    how = {"world": world_of(generation), "token": TOKEN}
    with serving(tmp_path, generation, **how) as served:
        ran = served.run("record", str(path), "--for", "3", "--approvals", "on")
        snapshot = served.run("snapshot", "--json", "--approvals", "on").json
        sent = set(served.sent())
    assert ran.code == 0
    assert ran.out == ""
    (closing,) = ran.err.splitlines()
    assert "answers" in closing
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert TOKEN not in path.read_text() + ran.err
    assert not {one for one in sent if one.endswith((".resolve", ".abort", ".send"))}
    replay = clawtop("replay", str(path), "--json")
    assert replay.code == 0, replay.err
    body = replay.json
    assert body["schema"] == "clawtop.replay/1"
    picture = body["picture"]
    assert picture["gateway"]["url"] == snapshot["gateway"]["url"]
    assert [one["id"] for one in picture["approvals"]] == [
        one["id"] for one in snapshot["approvals"]
    ]
    assert picture["approvals"][0]["masked"]
    assert {one["session_key"] for one in picture["locks"]} == {DM}
    assert body["recording"]["lines"] > 10
    assert not body["recording"]["cut"]
    assert TOKEN not in replay.out + replay.err


def test_the_text_form_names_incidents_and_shows_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"
    with serving(tmp_path, world=world_of("september")) as served:
        assert served.run("record", str(path), "--for", "3", "--approvals", "on").code == 0
    ran = clawtop("replay", str(path))
    assert ran.code == 0
    assert ran.err == ""
    for words in ("REPLAY", "FIRST NAMEABLE", "I-01", "LOCKS", DM, "×4"):
        assert words in ran.out
    assert clawtop("replay", str(path), "--text").out == ran.out


def test_by_default_an_april_gateway_is_not_asked_for_approvals(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"
    with serving(tmp_path, "april", world=world_of("april")) as served:
        assert served.run("record", str(path), "--for", "1").code == 0
        assert "exec.approval.list" not in served.sent()
    picture = clawtop("replay", str(path), "--json").json["picture"]
    assert picture["approvals"] is None
    assert "--approvals on" in picture["coverage"]["approvals"]["why"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "night.jsonl"
    with serving(tmp_path) as served:
        process = start(served, path)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    (closing,) = err.splitlines()
    assert str(path) in closing
    assert path.read_bytes().endswith(b"\n")
    assert clawtop("replay", str(path)).code == 0


def test_interrupted_before_the_gateway_said_anything(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = launch(path, "--url", f"ws://127.0.0.1:{server.getsockname()[1]}")
        peer, _ = server.accept()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        peer.close()
    assert (process.returncode, err) == (130, "")
    assert not path.exists()


def test_a_lost_link_does_not_end_it(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"
    with serving(tmp_path) as served:
        process = start(served, path)
        served.do(lambda one: [peer.close(1012) for peer in one.peers])
        wait(lambda: path.read_bytes().count(b'"is":"up"') == 2, process)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "link lost 1 time" in err
    lines = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    links = [line["is"] for line in lines if line["is"] in ("up", "down")]
    assert links == ["up", "down", "up"]


def test_a_file_that_exists_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"
    path.write_text("mine")
    with serving(tmp_path) as served:
        ran = served.run("record", str(path), "--for", "1")
        assert served.sent() == []
    assert ran.code == 1
    assert "exists already" in ran.sentence()
    assert path.read_text() == "mine"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        ran = served.run("record", str(tmp_path / "none" / "night"), "--for", "1")
    assert ran.code == 1
    assert "cannot write" in ran.sentence()


def test_no_gateway_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"
    ran = clawtop("record", str(path), "--url", "ws://127.0.0.1:1")
    assert ran.code == 3
    assert "nothing listens" in ran.sentence()
    assert not path.exists()


def test_a_full_disk_keeps_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"
    where = ("--token-file", str(tmp_path / "token"))

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    with serving(tmp_path, world=world_of("september")) as served:
        command = ["record", str(path), "--url", served.gateway.url, *where]
        done = subprocess.run(
            [sys.executable, "-m", "clawtop", *command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            preexec_fn=small,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
    assert done.returncode == 5, done.stderr
    _closing, sentence = done.stderr.splitlines()
    assert "cannot be written any more" in sentence
    assert "can be replayed" in sentence
    ran = clawtop("replay", str(path))
    assert ran.code == 0
    assert "cut off" in ran.sentence()


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    path = tmp_path / "night.jsonl"
    with serving(tmp_path, world=world_of("september")) as served:
        assert served.run("record", str(path), "--for", "1").code == 0
    return path


def test_a_recording_cut_off_in_a_line_still_opens_and_says_so(tape: Path) -> None:
    tape.write_bytes(tape.read_bytes()[:-20] + b"")
    ran = clawtop("replay", str(tape), "--json")
    assert ran.code == 0
    assert "cut off" in ran.sentence()
    assert ran.json["recording"]["cut"]


def test_lines_without_sense_are_counted(tape: Path) -> None:
    with tape.open("ab") as file:
        file.write(b"nonsense\n\x00\xff\n" + tape.read_bytes().splitlines()[-1][:40] + b"\n")
    ran = clawtop("replay", str(tape), "--json")
    assert ran.code == 0
    assert "3 lines without sense" in ran.sentence()
    assert ran.json["recording"]["skipped"] == 3


def test_what_is_no_recording_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("hello\n")
    for name, words in (("empty", "is empty"), ("text", "no"), (".", "file"), ("none", "read")):
        ran = clawtop("replay", str(tmp_path / name))
        assert ran.code == 2
        assert words in ran.sentence()


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan", "inf"])
def test_a_speed_that_is_none(tape: Path, speed: str) -> None:
    ran = clawtop("replay", str(tape), "--speed", speed)
    assert ran.code == 2
    assert "is not a speed" in ran.sentence()


@pytest.mark.parametrize("command", ["record", "replay"])
def test_help_has_an_example(command: str) -> None:
    ran = clawtop(command, "--help")
    assert ran.code == 0
    assert f"example: clawtop {command}" in ran.out.replace("\n", " ")
