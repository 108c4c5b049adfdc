"""``heartbeats`` as a person or a script uses it, and what is said of a pause everywhere else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawtop.gateway.methods import READ_METHODS
from clawtop.gateway.pauses import Pauses
from tests.cli.shell import Served, clawtop, serving

HOUR = 3_600_000
PAUSE = ("heartbeats", "pause", "--confirm-gateway")


@pytest.fixture(params=["april", "september"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, request.param) as running:
        running.do(lambda gateway: setattr(gateway.world, "started_at", gateway.world.now() - HOUR))
        yield running


def name(served: Served) -> str:
    """The gateway's name, as clawtop shows it."""
    return served.gateway.url.split("//")[1].rstrip("/")


def pause(served: Served) -> None:
    ran = served.run(*PAUSE, name(served))
    assert ran.code == 0, ran.err + ran.out


def enabled(served: Served) -> bool:
    return served.do(lambda gateway: gateway.world.heartbeats_enabled)


def kept(served: Served) -> Pauses:
    return Pauses(os.environ, served.gateway.url.rstrip("/"))


def make_older(served: Served, by_ms: int) -> None:
    """As if the pause had been made earlier, by a gateway that ran already then."""
    path = kept(served).path
    told = json.loads(path.read_text())
    for key in ("at_ms", "paused_at_ms"):
        told["pause"][key] -= by_ms
    path.write_text(json.dumps(told))


def test_pause_status_resume(served: Served) -> None:
    before = served.run("heartbeats", "status", "--json").json
    assert (before["schema"], before["state"]) == ("clawtop.heartbeats/1", "unknown")
    assert (before["paused_at_ms"], before["why"]) == (
        None,
        "no gateway tells whether heartbeats are paused",
    )
    ran = served.run(*PAUSE, name(served), "--json", "--reason", "a storm")
    assert ran.code == 0, ran.err
    action = ran.json
    assert (action["schema"], action["action"]) == ("clawtop.action/1", "heartbeats")
    assert (action["step"], action["outcome"]) == ("pause", "done")
    assert (action["accepted"], action["reason_given"]) == (True, "a storm")
    assert action["plan"] == ['set-heartbeats {"enabled": false}']
    assert not enabled(served)
    status = served.run("heartbeats", "status", "--json").json
    assert status["state"] == "paused_by_us"
    assert status["paused_by"] == action["operator"]
    assert abs(status["paused_at_ms"] - action["started_at_ms"]) < 10_000
    assert len(status["pause_stops"]) == 5
    text = served.run("heartbeats", "status").out
    assert text.startswith("HEARTBEATS PAUSED by clawtop, ")
    assert "next: clawtop heartbeats resume" in text
    assert served.run("heartbeats", "resume", "--yes", "--json").json["outcome"] == "done"
    assert enabled(served)
    after = served.run("heartbeats", "status", "--json").json
    assert (after["state"], after["paused_at_ms"]) == ("unknown", None)
    assert "clawtop resumed heartbeats" in after["why"]
    logged = clawtop("actions", "--json").json["actions"]
    assert [(one["step"], one["outcome"]) for one in logged] == [
        ("pause", "done"),
        ("resume", "done"),
    ]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("pause", "--dry-run"), 0, "all of it"),
        (("pause",), 1, "--confirm-gateway"),
        (("pause", "--yes"), 1, "--confirm-gateway"),
        (("pause", "--confirm-gateway", "edge-9"), 1, "not edge-9"),
        (("pause", "--confirm-gateway", "NAME", "--read-only"), 1, "read-only"),
        (("resume",), 1, "--yes"),
        (("resume", "--yes", "--read-only"), 1, "read-only"),
        (("resume", "--confirm-gateway", "edge-9"), 1, "not edge-9"),
        (("toggle",), 2, "invalid choice"),
        ((), 2, "required"),
    ],
    ids=str,
)
def test_nothing_is_sent(served: Served, args: tuple[str, ...], code: int, words: str) -> None:
    given = [name(served) if one == "NAME" else one for one in args]
    ran = served.run("heartbeats", *given)
    assert ran.code == code, ran.err + ran.out
    if "--dry-run" not in args:
        assert words in ran.sentence()
    assert set(served.sent()) <= READ_METHODS | {"connect"}
    assert enabled(served)
    assert not kept(served).path.exists()


def test_the_plan_lists_everything_that_stops(served: Served) -> None:
    out = served.run("heartbeats", "pause", "--dry-run").out
    for words in ("wakes", "background command", "cron jobs", "ACP", "every agent", "20 in a"):
        assert words in out
    assert served.run("heartbeats", "resume", "--dry-run").out.count("loses") == 0


def test_every_picture_reminds_of_it(served: Served) -> None:
    pause(served)
    told = served.run("snapshot", "--json").json["heartbeats"]
    assert told["state"] == "paused_by_us"
    assert "HEARTBEATS PAUSED " in served.run("snapshot").out


@pytest.mark.parametrize(
    ("older_ms", "code", "words"),
    [(0, 0, "INFO heartbeats paused by clawtop"), (HOUR - 60_000, 0, "INFO heartbeats paused"),
     (HOUR, 2, "CLAWTOP CRITICAL - heartbeats paused by clawtop 1h00m")],
    ids=["now", "59 minutes", "an hour"],
)  # fmt: skip
def test_check_is_critical_after_an_hour(
    served: Served, older_ms: int, code: int, words: str
) -> None:
    pause(served)
    make_older(served, older_ms)
    ran = served.run("check")
    assert ran.code == code, ran.out
    assert words in ran.out
    document = served.run("check", "--json", "--no-state").json
    assert document["heartbeats"]["state"] == "paused_by_us"
    assert document["exit_code"] == code
    served.run("heartbeats", "resume", "--yes")
    assert served.run("check").code == 0


def test_a_pause_that_is_not_sure_is_a_warning_after_an_hour(served: Served) -> None:
    served.do(lambda gateway: gateway.faults.close_after_request.update({"set-heartbeats": 1006}))
    ran = served.run(*PAUSE, name(served), "--json")
    assert (ran.code, ran.json["outcome"]) == (4, "unknown")
    make_older(served, HOUR)
    served.do(lambda gateway: gateway.faults.clear())
    ran = served.run("check")
    assert ran.code == 1
    assert "CLAWTOP WARNING - heartbeats perhaps paused by clawtop 1h00m" in ran.out
    status = served.run("heartbeats", "status", "--json").json
    assert (status["state"], status["paused_at_ms"]) == ("unknown", None)
    assert status["perhaps_since_ms"] is not None


def test_a_new_process_is_not_paused_any_more(served: Served) -> None:
    pause(served)
    served.do(lambda gateway: gateway.world.restart())
    status = served.run("heartbeats", "status", "--json").json
    assert (status["state"], status["paused_at_ms"]) == ("unknown", None)
    assert "that pause is over" in status["why"]
    assert served.run("check").code == 0


def test_a_half_written_memory_is_a_sentence_everywhere(served: Served) -> None:
    pause(served)
    path = kept(served).path
    path.write_bytes(path.read_bytes()[:30])
    for command in (("heartbeats", "status"), ("snapshot",), ("check",)):
        ran = served.run(*command)
        assert ran.code == (1 if command == ("check",) else 0)
        assert "it is not complete" in ran.out
        assert ran.err == ""
    assert served.run("heartbeats", "resume", "--yes").code == 0
    assert "it is not complete" not in served.run("heartbeats", "status").out


def test_where_no_reminder_can_be_kept_that_is_said_before_anything_is_sent(
    served: Served, tmp_path: Path
) -> None:
    place = tmp_path / "file"
    place.write_text("not a folder")
    env = {"XDG_STATE_HOME": str(place)}
    plan = served.run("heartbeats", "pause", "--dry-run", "--json", env=env).json
    assert "the reminder cannot be kept" in plan["reason"]
    assert enabled(served)
    ran = served.run(*PAUSE, name(served), env=env)
    assert ran.code == 0
    said = ran.err.splitlines()[0]
    assert said.startswith("clawtop: the reminder cannot be kept")
    assert not enabled(served)


def test_killed_while_it_waits_it_is_remembered_all_the_same(served: Served) -> None:
    served.do(lambda gateway: gateway.faults.silent_methods.add("set-heartbeats"))
    where = ("--url", served.gateway.url, "--token-file", str(served.token_file))
    command = [sys.executable, "-m", "clawtop", *PAUSE, name(served), *where]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as going:
        end = time.monotonic() + 30
        while "set-heartbeats" not in served.sent():
            assert time.monotonic() < end
        going.send_signal(signal.SIGKILL)
    status = served.run("heartbeats", "status", "--json").json
    assert (status["state"], status["paused_at_ms"]) == ("unknown", None)
    assert "no answer came: they may be off" in status["why"]
    assert served.sent().count("set-heartbeats") == 1
